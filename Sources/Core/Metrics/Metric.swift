internal import Synchronization

/// One name and all of its lines.
final class Metric: Sendable {
    /// Lines of one metric: what is not bounded by its nature (a client's words) must not fill the memory.
    private static let mostSeries = 1000

    let name: String
    let kind: MetricFamily.Kind
    let labels: [String]
    private let help: String
    private let buckets: [Double]
    private let lines = Mutex<[[String]: MetricSeries]>([:])

    init(_ name: String, _ help: String, _ kind: MetricFamily.Kind, _ labels: [String], _ buckets: [Double]) {
        precondition(([name] + labels).allSatisfy(Self.isName), "\(name) or one of its labels is no name")
        precondition(kind != .counter || name.hasSuffix("_total"), "a counter's name ends in _total: \(name)")
        precondition(buckets == buckets.sorted(), "buckets ascend: \(name)")
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.buckets = buckets
        // Without labels there is one line, and it is there from the beginning.
        if labels.isEmpty { _ = series([]) }
    }

    /// The line of the labels' values; all that come when there are too many share one, `other`.
    func series(_ values: [String]) -> MetricSeries {
        precondition(values.count == labels.count, "\(name) has the labels \(labels)")
        return lines.withLock { lines in
            if let known = lines[values] { return known }
            let key = lines.count < Self.mostSeries ? values : labels.map { _ in "other" }
            if let known = lines[key] { return known }
            let series = MetricSeries(buckets: buckets)
            lines[key] = series
            return series
        }
    }

    func replace(with values: [[String]: Double]) {
        lines.withLock { lines in
            lines = [:]
            for (key, value) in values.prefix(Self.mostSeries) {
                precondition(key.count == labels.count, "\(name) has the labels \(labels)")
                let series = MetricSeries(buckets: buckets)
                series.set(value)
                lines[key] = series
            }
        }
    }

    var family: MetricFamily {
        let sorted = lines.withLock { $0 }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return MetricFamily(
            name: name,
            help: help,
            kind: kind,
            samples: sorted.flatMap { $0.value.samples(Array(zip(labels, $0.key)), of: kind) }
        )
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 95
        }
    }
}

/// One line of a metric: safe to add to from every thread; held by a lock for a few instructions only.
package final class MetricSeries: Sendable {
    private struct State {
        /// The value, or the sum of what was observed.
        var value = 0.0
        /// Observations in each bucket alone, and above all of them.
        var counts: [Int]
    }

    private let buckets: [Double]
    private let state: Mutex<State>

    init(buckets: [Double]) {
        self.buckets = buckets
        state = Mutex(State(counts: buckets.isEmpty ? [] : Array(repeating: 0, count: buckets.count + 1)))
    }

    package func add(_ amount: Double = 1) { state.withLock { $0.value += amount } }

    package func set(_ value: Double) { state.withLock { $0.value = value } }

    package func observe(_ value: Double) {
        let place = buckets.firstIndex { value <= $0 } ?? buckets.count
        state.withLock { state in
            state.value += value
            state.counts[place] += 1
        }
    }

    fileprivate func samples(_ labels: [(String, String)], of kind: MetricFamily.Kind) -> [MetricFamily.Sample] {
        let state = state.withLock { $0 }
        guard kind == .histogram else { return [.init(suffix: "", labels: labels, value: state.value)] }
        var samples: [MetricFamily.Sample] = []
        var count = 0
        for (place, more) in state.counts.enumerated() {
            count += more
            let bound = place < buckets.count ? "\(buckets[place])" : "+Inf"
            samples.append(.init(suffix: "_bucket", labels: labels + [("le", bound)], value: Double(count)))
        }
        samples.append(.init(suffix: "_sum", labels: labels, value: state.value))
        samples.append(.init(suffix: "_count", labels: labels, value: Double(count)))
        return samples
    }
}

/// A metric as it is shown.
package struct MetricFamily: Sendable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package struct Sample: Sendable {
        /// What follows the name: `_bucket`, `_sum`, `_count`, or nothing.
        package let suffix: String
        package let labels: [(String, String)]
        package let value: Double
    }

    package let name: String
    package let help: String
    package let kind: Kind
    package let samples: [Sample]
}

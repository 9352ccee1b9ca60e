internal import Synchronization

/// The numbers that an operator watches: counters, gauges and histograms by name and labels.
///
/// One line adds one, wherever the registry is at hand, and asking again for a name gives the same metric:
///
///     metrics.counter("telecine_posters_total", "Posters made.", labels: "kind").add(1, "video")
///
/// Names follow Prometheus's conventions: a prefix, base units (`_seconds`, `_bytes`), `_total` for counters. What is
/// counted in another place (rows, files) is asked for when somebody reads: ``beforeReading(_:)``.
package final class Metrics: Sendable {
    private struct State {
        var metrics: [String: Metric] = [:]
        var readers: [@Sendable () async -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// What only grows; its name ends in `_total`.
    package func counter(_ name: String, _ help: String, labels: String...) -> Counter {
        Counter(metric: metric(name, help, .counter, labels, []))
    }

    /// What goes up and down.
    package func gauge(_ name: String, _ help: String, labels: String...) -> Gauge {
        Gauge(metric: metric(name, help, .gauge, labels, []))
    }

    /// How many observations are at most so large, in ascending buckets.
    package func histogram(
        _ name: String,
        _ help: String,
        labels: String...,
        buckets: [Double] = Histogram.seconds
    ) -> Histogram {
        Histogram(metric: metric(name, help, .histogram, labels, buckets))
    }

    /// Runs a body before each reading: for gauges that are looked up, not kept.
    package func beforeReading(_ body: @escaping @Sendable () async -> Void) {
        state.withLock { $0.readers.append(body) }
    }

    /// Everything, by name.
    package func read() async -> [MetricFamily] {
        for reader in state.withLock({ $0.readers }) { await reader() }
        return state.withLock { $0.metrics.values.sorted { $0.name < $1.name } }.map(\.family)
    }

    private func metric(
        _ name: String,
        _ help: String,
        _ kind: MetricFamily.Kind,
        _ labels: [String],
        _ buckets: [Double]
    ) -> Metric {
        state.withLock { state in
            if let known = state.metrics[name] {
                precondition(known.kind == kind && known.labels == labels, "\(name) is two different metrics")
                return known
            }
            let metric = Metric(name, help, kind, labels, buckets)
            state.metrics[name] = metric
            return metric
        }
    }
}

/// What only grows.
package struct Counter: Sendable {
    fileprivate let metric: Metric

    /// `labels`: a value for each of its labels, in their order.
    package func add(_ amount: Double = 1, _ labels: String...) { metric.series(labels).add(amount) }

    /// For a total that is kept elsewhere and never falls.
    package func record(total: Double, _ labels: String...) { metric.series(labels).set(total) }

    /// One line of it, to be kept by who adds to it often.
    package func series(_ labels: String...) -> MetricSeries { metric.series(labels) }
}

/// What goes up and down.
package struct Gauge: Sendable {
    fileprivate let metric: Metric

    package func set(_ value: Double, _ labels: String...) { metric.series(labels).set(value) }
    package func add(_ amount: Double, _ labels: String...) { metric.series(labels).add(amount) }

    /// One line of it, to be kept by who sets it often.
    package func series(_ labels: String...) -> MetricSeries { metric.series(labels) }

    /// All lines at once, by their labels' values: those that are not named go.
    package func replace(with values: [[String]: Double]) { metric.replace(with: values) }
}

/// How many observations are at most so large.
package struct Histogram: Sendable {
    fileprivate let metric: Metric

    /// For the time that requests and jobs take.
    package static let seconds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

    package func observe(_ value: Double, _ labels: String...) { metric.series(labels).observe(value) }

    /// One line of it, to be kept by who observes often.
    package func series(_ labels: String...) -> MetricSeries { metric.series(labels) }
}

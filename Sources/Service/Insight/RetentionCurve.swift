internal import Core

/// How often each second of a recording was played: in steps of a second up to an hour, of more for longer ones.
package struct RetentionCurve: Sendable, Equatable {
    /// Seconds of a step.
    package let step: Int
    /// Playbacks that came by, for each step.
    package var reached: [Int] = []
    /// The same, with repetitions.
    package var played: [Int] = []

    package static let mostSteps = 3600

    package init(step: Int) {
        self.step = step
    }

    /// The step of a recording of this length.
    static func step(for duration: Duration) -> Int {
        max(1, Int((duration.inSeconds / Double(mostSteps)).rounded(.up)))
    }

    static func steps(_ step: Int, for duration: Duration) -> Int {
        Int((duration.inSeconds / Double(step)).rounded(.up))
    }

    /// The steps whose middle lies in what was played, so that parts that touch never count a step twice.
    static func steps(in part: PlayedPart, step: Int, duration: Duration) -> Range<Int> {
        let count = steps(step, for: duration)
        guard count > 0 else { return 0..<0 }
        let width = Double(step)
        func firstMiddle(from time: Double) -> Int { max(0, Int((time / width - 0.5).rounded(.up))) }
        // The last step may be a shorter one.
        let lastMiddle = (Double(count - 1) * width + duration.inSeconds) / 2
        let (start, end) = (part.start.inSeconds, part.end.inSeconds)
        var lower = min(firstMiddle(from: start), count - 1)
        if lower == count - 1, start > lastMiddle { lower = count }
        var upper = min(firstMiddle(from: end), count - 1)
        if upper == count - 1, end > lastMiddle { upper = count }
        return lower..<max(lower, upper)
    }

    /// Adds a curve of any step.
    mutating func add(_ other: RetentionCurve) {
        Self.add(other.reached, other.step, to: &reached, step)
        Self.add(other.played, other.step, to: &played, step)
    }

    /// Counts of a finer step become those of the coarser one by their largest.
    private static func add(_ counts: [Int], _ from: Int, to sums: inout [Int], _ step: Int) {
        if from == step {
            if sums.count < counts.count { sums += Array(repeating: 0, count: counts.count - sums.count) }
            for (index, count) in counts.enumerated() { sums[index] += count }
            return
        }
        guard !counts.isEmpty else { return }
        let end = (counts.count * from + step - 1) / step
        if sums.count < end { sums += Array(repeating: 0, count: end - sums.count) }
        for index in 0..<end {
            let first = index * step / from
            let last = min(max(first, ((index + 1) * step - 1) / from), counts.count - 1)
            guard first < counts.count else { break }
            sums[index] += counts[first...last].max() ?? 0
        }
    }

    // MARK: - Stored form

    /// Numbers of seven bits a byte, the lowest first (LEB128); zeros at the end are left out.
    static func packed(_ counts: [Int]) -> [UInt8] {
        var bytes: [UInt8] = []
        for count in counts.prefix((counts.lastIndex { $0 != 0 } ?? -1) + 1) {
            var rest = UInt64(max(0, count))
            while rest >= 128 {
                bytes.append(UInt8(rest & 127) | 128)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        return bytes
    }

    static func unpacked(_ bytes: [UInt8]) -> [Int] {
        var counts: [Int] = []
        var (value, shift) = (0, 0)
        for byte in bytes {
            value |= Int(byte & 127) << shift
            shift += 7
            guard byte < 128 else { continue }
            counts.append(value)
            (value, shift) = (0, 0)
        }
        return counts
    }
}

/// A part of a recording that was played without a break.
struct PlayedPart: Sendable, Equatable {
    var start: Duration
    var end: Duration
    /// The rung; nil when the player did not say.
    var quality: String?

    var length: Duration { end - start }
}

internal import Core

/// Lists one stream's packets with ffprobe and keeps what a timeline needs of them.
struct PacketScanner {
    let tools: MediaTools

    /// - Throws: `MediaError` when the stream has no packet with a time, or more packets than are allowed.
    func scan(_ path: String, stream: Int, timeBase: Rational) async throws -> PacketScan {
        let collector = Collector(limit: tools.limits.packets)
        let result = try await tools.run(
            .ffprobe,
            input: path,
            media: .seconds(60),
            onOutput: { try collector.take($0) },
            arguments: { paths in
                ["-v", "error"] + MediaTools.inputGuards
                    + ["-select_streams", String(stream), "-show_entries", "packet=pts,dts,duration,flags"]
                    + ["-of", "csv=p=0", paths.input]
            }
        )
        guard let scan = collector.finish(timeBase: timeBase) else {
            throw MediaError(
                .damaged,
                "Nothing in this file can be played: it is damaged or incomplete.",
                detail: result.errorTail
            )
        }
        return scan
    }

    /// Cuts ffprobe's output into lines.
    ///
    /// `@unchecked`: only the child's thread touches it until the run has ended.
    private final class Collector: @unchecked Sendable {
        private let limit: Int
        private var line: [UInt8] = []
        private var builder = PacketScan.Builder()

        init(limit: Int) { self.limit = limit }

        func take(_ bytes: UnsafeRawBufferPointer) throws {
            for byte in bytes {
                if byte != 10 {
                    if line.count < 256 { line.append(byte) }
                    continue
                }
                builder.add(line: line)
                line.removeAll(keepingCapacity: true)
                guard builder.count <= limit else {
                    throw MediaError(.tooLong, "This medium has more than the \(limit) frames allowed.")
                }
            }
        }

        func finish(timeBase: Rational) -> PacketScan? {
            builder.add(line: line)
            return builder.finish(timeBase: timeBase)
        }
    }
}

/// Presentation times of a stream, in ascending order, from its first key frame on.
struct PacketScan: Sendable {
    let timeBase: Rational
    /// At most one of each packet; eight bytes each, 17 MB for ten hours at 60 a second.
    let times: [Int64]
    /// Key frames, ascending, at least half a second apart.
    let keys: [Int64]
    /// The end of the packet that is shown last.
    let end: Int64

    var first: Int64 { times[0] }

    /// From the first presentation to the end of the last.
    var span: Rational { Rational(Int(end - first)) * timeBase }

    /// Packets a second between the first and the last; nil for a single one.
    var averageRate: Rational? {
        guard let last = times.last, times.count > 1, last > first else { return nil }
        return Rational(times.count - 1) / (Rational(Int(last - first)) * timeBase)
    }

    /// Whether packets follow each other at this rate, whatever holes there are between runs of them: 95 of 100 do.
    func isRegular(at rate: Rational) -> Bool {
        guard times.count > 1 else { return false }
        let interval = (Rational(1) / rate / timeBase).value
        // Times that were rounded to ticks are off by one, where a tick is not half the interval itself.
        let tolerance = max(interval * 0.1, min(1, interval * 0.45))
        let regular = zip(times, times.dropFirst()).reduce(0) { count, pair in
            count + (abs(Double(pair.1 - pair.0) - interval) <= tolerance ? 1 : 0)
        }
        return regular * 100 >= (times.count - 1) * 95
    }

    /// How many are shown in `from ..< to`.
    func count(from: Int64, to: Int64) -> Int { firstIndex(notBefore: to) - firstIndex(notBefore: from) }

    /// The last key frame at or before a time; nil when there is none.
    func key(notAfter time: Int64) -> Int64? {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? keys[low - 1] : nil
    }

    private func firstIndex(notBefore time: Int64) -> Int {
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    struct Builder {
        private(set) var count = 0
        private var times: [Int64] = []
        private var keys: [Int64] = []
        private var firstKey: Int64?
        private var last: (time: Int64, duration: Int64) = (.min, 0)

        /// One line of `pts,dts,duration,flags`; what is not one is passed over.
        mutating func add(line: [UInt8]) {
            let fields = line.split(separator: 44, omittingEmptySubsequences: false)
            guard fields.count >= 4 else { return }
            // AVI and raw streams know the order of decoding alone.
            guard let time = number(fields[0]) ?? number(fields[1]) else { return }
            count += 1
            let flags = fields[3]
            if flags.contains(UInt8(ascii: "K")) {
                keys.append(time)
                if firstKey == nil { firstKey = time }
            }
            // Before the first key frame nothing can be shown; what an edit list discards never is.
            guard let firstKey, time >= firstKey, !flags.contains(UInt8(ascii: "D")) else { return }
            times.append(time)
            if time > last.time { last = (time, number(fields[2]) ?? 0) }
        }

        mutating func finish(timeBase: Rational) -> PacketScan? {
            times.sort()
            keys.sort()
            guard let first = times.first, let final = times.last else { return nil }
            let typical = times.count > 1 ? (final - first) / Int64(times.count - 1) : 0
            // Matroska without durations states a tick for every packet.
            let end = final + (last.duration * 2 >= typical ? last.duration : typical)
            let spacing = Int64(max(1, 1.scaledDown(by: Rational(1, 2) / timeBase)))
            var spaced: [Int64] = []
            for key in keys where spaced.last.map({ key - $0 >= spacing }) ?? true { spaced.append(key) }
            return PacketScan(timeBase: timeBase, times: times, keys: spaced, end: max(end, first))
        }

        /// A decimal integer that is far from overflowing; nil for `N/A`.
        private func number(_ text: ArraySlice<UInt8>) -> Int64? {
            let value = Int64(String(decoding: text, as: UTF8.self))
            return value.flatMap { $0.magnitude < 1 << 56 ? $0 : nil }
        }
    }
}

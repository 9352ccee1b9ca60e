/// The tables of a progressive track, gathered from its fragments.
struct SampleTable {
    /// Samples that lie together in the file.
    struct Chunk {
        let start: Int
        let samples: Int
        let bytes: Int
    }

    private(set) var sizes: [UInt32] = []
    private(set) var duration = 0
    private(set) var chunks: [Chunk] = []
    /// The presentation time of the picture shown first: what the edit list skips.
    private(set) var firstPresentation: Int?
    /// When the last picture's time is over.
    private var end = 0
    /// The decoding time of the first sample in its segment.
    private var origin: Int?
    private var durations: [(count: Int, value: Int)] = []
    private var offsets: [(count: Int, value: Int)] = []
    private var syncs: [Int] = []

    /// How long it is shown: where pictures last unevenly, longer than they take to be decoded.
    var shown: Int { max(duration, end - (firstPresentation ?? 0)) }

    /// Takes the next fragment, cut into chunks of at most `chunkTicks`.
    mutating func add(_ fragment: Fragment, chunkTicks: Int) throws(BoxError) {
        // A rung of a copied source begins at the encoder's delay, which all chunks share: here at 0.
        let zero = origin ?? fragment.baseTime
        origin = zero
        let base = fragment.baseTime - zero
        if base != duration { try reach(base) }
        var start = duration
        var (count, bytes) = (0, 0)
        for sample in fragment.samples {
            if count > 0, duration - start >= chunkTicks {
                chunks.append(Chunk(start: start, samples: count, bytes: bytes))
                (start, count, bytes) = (duration, 0, 0)
            }
            sizes.append(UInt32(clamping: sample.size))
            if sample.isSync { syncs.append(sizes.count) }
            Self.append(sample.duration, to: &durations)
            Self.append(sample.compositionOffset, to: &offsets)
            end = max(end, duration + sample.compositionOffset + sample.duration)
            duration += sample.duration
            count += 1
            bytes += sample.size
        }
        if count > 0 { chunks.append(Chunk(start: start, samples: count, bytes: bytes)) }
        if firstPresentation == nil {
            var time = base
            firstPresentation = fragment.samples.map { sample in
                defer { time += sample.duration }
                return time + sample.compositionOffset
            }.min()
        }
    }

    /// Makes the last sample last until a time: at the joins of chunks its length is a guess of the muxer's, and players
    /// of the segments follow the fragments' own times.
    private mutating func reach(_ time: Int) throws(BoxError) {
        guard let last = durations.last, last.value + time - duration > 0 else {
            throw BoxError.malformed("tfdt goes back")
        }
        if last.count == 1 { durations.removeLast() } else { durations[durations.count - 1].count -= 1 }
        Self.append(last.value + time - duration, to: &durations)
        duration = time
    }

    private static func append(_ value: Int, to runs: inout [(count: Int, value: Int)]) {
        if let last = runs.indices.last, runs[last].value == value {
            runs[last].count += 1
        } else {
            runs.append((1, value))
        }
    }

    /// The tables of `stbl` behind `stsd`.
    ///
    /// `offsets`: where each chunk lies in the file.
    func boxes(chunkOffsets: [Int]) -> [[UInt8]] {
        typealias W = BoxWriter
        var result = [W.full("stts", W.u32(durations.count) + durations.flatMap { W.u32($0.count) + W.u32($0.value) })]
        if syncs.count < sizes.count { result.append(W.full("stss", W.u32(syncs.count) + syncs.flatMap(W.u32))) }
        if offsets.contains(where: { $0.value != 0 }) {
            let isSigned = offsets.contains { $0.value < 0 }
            result.append(
                W.full(
                    "ctts",
                    version: isSigned ? 1 : 0,
                    W.u32(offsets.count) + offsets.flatMap { W.u32($0.count) + W.u32($0.value) }
                )
            )
        }
        var runs: [(first: Int, samples: Int)] = []
        for (index, chunk) in chunks.enumerated() where runs.last?.samples != chunk.samples {
            runs.append((index + 1, chunk.samples))
        }
        result.append(
            W.full("stsc", W.u32(runs.count) + runs.flatMap { W.u32($0.first) + W.u32($0.samples) + W.u32(1) })
        )
        result.append(W.full("stsz", W.u32(0) + W.u32(sizes.count) + sizes.flatMap { W.u32(Int($0)) }))
        let isLong = (chunkOffsets.max() ?? 0) > Int(UInt32.max)
        result.append(
            W.full(
                isLong ? "co64" : "stco",
                W.u32(chunkOffsets.count) + chunkOffsets.flatMap { isLong ? W.u64($0) : W.u32($0) }
            )
        )
        return result
    }
}

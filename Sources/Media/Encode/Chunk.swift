/// A run of segments that is being encoded, and its folders.
struct Chunk: Sendable {
    let source: String
    let info: MediaInfo
    let video: VideoStream
    let timeline: Timeline
    let rungs: [Rung]
    let segments: Range<Int>
    let directory: String

    /// Where ffmpeg writes; everything in it goes when the chunk is done, and before it begins.
    var work: String {
        let names = rungs.map(\.name).joined(separator: "-")
        return "\(directory)/.chunk-\(segments.lowerBound)-\(segments.upperBound)-\(names)"
    }

    private var frames: Range<Int> {
        timeline.boundaries[segments.lowerBound]..<timeline.boundaries[segments.upperBound]
    }

    /// Blocks.
    func makeFolders() throws {
        SegmentFiles.removeFolder(work)
        for folder in [directory, work] + rungs.map({ "\(directory)/\($0.name)" }) {
            try SegmentFiles.makeFolder(folder)
        }
    }

    /// Blocks.
    func removeWork() { SegmentFiles.removeFolder(work) }

    /// Where decoding may start, best first: at the segment's key frame, some segments before, at the beginning.
    var starts: [Int64?] {
        var result: [Int64?] = []
        for segment in [segments.lowerBound, segments.lowerBound - 5] where segment > 0 {
            if let seek = timeline.seekPoints[segment], !result.contains(seek) { result.append(seek) }
        }
        return result + [nil]
    }

    func command(seek: Int64?, isAwaited: Bool) -> ChunkCommand {
        ChunkCommand(
            info: info,
            video: video,
            timeline: timeline,
            rungs: rungs,
            segments: segments,
            seek: seek,
            isAwaited: isAwaited
        )
    }

    /// How much media is worked on: without a point to seek to, everything before is decoded too.
    func media(from seek: Int64?) -> Duration {
        let length = Rational(frames.count) / timeline.rate
        let lead = Rational(frames.lowerBound) / timeline.rate
        // The slowest presets of x265 take several times as long as x264's, for which the limit was set.
        let cost = rungs.contains { $0.codec != .h264 } ? 5 : 1
        return length.duration * cost + (seek == nil ? lead.duration : .seconds(60))
    }

    var expectedFrames: Int { timeline.sourceFrames[segments].reduce(0, +) }

    /// The segments' times in the source's ticks, from its start; the last one takes what comes late.
    var windows: [Range<Int64>] {
        let ticks = Rational(1) / timeline.rate / timeline.sourceTimeBase
        return segments.map { segment in
            let frames = timeline.frames(of: segment)
            let start = Int64(frames.lowerBound.scaledRounded(by: ticks))
            let isLast = segment + 1 == timeline.segmentCount
            return start..<(isLast ? .max : max(start, Int64(frames.upperBound.scaledRounded(by: ticks))))
        }
    }
}

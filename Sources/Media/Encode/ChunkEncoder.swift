internal import Core

/// Encodes a run of segments of all rungs in one process.
package struct ChunkEncoder: Sendable {
    private let tools: MediaTools
    private let threads: Int?

    /// `threads`: x264's threads for each rung; nil lets it take the machine.
    package init(tools: MediaTools, threads: Int? = nil) {
        self.tools = tools
        self.threads = threads
    }

    /// Writes `<directory>/<rung>/init.mp4` and `<directory>/<rung>/<k>.m4s` for every rung and segment.
    ///
    /// Idempotent: files appear whole by rename, and the same input gives the same files. A process that is killed
    /// leaves files in `directory` only, which the next run of the same segments replaces or removes.
    ///
    /// - Throws: `MediaError`: `.damaged` when not one picture can be decoded, `.verification` when the encoder's
    ///   output is not the grid; `CancellationError`.
    package func encode(
        source: String,
        info: MediaInfo,
        timeline: Timeline,
        rungs: [Rung],
        segments: Range<Int>,
        into directory: String
    ) async throws -> [EncodedRung] {
        guard let video = info.video, !rungs.isEmpty, !segments.isEmpty, segments.lowerBound >= 0,
            segments.upperBound <= timeline.segmentCount
        else { throw MediaError(.verification, "There is nothing to encode.", detail: "segments \(segments)") }
        let work = "\(directory)/.chunk-\(segments.lowerBound)-\(segments.upperBound)"
        try await BlockingWork.run("chunk") {
            SegmentFiles.removeFolder(work)
            for folder in [directory, work] + rungs.map({ "\(directory)/\($0.name)" }) {
                try SegmentFiles.makeFolder(folder)
            }
        }
        do {
            let decoded = try await decode(
                source,
                info: info,
                video: video,
                timeline: timeline,
                rungs: rungs,
                segments: segments,
                into: work
            )
            let encoded = try await BlockingWork.run("chunk") {
                try rungs.map { rung in
                    let splitter = SegmentSplitter(
                        timeline: timeline,
                        segments: segments,
                        folder: "\(directory)/\(rung.name)"
                    )
                    return result(rung, try splitter.split("\(work)/\(rung.name).mp4"), decoded)
                }
            }
            try await BlockingWork.run("chunk") { SegmentFiles.removeFolder(work) }
            return encoded
        } catch {
            // The work folder goes whatever happened, also when this task was cancelled.
            try? await BlockingWork.run("chunk") { SegmentFiles.removeFolder(work) }
            throw error
        }
    }

    private struct Decoded: Sendable {
        let frames: Int
        let expected: Int
    }

    /// Runs ffmpeg; when it found no picture to start from, again from further back.
    private func decode(
        _ source: String,
        info: MediaInfo,
        video: VideoStream,
        timeline: Timeline,
        rungs: [Rung],
        segments: Range<Int>,
        into work: String
    ) async throws -> Decoded {
        let starts = [segments.lowerBound, segments.lowerBound - 5].filter { $0 > 0 }.map { timeline.seekPoints[$0] }
        var tail = ""
        for seek in starts.filter({ $0 != nil }) + [nil] {
            let command = ChunkCommand(
                info: info,
                video: video,
                timeline: timeline,
                rungs: rungs,
                segments: segments,
                seek: seek,
                threads: threads
            )
            let counter = DecodedFrames(
                window: window(of: command.frames, in: timeline, isLast: segments.upperBound == timeline.segmentCount)
            )
            let start = Rational(command.frames.lowerBound) / timeline.rate
            let length = Rational(command.frames.count) / timeline.rate
            let result = try await tools.run(
                .ffmpeg,
                input: source,
                output: work,
                // Without a point to seek to, everything before is decoded too.
                media: length.duration + (seek == nil ? start.duration : .seconds(60)),
                onOutput: { counter.take($0) },
                arguments: command.arguments
            )
            let expected = timeline.sourceFrames[segments].reduce(0, +)
            if counter.total > 0 && result.succeeded { return Decoded(frames: counter.inWindow, expected: expected) }
            tail = result.errorTail
            if counter.total > 0 {
                throw MediaError(.toolFailed, "The video could not be encoded.", detail: tail)
            }
        }
        throw MediaError(
            .damaged,
            "Not one picture of this video can be decoded: it is damaged, or of a kind we cannot read.",
            detail: tail
        )
    }

    /// The chunk's time in the source's ticks, from its start; the last chunk takes what comes late.
    private func window(of frames: Range<Int>, in timeline: Timeline, isLast: Bool) -> Range<Int64> {
        let ticks = Rational(1) / timeline.rate / timeline.sourceTimeBase
        let start = Int64(frames.lowerBound.scaledRounded(by: ticks))
        return start..<(isLast ? .max : Int64(frames.upperBound.scaledRounded(by: ticks)))
    }

    private func result(_ rung: Rung, _ outcome: SegmentSplitter.Outcome, _ decoded: Decoded) -> EncodedRung {
        // Pictures that are never shown (VP8's golden frames, a codec's delay) are few.
        let isShort = decoded.frames < decoded.expected - 1 - decoded.expected / 50
        return EncodedRung(
            rung: rung,
            segments: outcome.segments,
            codecs: outcome.codecs,
            initBytes: outcome.initBytes,
            peakBitRate: outcome.peakBitRate,
            decodedFrames: decoded.frames,
            sourceFrames: decoded.expected,
            warnings: isShort
                ? ["\(decoded.expected - decoded.frames) of \(decoded.expected) pictures could not be decoded."] : []
        )
    }
}

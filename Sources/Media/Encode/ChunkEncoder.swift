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
    /// `onProgress` is told, on the child's thread, which share of the pictures was decoded, 0 to 1.
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
        into directory: String,
        onProgress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> [EncodedRung] {
        guard let video = info.video, !rungs.isEmpty, !segments.isEmpty, segments.lowerBound >= 0,
            segments.upperBound <= timeline.segmentCount
        else { throw MediaError(.verification, "There is nothing to encode.", detail: "segments \(segments)") }
        let chunk = Chunk(
            source: source,
            info: info,
            video: video,
            timeline: timeline,
            rungs: rungs,
            segments: segments,
            directory: directory
        )
        try await BlockingWork.run("chunk") { try chunk.makeFolders() }
        do {
            let decoded = try await decode(chunk, onProgress)
            return try await BlockingWork.run("chunk") {
                defer { chunk.removeWork() }
                return try rungs.map { rung in
                    let splitter = SegmentSplitter(
                        timeline: timeline,
                        segments: segments,
                        folder: "\(directory)/\(rung.name)"
                    )
                    return Self.result(rung, try splitter.split("\(chunk.work)/\(rung.name).mp4"), decoded)
                }
            }
        } catch {
            // The work folder goes whatever happened, also when this task was cancelled.
            try? await BlockingWork.run("chunk") { chunk.removeWork() }
            throw error
        }
    }

    private struct Decoded: Sendable {
        let frames: Int
        let expected: Int

        /// Pictures that are never shown (a codec's delay, a repeated field) are few.
        var isShort: Bool { frames < expected - 1 - expected / 50 }

        var warnings: [String] {
            isShort ? ["\(expected - frames) of \(expected) pictures could not be decoded."] : []
        }
    }

    /// Runs ffmpeg; when it found no picture to start from, again from further back.
    private func decode(_ chunk: Chunk, _ onProgress: @escaping @Sendable (Double) -> Void) async throws -> Decoded {
        var tail = ""
        for seek in chunk.starts {
            let command = chunk.command(seek: seek, threads: threads)
            let counter = DecodedFrames(window: chunk.window)
            let result = try await tools.run(
                .ffmpeg,
                input: chunk.source,
                output: chunk.work,
                media: chunk.media(from: seek),
                onOutput: { bytes in
                    counter.take(bytes)
                    onProgress(min(1, Double(counter.inWindow) / Double(max(1, chunk.expectedFrames))))
                },
                arguments: command.arguments
            )
            if counter.total > 0 && result.succeeded {
                let decoded = Decoded(frames: counter.inWindow, expected: chunk.expectedFrames)
                // Pictures are missing: a wrong index may have led past the key frame. Once more from further back,
                // but never from the beginning: that would cost a long damaged file its square.
                if decoded.isShort, seek == chunk.starts.first, let second = chunk.starts.dropFirst().first,
                    second != nil
                {
                    continue
                }
                return decoded
            }
            tail = result.errorTail
            if counter.total > 0 { throw MediaError(.toolFailed, "The video could not be encoded.", detail: tail) }
        }
        throw MediaError(
            .damaged,
            "Not one picture of this video can be decoded: it is damaged, or of a kind we cannot read.",
            detail: tail
        )
    }

    private static func result(
        _ rung: Rung,
        _ outcome: SegmentSplitter.Outcome,
        _ decoded: Decoded
    ) -> EncodedRung {
        EncodedRung(
            rung: rung,
            segments: outcome.segments,
            codecs: outcome.codecs,
            initBytes: outcome.initBytes,
            peakBitRate: outcome.peakBitRate,
            decodedFrames: decoded.frames,
            sourceFrames: decoded.expected,
            warnings: decoded.warnings
        )
    }
}

internal import Core
internal import Synchronization

/// Encodes a run of segments of all rungs in one process.
package struct ChunkEncoder: Sendable {
    private let tools: MediaTools
    private let isAwaited: Bool

    /// `isAwaited`: whether somebody waits: the encoder searches less, its init is the same.
    package init(tools: MediaTools, isAwaited: Bool = false) {
        self.tools = tools
        self.isAwaited = isAwaited
    }

    /// Writes `<directory>/<rung>/init.mp4` and `<directory>/<rung>/<k>.m4s` for every rung and segment.
    ///
    /// `onProgress` is told, on the child's thread, which share of the pictures was decoded, 0 to 1; `onSegment`,
    /// once and on a thread of its own, what is on disk: each rung's segments in order, while others are being made,
    /// with the codecs (RFC 6381).
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
        onProgress: @escaping @Sendable (Double) -> Void = { _ in },
        onSegment: @escaping @Sendable (Rung, EncodedRung.Segment, String) -> Void = { _, _, _ in }
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
            let run = try await decode(chunk, onProgress, onSegment)
            return try await BlockingWork.run("chunk") {
                defer { chunk.removeWork() }
                return try run.finish()
            }
        } catch {
            // The work folder goes whatever happened, also when this task was cancelled.
            try? await BlockingWork.run("chunk") { chunk.removeWork() }
            throw error
        }
    }

    /// Runs ffmpeg; when it found no picture to start from, again from further back.
    private func decode(
        _ chunk: Chunk,
        _ onProgress: @escaping @Sendable (Double) -> Void,
        _ onSegment: @escaping ChunkRun.OnSegment
    ) async throws -> ChunkRun {
        var tail = ""
        let once = ReportedOnce(onSegment)
        for seek in chunk.starts {
            let command = chunk.command(seek: seek, isAwaited: isAwaited)
            let run = ChunkRun(chunk, onProgress: onProgress) { once.report($0, $1, $2) }
            let result = try await tools.run(
                .ffmpeg,
                input: chunk.source,
                output: chunk.work,
                media: chunk.media(from: seek),
                onOutput: { run.take($0) },
                arguments: command.arguments
            )
            if run.decoded.total > 0 && result.succeeded {
                // Pictures are missing: a wrong index may have led past the key frame. Once more from further back,
                // but never from the beginning: that would cost a long damaged file its square.
                if run.isShort, seek == chunk.starts.first, let second = chunk.starts.dropFirst().first,
                    second != nil
                {
                    continue
                }
                return run
            }
            tail = result.errorTail
            if run.decoded.total > 0 {
                throw MediaError(.toolFailed, "The video could not be encoded.", detail: tail)
            }
        }
        throw MediaError(
            .damaged,
            "Not one picture of this video can be decoded: it is damaged, or of a kind we cannot read.",
            detail: tail
        )
    }
}

/// What a second run makes again is not news.
private final class ReportedOnce: Sendable {
    private let reported = Mutex<Set<String>>([])
    private let onSegment: ChunkRun.OnSegment

    init(_ onSegment: @escaping ChunkRun.OnSegment) { self.onSegment = onSegment }

    func report(_ rung: Rung, _ segment: EncodedRung.Segment, _ codecs: String) {
        let isNew = reported.withLock { $0.insert("\(rung.name)/\(segment.index)").inserted }
        if isNew { onSegment(rung, segment, codecs) }
    }
}

internal import Core

/// A file whose clock never jumps, of one whose clock does (`ClockJump`): what follows a jump begins where that before
/// it ends, picture and sound alike.
///
/// Packets are copied, not encoded; ffmpeg moves their times, as it does when it plays such a file from its beginning.
package struct StraightCopy: Sendable {
    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Writes `path`, in the source's own container.
    ///
    /// - Throws: `MediaError`: `.damaged` when the file cannot be copied so; `CancellationError`.
    package func make(of source: String, info: MediaInfo, to path: String) async throws {
        let muxer = ["mpegts": "mpegts", "mpeg": "vob", "ogg": "ogg"][info.container]
        guard let muxer else { throw MediaError(.damaged, "The parts of this file cannot be joined.") }
        // Not by the child itself, whose files may be no larger than those of a rendition.
        let sink = try await BlockingWork.run("join") { try Sink(path, limit: info.bytes * 2 + 1 << 20) }
        let result = try await tools.run(
            .ffmpeg,
            input: source,
            media: .microseconds(info.duration),
            onOutput: { try sink.take($0) },
            arguments: { paths in
                ["-nostdin", "-v", "error"] + MediaTools.inputGuards
                    + ["-i", paths.input, "-map", "0:V?", "-map", "0:a?", "-c", "copy", "-f", muxer, "pipe:1"]
            }
        )
        try await BlockingWork.run("join") { try sink.close() }
        guard result.succeeded else {
            throw MediaError(.damaged, "The parts of this file cannot be joined.", detail: result.errorTail)
        }
    }

    /// `@unchecked`: only the child's thread touches it until the run has ended, only `close` afterwards.
    private final class Sink: @unchecked Sendable {
        private let file: FileWriter
        private let limit: Int64
        private var count: Int64 = 0

        init(_ path: String, limit: Int64) throws {
            file = try FileWriter(path)
            self.limit = limit
        }

        func take(_ bytes: UnsafeRawBufferPointer) throws {
            count += Int64(bytes.count)
            guard count <= limit else {
                throw MediaError(.damaged, "The parts of this file cannot be joined.", detail: "more than \(limit)")
            }
            try file.write(bytes)
        }

        func close() throws { try file.close() }
    }
}

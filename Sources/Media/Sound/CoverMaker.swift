internal import Core

/// The picture that a sound file carries: a record's cover.
package struct CoverMaker: Sendable {
    /// Pixels of the longer side; covers are shown small.
    static let longestSide = 1000

    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// A JPEG without metadata, never enlarged.
    ///
    /// - Throws: `MediaError`: `.noStreams` when the file carries none, `.damaged` when it cannot be decoded.
    package func cover(of path: String, info: MediaInfo) async throws -> [UInt8] {
        guard let index = info.coverIndex else { throw MediaError(.noStreams, "There is no cover in this file.") }
        let result = try await tools.run(
            .ffmpeg,
            input: path,
            media: .seconds(30),
            outputLimit: 8 << 20,
            arguments: { Self.arguments($0.input, index: index) }
        )
        guard result.standardOutput.starts(with: [0xFF, 0xD8]) else {
            throw MediaError(.damaged, "The cover in this file cannot be decoded.", detail: result.errorTail)
        }
        return result.standardOutput
    }

    private static func arguments(_ input: String, index: Int) -> [String] {
        let side = longestSide
        let scale =
            "scale=w='min(\(side),iw)':h='min(\(side),ih)':force_original_aspect_ratio=decrease:flags=bicubic"
            + ":out_color_matrix=bt601:out_range=pc,setsar=1,format=yuvj420p"
        return ["-nostdin", "-v", "error"] + MediaTools.inputGuards
            + ["-i", input, "-map", "0:\(index)", "-frames:v", "1", "-an", "-sn", "-dn", "-vf", scale]
            + ["-c:v", "mjpeg", "-q:v", "3", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
            + ["-f", "mjpeg", "pipe:1"]
    }
}

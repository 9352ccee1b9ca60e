internal import Core

/// Turns BMP files into PNG, by ffmpeg's decoder behind the sandbox's walls.
///
/// libvips reads bitmaps through ImageMagick, which it rightly calls untrusted, and which stays blocked.
package struct BitmapConverter: Sendable {
    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Writes `bitmap.png` into a folder; the size was checked before (`ImageHelpers.clean`).
    ///
    /// - Throws: `MediaError`.
    package func png(of path: String, into folder: String) async throws -> String {
        let result = try await tools.run(.ffmpeg, input: path, output: folder, media: .zero) { paths in
            [
                "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-f", "bmp_pipe", "-i", paths.input,
                "-frames:v", "1", "-map_metadata", "-1", "-c:v", "png", "-compression_level", "1", "-f", "image2pipe",
                "-y", "\(paths.output)/bitmap.png",
            ]
        }
        guard result.succeeded else {
            throw MediaError(.damaged, "This picture is damaged and cannot be decoded.", detail: result.errorTail)
        }
        return "\(folder)/bitmap.png"
    }
}

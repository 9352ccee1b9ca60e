/// The kinds of pictures that are taken in; the first bytes decide, never a name.
package enum ImageFormat: String, Codable, Sendable, CaseIterable {
    case jpeg, png, gif, webp, bmp

    /// The format that a file's first bytes announce; nil for everything else.
    ///
    /// Twelve bytes are enough.
    package init?(head: some Collection<UInt8>) {
        let head = Array(head.prefix(12))
        func has(_ bytes: [UInt8], at offset: Int = 0) -> Bool { head.dropFirst(offset).starts(with: bytes) }
        if has([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if has(Array("GIF87a".utf8)) || has(Array("GIF89a".utf8)) {
            self = .gif
        } else if has(Array("RIFF".utf8)), has(Array("WEBP".utf8), at: 8) {
            self = .webp
        } else if has(Array("BM".utf8)), has([0, 0, 0, 0], at: 6) {
            // Its four reserved bytes are zero; "BM" alone may begin anything.
            self = .bmp
        } else {
            return nil
        }
    }

    /// The format of a file, by its first bytes.
    ///
    /// - Throws: `MediaError` when it cannot be read.
    package init?(file path: String) async throws {
        let head = try await BlockingWork.run("sniff") { try FileSignature.head(of: path) }
        self.init(head: head)
    }

    /// Without the dot.
    package var fileExtension: String { self == .jpeg ? "jpg" : rawValue }

    package var mimeType: String { "image/\(rawValue)" }

    /// The type of a file of this extension; nil for one that is not ours.
    package init?(fileExtension: some StringProtocol) {
        guard let format = Self.allCases.first(where: { $0.fileExtension == fileExtension }) else { return nil }
        self = format
    }
}

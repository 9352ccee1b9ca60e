#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the first bytes say a file is, where that is not a medium: so that the refusal can name it.
enum FileSignature {
    /// The reason to refuse these bytes without asking a demuxer; nil when they may be a medium.
    static func refusal(of head: [UInt8]) -> MediaError? {
        if head.isEmpty { return MediaError(.notMedia, "This file is empty.") }
        if isPicture(head) {
            // Those that we take never come here.
            return MediaError(
                .picture,
                "This is a picture of a kind that is not taken. Save it as JPEG, PNG, GIF, WebP or BMP."
            )
        }
        guard let text = text(head) else { return nil }
        if text.hasPrefix("#EXTM3U") || text.hasPrefix("ffconcat") || text.contains("<MPD")
            || text.hasPrefix("[playlist]")
        {
            return MediaError(.playlist, "This is a playlist that names other files, not a medium itself.")
        }
        if text.contains("<svg") {
            return MediaError(.picture, "This is an SVG drawing, which is not taken. Save it as PNG or WebP.")
        }
        return MediaError(.text, "This is a text file, not a video or a sound.")
    }

    /// The first 4 KiB of a file.
    static func head(of path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw MediaError(.file, "The file could not be read.", detail: "\(path): errno \(errno)")
        }
        defer { close(descriptor) }
        var head = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &head, head.count)
        guard count >= 0 else {
            throw MediaError(.file, "The file could not be read.", detail: "\(path): errno \(errno)")
        }
        return Array(head.prefix(count))
    }

    private static func isPicture(_ head: [UInt8]) -> Bool {
        let starts: [[UInt8]] = [
            [0xFF, 0xD8, 0xFF], [0x89, 0x50, 0x4E, 0x47], Array("GIF8".utf8), [0x49, 0x49, 0x2A, 0x00],
            [0x4D, 0x4D, 0x00, 0x2A],
        ]
        if starts.contains(where: { head.starts(with: $0) }) { return true }
        // A bitmap's header has four reserved zero bytes; "BM" alone may begin anything.
        if head.count >= 10, head.starts(with: Array("BM".utf8)) { return head[6..<10].allSatisfy { $0 == 0 } }
        if head.count >= 12, head.starts(with: Array("RIFF".utf8)) { return head[8..<12].elementsEqual("WEBP".utf8) }
        if head.count >= 12, head[4..<8].elementsEqual("ftyp".utf8) {
            let brand = String(decoding: head[8..<12], as: UTF8.self)
            return ["avif", "avis", "heic", "heix", "mif1", "msf1"].contains(brand)
        }
        return false
    }

    /// The bytes as lower-ASCII text when every one of the first kilobyte is printable or white space.
    private static func text(_ head: [UInt8]) -> String? {
        var bytes = head.prefix(1024)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || [9, 10, 12, 13].contains($0) }),
            String(validating: bytes, as: UTF8.self) != nil || bytes.allSatisfy({ $0 < 0x80 })
        else { return nil }
        let trimmed = bytes.drop(while: { $0 <= 0x20 })
        return String(decoding: trimmed, as: UTF8.self)
    }
}

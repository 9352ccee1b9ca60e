/// What a file is, as its first bytes say: the formats of contract 2, and FLAC.
///
/// Names and declared types are never asked. A decoder has the last word: an MP4 may turn out to hold sound alone.
package struct FileContent: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case image, video, audio
    }

    package let kind: Kind
    package let mimeType: String

    /// Bytes that are enough to tell.
    package static let headLength = 512

    /// The formats, for people.
    package static let formats: [Kind: String] = [
        .image: "JPEG, PNG, GIF, WebP or BMP", .video: "MP4, QuickTime, AVI, MKV or WebM",
        .audio: "MP3, WAV, OGG, AAC, M4A or FLAC",
    ]

    /// The media type to show: the declared one, unless there is none or it belongs to another kind of file.
    ///
    /// WebM, MP4 and Ogg hold sounds or videos, which their first bytes do not tell: what was declared may know better.
    package static func mediaType(declared: String, found: FileContent?) -> String {
        guard let found else { return declared }
        let family = declared.prefix { $0 != "/" }.lowercased()
        return found.kind != .image && ["audio", "video"].contains(family) ? declared : found.mimeType
    }

    private init(_ kind: Kind, _ mimeType: String) {
        self.kind = kind
        self.mimeType = mimeType
    }

    /// Nil for anything else.
    ///
    /// `head`: the first bytes of the file, `headLength` of them where there are as many.
    package init?(head: [UInt8]) {
        guard let found = Self.picture(head) ?? Self.container(head) ?? Self.sound(head) else { return nil }
        self = found
    }

    private static func picture(_ head: [UInt8]) -> FileContent? {
        if head.starts(with: [0xFF, 0xD8, 0xFF]) { return FileContent(.image, "image/jpeg") }
        if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            return FileContent(.image, "image/png")
        }
        if text(head, 0, 6) == "GIF87a" || text(head, 0, 6) == "GIF89a" { return FileContent(.image, "image/gif") }
        if text(head, 0, 4) == "RIFF", text(head, 8, 4) == "WEBP" { return FileContent(.image, "image/webp") }
        // "BM" alone may begin anything: the reserved bytes are zero, and the second header has a known length.
        let bitmapHeaders: [UInt8] = [12, 40, 52, 56, 64, 108, 124]
        if head.count >= 18, text(head, 0, 2) == "BM", head[6..<10].allSatisfy({ $0 == 0 }),
            bitmapHeaders.contains(head[14]), head[15..<18].allSatisfy({ $0 == 0 })
        {
            return FileContent(.image, "image/bmp")
        }
        return nil
    }

    private static func container(_ head: [UInt8]) -> FileContent? {
        switch text(head, 4, 4) {
        case "ftyp": return movie(brand: text(head, 8, 4) ?? "")
        // QuickTime files of before there were brands.
        case "moov", "mdat", "wide", "pnot": return FileContent(.video, "video/quicktime")
        default: break
        }
        if text(head, 0, 4) == "RIFF", text(head, 8, 4) == "AVI " { return FileContent(.video, "video/x-msvideo") }
        if head.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) {
            let isWebM = head.prefix(64).firstRange(of: Array("webm".utf8)) != nil
            return FileContent(.video, isWebM ? "video/webm" : "video/x-matroska")
        }
        return nil
    }

    private static func movie(brand: String) -> FileContent? {
        switch brand {
        case "M4A ", "M4B ", "M4P ": FileContent(.audio, "audio/mp4")
        case "qt  ": FileContent(.video, "video/quicktime")
        // Pictures in the same boxes, which are not among the formats.
        case "avif", "avis", "heic", "heix", "hevc", "heim", "heis", "mif1", "msf1", "jxl ", "crx ": nil
        default: FileContent(.video, "video/mp4")
        }
    }

    private static func sound(_ head: [UInt8]) -> FileContent? {
        if text(head, 0, 3) == "ID3" { return FileContent(.audio, "audio/mpeg") }
        if text(head, 0, 4) == "fLaC" { return FileContent(.audio, "audio/flac") }
        if ["RIFF", "RF64"].contains(text(head, 0, 4) ?? ""), text(head, 8, 4) == "WAVE" {
            return FileContent(.audio, "audio/wav")
        }
        if text(head, 0, 4) == "OggS" {
            // The first page names the codec; Theora would be a video.
            let codecs = ["vorbis", "OpusHead", "FLAC", "Speex"]
            let isSound = codecs.contains { head.prefix(128).firstRange(of: Array($0.utf8)) != nil }
            return isSound ? FileContent(.audio, "audio/ogg") : nil
        }
        guard head.count >= 4, head[0] == 0xFF else { return nil }
        // ADTS: twelve bits of sync, layer 0. MPEG audio: eleven bits, layer III, rates that exist.
        if head[1] & 0xF6 == 0xF0, head[2] >> 2 & 0xF < 13 { return FileContent(.audio, "audio/aac") }
        if head[1] & 0xE6 == 0xE2, head[1] & 0x18 != 0x08, head[2] >> 4 != 15, head[2] & 0x0C != 0x0C {
            return FileContent(.audio, "audio/mpeg")
        }
        return nil
    }

    private static func text(_ head: [UInt8], _ start: Int, _ count: Int) -> String? {
        guard head.count >= start + count else { return nil }
        return String(decoding: head[start..<start + count], as: UTF8.self)
    }
}

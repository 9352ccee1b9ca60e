import Service
import Testing

@Suite struct FileContentTests {
    private static func bytes(_ parts: [UInt8]...) -> [UInt8] { parts.flatMap(\.self) }
    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static let known: [(head: [UInt8], mimeType: String)] = [
        ([0xFF, 0xD8, 0xFF, 0xE1, 0, 0], "image/jpeg"),
        (bytes([0x89], text("PNG\r\n\u{1A}\n")), "image/png"), (text("GIF89a"), "image/gif"),
        (bytes(text("RIFF"), [1, 2, 3, 4], text("WEBPVP8X")), "image/webp"),
        (bytes(text("BM"), [1, 2, 3, 4, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0]), "image/bmp"),
        (bytes([0, 0, 0, 24], text("ftypisom")), "video/mp4"),
        (bytes([0, 0, 0, 24], text("ftypqt  ")), "video/quicktime"),
        (bytes([0, 0, 0, 8], text("moov")), "video/quicktime"),
        (bytes(text("RIFF"), [1, 2, 3, 4], text("AVI LIST")), "video/x-msvideo"),
        (bytes([0x1A, 0x45, 0xDF, 0xA3, 0x9F, 0x42, 0x82, 0x84], text("webm")), "video/webm"),
        (bytes([0x1A, 0x45, 0xDF, 0xA3, 0x9F, 0x42, 0x82, 0x88], text("matroska")), "video/x-matroska"),
        (text("ID3\u{3}"), "audio/mpeg"), ([0xFF, 0xFB, 0x90, 0x44], "audio/mpeg"),
        (bytes(text("RIFF"), [1, 2, 3, 4], text("WAVEfmt ")), "audio/wav"),
        (bytes(text("RF64"), [0xFF, 0xFF, 0xFF, 0xFF], text("WAVEds64")), "audio/wav"),
        (bytes(text("OggS"), [UInt8](repeating: 0, count: 24), [1], text("vorbis")), "audio/ogg"),
        (bytes(text("OggS"), [UInt8](repeating: 0, count: 24), text("OpusHead")), "audio/ogg"),
        ([0xFF, 0xF1, 0x50, 0x80], "audio/aac"), (bytes([0, 0, 0, 24], text("ftypM4A ")), "audio/mp4"),
        (text("fLaC"), "audio/flac"),
    ]

    @Test("a file is what its first bytes are, whatever it is called", arguments: known)
    func found(_ one: (head: [UInt8], mimeType: String)) throws {
        let content = try #require(FileContent(head: one.head))
        #expect(content.mimeType == one.mimeType)
        #expect(one.mimeType.hasPrefix("\(content.kind.rawValue)/"))
    }

    @Test(
        "the media type that is shown is the content's, unless a declared sound or video may know better",
        arguments: [
            ("", "video/mp4"), ("application/octet-stream", "video/mp4"), ("image/png", "video/mp4"),
            ("audio/mp4", "audio/mp4"), ("Video/MP4; codecs=\"avc1\"", "Video/MP4; codecs=\"avc1\""),
        ]
    )
    func mediaType(declared: String, shown: String) throws {
        let video = try #require(FileContent(head: [0, 0, 0, 24] + Self.text("ftypisom")))
        #expect(FileContent.mediaType(declared: declared, found: video) == shown)
        let picture = try #require(FileContent(head: [0xFF, 0xD8, 0xFF, 0xE1]))
        #expect(FileContent.mediaType(declared: declared, found: picture) == "image/jpeg")
        #expect(FileContent.mediaType(declared: declared, found: nil) == declared)
    }

    @Test(
        "what is none of the formats is nothing",
        arguments: [
            [], text("<svg"), text("#EXTM3U\n"), text("BMW is a car, not a bitmap"), [0xFF, 0xFE, 0x74, 0x00],
            bytes([0, 0, 0, 24], text("ftypheic")), bytes([0, 0, 0, 24], text("ftypavif")), [0xFF], [0xFF, 0xD8],
            bytes(text("RIFF"), [1, 2, 3, 4], text("ACON")), text("%PDF-1.7"), [0xFF, 0xFF, 0xFF, 0xFF],
            bytes(text("OggS"), [UInt8](repeating: 0, count: 24), [0x80], text("theora")),
        ] as [[UInt8]]
    )
    func nothing(_ head: [UInt8]) {
        #expect(FileContent(head: head) == nil)
    }
}

import Foundation
import Testing

@testable import Media

@Suite("Captions as they come")
struct CaptionFileTests {
    private func cues(_ text: String) throws -> [Cue] { try CaptionFile(Array(text.utf8)).cues }

    @Test("SubRip becomes WebVTT: commas, numbers, line ends of any kind, a cue without an empty line before it")
    func subRip() throws {
        let text =
            "1\r\n00:00:01,500 --> 00:00:02,000\r\nHello\r\nworld\r\n\r\n2\n0:00:03.0 --> 0:00:04\nTwo & <3\n3\n"
            + "00:00:05,000 --> 00:00:06,000\n{\\an8}<font color=\"red\">Top</font> <i>slanted</i>\n"
        let found = try cues(text)
        #expect(
            found == [
                Cue(start: 1_500_000, end: 2_000_000, text: "Hello\nworld"),
                Cue(start: 3_000_000, end: 4_000_000, text: "Two &amp; &lt;3"),
                Cue(start: 5_000_000, end: 6_000_000, text: "Top <i>slanted</i>"),
            ]
        )
        #expect(
            WebVTT.text(of: Array(found.prefix(1))) == "WEBVTT\n\n00:00:01.500 --> 00:00:02.000\nHello\nworld\n"
        )
    }

    @Test("WebVTT keeps its times, its places and plain tags; styles, regions, notes, voices and classes go")
    func webVTT() throws {
        let text = """
            WEBVTT - a title

            STYLE
            ::cue { background: url(https://example.com/track) }

            REGION
            id:fred

            NOTE 00:01 was wrong

            intro
            01:02.500 --> 100:00.000 line:0 region:fred align:start position:"x" onload:alert(1)
            nothing: past an hour, minutes stop at 59

            01:02.500 --> 01:04.000 line:0 region:fred align:start onload:alert(1)
            <v Roger Bingham>We are <b>in</b> <c.yellow.bg_blue>New York</c> &amp; 1 &lt; 2</v><script>alert(1)</script>

            00:00:00.500 --> 00:00:01.000
            earlier
            """
        let found = try cues(text)
        #expect(found.map(\.start) == [500_000, 62_500_000], "in the order of their times")
        #expect(found[1].text == "We are <b>in</b> New York &amp; 1 &lt; 2alert(1)")
        #expect(found[1].settings == "line:0 align:start")
        let written = WebVTT.text(of: found)
        #expect(!written.contains("script") && !written.contains("url("))
        #expect(try cues(written) == found, "what was written is read again the same")
    }

    @Test("bad cues are passed over: no length, backwards, empty, times of nonsense")
    func badCues() throws {
        let found = try cues(
            """
            WEBVTT

            00:02.000 --> 00:02.000
            no length

            00:03.000 --> 00:01.000
            backwards

            00:04.000 --> 00:05.000


            00:61.000 --> 00:62.000
            no such second

            -1:00.000 --> 00:07.000
            before the beginning

            99999999999999999999:00:00.000 --> 00:07.000
            too large

            00:08.000 --> 00:09.000
            good
            """
        )
        #expect(found == [Cue(start: 8_000_000, end: 9_000_000, text: "good")])
    }

    @Test("tags that are not closed are, and a tag that never ends is text")
    func tags() throws {
        let found = try cues("00:01 --> 00:02\n<i>open <b>both\n</u>stray <notclosed\n<i></b></i> > --> <")
        #expect(
            found[0].text == "<i>open <b>both</b></i>\nstray &lt;notclosed\n<i></i> &gt; --&gt; &lt;"
        )
    }

    @Test("encodings: UTF-8 with a mark, UTF-16 both ways, Windows-1252")
    func encodings() throws {
        let text = "1\n00:00:01,000 --> 00:00:02,000\n„Grüße“ – 5 €\n"
        let utf16 = Array(text.utf16)
        let little: [UInt8] =
            [0xFF, 0xFE] + utf16.flatMap { unit -> [UInt8] in [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
        let big: [UInt8] = [0xFE, 0xFF] + utf16.flatMap { unit -> [UInt8] in [UInt8(unit >> 8), UInt8(unit & 0xFF)] }
        let old = try #require(text.data(using: .windowsCP1252))
        let marked: [UInt8] = [0xEF, 0xBB, 0xBF] + Array(text.utf8)
        for bytes in [Array(text.utf8), marked, little, big, Array(old)] {
            #expect(try CaptionFile(bytes).cues.map(\.text) == ["„Grüße“ – 5 €"])
        }
    }

    @Test(
        "what is no captions file is refused with a sentence",
        arguments: [
            [], Array("just words".utf8), Array("WEBVTT\n\nNOTE nothing".utf8), [0, 1, 2, 3],
            [0x89, 0x50, 0x4E, 0x47, 13],
            [0xFF, 0xFE, 0x41], [0xFF, 0xFE, 0x00, 0xD8], (0..<4000).map { UInt8(truncatingIfNeeded: $0 * 7) },
            [UInt8](repeating: 0x20, count: CaptionFile.maximumBytes + 1),
        ] as [[UInt8]]
    )
    func refused(_ bytes: [UInt8]) {
        #expect(throws: MediaError.self) { try CaptionFile(bytes) }
    }

    @Test("limits hold: too many cues are refused, an endless cue is cut, a megabyte of brackets is read")
    func limits() throws {
        let many = String(repeating: "0:01-->\n00:01 --> 00:02\nx\n\n", count: CaptionFile.maximumCues + 1)
        #expect(throws: MediaError.self) { try CaptionFile(Array(many.utf8)) }
        let long = "00:01 --> 00:02\n" + String(repeating: String(repeating: "y", count: 99) + "\n", count: 1000)
        #expect(try cues(long)[0].text.count <= CaptionFile.maximumLength + 100)
        for piece in ["<", "<b", "{\\", "&", "<b>", "a>"] {
            let head = "00:01 --> 00:02\n"
            let text = head + String(repeating: piece, count: (CaptionFile.maximumBytes - head.count) / piece.count)
            _ = try? CaptionFile(Array(text.utf8))
        }
    }

    @Test("random bytes never trap, and what comes out can be read again")
    func noise() {
        var state: UInt64 = 42
        let alphabet = Array("0123456789:.,-> \n\r<>/biu&;{}\\WEBVT".utf8)
        for _ in 0..<300 {
            let bytes = (0..<200).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return alphabet[Int(state >> 33) % alphabet.count]
            }
            let text = "WEBVTT\n\n00:01.000 --> 00:02.000\n" + String(decoding: bytes, as: UTF8.self)
            guard let cues = try? cues(text) else { continue }
            #expect((try? self.cues(WebVTT.text(of: cues))) == cues, "\(text)")
        }
    }

    @Test("times move with the picture's beginning; what lies before it goes")
    func moved() throws {
        let file = try CaptionFile(Array("10:01 --> 10:02\nb\n\n09:59 --> 10:00.500\na\n\n01:00 --> 02:00\nx".utf8))
        #expect(
            file.moved(backBy: 600_000_000) == [
                Cue(start: 0, end: 500_000, text: "a"), Cue(start: 1_000_000, end: 2_000_000, text: "b"),
            ]
        )
    }

    @Test("a segment of HLS says that its times are the timeline's")
    func segment() {
        let text = WebVTT.segment(WebVTT.text(of: [Cue(start: 0, end: 1_000_000, text: "a")]))
        #expect(text.hasPrefix("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n00:00:00.000 -->"))
    }
}

import Foundation
import Testing

@testable import Media

@Suite struct WaveformTests {
    private func waveform(of samples: [Int16], cut: Int = .max) -> Waveform {
        var builder = WaveformBuilder(sampleRate: 44_100)
        let bytes = samples.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, cut == .max ? bytes.count : start + cut)
            bytes[start..<end].withUnsafeBytes { builder.add($0) }
            start = end
        }
        return builder.finish()
    }

    @Test("each pair is the least and the greatest of its stretch, the last one of what is left")
    func pairs() {
        let samples = (0..<600).map { Int16($0 < 256 ? ($0 % 2 == 0 ? -25_600 : 12_800) : 256) }
        let waveform = waveform(of: samples)
        #expect(waveform.samplesPerPixel == 256 && waveform.length == 3)
        #expect(waveform.data == [-100, 50, 1, 1, 1, 1])
    }

    @Test("however long the sound is, there are at most 2048 pairs, and no peak is lost")
    func bounded() {
        var samples = [Int16](repeating: 0, count: 3_000_000)
        samples[1_234_567] = .max
        samples[2_999_999] = .min
        let waveform = waveform(of: samples)
        #expect((1024...2048).contains(waveform.length) && waveform.data.count == 2 * waveform.length)
        #expect(waveform.data[2 * (1_234_567 / waveform.samplesPerPixel) + 1] == 127)
        #expect(waveform.data[waveform.data.count - 2] == -128)
        #expect(waveform.data.filter { $0 != 0 }.count == 2)
    }

    @Test("it does not matter where the bytes are cut", arguments: [1, 3, 7, 511, 4096])
    func cuts(_ cut: Int) {
        let samples = (0..<5000).map { Int16(truncatingIfNeeded: $0 &* 7919) }
        #expect(waveform(of: samples, cut: cut) == waveform(of: samples))
    }

    @Test("it is written as audiowaveform writes it")
    func json() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = String(decoding: try encoder.encode(waveform(of: [0, 256])), as: UTF8.self)
        #expect(
            text == #"{"bits":8,"channels":1,"data":[0,1],"length":1,"sample_rate":44100,"samples_per_pixel":256,"#
                + #""version":2}"#
        )
    }
}

@Suite struct MediaTagsTests {
    @Test("tags become one clean line each; a position is none of them")
    func clean() {
        let tags = MediaTags.gather(
            [
                "TITLE": "  A\u{202E}B\n\u{0}C ", "location": "+48.8584+002.2945/",
                "artist": String(repeating: "x", count: 900),
            ],
            ["title": "of the stream", "Album": "Kept", "genre": " \u{200E} "]
        )
        #expect(tags["title"] == "AB C" && tags["album"] == "Kept" && tags["artist"]?.count == 256)
        #expect(tags.keys.sorted() == ["album", "artist", "title"])
    }
}

import Core
import Foundation

@testable import Media
@testable import Service

enum MetadataTarget {
    static func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let loudness = LoudnessMeter.summary(in: text) {
            check(loudness.integrated.isFinite && loudness.range.isFinite, "loudness is a number")
        }
        let data = Data(text.utf8)
        if let report = try? JSONDecoder().decode(ProbeReport.self, from: data) {
            for (_, value) in MediaTags.gather(report.format.tags, report.streams.first?.tags) {
                check(value.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "a tag is one line")
            }
            for stream in report.streams { _ = LanguageTag.of(stream: stream.tags?["language"]).name }
        }
        if let report = try? JSONDecoder().decode(ChapterReader.Report.self, from: data) {
            let duration: Int64 = 60_000_000
            let chapters = ChapterReader.chapters(from: report, start: -1_000_000, duration: duration)
            for chapter in chapters {
                check(0 <= chapter.start && chapter.start < chapter.end, "a chapter has a length")
                check(chapter.end <= duration, "chapters lie within")
            }
            guard let file = try? CaptionFile(Array(chapters.webVTT.utf8)) else { return }
            check(file.cues.count <= chapters.count, "a title adds no chapter of its own")
        }
    }
}

/// Playlists in disguise, which are refused; and ours, into which a stranger's file puts words and numbers.
enum PlaylistsTarget {
    static func run(_ bytes: [UInt8]) {
        _ = FileSignature.refusal(of: Array(bytes.prefix(4096)))
        let lines = bytes.split(separator: 10, maxSplits: 2, omittingEmptySubsequences: false)
        let words = String(decoding: lines.first ?? [], as: UTF8.self)
        let name = String(decoding: lines.count > 1 ? lines[1] : [], as: UTF8.self)
        var numbers = (lines.last ?? []).split(separator: 32).compactMap { Int(String(decoding: $0, as: UTF8.self)) }
        numbers = numbers.prefix(500).map { min(max($0, 0), 1 << 40) }
        checkMaster(language: words, name: name, rates: numbers)
        checkMedia(numbers)
    }

    private static func checkMaster(language: String, name: String, rates: [Int]) {
        let variant = Playlist.Variant(
            uri: "v/playlist.m3u8",
            peakBitRate: rates.first ?? 1,
            averageBitRate: rates.last ?? 1,
            codecs: "avc1.64001f",
            width: 640,
            height: 360,
            frameRate: Rational(rates.first ?? 25, max(1, rates.last ?? 1))
        )
        let audio = Playlist.Audio(
            uri: "a/playlist.m3u8",
            peakBitRate: 1,
            averageBitRate: 1,
            codecs: "mp4a.40.2",
            channels: 2,
            language: language
        )
        let captions = Playlist.Captions(
            uri: "c/playlist.m3u8",
            language: LanguageTag.of(stream: language).text,
            name: name
        )
        let master = Playlist.master(variants: [variant], audio: audio, captions: [captions])
        let lines = master.utf8.split(whereSeparator: { $0 == 10 || $0 == 13 })
        check(lines.count == 7, "a word adds no line")
        let named = lines.filter { !$0.starts(with: "#EXT".utf8) }.map { String(decoding: $0, as: UTF8.self) }
        check(named == ["v/playlist.m3u8"], "nothing but our own is named")
        check(lines.allSatisfy { $0.count { $0 == 0x22 }.isMultiple(of: 2) }, "a word ends no quotation")
    }

    private static func checkMedia(_ numbers: [Int]) {
        let segments = numbers.map { Playlist.Segment(duration: .microseconds($0), uri: "s") }
        let text = Playlist.media(segments: segments, map: "init.mp4")
        check(text.split(separator: "\n").count { $0 == "s" } == segments.count, "each segment is named once")
        let parts = numbers.map { (duration: Rational($0, 1_000_000), bytes: $0) }
        check(Playlist.peakBitRate(of: parts, targetDuration: 6) >= 0, "a rate is not negative")
        let frames = numbers.sorted().enumerated().map { KeyFrame(segment: $0, fragment: 0, time: Int64($1), size: $1) }
        let rates = Playlist.rates(of: frames, duration: Int64(numbers.last ?? 1))
        check(rates.peak > 0 && rates.average > 0, "key frames have rates")
        _ = Playlist.iFrames(frames, duration: Int64(numbers.last ?? 1), map: "init.mp4") { "\($0.segment)" }
    }
}

import Core
import Foundation
import Testing

@testable import Media

@Suite("Key frames for winding", .serialized)
struct KeyFrameTests {
    /// A rung of two-second key frames, and where they are.
    private struct Wound {
        let folder: String
        let segments: [String]
        let frames: [KeyFrame]
        let duration: Int64

        init(_ scratch: String) async throws {
            let source = "\(scratch)/a.mp4"
            try await Clips.moving(source, ["-c:v", "libx264", "-preset", "medium", "-g", "60"], seconds: 14)
            let version = try await MadeVersion(source, into: "\(scratch)/v", profiles: Corpus.medium)
            let folder = "\(scratch)/v/\(try #require(version.rungs.first?.rung.name))"
            self.folder = folder
            segments = (0..<version.timeline.segmentCount).map { "\(folder)/\($0).m4s" }
            frames = try await KeyFrameReader.keyFrames(initialization: "\(folder)/init.mp4", segments: segments)
            duration = version.timeline.duration.duration.microseconds
        }

        func picture(_ frame: KeyFrame, _ length: Int64) async throws -> [UInt8]? {
            try await KeyFrameReader.picture(
                frame.fragment,
                of: segments[frame.segment],
                initialization: "\(folder)/init.mp4",
                duration: length
            )
        }
    }

    @Test("the I-frame playlist of a rung plays in ffmpeg: every key frame, at its time, and nothing else")
    func encoded() async throws {
        let scratch = try Scratch()
        let wound = try await Wound(scratch.path)
        let (frames, folder) = (wound.frames, wound.folder)
        #expect(frames.count >= 7, "one every two seconds")
        #expect(frames.first?.time == 0)
        try FileManager.default.createDirectory(atPath: "\(folder)/iframes", withIntermediateDirectories: true)
        let lengths = Playlist.lengths(of: frames, duration: wound.duration)
        #expect(lengths.reduce(0, +) == wound.duration)
        for (frame, length) in zip(frames, lengths) {
            let bytes = try #require(try await wound.picture(frame, length))
            let path = "\(folder)/iframes/\(frame.segment)-\(frame.fragment).m4s"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            #expect(bytes.count - frame.size == 112, "what the rates count for the boxes")
        }
        let text = Playlist.iFrames(frames, duration: wound.duration, map: "init.mp4") {
            "iframes/\($0.segment)-\($0.fragment).m4s"
        }
        var checker = PlaylistChecker()
        let media = checker.media(text)
        #expect(checker.complaints.isEmpty, "\(checker.complaints)")
        #expect(text.contains("#EXT-X-I-FRAMES-ONLY\n") && media.uris.count == frames.count)
        try text.write(toFile: "\(folder)/iframes.m3u8", atomically: true, encoding: .utf8)
        let pictures = try await Playback.pictures("\(folder)/iframes.m3u8")
        #expect(pictures.count == frames.count)
        for (picture, frame) in zip(pictures, frames) {
            #expect(abs(picture.time - Double(frame.time) / 1e6) < 0.001)
        }
        #expect(try await wound.picture(KeyFrame(segment: 0, fragment: 99, time: 0, size: 0), 1) == nil)
    }

    @Test("rates are those of the fragments; lengths end with the whole")
    func rates() {
        let frames = [
            KeyFrame(segment: 0, fragment: 0, time: 0, size: 888),
            KeyFrame(segment: 0, fragment: 1, time: 2_000_000, size: 1888),
        ]
        #expect(Playlist.lengths(of: frames, duration: 3_000_000) == [2_000_000, 1_000_000])
        let rates = Playlist.rates(of: frames, duration: 3_000_000)
        #expect(rates.peak == 16_000 && rates.average == 8000)
        #expect(Playlist.rates(of: [], duration: 0).peak == 1)
    }

    @Test("files that are no segments of ours are errors, never crashes")
    func hostile() async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/a.mp4"
        try await Clips.moving(source, ["-c:v", "libx264", "-preset", "ultrafast"], seconds: 2)
        let version = try await MadeVersion(source, into: "\(scratch.path)/v", profiles: Corpus.lowest)
        let folder = "\(scratch.path)/v/\(try #require(version.rungs.first?.rung.name))"
        let reader = try KeyFrameReader(initialization: "\(folder)/init.mp4")
        let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/0.m4s")))
        var state: UInt64 = 7
        for round in 0..<200 {
            var bytes = whole
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            if round.isMultiple(of: 2) {
                bytes.removeLast(Int(state >> 33) % bytes.count)
            } else {
                bytes[Int(state >> 33) % min(bytes.count, 400)] ^= UInt8(truncatingIfNeeded: state >> 20) | 1
            }
            let path = "\(scratch.path)/broken.m4s"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            _ = try? reader.keyFrames(of: path, segment: 0)
            _ = try? reader.cut(0, of: path, duration: 1_000_000)
        }
        #expect(throws: (any Error).self) { try reader.keyFrames(of: "\(scratch.path)/nothing.m4s", segment: 0) }
    }

    @Test("the master names captions and I-frame playlists as RFC 8216 has them")
    func master() {
        let variant = Playlist.Variant(
            uri: "360p/playlist.m3u8",
            peakBitRate: 900_000,
            averageBitRate: 600_000,
            codecs: "avc1.64001e",
            width: 640,
            height: 360,
            frameRate: Rational(25)
        )
        let text = Playlist.master(
            variants: [variant],
            audio: nil,
            keyFrames: [
                Playlist.KeyFrames(
                    uri: "360p/iframes.m3u8",
                    peakBitRate: 90_000,
                    averageBitRate: 60_000,
                    codecs: "avc1.64001e",
                    width: 640,
                    height: 360
                )
            ],
            captions: [
                Playlist.Captions(uri: "captions/de.m3u8", language: "de", name: "Deutsch"),
                Playlist.Captions(uri: "captions/en.m3u8", language: "en", name: "a \"name\"\n#EXT"),
            ]
        )
        var checker = PlaylistChecker()
        let master = checker.master(text)
        #expect(checker.complaints.isEmpty, "\(checker.complaints)")
        #expect(master.variants[0].attributes["SUBTITLES"] == "captions")
        #expect(master.media.map { $0["NAME"] } == ["Deutsch", "en"], "no name breaks out of its quotes")
        #expect(master.media.allSatisfy { $0["GROUP-ID"] == "captions" && $0["TYPE"] == "SUBTITLES" })
        #expect(
            text.contains("#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=90000,AVERAGE-BANDWIDTH=60000,CODECS=\"avc1.64001e\"")
        )
        let captions = Playlist.captions(uri: "de.vtt", duration: .seconds(61.5))
        #expect(captions.contains("#EXT-X-TARGETDURATION:62\n") && captions.contains("#EXTINF:61.500000,\nde.vtt\n"))
    }
}

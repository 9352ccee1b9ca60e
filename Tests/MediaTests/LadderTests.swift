import Foundation
import Testing

@testable import Media

@Suite("Ladder, rates and grid")
struct LadderTests {
    static func info(_ width: Int, _ height: Int, sar: Rational = Rational(1), rotation: Int = 0) -> MediaInfo {
        let video = VideoStream(
            index: 0,
            codec: "h264",
            profile: nil,
            pixelFormat: "yuv420p",
            bitDepth: 8,
            width: width,
            height: height,
            sampleAspectRatio: sar,
            rotation: rotation,
            averageFrameRate: nil,
            nominalFrameRate: nil,
            timeBase: Rational(1, 90_000),
            isInterlaced: false,
            colorRange: nil,
            colorSpace: nil,
            colorPrimaries: nil,
            colorTransfer: nil,
            start: nil
        )
        return MediaInfo(
            kind: .video,
            container: "mov",
            duration: 0,
            bitRate: 0,
            bytes: 0,
            video: video,
            audio: nil,
            streams: [],
            tags: [:]
        )
    }

    private func info(_ width: Int, _ height: Int, sar: Rational = Rational(1), rotation: Int = 0) -> MediaInfo {
        Self.info(width, height, sar: sar, rotation: rotation)
    }

    private func names(_ info: MediaInfo) -> [String] {
        Ladder.rungs(for: info, profiles: Corpus.profiles).map { "\($0.name):\($0.width)x\($0.height)" }
    }

    @Test("boxes turn for portrait, nothing is enlarged, the smallest keep their size")
    func ladder() {
        #expect(names(info(3840, 2160)).first == "1080p:1920x1080")
        #expect(names(info(1920, 1080, rotation: 90)).first == "1080p:1080x1920")
        #expect(names(info(1920, 800)).first == "1080p:1920x800")
        #expect(names(info(1600, 900)).first == "720p:1280x720")
        #expect(names(info(720, 576, sar: Rational(64, 45))).first == "480p:854x480")
        #expect(names(info(161, 121)) == ["120p:160x120"])
        #expect(names(info(1, 1)) == ["2p:2x2"])
    }

    @Test(
        "the rate is divided by the smallest whole number that fits the ceiling",
        arguments: [
            ("60", "60", 30, "30"), ("50", "50", 30, "25"), ("30", "30", 25, "30"), ("120", "120", 30, "30"),
            ("60000/1001", "60000/1001", 30, "30000/1001"), ("24000/1001", "24000/1001", 25, "24000/1001"),
            ("29/1", "1000/1", 30, "29"), ("57/2", "1000/1", 30, "30000/1001"), ("4800/287", "25", 30, "24000/1001"),
            ("7", "57600", 30, "7"),
            ("36/5", "57600", 30, "10"), ("1", "1", 30, "5"), ("179/6", "179/6", 30, "179/6"),
        ]
    )
    func rates(_ measured: String, _ nominal: String, _ ceiling: Int, _ expected: String) throws {
        let rate = FrameRate.grid(
            measured: Rational(positive: measured),
            nominal: Rational(positive: nominal),
            ceiling: Rational(ceiling)
        )
        #expect(rate.text == expected)
    }

    @Test("sound is cut at the packet nearest to each boundary, and ends with the picture")
    func audioGrid() {
        let timeline = Timeline(
            rate: Rational(30000, 1001),
            timescale: 30_000,
            frameCount: 400,
            boundaries: [0, 180, 360, 400],
            keyInterval: Rational(2),
            sourceTimeBase: Rational(1, 30_000),
            sourceStart: 0,
            seekPoints: [nil, nil, nil],
            sourceFrames: [180, 180, 40],
            sourceTiming: nil
        )
        #expect(timeline.audioGrid().boundaries == [0, 282, 563, 626])
        #expect(timeline.duration(of: 0) == Rational(6006, 1000))
        #expect(timeline.keyFrames(in: 0..<180) == [0, 60, 120])
        #expect(timeline.keyFrames(in: 180..<400) == [180, 240, 300, 360])
        #expect(timeline.segment(containing: 359) == 1)
        #expect(timeline.segment(containing: 400) == nil)
    }
}

@Suite("Profiles")
struct ProfileTests {
    private func parse(_ json: String) throws -> Profile {
        try Profile.parse(Array(json.utf8), file: "p/1080p.json", name: "1080p")
    }

    private let rest = "\"height\":1080,\"audioBitrate\":\"192k\",\"preset\":\"medium\",\"frameRate\":30"

    @Test("bit rates are read in bits, kilobits and megabits")
    func bitRates() throws {
        #expect(try parse("{\"width\":1920,\"videoBitrate\":\"5000k\",\(rest)}").videoBitrate == 5_000_000)
        #expect(try parse("{\"width\":1920,\"videoBitrate\":\"2.5M\",\(rest)}").videoBitrate == 2_500_000)
        #expect(try parse("{\"width\":1920,\"videoBitrate\":800000,\(rest)}").videoBitrate == 800_000)
    }

    @Test(
        "an error names file, field, value and what was expected",
        arguments: [
            (
                "{\"width\":\"wide\",\"videoBitrate\":1000000,",
                ["p/1080p.json", "\"width\"", "\"wide\"", "whole number"]
            ),
            ("{\"width\":1920,\"videoBitrate\":\"fast\",", ["\"videoBitrate\"", "\"fast\"", "bit rate"]),
            ("{\"width\":1920,", ["\"videoBitrate\" is missing"]),
            ("{\"width\":1920,\"videoBitrate\":1000000,\"crf\":1,", ["unknown field \"crf\""]),
            ("[{", ["p/1080p.json", "not JSON"]),
        ]
    )
    func errors(_ head: String, _ words: [String]) throws {
        let error = try #require(throws: MediaError.self) { _ = try parse("\(head)\(rest)}") }
        for word in words { #expect(error.message.contains(word), "\(error.message)") }
    }

    @Test("the profiles that come with the service are contract 1's four")
    func defaults() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let profiles = try Profile.load(directory: "\(root)/config/profiles")
        #expect(profiles == Profile.standard)
        #expect(profiles.map(\.name) == ["1080p", "720p", "480p", "360p"])
        #expect(profiles.map(\.videoBitrate) == [5_000_000, 2_500_000, 1_000_000, 600_000])
    }
}

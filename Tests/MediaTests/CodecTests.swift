import Foundation
import Testing

@testable import Media

@Suite("Codecs")
struct CodecTests {
    static func profile(
        _ name: String,
        _ width: Int,
        _ height: Int,
        _ codec: VideoCodec = .h264,
        preset: String = "ultrafast"
    ) -> Profile {
        Profile(
            name: name,
            width: width,
            height: height,
            videoBitrate: 300_000,
            audioBitrate: 96_000,
            preset: preset,
            frameRate: Rational(30),
            videoCodec: codec
        )
    }

    // MARK: - Strings

    @Test("CODECS is read from the decoder configuration")
    func strings() throws {
        func text(_ entry: String, _ type: String, _ bytes: [UInt8]) throws -> String {
            try CodecString.picture(entry, try Boxes(BoxWriter.box(type, bytes)))
        }
        #expect(try text("avc1", "avcC", [1, 0x64, 0, 0x28, 0xFF]) == "avc1.640028")
        let main: [UInt8] = [1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93]
        #expect(try text("hvc1", "hvcC", main) == "hvc1.1.6.L93.90")
        let high: [UInt8] = [1, 0xA2, 0x20, 0, 0, 0, 0xB0, 0, 0, 0, 0, 1, 153]
        #expect(try text("hvc1", "hvcC", high) == "hvc1.B2.4.H153.B0.0.0.0.0.1")
        #expect(try text("av01", "av1C", [0x81, 0x04, 0x0C, 0]) == "av01.0.04M.08")
        #expect(try text("av01", "av1C", [0x81, 0x2D, 0xCC, 0]) == "av01.1.13H.10")
        #expect(throws: BoxError.missing("hvcC")) { try text("hvc1", "avcC", main) }
        for length in 0..<13 {
            #expect(throws: BoxError.truncated) { try text("hvc1", "hvcC", Array(main.prefix(length))) }
        }
    }

    @Test("every codec has an entry by which its string is known again")
    func entries() {
        for codec in VideoCodec.allCases { #expect(VideoCodec(codecs: codec.sampleEntry + ".1.2") == codec) }
    }

    // MARK: - Profiles and ladder

    @Test("a folder without H.264 is refused in one line; beside it, other codecs are read")
    func folder() throws {
        let scratch = try Scratch()
        let rest =
            #""width":1920,"height":1080,"videoBitrate":"3M","audioBitrate":"96k","preset":"fast","frameRate":30"#
        func write(_ name: String, _ codec: String) throws {
            try "{\(rest),\"videoCodec\":\"\(codec)\"}"
                .write(toFile: "\(scratch.path)/\(name).json", atomically: true, encoding: .utf8)
        }
        try write("1080p-hevc", "hevc")
        try write("1080p-av1", "av1")
        let refused = try #require(throws: MediaError.self) { _ = try Profile.load(directory: scratch.path) }
        #expect(refused.message.contains("H.264") && !refused.message.contains("\n"))
        try write("1080p", "h264")
        let codecs = try Profile.load(directory: scratch.path).map { "\($0.name):\($0.videoCodec.rawValue)" }
        #expect(Set(codecs) == ["1080p:h264", "1080p-hevc:hevc", "1080p-av1:av1"])
        try write("1080p-vp9", "vp9")
        let unknown = try #require(throws: MediaError.self) { _ = try Profile.load(directory: scratch.path) }
        for word in ["1080p-vp9.json", "\"videoCodec\"", "\"vp9\"", "h264, hevc, av1"] {
            #expect(unknown.message.contains(word), "\(unknown.message)")
        }
    }

    @Test("H.264 stands first whatever its size; other codecs get the rungs that fit, and none below their lowest")
    func ladder() throws {
        let profiles = [
            Self.profile("2160p-av1", 3840, 2160, .av1), Self.profile("1080p", 1920, 1080),
            Self.profile("720p-hevc", 1280, 720, .hevc), Self.profile("360p", 640, 360),
            Self.profile("144p", 256, 144, .av1),
        ]
        func names(_ width: Int, _ height: Int) -> [String] {
            Ladder.rungs(for: LadderTests.info(width, height), profiles: profiles).map { rung in
                "\(rung.name):\(rung.width)x\(rung.height):\(rung.codec.rawValue)"
            }
        }
        #expect(
            names(1920, 1080) == [
                "1080p:1920x1080:h264", "360p:640x360:h264", "720p-hevc:1280x720:hevc", "144p:256x144:av1",
            ]
        )
        #expect(names(256, 144) == ["144p-h264:256x144:h264", "144p:256x144:av1"])
        #expect(names(160, 120) == ["120p:160x120:h264"])
    }

    @Test("a plan from before there were codecs is one of H.264")
    func formerPlans() throws {
        let text = """
            {"name": "360p", "width": 640, "height": 360, "maxBitrate": 1, "audioBitrate": 1, "preset": "fast",
            "frameRate": {"numerator": 30, "denominator": 1}}
            """
        let rung = try JSONDecoder().decode(Rung.self, from: Data(text.utf8))
        #expect(rung.codec == .h264)
        let again = try JSONDecoder().decode(
            Rung.self,
            from: JSONEncoder().encode(try #require(rungs(.av1).first))
        )
        #expect(again.codec == .av1)
    }

    private func rungs(_ codec: VideoCodec, preset: String = "ultrafast") -> [Rung] {
        Ladder.rungs(
            for: LadderTests.info(1920, 1080),
            profiles: [Self.profile("360p", 640, 360, codec, preset: preset)]
        )
    }

    // MARK: - Encoding

    @Test("each encoder is told to keep closed groups, to begin them where it is told, and its ceiling")
    func arguments() throws {
        for codec in VideoCodec.allCases {
            let rung = try #require(rungs(codec).first)
            let line = EncoderArguments(rung: rung).arguments(keys: ["0.000000", "1.999500"]).joined(separator: " ")
            #expect(line.contains("-c:v \(codec.encoder)") && line.contains("-force_key_frames 0.000000,1.999500"))
            #expect(line.contains("-maxrate 300000 -bufsize 600000") && line.contains("-pix_fmt yuv420p"))
        }
        let speeds = Profile.presets.map { preset -> Int in
            let line = rungs(.av1, preset: preset).flatMap { EncoderArguments(rung: $0).arguments(keys: []) }
            return line.firstIndex(of: "-cpu-used").flatMap { Int(line[$0 + 1]) } ?? 0
        }
        #expect(speeds == speeds.sorted(by: >) && speeds.allSatisfy((5...8).contains), "ffmpeg 5.1 refuses 9")
    }

    private static func ladder(_ codec: VideoCodec) -> [Profile] {
        [profile("180p", 320, 180, codec, preset: "medium"), profile("90p", 160, 90, codec, preset: "medium")]
    }

    @Test(
        "chunks made apart, last first, join exactly; inits are one file; the MP4 is whole",
        arguments: [
            VideoCodec.hevc, .av1,
        ]
    )
    func chunks(_ codec: VideoCodec) async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/source.mp4"
        try await Clips.moving(source, ["-c:v", "libx264", "-preset", "ultrafast", "-g", "70"], seconds: 7)
        let apart = try await MadeVersion(source, into: "\(scratch.path)/a", profiles: Self.ladder(codec), chunk: 1)
        let whole = try await MadeVersion(source, into: "\(scratch.path)/w", profiles: Self.ladder(codec), chunk: 99)
        let frames = apart.timeline.frameCount
        for rung in ["180p", "90p"] {
            let inits = try [apart, whole].map {
                try Data(contentsOf: URL(fileURLWithPath: "\($0.folder)/\(rung)/init.mp4"))
            }
            #expect(inits[0] == inits[1], "\(rung)")
            let initialization = try InitSegment(Array(inits[0]))
            #expect(initialization.codecs.hasPrefix(codec == .hevc ? "hvc1.1.6.L" : "av01.0."))
            let mp4 = "\(scratch.path)/\(rung).mp4"
            try await apart.remux(rung, to: mp4)
            let joined = try Playback.join("\(apart.folder)/\(rung)", 0..<apart.timeline.segmentCount)
            for file in [mp4, joined] {
                let times = try await Playback.pictures(file).map(\.time)
                #expect(times.count == frames, "\(file)")
                for (index, time) in times.enumerated() {
                    #expect(abs(time - Double(index) / 25) < 0.001, "\(file)")
                }
            }
            // Any segment can be the first that is decoded.
            for segment in 0..<apart.timeline.segmentCount {
                let part = try Playback.join("\(whole.folder)/\(rung)", segment..<segment + 1)
                let shown = try await Playback.pictures(part)
                #expect(shown.count == apart.timeline.frames(of: segment).count, "\(rung) \(segment)")
            }
        }
        #expect(apart.rungs.map(\.codecs) == whole.rungs.map(\.codecs))
    }

    @Test(
        "beside a copied picture, each codec keeps the source's own uneven times",
        arguments: [VideoCodec.hevc, .av1]
    )
    func besideCopy(_ codec: VideoCodec) async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/uneven.mp4"
        let uneven = ["-vf", "select='not(mod(n\\,3))+lt(mod(n\\,50)\\,25)'", "-fps_mode", "vfr"]
        try await Clips.moving(source, uneven + ["-c:v", "libx264", "-preset", "fast", "-g", "24"])
        let copied = try await CopyTests.Copied(source, into: "\(scratch.path)/v")
        let count = copied.video.timeline.segmentCount
        let copy = try Playback.join("\(copied.folder)/copy", 0..<count)
        let wanted = try await Playback.pictures(copy).map(\.time)
        var inits: [Data] = []
        for chunk in [1, 3] {
            _ = try await copied.encodeLower(source, chunk: chunk, codec: codec)
            let low = try Playback.join("\(copied.folder)/low\(chunk)", 0..<count)
            let shown = try await Playback.pictures(low).map(\.time)
            #expect(shown.count == wanted.count)
            for (expected, time) in zip(wanted, shown) { #expect(abs(expected - time) < 0.001) }
            inits.append(try Data(contentsOf: URL(fileURLWithPath: "\(copied.folder)/low\(chunk)/init.mp4")))
        }
        #expect(inits[0] == inits[1])
    }

    // MARK: - Around it

    @Test("the master lists H.264 first, whatever the rates, and each codec together")
    func master() throws {
        func variant(_ uri: String, _ rate: Int, _ codecs: String) -> Playlist.Variant {
            Playlist.Variant(
                uri: uri,
                peakBitRate: rate,
                averageBitRate: rate,
                codecs: codecs,
                width: 16,
                height: 16,
                frameRate: Rational(25)
            )
        }
        let text = Playlist.master(
            variants: [
                variant("a2", 2_000_000, "av01.0.04M.08"), variant("h5", 5_000_000, "avc1.640028"),
                variant("x9", 9_000_000, "hvc1.1.6.L93.90"), variant("h1", 1_000_000, "avc1.64001f"),
                variant("a4", 4_000_000, "av01.0.08M.08"),
            ],
            audio: nil
        )
        #expect(text.split(separator: "\n").filter { !$0.hasPrefix("#") } == ["h1", "h5", "x9", "a4", "a2"])
    }

    @Test("no peak is stated below the average")
    func rates() {
        let sound = Playlist.Audio(uri: "a", peakBitRate: 100, averageBitRate: 101, codecs: "mp4a.40.2", channels: 2)
        let picture = Playlist.Variant(
            uri: "v",
            peakBitRate: 1000,
            averageBitRate: 1000,
            codecs: "avc1.640028",
            width: 16,
            height: 16,
            frameRate: Rational(25)
        )
        let both = Playlist.master(variants: [picture], audio: sound)
        #expect(both.contains(":BANDWIDTH=1101,AVERAGE-BANDWIDTH=1101,"), "\(both)")
        let alone = Playlist.master(variants: [], audio: sound)
        #expect(alone.contains(":BANDWIDTH=101,AVERAGE-BANDWIDTH=101,"), "\(alone)")
    }

    @Test("an ffmpeg without an encoder is found out before a profile needs it")
    func missingEncoder() async throws {
        let scratch = try Scratch()
        let program = "\(scratch.path)/ffmpeg"
        let text = "#!/bin/sh\necho ' V....D libx264 H.264'\necho ' V....D libaom-av1 AV1'\n"
        // By another process: what this one has open for writing, a child that another test starts at this moment
        // has, too, and cannot be run as long (ETXTBSY).
        let writing = ["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\"", program, text]
        #expect(try await ChildProcess.run("/bin/sh", writing, deadline: .seconds(300)).succeeded)
        let tools = await MediaTools.locate(searchPath: [scratch.path])
        let profiles = VideoCodec.allCases.map { Self.profile($0.rawValue, 640, 360, $0) }
        #expect(try await tools.missingCodecs(for: profiles) == [.hevc])
        #expect(try await tools.missingCodecs(for: [profiles[0], profiles[2]]) == [])
        #expect(try await Corpus.tools.value.missingCodecs(for: profiles) == [])
    }
}

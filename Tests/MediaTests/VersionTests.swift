import Foundation
import Testing

@testable import Media

@Suite("A version, made in chunks", .serialized)
struct VersionTests {
    struct Clip: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let file: String
        var rate = "25"
        var audioFrom = 0
        var audio = ["-c:a", "aac"]
        var offset = 0
    }

    static let clips = [
        Clip(testDescription: "AAC in MP4", file: "plain.mp4"),
        Clip(testDescription: "late sound", file: "late.mkv", audioFrom: 3, audio: ["-c:a", "libopus"]),
        Clip(
            testDescription: "5.1 at 44.1 kHz",
            file: "surround.mp4",
            audio: ["-c:a", "aac", "-ac", "6", "-ar", "44100"]
        ),
        Clip(testDescription: "22 kHz MP3 in AVI", file: "low.avi", audio: ["-c:a", "libmp3lame", "-ar", "22050"]),
        Clip(testDescription: "MPEG-TS far from zero, 29.97", file: "far.ts", rate: "30000/1001", offset: 600),
    ]

    @Test("flash and beep stay within a frame, in segments, through the playlist and as MP4", arguments: clips)
    func sync(_ clip: Clip) async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/\(clip.file)"
        try await Clips.flashAndBeep(
            source,
            rate: clip.rate,
            audioFrom: clip.audioFrom,
            audio: clip.audio,
            offset: clip.offset
        )
        let version = try await MadeVersion(source, into: "\(scratch.path)/v", profiles: Corpus.medium)
        let rung = try #require(version.rungs.first?.rung.name)
        let whole = "\(scratch.path)/whole.mp4"
        try await version.remux(rung, to: whole)
        let master = try version.writePlaylists()
        for input in [master, whole] {
            let pictures = try await Playback.pictures(input)
            #expect(pictures.count == version.timeline.frameCount)
            #expect(abs(try #require(pictures.first).time) < 0.001)
            let flashes = Playback.flashes(pictures)
            let beeps = Playback.beeps(try await Playback.sound(input))
            #expect(flashes.count == 6)
            // A sound that begins at 3 s has the last five beeps.
            #expect(beeps.count == flashes.count - (clip.audioFrom + 1) / 2 + (clip.audioFrom == 3 ? 1 : 0))
            for (flash, beep) in zip(flashes.suffix(beeps.count), beeps) {
                #expect(abs(flash - beep) <= 1 / version.timeline.rate.value, "\(input): \(flash) against \(beep)")
            }
        }
    }

    @Test(
        "sound that goes on after the picture is heard to its end, and the last picture stands",
        arguments: [("slide.mp4", 4.0), ("song.mp4", 0.04), ("screen.webm", 4.0), ("live.webm", 4.0)]
    )
    func soundTail(_ name: String, picture: Double) async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/\(name)"
        let isWebM = name.hasSuffix("webm")
        try await Clips.flashAndBeep(
            source,
            seconds: 11,
            audio: ["-c:a", isWebM ? "libopus" : "aac"],
            // A browser's recorder states no duration.
            video: isWebM
                ? ["-c:v", "libvpx", "-deadline", "realtime", "-live", name == "live.webm" ? "1" : "0"]
                : ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"],
            picture: picture
        )
        let tools = await Corpus.tools.value
        let version = try await MadeVersion(source, into: "\(scratch.path)/v", profiles: Corpus.medium)
        #expect(abs(version.timeline.duration.value - 11) < 0.1, "\(version.timeline.duration.value)")
        let master = try version.writePlaylists()
        let pictures = try await Playback.pictures(master)
        #expect(pictures.count == version.timeline.frameCount)
        #expect(Playback.flashes(pictures).count == (picture > 1 ? 2 : 0), "nothing moves any more")
        #expect(Playback.beeps(try await Playback.sound(master)).count == 5)
        // One picture does not move.
        if picture > 1 {
            let preview = try await PreviewMaker(tools: tools)
                .make(of: source, info: version.info, timeline: version.timeline, into: scratch.path)
            #expect(preview.width == 320)
        }
        guard !isWebM else { return }
        let plan = try await CopyPlanner(tools: tools)
            .video(source, info: version.info, profiles: CopyTests.profiles)
        #expect(plan.copied == nil)
        #expect(plan.reasons.first?.hasPrefix("The sound goes on for") == true, "\(plan.reasons)")
    }

    @Test("one packet with a wrong time does not make a video of hours")
    func wildPacket() {
        let honest = (0..<500).map { Int64($0) * 1024 }
        func scan(_ times: [Int64]) -> PacketScan {
            PacketScan(timeBase: Rational(1, 48_000), times: times, keys: times, end: times[times.count - 1] + 1024)
        }
        let moment = Duration.seconds(4)
        #expect(scan(honest).tail(after: moment) == .nanoseconds(6_666_666_666))
        #expect(scan(honest + [48_000 * 36_000]).tail(after: moment) == nil)
        #expect(scan(honest).tail(after: .milliseconds(10_500)) == nil, "an encoder's end")
    }

    @Test("chunks made apart, last first, show the same pictures as one run; their inits are one file")
    func chunksEqualOneRun() async throws {
        let scratch = try Scratch()
        let sources: [(String, [String])] = [
            ("open-gop.mp4", ["-c:v", "libx264", "-preset", "fast", "-g", "70", "-x264-params", "open-gop=1"]),
            ("long-gop.ts", ["-c:v", "libx264", "-preset", "fast", "-g", "120"]),
            ("vp9.webm", ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-g", "100"]),
            ("part2.avi", ["-c:v", "mpeg4", "-bf", "2", "-g", "60"]),
            ("ps.mpg", ["-c:v", "mpeg2video", "-bf", "2", "-g", "15"]),
            ("interlaced.mkv", ["-c:v", "libx264", "-preset", "fast", "-flags", "+ildct+ilme", "-vf", "setfield=tff"]),
        ]
        for (name, options) in sources {
            let source = "\(scratch.path)/\(name)"
            try await Clips.moving(source, options)
            let apart = try await MadeVersion(
                source,
                into: "\(scratch.path)/a-\(name)",
                profiles: Corpus.medium,
                chunk: 1
            )
            let whole = try await MadeVersion(
                source,
                into: "\(scratch.path)/w-\(name)",
                profiles: Corpus.medium,
                chunk: 1000
            )
            let rung = try #require(whole.rungs.first?.rung.name)
            let inits = try [apart, whole].map {
                try Data(contentsOf: URL(fileURLWithPath: "\($0.folder)/\(rung)/init.mp4"))
            }
            #expect(inits[0] == inits[1], "\(name)")
            let files = try [apart, whole].map {
                try Playback.join("\($0.folder)/\(rung)", 0..<$0.timeline.segmentCount)
            }
            try await expectSamePictures(files, frames: apart.timeline.frameCount, name)
        }
    }

    private func expectSamePictures(_ files: [String], frames: Int, _ name: String) async throws {
        let psnr = try await Playback.ffmpeg(
            [
                "-v", "error", "-i", files[0], "-i", files[1], "-lavfi", "psnr=stats_file=-", "-f", "null",
                "/dev/null",
            ])
        let lines = String(decoding: psnr.standardOutput, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == frames, "\(name)")
        for line in lines {
            // A picture that is one frame off is at about 25 dB in this clip.
            let value = try #require(line.firstMatch(of: /psnr_avg:(inf|[0-9.]+)/)).1
            #expect(value == "inf" || (Double(value) ?? 0) > 30, "\(name): \(line)")
        }
    }

    @Test("a picture that changes its size in the middle keeps the grid")
    func changingSize() async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/both.ts"
        var joined = Data()
        for (index, size) in ["320x180", "640x360"].enumerated() {
            let part = "\(scratch.path)/\(index).ts"
            try await Clips.flashAndBeep(part, seconds: 4, size: size, offset: index * 4)
            joined += try Data(contentsOf: URL(fileURLWithPath: part))
        }
        try joined.write(to: URL(fileURLWithPath: source))
        let version = try await MadeVersion(source, into: "\(scratch.path)/v")
        let rung = try #require(version.rungs.first?.rung.name)
        let file = try Playback.join("\(version.folder)/\(rung)", 0..<version.timeline.segmentCount)
        let pictures = try await Playback.pictures(file)
        #expect(pictures.count == version.timeline.frameCount)
        #expect(abs(version.timeline.frameCount - 200) <= 1)
        #expect(Playback.flashes(pictures).count == 4)
    }

    @Test("a file with a hole still plays on its whole grid; what was really decoded is counted apart")
    func salvage() async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/hole.ts"
        try await Clips.moving(source, ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25"])
        var bytes = try Data(contentsOf: URL(fileURLWithPath: source))
        let hole = bytes.count / 3..<bytes.count / 2
        bytes.replaceSubrange(hole, with: Data(count: hole.count))
        try bytes.write(to: URL(fileURLWithPath: source))
        let version = try await MadeVersion(source, into: "\(scratch.path)/v", profiles: Corpus.lowest, chunk: 1000)
        let rung = try #require(version.rungs.first)
        #expect(version.timeline.frameCount == 200)
        #expect(rung.frames == 200)
        #expect(rung.decodedFrames < 190)
        let file = try Playback.join("\(version.folder)/\(rung.rung.name)", 0..<version.timeline.segmentCount)
        #expect(try await Playback.pictures(file).count == 200)
    }

    @Test("playlists keep RFC 8216 and every variant plays all frames", .disabled(if: Corpus.isMissing))
    func playlists() async throws {
        let scratch = try Scratch()
        let version = try await MadeVersion(Corpus.path("v-1080p25-camera.mp4"), into: scratch.path)
        let path = try version.writePlaylists()
        var checker = PlaylistChecker()
        let master = checker.master(try String(contentsOfFile: path, encoding: .utf8))
        #expect(master.variants.count == 4 && master.media.count == 1)
        let averages = master.variants.compactMap { Int($0.attributes["AVERAGE-BANDWIDTH"] ?? "") }
        #expect(abs(averages[0] - 2_000_000) <= (averages.map { abs($0 - 2_000_000) }.min() ?? 0) + 200_000)
        for uri in master.variants.map(\.uri) + master.media.compactMap({ $0["URI"] }) {
            let media = checker.media(try String(contentsOfFile: "\(scratch.path)/\(uri)", encoding: .utf8))
            #expect(abs(media.durations.reduce(0, +) - version.timeline.duration.value) < 0.025)
        }
        for variant in master.variants {
            let pictures = try await Playback.pictures("\(scratch.path)/\(variant.uri)")
            #expect(pictures.count == 96)
        }
        #expect(checker.complaints.isEmpty, "\(checker.complaints)")
    }

    @Test("a kill leaves nothing but the chunk's own folder, and the next run gives the same files")
    func idempotence() async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/clip.mp4"
        try await Clips.moving(source, ["-c:v", "libx264", "-preset", "ultrafast"])
        let first = try await MadeVersion(source, into: "\(scratch.path)/v", profiles: Corpus.lowest)
        let rung = try #require(first.rungs.first?.rung)
        let before = try contents(of: "\(first.folder)/\(rung.name)")
        let tools = await Corpus.tools.value
        let cancelled = Task {
            try await ChunkEncoder(tools: tools).encode(
                source: source,
                info: first.info,
                timeline: first.timeline,
                rungs: [rung],
                segments: 0..<4,
                into: first.folder
            )
        }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { _ = try await cancelled.value }
        // What a killed process would have left.
        try FileManager.default.createDirectory(
            atPath: "\(first.folder)/.chunk-0-4-\(rung.name)",
            withIntermediateDirectories: true
        )
        try Data("half".utf8).write(
            to: URL(fileURLWithPath: "\(first.folder)/.chunk-0-4-\(rung.name)/\(rung.name).mp4")
        )
        _ = try await ChunkEncoder(tools: tools).encode(
            source: source,
            info: first.info,
            timeline: first.timeline,
            rungs: [rung],
            segments: 0..<4,
            into: first.folder
        )
        #expect(try FileManager.default.contentsOfDirectory(atPath: first.folder) == [rung.name])
        #expect(Set(try contents(of: "\(first.folder)/\(rung.name)").keys) == Set(before.keys))
    }

    private func contents(of folder: String) throws -> [String: Data] {
        var result: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            result[name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        return result
    }
}

import Foundation
import Testing

@testable import Media

@Suite("Recordings that were put one after another", .serialized)
struct ClockTests {
    struct Joined: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let ending: String
        var video = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "40"]
        var audio = ["-c:a", "aac"]
        /// Where the clocks of both parts begin, in seconds.
        var offsets = [0, 0]
        var copies = false
    }

    static let joined = [
        Joined(testDescription: "MPEG-TS whose clock begins anew", ending: "ts", copies: true),
        Joined(
            testDescription: "MPEG-TS whose clock goes on in another hour",
            ending: "ts",
            offsets: [0, 5000],
            copies: true
        ),
        Joined(
            testDescription: "a DVD's MPEG-PS",
            ending: "vob",
            video: ["-c:v", "mpeg2video", "-g", "12", "-bf", "2"],
            audio: ["-c:a", "mp2"]
        ),
    ]

    /// Two parts of eight seconds, flash and beep at each odd second.
    private func join(_ clip: Joined, in folder: String) async throws -> String {
        var whole = Data()
        for (number, offset) in clip.offsets.enumerated() {
            let part = "\(folder)/\(number).\(clip.ending)"
            try await Clips.flashAndBeep(part, seconds: 8, audio: clip.audio, video: clip.video, offset: offset)
            whole += try Data(contentsOf: URL(fileURLWithPath: part))
        }
        let path = "\(folder)/joined.\(clip.ending)"
        try whole.write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test("a clock that jumps is noticed, and both parts play one after another, in step", arguments: joined)
    func plays(_ clip: Joined) async throws {
        let scratch = try Scratch()
        let tools = await Corpus.tools.value
        let source = try await join(clip, in: scratch.path)
        let info = try await Prober(tools: tools).probe(source)
        let planner = CopyPlanner(tools: tools)
        if clip.copies {
            await #expect(throws: ClockJump.self) {
                _ = try await planner.video(source, info: info, profiles: CopyTests.profiles)
            }
        }
        await #expect(throws: ClockJump.self) {
            _ = try await TimelineBuilder(tools: tools).build(source, info: info, ceiling: Rational(30))
        }
        let straight = "\(scratch.path)/straight"
        try await StraightCopy(tools: tools).make(of: source, info: info, to: straight)
        // Its own clock does not jump: this would throw.
        let version = try await MadeVersion(straight, into: "\(scratch.path)/v", profiles: Corpus.medium)
        #expect(abs(version.timeline.duration.value - 16) < 0.1, "\(version.timeline.duration.value)")
        let plan = try await planner.video(straight, info: version.info, profiles: CopyTests.profiles, mayJump: true)
        #expect((plan.copied != nil) == clip.copies, "\(plan.reasons)")
        try await expectAllEight(try version.writePlaylists(), version)
    }

    private func expectAllEight(_ master: String, _ version: MadeVersion) async throws {
        let pictures = try await Playback.pictures(master)
        #expect(pictures.count == version.timeline.frameCount)
        let flashes = Playback.flashes(pictures)
        let beeps = Playback.beeps(try await Playback.sound(master))
        #expect(flashes.count == 8 && beeps.count == 8, "\(flashes) \(beeps)")
        for (index, (flash, beep)) in zip(flashes, beeps).enumerated() {
            #expect(abs(flash - Double(2 * index + 1)) < 0.06, "the picture of second \(2 * index + 1): \(flash)")
            #expect(abs(flash - beep) <= 0.04, "\(flash) against \(beep)")
        }
    }

    @Test("parts that were encoded differently are not copied: players would see the first alone")
    func different() async throws {
        let scratch = try Scratch()
        let tools = await Corpus.tools.value
        var whole = Data()
        for size in ["320x180", "640x360"] {
            let part = "\(scratch.path)/\(size).ts"
            try await Clips.flashAndBeep(part, seconds: 8, size: size, video: Self.joined[0].video)
            whole += try Data(contentsOf: URL(fileURLWithPath: part))
        }
        let source = "\(scratch.path)/joined.ts"
        try whole.write(to: URL(fileURLWithPath: source))
        let straight = "\(scratch.path)/straight"
        let info = try await Prober(tools: tools).probe(source)
        try await StraightCopy(tools: tools).make(of: source, info: info, to: straight)
        let version = try await MadeVersion(straight, into: "\(scratch.path)/v", profiles: Corpus.medium)
        let plan = try await CopyPlanner(tools: tools)
            .video(straight, info: version.info, profiles: CopyTests.profiles, mayJump: true)
        #expect(plan.copied == nil)
        #expect(plan.reasons == ["Its parts were not encoded alike."])
        try await expectAllEight(try version.writePlaylists(), version)
    }

    @Test("a clock that comes round to zero (MPEG-TS counts to 26.5 hours) is no jump, and plays in step")
    func wraps() async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/wraps.ts"
        try await Clips.flashAndBeep(source, seconds: 16, video: Self.joined[0].video, offset: 95_436)
        let version = try await MadeVersion(source, into: "\(scratch.path)/v", profiles: Corpus.medium)
        #expect(abs(version.timeline.duration.value - 16) < 0.1)
        try await expectAllEight(try version.writePlaylists(), version)
    }

    @Test("a slide that stands for long while somebody talks is no jump")
    func slides() async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/slides.ts"
        let result = try await Playback.ffmpeg([
            "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=1:duration=61", "-f", "lavfi", "-i",
            "sine=duration=61", "-vf", "select='lt(t,14)+eq(t,30)+gt(t,50)'", "-fps_mode", "vfr", "-c:v", "libx264",
            "-preset", "ultrafast", "-c:a", "aac", source,
        ])
        try #require(result.succeeded, "\(result.errorTail)")
        let tools = await Corpus.tools.value
        let info = try await Prober(tools: tools).probe(source)
        let timeline = try await TimelineBuilder(tools: tools).build(source, info: info, ceiling: Rational(30))
        #expect(timeline.duration.value > 60, "the pictures keep their times")
    }

    @Test(
        "sounds that were put one after another are heard to their end",
        arguments: [("mp3", ["-b:a", "128k"]), ("aac", []), ("ogg", ["-c:a", "libvorbis"]), ("opus", [])]
    )
    func sounds(_ ending: String, _ options: [String]) async throws {
        let scratch = try Scratch()
        let tools = await Corpus.tools.value
        var whole = Data()
        for number in 0..<2 {
            let part = "\(scratch.path)/\(number).\(ending)"
            let beep = "aevalsrc=0.7*sin(2*PI*1000*t)*lt(mod(t+1\\,2)\\,0.1):s=48000:d=8"
            let result = try await Playback.ffmpeg(["-v", "error", "-y", "-f", "lavfi", "-i", beep] + options + [part])
            try #require(result.succeeded, "\(result.errorTail)")
            whole += try Data(contentsOf: URL(fileURLWithPath: part))
        }
        var source = "\(scratch.path)/joined.\(ending)"
        try whole.write(to: URL(fileURLWithPath: source))
        if ending == "ogg" || ending == "opus" {
            let info = try await Prober(tools: tools).probe(source)
            await #expect(throws: ClockJump.self) {
                _ = try await TimelineBuilder(tools: tools).build(source, info: info, ceiling: Rational(30))
            }
            try await StraightCopy(tools: tools).make(of: source, info: info, to: "\(scratch.path)/straight")
            source = "\(scratch.path)/straight"
        }
        let info = try await Prober(tools: tools).probe(source)
        let timeline = try await TimelineBuilder(tools: tools).build(source, info: info, ceiling: Rational(30))
        #expect(abs(timeline.duration.value - 16) < 0.2, "\(timeline.duration.value)")
        let folder = "\(scratch.path)/audio"
        _ = try await AudioEncoder(tools: tools)
            .encode(source: source, info: info, timeline: timeline, bitRate: 128_000, into: folder)
        let beeps = Playback.beeps(
            try await Playback.sound(try Playback.join(folder, 0..<timeline.segmentCount))
        )
        #expect(beeps.count == 8)
        for (index, beep) in beeps.enumerated() {
            // Each part of an MP3 begins with an encoder's delay.
            #expect(abs(beep - Double(2 * index + 1)) < 0.15, "\(beeps)")
        }
    }
}

import Foundation
import Synchronization
import Testing

@testable import Media

@Suite("A copied version", .serialized)
struct CopyTests {
    static let profiles = [
        Profile(
            name: "1080p",
            width: 1920,
            height: 1080,
            videoBitrate: 5_000_000,
            audioBitrate: 192_000,
            preset: "veryfast",
            frameRate: Rational(30)
        ),
        Profile(
            name: "180p",
            width: 320,
            height: 180,
            videoBitrate: 400_000,
            audioBitrate: 96_000,
            preset: "veryfast",
            frameRate: Rational(30)
        ),
    ]

    /// One picture copied, a lower one encoded chunk by chunk, and the sound.
    struct Copied {
        let info: MediaInfo
        let video: CopiedVideo
        let sound: CopiedAudio?
        let folder: String

        init(_ source: String, into folder: String) async throws {
            let tools = await Corpus.tools.value
            self.folder = folder
            info = try await Prober(tools: tools).probe(source)
            let planner = CopyPlanner(tools: tools, segmentSeconds: 2)
            let plan = try await planner.video(source, info: info, profiles: CopyTests.profiles)
            video = try #require(plan.copied, "\(source): \(plan.reasons)")
            sound = try await planner.audio(source, info: info, timeline: video.timeline)
            let copier = StreamCopier(tools: tools)
            let count = Mutex(0)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await copier.video(
                source: source,
                info: info,
                timeline: video.timeline,
                into: "\(folder)/copy"
            ) { segment in count.withLock { $0 += 1 } }
            #expect(count.withLock { $0 } == video.timeline.segmentCount)
            if let sound {
                try await copier.audio(
                    source: source,
                    info: info,
                    timeline: video.timeline,
                    copied: sound,
                    into: "\(folder)/audio"
                ) { _ in }
            }
        }

        func encodeLower(_ source: String, chunk: Int, codec: VideoCodec = .h264) async throws -> [EncodedRung] {
            let rungs = [
                Rung(
                    name: "low\(chunk)",
                    width: 160,
                    height: 90,
                    maxBitrate: 400_000,
                    audioBitrate: 96_000,
                    preset: "veryfast",
                    frameRate: Rational(30),
                    codec: codec
                )
            ]
            var all: [EncodedRung] = []
            for start in stride(from: 0, to: video.timeline.segmentCount, by: chunk).reversed() {
                all += try await ChunkEncoder(tools: await Corpus.tools.value).encode(
                    source: source,
                    info: info,
                    timeline: video.timeline,
                    rungs: rungs,
                    segments: start..<min(start + chunk, video.timeline.segmentCount),
                    into: folder
                )
            }
            return all
        }
    }

    static let real = [
        "v-720p25-traffic.mp4", "v-1080p25-camera.mp4", "v-bbb-720p-5s.mp4",
        "v-bottle-noaudio.mp4", "v-iphone-rot0.mov", "v-nasa-multistream.mp4", "v-pancake-opus.mkv",
    ]

    /// Without the reordering of B-frames by the container: time and hash of every packet, in the order of decoding;
    /// without SEI, which a copy must not have.
    private func packets(_ path: String, stream: Int = 0, decoded: Bool = false) async throws -> [(
        time: Double, hash: Substring
    )] {
        let result = try await Playback.ffmpeg(
            ["-v", "error", "-copyts", "-i", path, "-map", "0:\(stream)"]
                + (decoded ? [] : ["-c", "copy", "-bsf:v", "filter_units=remove_types=6"]) + [
                    "-f", "framemd5", "-",
                ]
        )
        var unit = 1.0
        var list: [(Double, Substring)] = []
        for line in String(decoding: result.standardOutput, as: UTF8.self).split(separator: "\n") {
            if let base = line.firstMatch(of: /#tb 0: (\d+)\/(\d+)/) {
                unit = (Double(base.1) ?? 1) / (Double(base.2) ?? 1)
            }
            let fields = line.split(separator: ",")
            guard !line.hasPrefix("#"), fields.count > 5, let time = Double(fields[2].drop { $0 == " " }) else {
                continue
            }
            list.append((time * unit, fields[5]))
        }
        return list
    }

    /// The MP4 of a rung shows every picture at its time, wherever the segments' own times begin.
    private func expectWhole(_ copied: Copied, _ times: [Double]) async throws {
        for rung in ["copy", "low1", "low3"] {
            let whole = "\(copied.folder)/\(rung).mp4"
            let segments = (0..<copied.video.timeline.segmentCount).map { "\(copied.folder)/\(rung)/\($0).m4s" }
            let track = Remuxer.Track(initialization: "\(copied.folder)/\(rung)/init.mp4", segments: segments)
            try await Remuxer().mp4(video: track, audio: nil, to: whole)
            let shown = try await Playback.pictures(whole).map(\.time)
            #expect(shown.count == times.count, "\(whole)")
            for (wanted, time) in zip(times, shown) { #expect(abs(wanted - time) < 0.001, "\(whole): \(wanted)") }
        }
    }

    private func expectCopied(_ source: String, into folder: String) async throws {
        let copied = try await Copied(source, into: folder)
        let timeline = copied.video.timeline
        let index = try #require(copied.info.video).index
        let file = try Playback.join("\(folder)/copy", 0..<timeline.segmentCount)
        let (original, copy) = (try await packets(source, stream: index), try await packets(file))
        // MPEG-TS has start codes where MP4 has lengths: the packets are the same pictures in other bytes.
        if source.hasSuffix(".ts") {
            let (before, after) = (
                try await packets(source, stream: index, decoded: true), try await packets(file, decoded: true)
            )
            #expect(before.map(\.hash) == after.map(\.hash), "\(source): other pictures")
        } else {
            #expect(copy.map(\.hash) == original.map(\.hash), "\(source): other packets")
        }
        let start = try #require(original.map(\.time).min())
        for (before, after) in zip(original, copy) {
            #expect(abs(before.time - start - after.time) < 0.000_1, "\(source): \(before.time) is \(after.time)")
        }
        // The lower rung, in chunks of one and of three: the source's own times, and one init.
        var shown: [[Double]] = []
        for chunk in [1, 3] {
            _ = try await copied.encodeLower(source, chunk: chunk)
            let low = try Playback.join("\(folder)/low\(chunk)", 0..<timeline.segmentCount)
            shown.append(try await Playback.pictures(low).map(\.time))
        }
        let times = original.map { $0.time - start }.sorted()
        for list in shown {
            #expect(list.count == times.count, "\(source)")
            for (wanted, time) in zip(times, list) { #expect(abs(wanted - time) < 0.001, "\(source): \(wanted)") }
        }
        try await expectWhole(copied, times)
        let inits = try [1, 3].map { try Data(contentsOf: URL(fileURLWithPath: "\(folder)/low\($0)/init.mp4")) }
        #expect(inits[0] == inits[1], "\(source)")
        // Any segment begins where the playlist says, in the copy as in the lower rung.
        for rung in ["copy", "low1"] {
            for segment in 0..<timeline.segmentCount {
                let part = try Playback.join("\(folder)/\(rung)", segment..<segment + 1)
                let shown = try await Playback.pictures(part, atMost: 1)
                let first = try #require(shown.first, "\(source) \(rung) \(segment)")
                let begin = Double(timeline.boundaries[segment]) / timeline.rate.value
                #expect(abs(first.time - begin) < 0.001, "\(source) \(rung) \(segment): \(first.time), \(begin)")
            }
        }
    }

    @Test(
        "real files: the same packets at the same times, and lower rungs beside them",
        .disabled(if: Corpus.isMissing),
        arguments: real
    )
    func corpus(_ name: String) async throws {
        let scratch = try Scratch()
        try await expectCopied(Corpus.path(name), into: "\(scratch.path)/v")
    }

    static let made: [(String, [String])] = [
        ("b-frames.mp4", ["-c:v", "libx264", "-preset", "fast", "-g", "40", "-bf", "3"]),
        ("low-delay.mp4", ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "0"]),
        (
            "uneven.mp4",
            [
                "-vf", "select='not(mod(n\\,3))+lt(mod(n\\,50)\\,25)'", "-fps_mode", "vfr", "-c:v", "libx264",
                "-preset", "fast",
                "-g", "24",
            ]
        ),
        ("late.mp4", ["-c:v", "libx264", "-preset", "fast", "-g", "40", "-output_ts_offset", "7"]),
        ("far.ts", ["-c:v", "libx264", "-preset", "fast", "-g", "40", "-output_ts_offset", "600"]),
        ("plain.mkv", ["-c:v", "libx264", "-preset", "fast", "-g", "40"]),
        (
            "fragmented.mp4",
            ["-c:v", "libx264", "-preset", "fast", "-g", "40", "-movflags", "frag_keyframe+empty_moov"]
        ),
    ]

    @Test("B-frames, uneven times, edit lists, starts other than 0, fragments and other containers", arguments: made)
    func generated(_ name: String, _ options: [String]) async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/\(name)"
        try await Clips.moving(source, options + ["-pix_fmt", "yuv420p"])
        try await expectCopied(source, into: "\(scratch.path)/v")
    }

    @Test("sound and picture that are copied stay together, at the start, in the middle and at the end")
    func sync() async throws {
        for rate in ["48000", "44100"] {
            let scratch = try Scratch()
            let source = "\(scratch.path)/clip.mp4"
            try await Clips.flashAndBeep(
                source,
                audio: ["-c:a", "aac", "-ar", rate],
                video: ["-c:v", "libx264", "-preset", "fast", "-g", "40", "-pix_fmt", "yuv420p"]
            )
            let copied = try await Copied(source, into: "\(scratch.path)/v")
            let sound = try #require(copied.sound)
            let numbers = 0..<copied.video.timeline.segmentCount
            let picture = try Playback.join("\(copied.folder)/copy", numbers)
            let audio = try Playback.join("\(copied.folder)/audio", numbers)
            let flashes = Playback.flashes(try await Playback.pictures(picture))
            let beeps = Playback.beeps(try await Playback.sound(audio))
            #expect(flashes.count == 6 && beeps.count == 6)
            for (flash, beep) in zip(flashes, beeps) { #expect(abs(flash - beep) <= 0.04, "\(flash), \(beep)") }
            #expect(sound.grid.segmentCount == numbers.count)
        }
    }

    @Test("late, much too short, 5.1 and HE sound is encoded, never copied")
    func soundThatIsEncoded() async throws {
        let tools = await Corpus.tools.value
        let cases: [(Int, [String])] = [
            (1, ["-c:a", "aac"]), (0, ["-c:a", "aac", "-ac", "6"]), (0, ["-c:a", "libmp3lame"]),
        ]
        for (late, options) in cases {
            let scratch = try Scratch()
            let source = "\(scratch.path)/clip.mp4"
            let video = ["-c:v", "libx264", "-preset", "fast", "-g", "40", "-pix_fmt", "yuv420p"]
            try await Clips.flashAndBeep(source, audioFrom: late, audio: options, video: video)
            let info = try await Prober(tools: tools).probe(source)
            let planner = CopyPlanner(tools: tools, segmentSeconds: 2)
            let plan = try await planner.video(source, info: info, profiles: Self.profiles)
            let timeline = try #require(plan.copied).timeline
            #expect(try await planner.audio(source, info: info, timeline: timeline) == nil, "\(options)")
        }
    }
}

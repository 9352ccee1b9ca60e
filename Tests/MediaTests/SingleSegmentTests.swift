import Foundation
import Synchronization
import Testing

@testable import Media

/// What is made out of its turn, for a viewer who seeks, must be what comes in its turn.
@Suite("A segment made alone", .serialized)
struct SingleSegmentTests {
    private static let h264 = ["-c:v", "libx264", "-preset", "fast", "-g", "40", "-pix_fmt", "yuv420p"]

    private func data(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    /// The bytes but for the fragments' own numbers.
    private func content(_ path: String) throws -> [UInt8] {
        var bytes = Array(try data(path))
        for box in try Boxes(bytes).list where box.type == "moof" {
            let header = try #require(try Boxes(bytes).children(of: box).first("mfhd"))
            bytes.replaceSubrange(header.payload.lowerBound + 4..<header.payload.upperBound, with: [0, 0, 0, 0])
        }
        return bytes
    }

    private func expectCopies(_ source: String, _ scratch: borrowing Scratch) async throws {
        let copied = try await CopyTests.Copied(source, into: "\(scratch.path)/v")
        let copier = StreamCopier(tools: await Corpus.tools.value)
        let single = "\(scratch.path)/single"
        try FileManager.default.createDirectory(atPath: single, withIntermediateDirectories: true)
        let timeline = copied.video.timeline
        let initialization = Array(try data("\(copied.folder)/copy/init.mp4"))
        for index in (0..<timeline.segmentCount).reversed() {
            let made = try await copier.videoSegment(
                index,
                source: source,
                info: copied.info,
                timeline: timeline,
                initialization: initialization,
                into: single
            )
            #expect(made.bytes == (try data("\(single)/\(index).m4s")).count)
            #expect(
                try content("\(single)/\(index).m4s") == content("\(copied.folder)/copy/\(index).m4s"),
                "\(source): \(index)"
            )
            guard let sound = copied.sound else { continue }
            _ = try await copier.audioSegment(
                index,
                source: source,
                info: copied.info,
                timeline: timeline,
                copied: sound,
                into: single
            )
            #expect(
                try data("\(single)/\(index).m4s") == data("\(copied.folder)/audio/\(index).m4s"),
                "\(source): sound \(index)"
            )
        }
    }

    @Test(
        "a copied one is what the pass over the whole makes: real MP4 and MOV files",
        .disabled(if: Corpus.isMissing),
        arguments: CopyTests.real.filter { !$0.hasSuffix(".mkv") }
    )
    func realFiles(_ name: String) async throws {
        do {
            try await expectCopies(Corpus.path(name), try Scratch())
        } catch { Issue.record("\(name): \(String(reflecting: error))") }
    }

    @Test("a copied one is what the pass over the whole makes: B-frames, other starts, 44.1 kHz")
    func madeFiles() async throws {
        for (audio, offset) in [(["-c:a", "aac"], 0), (["-c:a", "aac", "-ar", "44100"], 0), (["-c:a", "aac"], 7)] {
            let scratch = try Scratch()
            let source = "\(scratch.path)/clip.mp4"
            try await Clips.flashAndBeep(source, audio: audio, video: Self.h264 + ["-bf", "3"], offset: offset)
            try await expectCopies(source, scratch)
        }
    }

    @Test("encoded sound in single segments is the whole's: no packet more or less, no shift, no gap at a join")
    func sound() async throws {
        let cases = [
            ("clip.mkv", ["-c:a", "libopus"], 0), ("clip.mp4", ["-c:a", "libmp3lame"], 0),
            ("late.mkv", ["-c:a", "flac"], 3), ("clip.ts", ["-c:a", "mp2", "-ar", "44100"], 0),
        ]
        for (name, audio, late) in cases {
            let scratch = try Scratch()
            let source = "\(scratch.path)/\(name)"
            try await Clips.flashAndBeep(source, seconds: 40, audioFrom: late, audio: audio, video: Self.h264)
            do {
                try await expectSound(source, scratch)
            } catch { Issue.record("\(name): \(String(reflecting: error))") }
        }
    }

    private func expectSound(_ source: String, _ scratch: borrowing Scratch) async throws {
        let tools = await Corpus.tools.value
        let info = try await Prober(tools: tools).probe(source)
        let timeline = try await TimelineBuilder(tools: tools).build(source, info: info, ceiling: Rational(30))
        let encoder = AudioEncoder(tools: tools)
        let (whole, single) = ("\(scratch.path)/whole", "\(scratch.path)/single")
        let outcome = try await encoder.encode(
            source: source,
            info: info,
            timeline: timeline,
            bitRate: 128_000,
            into: whole
        )
        for index in (0..<timeline.segmentCount).reversed() {
            let made = try await encoder.encodeSegment(
                index,
                source: source,
                info: info,
                timeline: timeline,
                bitRate: 128_000,
                into: single
            )
            #expect(made.packets == outcome.segments[index].packets)
        }
        #expect(try data("\(whole)/init.mp4") == data("\(single)/init.mp4"), "\(source)")
        let numbers = 0..<timeline.segmentCount
        let one = try await Playback.sound(try Playback.join(whole, numbers))
        let many = try await Playback.sound(try Playback.join(single, numbers))
        #expect(one.samples.count == many.samples.count && one.start == many.start, "\(source)")
        let (first, second) = (Playback.beeps(one), Playback.beeps(many))
        #expect(first.count == second.count && !first.isEmpty, "\(source): \(first) \(second)")
        for (before, after) in zip(first, second) { #expect(abs(before - after) < 0.002, "\(source): \(before)") }
        // A gap or a click would be louder than what two runs of the codec differ by.
        let error = zip(one.samples, many.samples).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
        let power = one.samples.reduce(0.0) { $0 + pow(Double($1), 2) }
        #expect(error < power / 50, "\(source): differs by \((error / power).squareRoot())")
    }

    @Test("a chunk hands its segments over while it encodes the others")
    func streaming() async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/clip.mp4"
        try await Clips.moving(source, ["-c:v", "libx264", "-preset", "ultrafast"], seconds: 60)
        let tools = await Corpus.tools.value
        let info = try await Prober(tools: tools).probe(source)
        let rungs = Ladder.rungs(for: info, profiles: Corpus.medium)
        let timeline = try await TimelineBuilder(tools: tools).build(source, info: info, ceiling: Rational(30))
        let (folder, rung) = ("\(scratch.path)/v", try #require(rungs.first).name)
        let last = "\(folder)/\(rung)/\(timeline.segmentCount - 1).m4s"
        let seen = Mutex<[(index: Int, isLastThere: Bool)]>([])
        let encoded = try await ChunkEncoder(tools: tools).encode(
            source: source,
            info: info,
            timeline: timeline,
            rungs: rungs,
            segments: 0..<timeline.segmentCount,
            into: folder,
            onSegment: { _, segment, codecs in
                #expect(codecs.hasPrefix("avc1."))
                let isThere = FileManager.default.fileExists(atPath: "\(folder)/\(rung)/\(segment.index).m4s")
                #expect(isThere, "segment \(segment.index) is told of and not there")
                seen.withLock { $0.append((segment.index, FileManager.default.fileExists(atPath: last))) }
            }
        )
        let list = seen.withLock { $0 }
        #expect(list.map(\.index) == Array(0..<timeline.segmentCount))
        #expect(list.first?.isLastThere == false)
        #expect(encoded.first?.frames == 1500)
    }

    @Test("a segment that somebody waits for fits its neighbours, whatever the preset", arguments: Profile.presets)
    func awaited(_ preset: String) async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/clip.mp4"
        try await Clips.moving(source, ["-c:v", "libx264", "-preset", "ultrafast"], seconds: 5)
        let tools = await Corpus.tools.value
        let info = try await Prober(tools: tools).probe(source)
        let rungs = Ladder.rungs(for: info, profiles: [CodecTests.profile("90p", 160, 90, .h264, preset: preset)])
        let timeline = try await TimelineBuilder(tools: tools, segmentSeconds: 1).build(
            source,
            info: info,
            ceiling: Rational(30)
        )
        let folder = "\(scratch.path)/v"
        var inits: Set<Data> = []
        for segment in 0..<timeline.segmentCount {
            let encoder = ChunkEncoder(tools: tools, isAwaited: segment % 2 == 0)
            _ = try await encoder.encode(
                source: source,
                info: info,
                timeline: timeline,
                rungs: rungs,
                segments: segment..<segment + 1,
                into: folder
            )
            inits.insert(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/90p/init.mp4")))
        }
        #expect(inits.count == 1, "\(preset)")
        let joined = try Playback.join("\(folder)/90p", 0..<timeline.segmentCount)
        #expect(try await Playback.pictures(joined).count == timeline.frameCount)
    }
}

import Foundation
import Testing

@testable import Media

@Suite("Every file of the corpus", .serialized, .disabled(if: Corpus.isMissing, "TELECINE_CORPUS is not set"))
struct CorpusTests {
    @Test("every video and sound of the corpus has an expectation")
    func isComplete() throws {
        let known = Set(
            Expectation.videos.map(\.file) + Expectation.broken.map(\.0) + Expectation.sounds.map(\.0)
        )
        let files = try FileManager.default.contentsOfDirectory(atPath: Corpus.path(""))
        #expect(files.filter { $0.hasPrefix("v-") || $0.hasPrefix("a-") }.filter { !known.contains($0) }.isEmpty)
    }

    @Test(
        "a video plays on every rung: all frames of the grid, its duration, sound in step",
        arguments: Expectation.videos
    )
    func video(_ expected: Expectation) async throws {
        let tools = await Corpus.tools.value
        let scratch = try Scratch()
        let path = Corpus.path(expected.file)
        let info = try await Prober(tools: tools).probe(path)
        let rungs = Ladder.rungs(for: info, profiles: Corpus.profiles)
        #expect(rungs.map { "\($0.name):\($0.width)x\($0.height)" } == expected.rungs)
        let timeline = try await TimelineBuilder(tools: tools).build(
            path,
            info: info,
            ceiling: Ladder.frameRateCeiling(of: rungs)
        )
        #expect(timeline.rate.text == expected.rate)
        #expect(timeline.frameCount == expected.frames)
        #expect(abs(timeline.duration.value - expected.duration) <= 1 / timeline.rate.value)
        let encoded = try await ChunkEncoder(tools: tools).encode(
            source: path,
            info: info,
            timeline: timeline,
            rungs: rungs,
            segments: 0..<timeline.segmentCount,
            into: scratch.path
        )
        for rung in encoded {
            #expect(rung.frames == expected.frames)
            let joined = try Playback.join("\(scratch.path)/\(rung.rung.name)", 0..<timeline.segmentCount)
            let pictures = try await Playback.pictures(joined)
            #expect(pictures.count == expected.frames, "\(rung.rung.name)")
            #expect(abs(try #require(pictures.first).time) < 0.001)
        }
        #expect((info.audio != nil) == expected.hasAudio)
        if expected.hasAudio { try await checkSound(path, info, timeline, tools, "\(scratch.path)/audio") }
    }

    private func checkSound(
        _ path: String,
        _ info: MediaInfo,
        _ timeline: Timeline,
        _ tools: MediaTools,
        _ folder: String
    ) async throws {
        let outcome = try await AudioEncoder(tools: tools).encode(
            source: path,
            info: info,
            timeline: timeline,
            bitRate: 128_000,
            into: folder
        )
        #expect(outcome.segments.count == timeline.segmentCount)
        let made = try await Playback.sound(try Playback.join(folder, 0..<timeline.segmentCount))
        let frame = 1 / timeline.rate.value
        #expect(made.start == 0)
        #expect(abs(Double(made.samples.count) / 8000 - timeline.duration.value) < 0.03)
        let start = Double(timeline.sourceStart) * timeline.sourceTimeBase.value
        let original = try await Playback.sound(
            path,
            options: [],
            filter: "asetpts=PTS-\(start)/TB,aresample=8000:async=1:first_pts=0"
        )
        let count = min(made.samples.count, original.samples.count)
        for from in [0, count / 2 - 4000, count - 8800] where from >= 0 {
            guard let lag = Playback.lag(made.samples, original.samples, from: from, length: 8000) else { continue }
            #expect(abs(lag) <= frame, "\(lag) s at \(Double(from) / 8000)")
        }
    }

    @Test("a video without one picture fails and says so", arguments: Expectation.broken)
    func broken(_ file: String, _ reason: String) async throws {
        let tools = await Corpus.tools.value
        let scratch = try Scratch()
        let path = Corpus.path(file)
        let error = await #expect(throws: MediaError.self) {
            let info = try await Prober(tools: tools).probe(path)
            let rungs = Ladder.rungs(for: info, profiles: Corpus.lowest)
            let timeline = try await TimelineBuilder(tools: tools).build(path, info: info, ceiling: Rational(30))
            _ = try await ChunkEncoder(tools: tools).encode(
                source: path,
                info: info,
                timeline: timeline,
                rungs: rungs,
                segments: 0..<timeline.segmentCount,
                into: scratch.path
            )
        }
        #expect(error?.reason.rawValue == reason)
        #expect(error?.message.hasSuffix(".") == true)
    }

    @Test("a sound becomes segments of its whole length", arguments: Expectation.sounds)
    func sound(_ file: String, _ seconds: Double) async throws {
        let tools = await Corpus.tools.value
        let scratch = try Scratch()
        let info = try await Prober(tools: tools).probe(Corpus.path(file))
        #expect(info.kind == .audio)
        let timeline = try await TimelineBuilder(tools: tools).build(
            Corpus.path(file),
            info: info,
            ceiling: Rational(30)
        )
        let outcome = try await AudioEncoder(tools: tools).encode(
            source: Corpus.path(file),
            info: info,
            timeline: timeline,
            bitRate: 128_000,
            into: scratch.path
        )
        let made = try await Playback.sound(try Playback.join(scratch.path, outcome.segments.map(\.index)))
        #expect(made.start == 0)
        #expect(abs(Double(made.samples.count) / 8000 - seconds) < 0.1)
        #expect(outcome.channels == 2)
    }

    @Test(
        "a poster is a JPEG of the display's shape without metadata",
        arguments: [
            ("v-1080p25-camera.mp4", 1280, 720), ("v-iphone-rot90.mov", 320, 568), ("v-sar2x1.mp4", 1280, 360),
            ("v-hdr10-1080p-phone.mp4", 1280, 720), ("v-ts-no-initial-key.ts", 626, 352),
        ]
    )
    func poster(_ file: String, _ width: Int, _ height: Int) async throws {
        let tools = await Corpus.tools.value
        let scratch = try Scratch()
        let info = try await Prober(tools: tools).probe(Corpus.path(file))
        let jpeg = try await PosterMaker(tools: tools).poster(of: Corpus.path(file), info: info)
        let path = "\(scratch.path)/poster.jpg"
        try Data(jpeg).write(to: URL(fileURLWithPath: path))
        let probe = try await ChildProcess.run(
            try #require(tools.ffprobe),
            ["-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0", path],
            deadline: .seconds(300)
        )
        let size = String(decoding: probe.standardOutput, as: UTF8.self)
        #expect(size.trimmingCharacters(in: .whitespacesAndNewlines) == "\(width),\(height)")
        #expect(Data(jpeg).range(of: Data("Exif".utf8)) == nil)
        #expect(Data(jpeg).range(of: Data("Lavc".utf8)) == nil)
    }
}

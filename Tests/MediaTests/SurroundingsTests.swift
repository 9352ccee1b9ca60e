import Core
import Foundation
import Testing

@testable import Media

@Suite("Around the picture", .serialized)
struct SurroundingsTests {
    @Test(
        "a storyboard has a tile a second at most, 200 at most, and covers the whole",
        arguments: [
            (seconds: 0.04, interval: 1, count: 1), (0.999, 1, 1), (1, 1, 1), (1.001, 1, 2), (40, 1, 40), (200, 1, 200),
            (201, 2, 101), (3600, 18, 200), (86_400, 432, 200),
        ]
    )
    func storyboard(seconds: Double, interval: Int64, count: Int) {
        let board = Storyboard(duration: .seconds(seconds), size: (1920, 1080))
        #expect(board.interval == interval * 1_000_000 && board.count == count)
        #expect(board.width == 160 && board.height == 90)
        let text = board.webVTT { "s\($0).jpg" }
        let cues = text.components(separatedBy: "\n\n").dropFirst()
        #expect(cues.count == count)
        #expect(text.hasPrefix("WEBVTT\n\n00:00:00.000 --> "))
        #expect(cues.last?.contains("s\((count - 1) / 25).jpg#xywh=") == true)
        #expect(board.sprites == (count + 24) / 25)
    }

    @Test("tiles of a portrait picture stand upright, of a strange one have a size")
    func tiles() {
        let portrait = Storyboard(duration: .seconds(30), size: (1080, 1920))
        #expect(portrait.width == 90 && portrait.height == 160)
        let text = portrait.webVTT { "\($0)" }
        #expect(text.contains("00:00:06.000 --> 00:00:07.000\n0#xywh=90,160,90,160\n"))
        #expect(text.contains("1#xywh=0,0,90,160"))
        let line = Storyboard(duration: .zero, size: (8000, 2))
        #expect(line.width == 160 && line.height == 2 && line.count == 1)
    }

    @Test("sprites show what is at their time, from key frames alone")
    func sprites() async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/a.mp4"
        // Dark, bright, dark, bright: ten seconds each, with a key frame a second; and the picture begins late.
        let made = try await Playback.ffmpeg(
            ["-v", "error", "-y", "-f", "lavfi", "-i"]
                + ["color=black:s=320x180:r=25:d=40,drawbox=c=white:t=fill:enable='gte(mod(t\\,20)\\,10)'"]
                + ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-output_ts_offset", "5", source]
        )
        try #require(made.succeeded, "\(made.errorTail)")
        let board = try await draw(source, in: scratch.path)
        #expect(board.count == 40 && board.sprites == 2)
        for index in [2, 7, 12, 17, 22, 28, 33, 38] {
            let isBright = try await brightness(of: index, in: scratch.path) > 128
            #expect(isBright == (index % 20 >= 10), "tile \(index)")
        }
    }

    @Test("a video of one key frame has sprites too, whatever its codec", arguments: ["libx264", "libvpx"])
    func oneKeyFrame(encoder: String) async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/a.mkv"
        let made = try await Playback.ffmpeg(
            ["-v", "error", "-y", "-f", "lavfi", "-i", "color=white:s=320x180:r=25:d=4", "-c:v", encoder, "-g", "999"]
                + [source]
        )
        try #require(made.succeeded, "\(made.errorTail)")
        #expect(try await draw(source, in: scratch.path).count == 4)
        for index in 0..<4 { #expect(try await brightness(of: index, in: scratch.path) > 128, "tile \(index)") }
    }

    private func draw(_ source: String, in folder: String) async throws -> Storyboard {
        let tools = await Corpus.tools.value
        let info = try await Prober(tools: tools).probe(source)
        let timeline = try await TimelineBuilder(tools: tools).build(source, info: info, ceiling: Rational(30))
        let board = Storyboard(duration: timeline.duration.duration, size: (320, 180))
        try await StoryboardMaker(tools: tools).draw(
            board,
            of: source,
            info: info,
            timeline: timeline,
            into: folder
        )
        return board
    }

    /// The mean of a tile, 0 to 255.
    private func brightness(of tile: Int, in folder: String) async throws -> UInt8 {
        let place = tile % 25
        let picture = try await Playback.ffmpeg(
            ["-v", "error", "-i", "\(folder)/storyboard-\(tile / 25).jpg", "-vf"]
                + ["crop=160:90:\(place % 5 * 160):\(place / 5 * 90),scale=1:1,format=gray", "-f", "rawvideo", "-"]
        )
        return picture.standardOutput.first ?? 0
    }

    @Test("the poster is the picture at one second, of a shorter video the one in the middle", arguments: [1.0, 6.0])
    func poster(seconds: Double) async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/a.mp4"
        let place = min(1, seconds / 2)
        // Bright there alone.
        let bright = "enable='between(t\\,\(place - 0.1)\\,\(place + 0.1))'"
        let made = try await Playback.ffmpeg(
            ["-v", "error", "-y", "-f", "lavfi", "-i"]
                + ["color=black:s=320x180:r=25:d=\(seconds),drawbox=c=white:t=fill:\(bright)"]
                + ["-c:v", "libx264", "-preset", "ultrafast", "-output_ts_offset", "5", source]
        )
        try #require(made.succeeded, "\(made.errorTail)")
        let tools = await Corpus.tools.value
        let info = try await Prober(tools: tools).probe(source)
        let timeline = try await TimelineBuilder(tools: tools).build(source, info: info, ceiling: Rational(30))
        let jpeg = try await PosterMaker(tools: tools).poster(of: source, info: info, timeline: timeline)
        let path = "\(scratch.path)/poster.jpg"
        try Data(jpeg).write(to: URL(fileURLWithPath: path))
        let picture = try await Playback.ffmpeg(
            ["-v", "error", "-i", path, "-vf", "scale=1:1,format=gray", "-f", "rawvideo", "-"]
        )
        #expect((picture.standardOutput.first ?? 0) > 200)
    }

    @Test("the moving preview is a WebP of several pictures, no wider than 320, without metadata")
    func preview() async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/a.mp4"
        try await Clips.moving(
            source,
            ["-c:v", "libx264", "-preset", "ultrafast", "-metadata", "title=Secret"],
            seconds: 20
        )
        let tools = await Corpus.tools.value
        let info = try await Prober(tools: tools).probe(source)
        let timeline = try await TimelineBuilder(tools: tools).build(source, info: info, ceiling: Rational(30))
        let size = try await PreviewMaker(tools: tools).make(
            of: source,
            info: info,
            timeline: timeline,
            into: scratch.path
        )
        #expect(size == (320, 180))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/preview.webp"))
        #expect(bytes.prefix(4) == Data("RIFF".utf8) && bytes[8..<12] == Data("WEBP".utf8))
        #expect(bytes.ranges(of: Data("ANMF".utf8)).count >= 12, "pictures that move")
        #expect(bytes.range(of: Data("EXIF".utf8)) == nil && bytes.range(of: Data("Secret".utf8)) == nil)
    }

    @Test("a preview shows four parts of a long video, and a short one from its beginning")
    func previewParts() {
        #expect(PreviewMaker.starts(duration: .seconds(5)) == [.zero])
        #expect(PreviewMaker.starts(duration: .seconds(80)).map { $0.inSeconds } == [9.625, 29.625, 49.625, 69.625])
    }

    @Test("loudness is what EBU R128 says of a tone: -23 LUFS for a stereo sine of -23 dBFS; silence has no peak")
    func loudness() async throws {
        let scratch = try Scratch()
        let tools = await Corpus.tools.value
        func measured(_ source: String) async throws -> Loudness {
            let path = "\(scratch.path)/\(UUID().uuidString).wav"
            let made = try await Playback.ffmpeg(["-v", "error", "-f", "lavfi", "-i", source, "-t", "8", path])
            try #require(made.succeeded, "\(made.errorTail)")
            return try await LoudnessMeter(tools: tools).measure(path, info: try await Prober(tools: tools).probe(path))
        }
        let tone = try await measured(
            "aevalsrc=pow(10\\,-23/20)*sin(2*PI*1000*t)|pow(10\\,-23/20)*sin(2*PI*1000*t):s=48000"
        )
        #expect(abs(tone.integrated + 23) < 0.2)
        #expect(abs(try #require(tone.truePeak) + 23) < 0.3)
        #expect(tone.range < 0.5)
        let silence = try await measured("anullsrc=r=48000:cl=stereo")
        #expect(silence.integrated <= -69 && silence.truePeak == nil)
    }

    @Test("chapters and captions of a file come out with the timeline's times, whatever the container")
    func text() async throws {
        let scratch = try Scratch()
        try "1\n00:00:01,000 --> 00:00:02,500\nHello <i>you</i>\n".write(
            toFile: "\(scratch.path)/a.srt",
            atomically: true,
            encoding: .utf8
        )
        try ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=3000\ntitle=One\\\n<two>\n"
            .appending("[CHAPTER]\nTIMEBASE=1/1000\nSTART=3000\nEND=8000\n")
            .write(toFile: "\(scratch.path)/chapters.txt", atomically: true, encoding: .utf8)
        let tools = await Corpus.tools.value
        for (file, codec) in [("a.mp4", "mov_text"), ("a.mkv", "subrip"), ("b.mkv", "ass"), ("c.mkv", "webvtt")] {
            let source = "\(scratch.path)/\(file)"
            let made = try await Playback.ffmpeg(
                ["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=8"]
                    + [
                        "-i", "\(scratch.path)/a.srt", "-i", "\(scratch.path)/chapters.txt", "-map", "0:v", "-map",
                        "1:s",
                    ]
                    + ["-map_chapters", "2", "-c:v", "libx264", "-preset", "ultrafast", "-c:s", codec]
                    + ["-metadata:s:s:0", "language=ger", source]
            )
            try #require(made.succeeded, "\(made.errorTail)")
            let info = try await Prober(tools: tools).probe(source)
            let timeline = try await TimelineBuilder(tools: tools).build(source, info: info, ceiling: Rational(30))
            #expect(TextExtractor.hasText(info))
            let found = try await TextExtractor(tools: tools).captions(
                of: source,
                info: info,
                timeline: timeline,
                into: scratch.path
            )
            #expect(found.count == 1 && found[0].language == "ger")
            let cue = try #require(found.first?.cues.first)
            #expect(abs(cue.start - 1_000_000) < 50_000 && abs(cue.end - 2_500_000) < 50_000, "\(file): \(cue)")
            #expect(cue.text.replacing(/<\/?i>/, with: "") == "Hello you")
            let chapters = try await ChapterReader(tools: tools).chapters(of: source, timeline: timeline)
            #expect(chapters.map(\.title) == ["One <two>", "Chapter 2"])
            #expect(chapters.webVTT.contains("00:00:00.000 --> 00:00:03.000\nOne &lt;two&gt;\n"))
        }
    }

    /// Makes `clip.mp4`.
    private func cut(_ source: String, from start: Duration, to end: Duration, into folder: String) async throws {
        let tools = await Corpus.tools.value
        let info = try await Prober(tools: tools).probe(source)
        #expect(ClipCutter.obstacle(info) == nil)
        let timeline = try await TimelineBuilder(tools: tools).build(source, info: info, ceiling: Rational(30))
        try await ClipCutter(tools: tools).cut(
            source,
            info: info,
            timeline: timeline,
            start: start,
            end: end,
            into: folder,
            name: "clip.mp4"
        )
    }

    @Test("a clip plays from the asked place to the asked end, without being encoded again")
    func clip() async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/a.mp4"
        try await Clips.flashAndBeep(source, video: ["-c:v", "libx264", "-preset", "medium", "-g", "60"])
        try await cut(source, from: .milliseconds(4500), to: .milliseconds(9500), into: scratch.path)
        let version = try await MadeVersion(
            "\(scratch.path)/clip.mp4",
            into: "\(scratch.path)/v",
            profiles: Corpus.lowest
        )
        #expect(abs(version.timeline.duration.value - 5) <= 0.161)
        let master = try version.writePlaylists()
        let flashes = Playback.flashes(try await Playback.pictures(master))
        let beeps = Playback.beeps(try await Playback.sound(master))
        // Flashes at 5, 7 and 9 s of the whole.
        #expect(flashes.count == 3 && beeps.count == 3)
        for (found, wanted) in zip(flashes, [0.5, 2.5, 4.5]) { #expect(abs(found - wanted) <= 0.081, "\(flashes)") }
        for (flash, beep) in zip(flashes, beeps) { #expect(abs(flash - beep) <= 0.041) }
    }

    @Test(
        "sound of every kind that an MP4 can hold is cut",
        arguments: [
            ("flac", "flac"), ("alac", "m4a"), ("libopus", "ogg"), ("libmp3lame", "mp3"), ("ac3", "mkv"),
            ("aac", "aac"),
        ]
    )
    func soundClip(_ codec: String, container: String) async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/a.\(container)"
        let made = try await Playback.ffmpeg(
            ["-v", "error", "-f", "lavfi", "-i", "sine=440:duration=6", "-c:a", codec, source]
        )
        try #require(made.succeeded, "\(made.errorTail)")
        try await cut(source, from: .seconds(2), to: .seconds(4), into: scratch.path)
        let seconds = Double(try await Playback.sound("\(scratch.path)/clip.mp4").samples.count) / 8000
        #expect(abs(seconds - 2) < 0.2, "\(seconds)")
    }
}

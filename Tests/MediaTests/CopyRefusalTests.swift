import Foundation
import Testing

@testable import Media

@Suite("What is not copied", .serialized)
struct CopyRefusalTests {
    @Test("what a browser could not play, or players could not switch by, is named and not copied")
    func reasons() async throws {
        let tools = await Corpus.tools.value
        let cases: [(String, [String], String)] = [
            ("wide.mp4", ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p"], "4:2:0"),
            ("ten.mp4", ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"], "10 bits"),
            ("full.mp4", ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuvj420p"], "full range"),
            ("rare.mp4", ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "999"], "apart"),
            (
                "open.mp4",
                [
                    "-c:v", "libx264", "-preset", "fast", "-pix_fmt", "yuv420p", "-g", "25", "-x264-params",
                    "open-gop=1",
                ],
                "apart"
            ),
            ("part2.mp4", ["-c:v", "mpeg4"], "mpeg4"),
            (
                "sar.mp4", ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-vf", "setsar=4/3"],
                "square"
            ),
        ]
        for (name, options, word) in cases {
            let scratch = try Scratch()
            let source = "\(scratch.path)/\(name)"
            try await Clips.moving(source, options, seconds: 13)
            let info = try await Prober(tools: tools).probe(source)
            let plan = try await CopyPlanner(tools: tools).video(source, info: info, profiles: CopyTests.profiles)
            #expect(plan.copied == nil, "\(name)")
            #expect(plan.reasons.contains { $0.contains(word) }, "\(name): \(plan.reasons)")
        }
    }

    @Test("an index that lies, is cut short or repeats itself ends in an error, never in a trap")
    func hostileIndex() async throws {
        let scratch = try Scratch()
        let source = "\(scratch.path)/clip.mp4"
        try await Clips.moving(
            source,
            ["-c:v", "libx264", "-preset", "ultrafast", "-movflags", "faststart"],
            seconds: 2
        )
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: source)))
        let video = try #require(try await Prober(tools: await Corpus.tools.value).probe(source).video)
        let boxes = try Boxes(bytes)
        let moov = try #require(boxes.first("moov"))
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            var broken = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                broken[Int.random(in: moov.payload, using: &random)] = [0, 1, 0x7F, 0x80, 0xFF].randomElement() ?? 0
            }
            let path = "\(scratch.path)/broken.mp4"
            try Data(broken).write(to: URL(fileURLWithPath: path))
            // Either result will do.
            _ = try? CopyScan.movie(path, video: video, limit: 100_000)
        }
    }
}

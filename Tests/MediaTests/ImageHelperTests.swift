import Foundation
import Testing

@testable import Media

/// The real program beside the tests, asked as a worker asks it.
@Suite("Image helpers", .serialized) struct ImageHelperTests {
    private static let program =
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().path
        + "/telecine"

    static var isMissing: Bool {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            print("there is no \(program): image helpers are not tested")
            return true
        }
        return Corpus.isMissing
    }

    private static func helpers(
        _ helper: [String] = [program, "image-helper"],
        patience: Duration = .seconds(600)
    ) async -> ImageHelpers {
        ImageHelpers(tools: await Corpus.tools.value, helper: helper, patience: patience)
    }

    @Test("one decode gives all sizes as files", .disabled(if: isMissing))
    func derivatives() async throws {
        let scratch = try Scratch()
        let path = Corpus.path("i-exif6-landscape.jpg")
        let report = try await Self.helpers().derivatives(of: path, .jpeg, into: scratch.path)
        #expect(Set(report.files.map(\.name)) == ["thumbnail", "small", "medium", "large", "webp", "original"])
        for file in report.files {
            let bytes = try Data(
                contentsOf: URL(fileURLWithPath: "\(scratch.path)/\(file.name).\(file.format.fileExtension)")
            )
            #expect(bytes.count == file.count && ImageFormat(head: [UInt8](bytes)) == file.format)
        }
        let facts = try #require(report.facts)
        #expect((facts.width, facts.height) == (1800, 1200) && !facts.isDamaged)
    }

    @Test("a strip of a few lines has all sizes", .disabled(if: isMissing), arguments: ["9000x3", "2x9000", "5000x2"])
    func strip(_ size: String) async throws {
        let scratch = try Scratch()
        let path = "\(scratch.path)/strip.jpg"
        let made = try await Playback.ffmpeg(
            ["-v", "error", "-f", "lavfi", "-i", "color=red:size=\(size)", "-frames:v", "1", path]
        )
        try #require(made.succeeded, "\(made.errorTail)")
        let report = try await Self.helpers().derivatives(of: path, .jpeg, into: scratch.path)
        #expect(report.files.count == 6 && report.facts?.isDamaged == false)
        #expect(report.files.allSatisfy { min($0.width, $0.height) >= 1 })
    }

    @Test("a refused picture leaves its helper well; many pictures come from few helpers", .disabled(if: isMissing))
    func reused() async throws {
        let scratch = try Scratch()
        let helpers = await Self.helpers()
        for _ in 0..<3 {
            let bomb = Corpus.path("i-bomb-65536.png")
            let error = await #expect(throws: MediaError.self) {
                _ = try await helpers.derivatives(of: bomb, .png, into: scratch.path)
            }
            #expect(error?.reason == .tooManyPixels)
            let variant = ImageVariant(width: 50, height: 50, fit: .cover, format: .webp, quality: 80)
            let report = try await helpers.variant(variant, of: Corpus.path("i-16bit.png"), .png, into: scratch.path)
            #expect(report.files.map(\.width) == [50])
        }
    }

    @Test("a helper that says nothing is given up in time, and one that dies is told of", .disabled(if: isMissing))
    func unhappy() async throws {
        let scratch = try Scratch()
        let path = Corpus.path("i-16bit.png")
        let silent = await Self.helpers(["/usr/bin/sleep", "1000"], patience: .milliseconds(300))
        let late = await #expect(throws: MediaError.self) { _ = try await silent.clean(path, .png, into: scratch.path) }
        #expect(late?.reason == .limitExceeded)
        let dead = await Self.helpers(["/usr/bin/false"])
        let gone = await #expect(throws: MediaError.self) { _ = try await dead.clean(path, .png, into: scratch.path) }
        #expect(gone?.reason == .toolFailed)
        #expect(gone?.isPermanent == false)
    }

    @Test("a helper that does not start is known to be over by whoever was told so")
    func absent() async {
        let exchange = HelperThread.Exchange(
            work: .clean,
            format: .png,
            path: "/nowhere.png",
            folder: "/nowhere",
            patience: .seconds(600),
            isWanted: { true }
        )
        // Whoever came next, and found it alive, would wait for ever.
        for _ in 0..<500 {
            let helper = HelperThread("/nowhere/helper", [])
            let answer = await helper.perform(exchange)
            let hadEnded = helper.hasEnded
            #expect(throws: MediaError.self) { try answer?.get() }
            #expect(answer != nil && hadEnded)
        }
    }

    @Test("a helper that answers nonsense is not believed", .disabled(if: isMissing))
    func lying() async throws {
        let scratch = try Scratch()
        let answer =
            #"{"files":[{"name":"../evil","format":"png","width":1,"height":1,"count":4}],"peakMemory":1}"#
        let liar = await Self.helpers(["/usr/bin/echo", answer + "\nevil"])
        await #expect(throws: MediaError.self) {
            _ = try await liar.clean(Corpus.path("i-16bit.png"), .png, into: scratch.path)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }
}

import Foundation
import Testing

@testable import Media

@Suite("Hostile files", .serialized)
struct HostileTests {
    static let texts: [(String, String, String)] = [
        ("playlist", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsecret.mp4\n#EXT-X-ENDLIST\n", "playlist"),
        ("concat script", "ffconcat version 1.0\nfile secret.mp4\n", "playlist"),
        ("DASH", "<?xml version=\"1.0\"?><MPD><BaseURL>secret.mp4</BaseURL></MPD>", "playlist"),
        ("SVG", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"10\"/>", "picture"),
        ("text", "It was a dark and stormy night.\n", "text"),
        ("nothing", "", "not_media"),
        // Past our own look at the first bytes: the demuxers themselves must refuse.
        ("disguised playlist", "\u{1}\n#EXTM3U\n#EXTINF:10,\nsecret.mp4\n#EXT-X-ENDLIST\n", "not_media"),
    ]

    @Test("what only looks like a medium is refused by name", arguments: texts)
    func refused(_ name: String, _ text: String, _ reason: String) async throws {
        let scratch = try Scratch()
        try await Clips.moving("\(scratch.path)/secret.mp4", ["-c:v", "libx264", "-preset", "ultrafast"], seconds: 1)
        let evil = "\(scratch.path)/evil.mp4"
        try text.write(toFile: evil, atomically: true, encoding: .utf8)
        for useBubblewrap in [true, false] {
            let prober = Prober(tools: await MediaTools.locate(useBubblewrap: useBubblewrap))
            let error = await #expect(throws: MediaError.self) { _ = try await prober.probe(evil) }
            #expect(error?.reason.rawValue == reason, "\(name)")
        }
    }

    @Test("a playlist is not opened by ffprobe even when nothing looks at it first")
    func demuxersAreFew() async throws {
        let scratch = try Scratch()
        try await Clips.moving("\(scratch.path)/secret.mp4", ["-c:v", "libx264", "-preset", "ultrafast"], seconds: 1)
        let evil = "\(scratch.path)/evil.mp4"
        try Self.texts[0].1.write(toFile: evil, atomically: true, encoding: .utf8)
        let tools = await MediaTools.locate(useBubblewrap: false)
        let result = try await tools.run(.ffprobe, input: evil, media: .zero) { paths in
            ["-v", "error"] + MediaTools.inputGuards + ["-show_entries", "format=format_name", paths.input]
        }
        #expect(!result.succeeded)
    }

    @Test("a picture of too many pixels and a file of too many streams are refused before they are decoded")
    func limits() async throws {
        let scratch = try Scratch()
        let path = "\(scratch.path)/clip.mp4"
        try await Clips.flashAndBeep(path, seconds: 2)
        var limits = MediaLimits()
        limits.pixels = 320 * 180 - 1
        let small = Prober(tools: await MediaTools.locate(limits: limits))
        #expect(await #expect(throws: MediaError.self) { _ = try await small.probe(path) }?.reason == .tooManyPixels)
        limits = MediaLimits()
        limits.streams = 1
        let few = Prober(tools: await MediaTools.locate(limits: limits))
        #expect(await #expect(throws: MediaError.self) { _ = try await few.probe(path) }?.reason == .tooManyStreams)
    }

    @Test("inside the sandbox nothing but the input and the programs is there")
    func sandboxHides() async throws {
        let tools = await Corpus.tools.value
        guard tools.sandbox.bubblewrap != nil else {
            print("bubblewrap does not work here: the sandbox is not tested.")
            return
        }
        let scratch = try Scratch()
        let file = "\(scratch.path)/clip.mp4"
        try Data("x".utf8).write(to: URL(fileURLWithPath: file))
        let scope = Sandbox.Scope(input: file, output: nil, cpuSeconds: 5)
        let line = tools.sandbox.command(
            "/usr/bin/find",
            ["/", "-maxdepth", "2", "-not", "-path", "/proc/*", "-not", "-path", "/dev/*"],
            scope: scope,
            limits: MediaLimits()
        )
        let result = try await ChildProcess.run(line.executable, line.arguments, deadline: .seconds(300))
        let seen = String(decoding: result.standardOutput, as: UTF8.self)
        #expect(seen.contains("/in/original"))
        for hidden in ["/etc/passwd", "/home", "/root", "/var"] {
            #expect(!seen.split(separator: "\n").contains { $0 == hidden }, "\(hidden)")
        }
    }

    @Test("ending a sandboxed child ends what runs inside")
    func sandboxEnds() async throws {
        let tools = await Corpus.tools.value
        let scratch = try Scratch()
        let file = "\(scratch.path)/clip.mp4"
        try Data("x".utf8).write(to: URL(fileURLWithPath: file))
        let scope = Sandbox.Scope(input: file, output: scratch.path, cpuSeconds: 60)
        let folder = tools.sandbox.bubblewrap == nil ? scratch.path : "/out"
        // Inside, somebody writes every tenth of a second, and ignores SIGTERM.
        let marker = UUID().uuidString
        let script = ": \(marker); trap '' TERM; while :; do echo x >> \(folder)/alive; sleep 0.1; done"
        let line = tools.sandbox.command("/bin/sh", ["-c", script], scope: scope, limits: MediaLimits())
        let limit = ContinuousClock.now + .seconds(300)
        // A busy machine may need longer before anything runs in there; then it gets more time.
        var time = Duration.seconds(1)
        while !FileManager.default.fileExists(atPath: "\(scratch.path)/alive") {
            try #require(ContinuousClock.now < limit, "nothing ever ran")
            await #expect(throws: ChildProcess.Failure.self) {
                _ = try await ChildProcess.run(line.executable, line.arguments, deadline: time)
            }
            time *= 2
        }
        let end = ContinuousClock.now + .seconds(300)
        while isRunning(marker), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(20)) }
        #expect(!isRunning(marker))
    }

    /// Whether a process of this machine has the marker in its command line.
    private func isRunning(_ marker: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.contains { name in
            guard let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else { return false }
            return line.range(of: Data(marker.utf8)) != nil
        }
    }
}

import Foundation
import Testing

@testable import Media

/// What a decoder could try that a hostile file has taken over.
@Suite("The sandbox", .serialized)
struct SandboxTests {
    private final class Place {
        let scratch: Scratch
        let input: String
        let tools: MediaTools

        init(limits: MediaLimits = MediaLimits(), useBubblewrap: Bool = true) async throws {
            scratch = try Scratch()
            input = "\(scratch.path)/input"
            try Data("the input".utf8).write(to: URL(fileURLWithPath: input))
            tools = await MediaTools.locate(limits: limits, useBubblewrap: useBubblewrap)
        }

        /// Runs a script where decoders run.
        func shell(_ script: String, output: String? = nil) async throws -> ChildProcess.Result {
            let scope = Sandbox.Scope(input: input, output: output, cpuSeconds: 20)
            let line = tools.sandbox.command("/bin/bash", ["-c", script], scope: scope, limits: tools.limits)
            return try await ChildProcess.run(line.executable, line.arguments, deadline: .seconds(300))
        }

        /// False, with a line that says so, where there is no sandbox to test.
        var hasWalls: Bool {
            if tools.sandbox.bubblewrap == nil { print("bubblewrap does not work here: the sandbox is not tested.") }
            return tools.sandbox.bubblewrap != nil
        }
    }

    @Test("a tool reads its input, and nothing beside it or of the machine")
    func reading() async throws {
        let place = try await Place()
        guard place.hasWalls else { return }
        let canary = "\(place.scratch.path)/canary"
        try Data("secret".utf8).write(to: URL(fileURLWithPath: canary))
        let mine = "/proc/\(ProcessInfo.processInfo.processIdentifier)/environ"
        for path in [canary, "/etc/hostname", "/etc/passwd", "/etc/shadow", "/root", "/home", "/var/log", mine] {
            let result = try await place.shell("cat < /in/original; ls -d \(path) && cat \(path)")
            #expect(String(decoding: result.standardOutput, as: UTF8.self) == "the input", "\(path)")
        }
    }

    @Test("a tool cannot change its input, the programs, or a folder that is not its output")
    func writing() async throws {
        let place = try await Place()
        guard place.hasWalls else { return }
        let output = "\(place.scratch.path)/out"
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let script = "echo x > /in/original; echo x > /in/new; echo x > /usr/bin/new; echo x > /out/mine; ls /out"
        let result = try await place.shell(script, output: output)
        #expect(String(decoding: result.standardOutput, as: UTF8.self) == "mine\n")
        #expect(try String(contentsOfFile: place.input, encoding: .utf8) == "the input")
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.scratch.path).sorted() == ["input", "out"])
    }

    @Test("a tool reaches no address, not even this machine's own")
    func network() async throws {
        let place = try await Place()
        guard place.hasWalls else { return }
        let listener = try Listener()
        let reach = "exec 3<>/dev/tcp/127.0.0.1/\(listener.port) && echo reached"
        #expect(try await place.shell(reach).standardOutput.isEmpty)
        // The same words outside, so that the test would notice a listener that nobody can reach.
        let outside = try await ChildProcess.run("/bin/bash", ["-c", reach], deadline: .seconds(300))
        #expect(String(decoding: outside.standardOutput, as: UTF8.self) == "reached\n")
        #expect(listener.connections == 1)
    }

    @Test("ffmpeg follows no address and no other file, with walls or without them", arguments: [true, false])
    func references(useBubblewrap: Bool) async throws {
        let place = try await Place(useBubblewrap: useBubblewrap)
        let listener = try Listener()
        let secret = "\(place.scratch.path)/secret.ts"
        try await Clips.moving(secret, ["-c:v", "libx264", "-preset", "ultrafast"], seconds: 1)
        for url in ["http://127.0.0.1:\(listener.port)/secret.ts", secret] {
            let list = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n\(url)\n#EXT-X-ENDLIST\n"
            try list.write(toFile: place.input, atomically: true, encoding: .utf8)
            let result = try await place.tools.run(.ffmpeg, input: place.input, media: .zero) { paths in
                ["-nostdin", "-v", "error"] + MediaTools.inputGuards + ["-i", paths.input, "-f", "framecrc", "pipe:1"]
            }
            #expect(!result.succeeded && result.standardOutput.isEmpty, "\(url)")
        }
        #expect(listener.connections == 0)
    }

    @Test("a tool that never ends is ended by its CPU time, and the owner reads why", arguments: [true, false])
    func endless(useBubblewrap: Bool) async throws {
        var limits = MediaLimits()
        (limits.cpuSecondsBase, limits.cpuSecondsPerMediaSecond) = (1, 0)
        let place = try await Place(limits: limits, useBubblewrap: useBubblewrap)
        let error = await #expect(throws: MediaError.self) {
            _ = try await place.tools.run(.ffmpeg, input: place.input, media: .zero) { _ in
                ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720", "-f", "null", "-"]
            }
        }
        #expect(error?.reason == .limitExceeded)
        #expect(error?.message.contains("more time") == true || error?.message.contains("longer") == true)
    }

    @Test("a file that a tool writes stays within its limit", arguments: [true, false])
    func fileSize(useBubblewrap: Bool) async throws {
        var limits = MediaLimits()
        limits.fileSize = 100_000
        let place = try await Place(limits: limits, useBubblewrap: useBubblewrap)
        let output = "\(place.scratch.path)/out"
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let raw = ["-t", "5", "-f", "lavfi", "-i", "testsrc2=size=640x360", "-f", "rawvideo"]
        do {
            let result = try await place.tools.run(.ffmpeg, input: place.input, output: output, media: .zero) { paths in
                ["-nostdin", "-v", "error"] + raw + ["\(paths.output)/big"]
            }
            #expect(!result.succeeded)
        } catch let error as MediaError {
            #expect(error.reason == .limitExceeded)
        }
        let size = try FileManager.default.attributesOfItem(atPath: "\(output)/big")[.size] as? Int
        #expect(try #require(size) <= 100_000)
    }

    @Test("memory that a tool asks for beyond its limit is refused", arguments: [true, false])
    func memory(useBubblewrap: Bool) async throws {
        var limits = MediaLimits()
        limits.addressSpace = 200 << 20
        let place = try await Place(limits: limits, useBubblewrap: useBubblewrap)
        let result = try await place.tools.run(.ffmpeg, input: place.input, media: .zero) { _ in
            [
                "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=size=16000x16000", "-frames:v", "1", "-f",
                "null", "-",
            ]
        }
        #expect(!result.succeeded)
    }

    @Test("what a tool says beyond its limit ends it")
    func talk() async throws {
        let place = try await Place()
        let error = await #expect(throws: MediaError.self) {
            _ = try await place.tools.run(.ffmpeg, input: place.input, media: .zero, outputLimit: 10_000) { _ in
                ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2", "-f", "rawvideo", "pipe:1"]
            }
        }
        #expect(error?.reason == .limitExceeded)
    }

    @Test("cancelling ends what runs behind the walls, its children too", arguments: [true, false])
    func cancelling(useBubblewrap: Bool) async throws {
        let place = try await Place(useBubblewrap: useBubblewrap)
        let marker = UUID().uuidString
        let output = "\(place.scratch.path)/out"
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let folder = place.tools.sandbox.bubblewrap == nil ? output : "/out"
        let inner = "trap '' TERM; : \(marker); echo > \(folder)/began; while :; do sleep 0.1; done"
        let task = Task { try await place.shell("bash -c \"\(inner)\" & wait", output: output) }
        while !FileManager.default.fileExists(atPath: "\(output)/began") {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(Processes.withMarker(marker) > 0)
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        let end = ContinuousClock.now + .seconds(300)
        while Processes.withMarker(marker) > 0, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(Processes.withMarker(marker) == 0)
    }
}

/// The processes of this machine.
enum Processes {
    /// How many have a text in their command line.
    static func withMarker(_ marker: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.count { name in
            guard Int(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
                return false
            }
            return line.range(of: Data(marker.utf8)) != nil
        }
    }
}

/// A port of this machine that nobody may reach.
final class Listener {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isListening)
        port = UInt16(bigEndian: address.sin_port)
    }

    /// How many have connected since they were counted last.
    var connections: Int {
        var count = 0
        while case let connection = accept(descriptor, nil, nil), connection >= 0 {
            close(connection)
            count += 1
        }
        return count
    }

    deinit { close(descriptor) }
}

import Core
import Foundation
import SQL
import Service
import Testing

@testable import telecine

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct DoctorTests {
    private func findings(_ line: CommandLineUnderTest) throws -> [[String: JSONValue]] {
        let report = try JSONDecoder().decode(JSONValue.self, from: Data(line.output.utf8))
        guard case .array(let findings) = report["findings"] else { return [] }
        return findings.compactMap { finding in
            guard case .object(let members) = finding else { return nil }
            return members
        }
    }

    @Test("every missing tool is named with how to get it, and the exit code says that something is wrong")
    func missingTools() async throws {
        let line = try CommandLineUnderTest(environment: ["PATH": "/nonexistent"])
        #expect(await line.run("doctor", "--json") == .failed)
        for tool in ["ffmpeg", "ffprobe"] {
            let finding = try #require(try findings(line).first { $0["check"] == .string(tool) })
            #expect(finding["state"] == "wrong")
            #expect(finding["remedy"]?.stringValue?.contains("apt-get install ffmpeg") == true)
        }
    }

    @Test("an ffmpeg without the encoder that a profile needs is wrong, and right for who has no such profile")
    func missingEncoder() async throws {
        let scratch = try CommandLineUnderTest()
        let words = "libx264 libaom-av1 aac mjpeg scale fps zscale tonemap bwdif"
        try await scratch.makeProgram("ffmpeg", "#!/bin/sh\necho '\(words)'\n")
        let profiles = scratch.folder + "/profiles"
        try FileManager.default.createDirectory(atPath: profiles, withIntermediateDirectories: true)
        let rest = #""width":640,"height":360,"videoBitrate":"1M","audioBitrate":"96k","preset":"fast","frameRate":30"#
        func message(adding name: String, _ codec: String) async throws -> JSONValue? {
            try "{\(rest),\"videoCodec\":\"\(codec)\"}"
                .write(toFile: "\(profiles)/\(name).json", atomically: true, encoding: .utf8)
            let line = try CommandLineUnderTest(environment: ["PATH": scratch.folder, "PROFILES_DIR": profiles])
            await line.run("doctor", "--json")
            let finding = try #require(try findings(line).first { $0["check"] == "ffmpeg" })
            return finding["state"] == "ok" ? nil : finding["message"]
        }
        #expect(try await message(adding: "360p", "h264") == nil)
        #expect(try await message(adding: "360p-av1", "av1") == nil)
        #expect(try await message(adding: "360p-hevc", "hevc")?.stringValue?.hasSuffix("without libx265") == true)
    }

    @Test("why a tool does not start is said in the system's words")
    func toolThatDoesNotStart() async throws {
        let line = try CommandLineUnderTest()
        let path = "\(line.folder)/bwrap"
        try await line.makeProgram("bwrap", "#!/nowhere/sh\n")
        let trial = await Probe.run(path, [])
        #expect(trial.status == -1 && trial.output == "\(path) does not start: No such file or directory")
    }

    @Test("wrong settings and a weak secret are findings, not the end of the examination")
    func wrongSettings() async throws {
        let line = try CommandLineUnderTest(environment: ["PORT": "x", "JWT_SECRET": "secret", "PATH": "/nonexistent"])
        #expect(await line.run("doctor", "--json") == .failed)
        let wrong = try findings(line).filter { $0["state"] == "wrong" }.compactMap { $0["message"]?.stringValue }
        #expect(wrong.contains { $0.hasPrefix("PORT=x (environment)") })
        #expect(wrong.contains { $0.contains("openssl rand -base64 48") })
        #expect(wrong.contains("is not installed"))
    }

    @Test("a port that something else listens on is found, and a free one is not")
    func ports() throws {
        #if canImport(Glibc)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let socket = socket(AF_INET, kind, 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #expect(bind(socket, $0, length) == 0 && listen(socket, 1) == 0)
                #expect(getsockname(socket, $0, &length) == 0)
            }
        }
        let port = Int(UInt16(bigEndian: address.sin_port))
        #expect(PortsCheck.refusal(port) == "Address already in use")
    }

    @Test("a database that is damaged or newer is named with what to do, by doctor and by who wants to use it")
    func unusableDatabase() async throws {
        let line = try CommandLineUnderTest()
        let path = line.folder + "/data/telecine.sqlite"
        #expect(await line.run("migrate") == .done)
        let number = Schema.migrations.count + 1
        let database = try SQLiteDatabase(path: path)
        try await database.write {
            try $0.run(
                """
                INSERT INTO schema_migrations (number, name, checksum, applied_at)
                VALUES (\(number), 'later', 'x', 0)
                """
            )
        }
        await database.close()
        try await expectTrouble(path, "run the version that used it last")
        try Data("this is no database, however long it is".utf8).write(to: URL(fileURLWithPath: path))
        try await expectTrouble(path, "restore the data folder from a backup")
    }

    private func expectTrouble(_ path: String, _ remedy: String) async throws {
        let data = path.dropLast("/telecine.sqlite".count)
        for words in [["migrate"], ["doctor", "--json"]] {
            let line = try CommandLineUnderTest(environment: ["DATA_DIR": String(data)])
            #expect(await line.run(words) == .failed)
            guard words.count > 1 else {
                #expect(line.notes.contains(path) && line.notes.contains(remedy))
                continue
            }
            let finding = try findings(line).first { $0["check"] == "database" }
            #expect(finding?["state"] == "wrong")
            #expect(finding?["remedy"]?.stringValue?.contains(remedy) == true)
        }
    }

    @Test("a data folder that is a file, a secret that others can read, and missing profiles are wrong")
    func dataFolder() async throws {
        let line = try CommandLineUnderTest(environment: ["PROFILES_DIR": "/nonexistent"])
        try FileManager.default.createDirectory(atPath: line.folder + "/data", withIntermediateDirectories: true)
        try "x".write(toFile: line.folder + "/data/jwt-secret", atomically: true, encoding: .utf8)
        chmod(line.folder + "/data/jwt-secret", 0o644)
        #expect(await line.run("doctor", "--json") == .failed)
        let wrong = try findings(line).filter { $0["state"] == "wrong" }.compactMap { $0["check"]?.stringValue }
        #expect(wrong.contains("jwt-secret") && wrong.contains("PROFILES_DIR"))
        let other = try CommandLineUnderTest(environment: ["DATA_DIR": line.folder + "/data/jwt-secret"])
        #expect(await other.run("doctor", "--json") == .failed)
        #expect(try findings(other).contains { $0["check"] == "DATA_DIR" && $0["state"] == "wrong" })
    }
}

@Suite struct UploadMemoryTests {
    @Test("an upload under way is remembered for the same file and service, until it changes or is forgotten")
    func memory() throws {
        let line = try CommandLineUnderTest()
        let cache = URL(fileURLWithPath: line.folder + "/cache")
        let file = URL(fileURLWithPath: line.folder + "/a.mp4")
        try Data("abc".utf8).write(to: file)
        let service = try #require(URL(string: "http://localhost:3000"))
        let other = try #require(URL(string: "http://localhost:4000"))
        UploadMemory(file: file, service: service, cache: cache).keep("id-1")
        let memory = UploadMemory(file: file, service: service, cache: cache)
        #expect(memory.recall() == "id-1")
        #expect(UploadMemory(file: file, service: other, cache: cache).recall() == nil)
        try Data("abcd".utf8).write(to: file)
        #expect(memory.recall() == nil)
        memory.keep("id-2")
        #expect(memory.uploadID == "id-2" && memory.recall() == "id-2")
        memory.forget()
        #expect(memory.recall() == nil)
    }
}

import Core
import Foundation
import SQL
import Service
import Synchronization
import Testing

@testable import telecine

@Suite struct WorkerSupervisorTests {
    @Test("a worker that ends is started again under a new name, until the supervisor is cancelled")
    func restart() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/telecine-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let script = folder + "/worker"
        try "#!/bin/sh\necho \"$@\" >> \(folder)/calls\nexit 3\n".write(
            toFile: script,
            atomically: true,
            encoding: .utf8
        )
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        let database = try SQLiteDatabase(path: folder + "/telecine.sqlite")
        try await database.migrate(Schema.migrations)
        let restarts = Mutex(0)
        let supervisor = WorkerSupervisor(
            count: 1,
            executable: script,
            arguments: ["--data", "here"],
            pause: .milliseconds(10),
            onRestart: { restarts.withLock { $0 += 1 } },
            queue: JobQueue(database: database),
            logger: .silent
        )
        let running = Task { await supervisor.run() }
        let deadline = ContinuousClock.now + .seconds(300)
        var calls: [Substring] = []
        while calls.count < 3, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
            calls = ((try? String(contentsOfFile: folder + "/calls", encoding: .utf8)) ?? "").split(separator: "\n")
        }
        running.cancel()
        await running.value
        #expect(calls.count >= 3)
        #expect(restarts.withLock { $0 } >= 2, "each is counted")
        #expect(Set(calls).count == calls.count, "each has a name of its own")
        #expect(
            calls.allSatisfy { $0.hasPrefix("work --supervised \(getpid()) --name ") && $0.hasSuffix("--data here") }
        )
    }
}

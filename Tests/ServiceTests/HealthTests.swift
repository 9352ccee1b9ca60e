import Core
import Foundation
import SQL
import Synchronization
import Testing

@testable import Service

@Suite struct HealthTests {
    private func problem(of check: HealthCheck, patience: Duration = .seconds(600)) async -> String? {
        await Health([check], freshness: .zero, patience: patience).look()[0].problem?.code
    }

    @Test("a database that takes writes is well; one that does not is told")
    func database() async throws {
        let fixture = try await Fixture()
        #expect(await problem(of: .database(fixture.database)) == nil)
        let other = try SQLiteDatabase(path: fixture.folder + "/telecine.db")
        await other.close()
        #expect(await problem(of: .database(other)) == "not_writable")
    }

    @Test("a database that another writer keeps does not hang those who ask, and is well when it is free again")
    func busy() async throws {
        let fixture = try await Fixture()
        let other = try SQLiteDatabase(path: fixture.folder + "/telecine.db")
        let health = Health([.database(fixture.database)], freshness: .zero, patience: .milliseconds(50))
        let (held, letGo) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let holding = Task {
            try await other.write { transaction in
                try transaction.run("DELETE FROM workers")
                held.signal()
                letGo.wait()
            }
        }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                held.wait()
                continuation.resume()
            }
        }
        #expect(await health.look()[0].problem == .silent)
        letGo.signal()
        try await holding.value
        try await eventually { await health.look()[0].problem == nil }
    }

    @Test("a check that hangs is not begun again, and does not keep the others from being looked at")
    func hanging() async throws {
        let begun = Mutex(0)
        let forever = AsyncStream<Never>.makeStream()
        let health = Health(
            [
                HealthCheck(.storage) {
                    begun.withLock { $0 += 1 }
                    for await _ in forever.stream {}
                    return nil
                },
                HealthCheck(.database) { HealthProblem("odd", "It is odd.") },
            ],
            freshness: .zero,
            patience: .seconds(1)
        )
        // The other one may be late itself where the machine has much else to do.
        for _ in 0..<3 {
            try await eventually { await health.look().map { $0.problem?.code } == ["no_answer", "odd"] }
        }
        #expect(begun.withLock { $0 } == 1)
        forever.continuation.finish()
    }

    @Test("many who ask at once cost one look")
    func shared() async throws {
        let looks = Mutex(0)
        let health = Health(
            [
                HealthCheck(.queue) {
                    looks.withLock { $0 += 1 }
                    try? await Task.sleep(for: .milliseconds(20))
                    return nil
                }
            ],
            freshness: .seconds(3600)
        )
        await withDiscardingTaskGroup { group in
            for _ in 0..<50 { group.addTask { _ = await health.look() } }
        }
        #expect(looks.withLock { $0 } == 1)
    }

    @Test("a database that lacks a migration, or has one that nobody knows, says which")
    func migrations() async throws {
        let fixture = try await Fixture()
        #expect(await problem(of: .migrations(fixture.database)) == nil)
        let count = Schema.migrations.count
        try await fixture.database.write {
            try $0.run("DELETE FROM schema_migrations WHERE number = \(count)")
        }
        #expect(await problem(of: .migrations(fixture.database)) == "pending")
        try await fixture.database.write { transaction in
            for number in count...count + 1 {
                try transaction.run(
                    """
                    INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (\(number), 'x', 'x', 0)
                    """
                )
            }
        }
        #expect(await problem(of: .migrations(fixture.database)) == "newer")
    }

    @Test("a folder that is missing, a disk that is nearly full, programs that were removed")
    func machine() async throws {
        let fixture = try await Fixture()
        #expect(await problem(of: .storage([fixture.folder], leaving: 0)) == nil)
        #expect(await problem(of: .storage([fixture.folder], leaving: .max)) == "too_full")
        #expect(await problem(of: .storage([fixture.folder, fixture.folder + "/gone"], leaving: 0)) == "missing")
        #expect(await problem(of: .tools(["/bin/sh"])) == nil)
        #expect(await problem(of: .tools(["/bin/sh", fixture.folder + "/ffmpeg"])) == "missing")
    }

    @Test("a worker is missed when it was not heard of, or has ended, and when it comes it is well again")
    func workers() async throws {
        let fixture = try await Fixture()
        let expected = HealthCheck.workers(fixture.database, expected: true, grace: .zero)
        #expect(await problem(of: expected) == "none_alive")
        try await isWell(expected, fixture)
        let old = Timestamp.now - .seconds(60)
        try await fixture.database.write { try $0.run("UPDATE workers SET seen_at = \(old)") }
        #expect(await problem(of: expected) == "none_alive")
        try await isWell(expected, fixture)
        try await fixture.queue.release(worker: "w", crashed: true)
        #expect(await problem(of: expected) == "none_alive")
        let early = HealthCheck.workers(fixture.database, expected: true, grace: .seconds(600))
        #expect(await problem(of: early) == nil, "one has a moment to start")
    }

    /// Whether a worker that was just heard of is not missed: it would be after ten seconds, so it is heard of again.
    private func isWell(_ check: HealthCheck, _ fixture: Fixture) async throws {
        try await eventually {
            try await fixture.queue.announce("w", slots: 5, since: .now)
            return await problem(of: check) == nil
        }
    }

    @Test("where workers come and go, they are missed when work waits")
    func occasionalWorkers() async throws {
        let fixture = try await Fixture()
        let check = HealthCheck.workers(fixture.database, expected: false)
        #expect(await problem(of: check) == nil)
        try await fixture.database.write { transaction in
            try JobQueue.enqueue(EncodeAudio(asset: AssetID(rawValue: 1), version: 1), in: transaction)
        }
        #expect(await problem(of: check) == nil, "it has only just come")
        let old = Timestamp.now - .seconds(120)
        try await fixture.database.write { try $0.run("UPDATE jobs SET run_at = \(old)") }
        #expect(await problem(of: check) == "none_alive")
        #expect(await problem(of: .queue(fixture.database, limit: .seconds(60))) == "too_old")
        #expect(await problem(of: .queue(fixture.database, limit: .seconds(600))) == nil)
        let later = Timestamp.now + .seconds(600)
        try await fixture.database.write { try $0.run("UPDATE jobs SET run_at = \(later)") }
        #expect(await problem(of: .queue(fixture.database, limit: .seconds(60))) == nil, "it is not due")
    }

    @Test("a service is down when one of its own checks fails, and only then")
    func services() async throws {
        let health = Health(
            [
                HealthCheck(.storage) {
                    HealthProblem("too_full", "The disk is nearly full.", detail: "/secret/place")
                },
                HealthCheck(.database) { nil },
            ],
            patience: .seconds(600)
        )
        let system = await StatusChecker(own: health).look()
        #expect(system.status == .unavailable)
        #expect(Set(system.services.keys) == Set(ServiceName.allCases.map(\.rawValue)))
        let down = system.services.filter { $0.value.status == .unavailable }
        #expect(Set(down.keys) == ["upload-manager", "streaming-engine"])
        #expect(down["upload-manager"]?.problems.map(\.code) == ["too_full"])
        let text = String(decoding: try JSONEncoder().encode(system), as: UTF8.self)
        #expect(!text.contains("secret"))
    }

    @Test("services apart are asked each by its own probe, and one that does not answer is down")
    func apart() async throws {
        let well = Health([])
        let checker = StatusChecker([
            ServiceProbe(.uploads) { ServiceProbe.unreachable(.uploads) },
            ServiceProbe(.content) { await well.report(on: .content) },
        ])
        let system = await checker.look()
        #expect(system.status == .unavailable)
        #expect(system.services["content-management"]?.status == .ok)
        #expect(system.services["upload-manager"]?.problems.first?.code == "no_answer")
    }
}

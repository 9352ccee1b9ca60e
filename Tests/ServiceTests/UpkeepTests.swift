import Core
import Foundation
import ObjectStorage
import SQL
import Synchronization
import Testing

@testable import Service

@Suite struct UpkeepTests {
    private static let day = Duration.seconds(86_400)
    private static let zone = TimeZone(identifier: "Europe/Berlin")

    private func upkeep(_ fixture: Fixture, lines: LogLines? = nil) throws -> Upkeep {
        Upkeep(
            database: fixture.database,
            ingest: try fixture.ingest(),
            catalog: fixture.catalog,
            insight: Insight(database: fixture.database),
            configuration: Upkeep.Configuration(timeZone: try #require(Self.zone)),
            logger: lines.map { lines in Logger { lines.add($0) } } ?? .silent
        )
    }

    private final class LogLines: Sendable {
        private let kept = Mutex<[Logger.Entry]>([])
        var entries: [Logger.Entry] { kept.withLock { $0 } }
        func add(_ entry: Logger.Entry) { kept.withLock { $0.append(entry) } }
    }

    private func addFailed(_ id: Int64, at time: Timestamp, status: String = "failed", to fixture: Fixture) async throws
    {
        try await fixture.database.write { transaction in
            try transaction.run(
                """
                INSERT INTO assets (id, user_id, kind, title, description, file_name, file_type, metadata, version,
                    created_at, updated_at)
                VALUES (\(id), 1, 'video', 'A clip', '', 'clip.mp4', 'video/mp4', '{}', 1, \(time), \(time))
                """
            )
            try transaction.run(
                """
                INSERT INTO versions (asset_id, number, status, progress, size, created_at)
                VALUES (\(id), 1, \(status), 0, 1000, \(time))
                """
            )
        }
    }

    private func assets(_ fixture: Fixture) async throws -> [Int64] {
        try await fixture.database.read { try $0.all("SELECT id FROM assets ORDER BY id").map { try $0.get("id") } }
    }

    @Test("what failed more than seven days ago is removed with its objects and its record; all else stays")
    func removes() async throws {
        let fixture = try await Fixture()
        let now = Timestamp.now
        try await addFailed(1, at: now - Self.day * 8, to: fixture)
        try await addFailed(2, at: now - Self.day * 6, to: fixture)
        try await addFailed(3, at: now - Self.day * 80, status: "ready", to: fixture)
        let ingest = try fixture.ingest()
        _ = try await ingest.beginAppended(100)
        let lines = LogLines()
        let counts = try await upkeep(fixture, lines: lines).runIfDue(at: now + .seconds(7200))
        #expect(counts == Upkeep.Counts(uploads: 1, media: 1), "the upload's hour is over, too")
        #expect(try await assets(fixture) == [2, 3])
        let job = try #require(try await fixture.queue.claim(lane: .light, worker: "w"))
        #expect(job.kind == DeleteObjects.kind)
        let line = try #require(lines.entries.last)
        #expect(line.fields["media"] == 1 && line.fields["uploads"] == 1)
    }

    @Test("the trash is emptied of what was in it for its time; what another version may save stays")
    func trash() async throws {
        let fixture = try await Fixture()
        let catalog = Catalog(database: fixture.database, trashPeriod: Self.day)
        let now = Timestamp.now
        for id in 1...4 { try await addFailed(Int64(id), at: now - Self.day * 8, to: fixture) }
        try await catalog.delete(AssetID(rawValue: 1), for: Fixture.owner)
        try await catalog.delete(AssetID(rawValue: 2), for: Fixture.owner)
        let ingest = try fixture.ingest()
        let file = AnnouncedFile(door: "test", fileName: "new.mp4", fileType: "video/mp4", size: 500)
        _ = try await ingest.begin(file, owner: Fixture.owner, target: AssetID(rawValue: 3))
        try await fixture.database.write { transaction in
            try transaction.run("UPDATE assets SET trashed_at = \(now - Self.day * 2) WHERE id = 1")
            try transaction.run(
                """
                INSERT INTO versions (asset_id, number, edition, status, progress, size, created_at)
                VALUES (4, 2, 2, 'processing', 0, 1000, \(now))
                """
            )
        }
        let upkeep = Upkeep(
            database: fixture.database,
            ingest: ingest,
            catalog: catalog,
            insight: Insight(database: fixture.database),
            configuration: Upkeep.Configuration(timeZone: try #require(Self.zone)),
            logger: .silent
        )
        #expect(try await upkeep.runIfDue(at: now) == Upkeep.Counts(trash: 1))
        #expect(try await assets(fixture) == [2, 3, 4])
    }

    @Test("entries of the audit log go after the time that is set, and no sooner")
    func audit() async throws {
        let fixture = try await Fixture()
        let now = Timestamp.now
        for days in [31, 29] {
            try await AuditLog(database: fixture.database, now: { now - Self.day * days })
                .record([.init(.deleteMedium, "asset_\(days)")], by: .commandLine)
        }
        let upkeep = Upkeep(
            database: fixture.database,
            ingest: try fixture.ingest(),
            catalog: fixture.catalog,
            insight: Insight(database: fixture.database),
            configuration: Upkeep.Configuration(keepAudit: Self.day * 30, timeZone: try #require(Self.zone)),
            logger: .silent
        )
        #expect(try await upkeep.runIfDue(at: now) == Upkeep.Counts(audit: 1))
        let left = try await AuditLog(database: fixture.database).entries(.init(), after: nil, limit: 9)
        #expect(left.map(\.object) == ["asset_29"])
    }

    @Test("several processes do it once a day between them, the next day again")
    func once() async throws {
        let fixture = try await Fixture()
        let several = try (0..<4).map { _ in try upkeep(fixture) }
        let start = Timestamp(seconds: 1_700_000_000)
        for (round, time) in [start, start + .seconds(60), start + Self.day].enumerated() {
            let runs = try await withThrowingTaskGroup(of: Bool.self) { group in
                for one in several { group.addTask { try await one.runIfDue(at: time) != nil } }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(runs == (round == 1 ? 0 : 1), "round \(round)")
        }
    }

    @Test("the work of a process that died in it is done by another, once its claim has run out")
    func afterDeath() async throws {
        let fixture = try await Fixture()
        let start = Timestamp(seconds: 1_700_000_000)
        try await fixture.database.write {
            try $0.run(
                "INSERT INTO schedules (name, done_slot, claimed_until) VALUES ('cleanup', 0, \(start + .seconds(300)))"
            )
        }
        let upkeep = try upkeep(fixture)
        #expect(try await upkeep.runIfDue(at: start) == nil)
        #expect(try await upkeep.runIfDue(at: start + .seconds(301)) != nil)
    }

    /// 2023-11-14, a Tuesday in winter (UTC+1), and both days of 2024 on which clocks change.
    @Test(
        "it is due at two in the morning, local time, also when clocks change",
        arguments: [
            (1_700_000_000, 1_699_923_600), (1_699_923_599, 1_699_837_200), (1_699_923_600, 1_699_923_600),
            // 31 March: there is no two o'clock; three is next. 27 October: there are two; once more does no harm.
            (1_711_850_400, 1_711_846_800), (1_729_994_400, 1_729_990_800),
        ] as [(Int64, Int64)]
    )
    func slots(_ now: Int64, _ expected: Int64) async throws {
        let upkeep = try upkeep(try await Fixture())
        #expect(upkeep.lastSlot(before: Timestamp(seconds: now))?.seconds == expected)
    }
}

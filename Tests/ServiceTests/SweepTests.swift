import Core
import Foundation
import SQL
import Service
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct SweepTests {
    private static let later = Timestamp.now + .seconds(7200)

    @Test("what expired, failed long ago, was finished long ago or belongs to nobody goes, and is counted")
    func all() async throws {
        let fixture = try await Fixture()
        let metrics = Metrics()
        let ingest = try fixture.ingest(metrics: metrics)
        let expired = try await ingest.beginAppended(10)
        try await ingest.append([1, 2, 3], to: expired, at: 0)
        let failed = try await ingest.beginAppended(10)
        let finished = try await ingest.beginAppended(2)
        try await ingest.append([1, 2], to: finished, at: 0)
        let kept = try await ingest.beginAppended(10)
        let orphan = fixture.folder + "/staging/\(UUID().uuidString.lowercased()).data"
        let spool = fixture.staged(kept).replacing(".data", with: ".0123.part")
        for path in [orphan, spool] { try Data(count: 5).write(to: URL(fileURLWithPath: path)) }
        let other = fixture.folder + "/staging/notes.txt"
        try Data(count: 5).write(to: URL(fileURLWithPath: other))
        try await fixture.database.write { transaction in
            try transaction.run("UPDATE uploads SET expires_at = 1 WHERE id IN \(list: [expired, finished])")
            try transaction.run(
                "UPDATE uploads SET expires_at = \(Timestamp.now + .seconds(86_400)) WHERE id = \(kept)"
            )
            try transaction.run("UPDATE uploads SET state = 'failed', created_at = 1 WHERE id = \(failed)")
            try transaction.run("UPDATE versions SET sha256 = 'x'")
        }
        let report = try #require(try await ingest.sweep(at: Self.later))
        #expect(report.expired == 1)
        #expect(report.failed == 1)
        #expect(report.finished == 1)
        #expect(report.orphans == 2)
        #expect(report.bytes == 13)
        #expect(try await ingest.offset(of: kept) == 0)
        for id in [expired, failed, finished] {
            #expect(await code { _ = try await ingest.look(id, for: Fixture.owner) } == .notFound)
        }
        #expect(try await fixture.originals().count == 1, "assets stay")
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder + "/staging") == ["notes.txt"])
        let families = await metrics.read()
        let removed = try #require(families.first { $0.name == "telecine_sweep_removed_total" })
        #expect(removed.samples.map(\.value).reduce(0, +) == 5)
        let open = try #require(families.first { $0.name == "telecine_uploads_open" })
        #expect(open.samples.map(\.value) == [1])
    }

    @Test("a final that waits for a partial that is swept fails with the reason, instead of waiting for its own expiry")
    func finals() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let partial = try await ingest.beginAppended(10, isPartial: true)
        let final = try await ingest.concatenate(
            [partial],
            into: Ingest.file(nil),
            written: "final;",
            owner: Fixture.owner
        ).upload.id
        try await fixture.database.write { try $0.run("UPDATE uploads SET expires_at = 1 WHERE id = \(partial)") }
        #expect(try await ingest.sweep()?.expired == 1)
        let failed = try await ingest.settled(final, for: Fixture.owner, within: .zero)
        #expect(failed.state == .failed)
        #expect(failed.error?.contains("was removed") == true)
    }

    @Test("a finished upload whose hash is not known yet keeps its record")
    func unhashed() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let id = try await ingest.beginAppended(2)
        try await ingest.append([1, 2], to: id, at: 0)
        try await fixture.database.write { try $0.run("UPDATE uploads SET expires_at = 1") }
        #expect(try await ingest.sweep(at: Self.later)?.isEmpty == true)
    }

    @Test("fresh files of nobody stay: their upload may be about to be recorded")
    func fresh() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let path = fixture.folder + "/staging/\(UUID().uuidString.lowercased()).data"
        try Data(count: 5).write(to: URL(fileURLWithPath: path))
        #expect(try await ingest.sweep()?.isEmpty == true)
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test("one sweeps at a time")
    func once() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let other = open(fixture.folder + "/staging.sweep", O_RDWR | O_CREAT, 0o600)
        #expect(flock(other, LOCK_EX | LOCK_NB) == 0)
        #expect(try await ingest.sweep() == nil)
        close(other)
        #expect(try await ingest.sweep() != nil)
    }
}

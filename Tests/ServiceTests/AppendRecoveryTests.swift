import Core
import Crypto
import Foundation
import ObjectStorage
import SQL
import Service
import Testing

/// What a process that died at any step of an appended upload has left is taken up by the next one.
@Suite struct AppendRecoveryTests {
    @Test("bytes in the file count after a restart, also those of a request that never ended")
    func resume() async throws {
        let fixture = try await Fixture()
        let bytes = noise(5000)
        let before = try fixture.ingest()
        let id = try await before.beginAppended(5000)
        let untouched = try await before.beginAppended(5000)
        try await before.append(Array(bytes[..<1000]), to: id, at: 0)
        let torn = try await before.appendAndStall(Array(bytes[1000..<1700]), to: id, at: 1000)
        defer { torn.cancel() }

        let after = try fixture.ingest()
        try await after.recover()
        #expect(try await after.offset(of: untouched) == 0)
        #expect(try await after.offset(of: id) == 1700)
        try await after.append(Array(bytes[1700...]), to: id, at: 1700)
        #expect(try await fixture.content(of: id, by: after) == bytes)
    }

    @Test("a piece that was not verified is cut off, also when it was the last", arguments: [500, 1500])
    func unverified(received: Int) async throws {
        let fixture = try await Fixture()
        let bytes = noise(2500)
        let before = try fixture.ingest()
        let id = try await before.beginAppended(2500)
        try await before.append(Array(bytes[..<1000]), to: id, at: 0)
        let checksum = try PieceChecksum(.sha256, expected: SHA256.hash(Array(bytes[1000...])))
        let wrong = noise(received, seed: 5)
        let torn = try await before.appendAndStall(wrong, to: id, at: 1000, checksum: checksum)
        defer { torn.cancel() }

        let after = try fixture.ingest()
        try await after.recover()
        #expect(try await after.offset(of: id) == 1000)
        #expect(try await after.look(id, for: Fixture.owner).upload.state == .receiving)
        // The next piece is shorter than what is cut: nothing of that must show behind it.
        try await after.append(Array(bytes[1000..<1100]), to: id, at: 1000)
        #expect(try await after.offset(of: id) == 1100)
        try await after.append(Array(bytes[1100...]), to: id, at: 1100)
        #expect(try await fixture.content(of: id, by: after) == bytes)
    }

    @Test("the last byte completes the upload, when the process died right after it", arguments: [false, true])
    func lastByte(isMoved: Bool) async throws {
        let fixture = try await Fixture()
        let bytes = noise(2500)
        let before = try fixture.ingest()
        let id = try await before.beginAppended(2500)
        try await before.append(bytes, to: id, at: 0)
        try await rewind(fixture, id, toState: isMoved ? "validating" : "receiving", isMoved: isMoved)

        let after = try fixture.ingest()
        try await after.recover()
        let background = Task { await after.runBackground() }
        defer { background.cancel() }
        let deadline = ContinuousClock.now + .seconds(300)
        while try await after.look(id, for: Fixture.owner).upload.state != .complete {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try await fixture.content(of: id, by: after) == bytes)
        #expect(try await fixture.catalog.assets(of: Fixture.owner, page: 1, limit: 10).total == 1)
    }

    /// Puts database and disk back to where they stood before the asset was made.
    private func rewind(_ fixture: Fixture, _ id: UploadID, toState state: String, isMoved: Bool) async throws {
        let original = try #require(try await fixture.originals().first)
        let path = try #require(fixture.store.localPath(original.key))
        if !isMoved { try FileManager.default.moveItem(atPath: path, toPath: fixture.staged(id)) }
        try await fixture.database.write { transaction in
            try transaction.run("DELETE FROM assets")
            try transaction.run("DELETE FROM jobs")
            try transaction.run("UPDATE uploads SET state = \(state)")
            if !isMoved { try transaction.run("UPDATE uploads SET asset_id = NULL") }
        }
    }

    @Test(
        "a final is made by the next process, whatever its making left",
        arguments: ["", "some garbage that is longer"]
    )
    func finals(left: String) async throws {
        let fixture = try await Fixture()
        let before = try fixture.ingest()
        let (one, two) = (noise(900), noise(1100, seed: 4))
        let first = try await before.beginAppended(one.count, isPartial: true)
        let second = try await before.beginAppended(two.count, isPartial: true)
        let whole = try await before.concatenate(
            [first, second, first],
            into: Ingest.file(nil),
            written: "final;",
            owner: Fixture.owner
        ).upload.id
        #expect(try await before.look(whole, for: Fixture.owner).upload.size == 2900)
        try await before.append(one, to: first, at: 0)
        try await before.append(two, to: second, at: 0)
        // As if the process had died before the last partial was known to be whole.
        try await fixture.database.write { transaction in
            try transaction.run("DELETE FROM assets")
            try transaction.run("UPDATE uploads SET state = 'receiving' WHERE id = \(second)")
            try transaction.run("UPDATE uploads SET state = 'created', asset_id = NULL WHERE id = \(whole)")
        }
        try Data(left.utf8).write(to: URL(fileURLWithPath: fixture.staged(whole)))

        let after = try fixture.ingest()
        try await after.recover()
        #expect(try await fixture.content(of: whole, by: after) == one + two + one)
    }
}

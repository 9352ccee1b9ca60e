import Core
import Foundation
import ObjectStorage
import SQL
import Service
import Testing

/// What a process that died at any step has left is taken up by the next one.
@Suite struct IngestRecoveryTests {
    @Test("acknowledged parts are there after a restart, and only the missing ones are asked for")
    func resume() async throws {
        let fixture = try await Fixture()
        let bytes = noise(9500)
        let before = try fixture.ingest()
        let upload = try await before.begin(bytes)
        for number in [1, 4, 7] { try await before.send(number, of: bytes, to: upload) }
        let torn = try await before.admit(upload.id, for: Fixture.owner).open(number: nil)
        try bytes[..<500].withUnsafeBytes { try torn.write($0) }

        let after = try fixture.ingest()
        try await after.recover()
        let status = try await after.status(of: upload.id, for: Fixture.owner)
        #expect(status.upload.received == 3)
        #expect(status.missing == [0, 2, 3, 5, 6, 8, 9])
        for number in status.missing { try await after.send(number, of: bytes, to: upload) }
        #expect(try await after.status(of: upload.id, for: Fixture.owner).upload.state == .complete)
        #expect(try await content(fixture) == bytes)
        #expect(try await becomesEmpty(fixture.folder + "/staging"))
    }

    @Test(
        "a completion that was cut at any step is completed once",
        arguments: [
            "UPDATE uploads SET state = 'receiving', asset_id = NULL",
            "UPDATE uploads SET state = 'validating'",
            "UPDATE uploads SET state = 'validating', error = 'moved'",
        ]
    )
    func halfComplete(step: String) async throws {
        let fixture = try await Fixture()
        let bytes = noise(2500)
        let before = try fixture.ingest()
        let upload = try await before.begin(bytes)
        for number in 0..<3 { try await before.send(number, of: bytes, to: upload) }
        try await rewind(fixture, upload, to: step)

        let after = try fixture.ingest()
        try await after.recover()
        let background = Task { await after.runBackground() }
        defer { background.cancel() }
        #expect(try await after.wait(for: upload, [.complete, .failed]).state == .complete)
        #expect(try await content(fixture) == bytes)
        #expect(try await fixture.catalog.assets(of: Fixture.owner, page: 1, limit: 10).total == 1)
    }

    /// Puts database and disk back to where they stood when the process died before the asset was made.
    private func rewind(_ fixture: Fixture, _ upload: Upload, to step: String) async throws {
        let original = try #require(try await fixture.originals().first)
        let path = try #require(fixture.store.localPath(original.key))
        let staged = "\(fixture.folder)/staging/\(upload.id).data"
        try await fixture.database.write { transaction in
            try transaction.run("DELETE FROM assets")
            try transaction.run("DELETE FROM jobs")
            for number in 0..<3 {
                try transaction.run("INSERT INTO upload_parts (upload_id, number) VALUES (\(upload.id), \(number))")
            }
            switch step {
            case "UPDATE uploads SET state = 'receiving', asset_id = NULL":
                try transaction.run("UPDATE uploads SET state = 'receiving', asset_id = NULL")
            default: try transaction.run("UPDATE uploads SET state = 'validating'")
            }
        }
        // The last case: the file was moved already, only the transaction is missing.
        if !step.contains("moved") { try FileManager.default.moveItem(atPath: path, toPath: staged) }
    }

    private func content(_ fixture: Fixture) async throws -> [UInt8] {
        let originals = try await fixture.originals()
        #expect(originals.count == 1)
        let original = try #require(originals.first)
        let path = try #require(fixture.store.localPath(original.key))
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}

import Core
import Foundation
import ObjectStorage
import SQL
import Testing

@testable import Service

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Requests for the same part, and ends of an upload while a part is on its way.
@Suite struct IngestRaceTests {
    private func write(_ bytes: ArraySlice<UInt8>, to writer: PartWriter) throws {
        try bytes.withUnsafeBytes { try writer.write($0) }
    }

    private func content(_ fixture: Fixture) async throws -> [UInt8] {
        let original = try #require(try await fixture.originals().first)
        let path = try #require(fixture.store.localPath(original.key))
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test("a slow request cannot change a part that a faster one was acknowledged for", arguments: [true, false])
    func slowWriter(finishesBefore: Bool) async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(2500)
        let other = noise(2500, seed: 7)
        let upload = try await ingest.begin(bytes)
        let ticket = try await ingest.admit(upload.id, for: Fixture.owner)
        let slow = try ticket.open(number: 1)
        try write(other[1000..<1400], to: slow)
        try await ingest.send(1, of: bytes, to: upload)
        if finishesBefore { try write(other[1400..<2000], to: slow) }
        try await ingest.send(0, of: bytes, to: upload)
        try await ingest.send(2, of: bytes, to: upload)
        if !finishesBefore { try write(other[1400..<2000], to: slow) }
        let receipt = try await ingest.commit(slow, number: 1, total: nil, for: ticket)
        #expect(receipt.received == 3 && receipt.total == 3)
        #expect(try await content(fixture) == bytes)
    }

    @Test("of many requests for one part with different bytes, one wins whole", arguments: [true, false])
    func contest(known: Bool) async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest(partSize: 100_000, maximumSize: 1 << 20)
        for round in 0..<5 {
            let candidates = (0..<8).map { noise(150_000, seed: UInt64(round * 8 + $0 + 1)) }
            let upload = try await ingest.begin(candidates[0])
            let staged = "\(fixture.folder)/staging/\(upload.id).data"
            // What the file has when the first request is answered must stay.
            let seen = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for (index, bytes) in candidates.enumerated() {
                    group.addTask {
                        try await ingest.send(0, of: bytes, to: upload, known: known || index % 2 == 0)
                        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: staged)))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(seen).count == 1)
            #expect(candidates.contains { Array($0[..<100_000]) == seen[0] })
        }
    }

    @Test("an upload that is receiving is not swept; after a long silence it is, and its part not acknowledged")
    func swept() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(2500)
        let upload = try await ingest.begin(bytes)
        let ticket = try await ingest.admit(upload.id, for: Fixture.owner)
        let (writer, spool) = (try ticket.open(number: 0), try ticket.open(number: nil))
        for writer in [writer, spool] { try write(bytes[..<500], to: writer) }
        // As if these bytes had come just before the upload expired.
        let staging = fixture.folder + "/staging"
        let end = Date(timeIntervalSince1970: TimeInterval(upload.expiresAt.seconds))
        for name in try FileManager.default.contentsOfDirectory(atPath: staging) {
            try FileManager.default.setAttributes([.modificationDate: end], ofItemAtPath: "\(staging)/\(name)")
        }
        #expect(try await ingest.sweep(at: upload.expiresAt + .seconds(1))?.expired == 0)
        #expect(try await ingest.status(of: upload.id, for: Fixture.owner).upload.state == .created)
        #expect(try await ingest.sweep(at: upload.expiresAt + .seconds(7200))?.expired == 1)
        for writer in [writer, spool] {
            try write(bytes[500..<1000], to: writer)
            #expect(await code { _ = try await ingest.commit(writer, number: 0, total: nil, for: ticket) } == .notFound)
        }
        #expect(try await becomesEmpty(fixture.folder + "/staging"))
    }

    @Test("an upload whose last part is there is not swept, however old")
    func fullIsNotSwept() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let upload = try await ingest.begin(noise(1000))
        try await fixture.database.write { try $0.run("UPDATE uploads SET state = 'receiving', received = parts") }
        #expect(try await ingest.sweep(at: upload.expiresAt + .seconds(7200))?.isEmpty == true)
    }

    @Test("when the storage refuses the whole file, the last part still counts and the upload ends later by itself")
    func storageFails() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let background = Task { await ingest.runBackground() }
        defer { background.cancel() }
        let bytes = noise(2500)
        let upload = try await ingest.begin(bytes)
        let obstacle = fixture.folder + "/objects/assets"
        try Data().write(to: URL(fileURLWithPath: obstacle))
        for number in 0..<2 { try await ingest.send(number, of: bytes, to: upload) }
        let last = try await ingest.send(2, of: bytes, to: upload)
        #expect(last.received == 3)
        #expect(try await ingest.send(2, of: bytes, to: upload) == last)
        #expect(try await ingest.status(of: upload.id, for: Fixture.owner).upload.state != .complete)
        try FileManager.default.removeItem(atPath: obstacle)
        #expect(try await ingest.wait(for: upload, [.complete, .failed]).state == .complete)
        #expect(try await content(fixture) == bytes)
    }

    @Test(
        "a staged file that vanished fails the upload in words, with and without a stated hash",
        arguments: [true, false]
    )
    func lostFile(hashed: Bool) async throws {
        let fixture = try await Fixture()
        let before = try fixture.ingest()
        let bytes = noise(1000)
        let upload = try await before.begin(bytes, hash: hashed ? sha256(bytes) : nil)
        try await fixture.database.write { transaction in
            try transaction.run("UPDATE uploads SET state = 'receiving', received = parts")
        }
        let after = try fixture.ingest()
        try await after.recover()
        let background = Task { await after.runBackground() }
        defer { background.cancel() }
        let failed = try await after.wait(for: upload, [.complete, .failed])
        #expect(failed.state == .failed)
        #expect(failed.error?.contains("Upload it again") == true)
    }

    @Test("an upload that its client ends while the last part arrives leaves its asset or nothing, never a lost file")
    func ended() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        for round in 0..<80 {
            let bytes = noise(1500, seed: UInt64(round + 1))
            let upload = try await ingest.begin(bytes)
            try await ingest.send(0, of: bytes, to: upload)
            async let last = code { try await ingest.send(1, of: bytes, to: upload) }
            async let end = code { try await ingest.terminate(upload.id, for: Fixture.owner) }
            let (sent, ended) = await (last, end)
            #expect([nil, .notFound, .gone].contains(sent))
            #expect([nil, .conflict].contains(ended))
        }
        let assets = try await fixture.catalog.assets(of: Fixture.owner, page: 1, limit: 10).total
        #expect(try await fixture.originals().count == assets)
        #expect(try await becomesEmpty(fixture.folder + "/staging"))
    }

    @Test("a hash that somebody waits for is not held up by one that nobody waits for")
    func hashes() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let background = Task { await ingest.runBackground() }
        defer { background.cancel() }
        let (bytes, other) = (noise(1000), noise(1000, seed: 2))
        // Opening it for reading lasts until it is opened for writing: a hash that takes as long as the test likes.
        let endless = fixture.folder + "/endless"
        try #require(mkfifo(endless, 0o600) == 0)
        let patient = try await ingest.begin(other)
        ingest.hasher(of: patient).advance(UploadID(random: noise(16)), path: endless, to: 1)
        try await ingest.send(0, of: other, to: patient)
        let small = try await ingest.begin(bytes, hash: sha256(bytes))
        try await ingest.send(0, of: bytes, to: small)
        #expect(try await ingest.wait(for: small, [.complete, .failed]).state == .complete)
        #expect(try await fixture.hashes().compactMap(\.self) == [sha256(bytes)])
        let end = open(endless, O_RDWR)
        defer { close(end) }
        try await eventually { Set(try await fixture.hashes()) == [sha256(bytes), sha256(other)] }
    }

    @Test("files of uploads that are no more are removed at the next start; those of open ones stay")
    func orphans() async throws {
        let fixture = try await Fixture()
        let before = try fixture.ingest()
        let bytes = noise(2500)
        let open = try await before.begin(bytes)
        try await before.send(1, of: bytes, to: open)
        let gone = UploadID(random: noise(16))
        for name in ["\(gone).data", "\(gone).00ff.part"] {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(fixture.folder)/staging/\(name)"))
        }
        try await fixture.ingest().recover()
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: fixture.folder + "/staging") == ["\(open.id).data"]
        )
    }
}

import Core
import Foundation
import ObjectStorage
import SQL
import Service
import Testing

@Suite struct IngestTests {
    @Test("parts in any order, at once, before and after their numbers, become the file", arguments: [true, false])
    func anyOrder(known: Bool) async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(25_300)
        let upload = try await ingest.begin(bytes)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in (0..<upload.parts).shuffled() {
                group.addTask { try await ingest.send(number, of: bytes, to: upload, known: known) }
            }
            try await group.waitForAll()
        }
        let done = try await ingest.status(of: upload.id, for: Fixture.owner).upload
        #expect(done.state == .complete)
        let original = try #require(try await fixture.originals().first)
        let path = try #require(fixture.store.localPath(original.key))
        #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == bytes)
        let asset = try await fixture.catalog.asset(try #require(done.assetID), for: Fixture.owner)
        #expect(asset.title == "A clip")
        #expect(try await fixture.queue.claim(lane: .light, worker: "w")?.kind == "asset.prepare")
    }

    @Test("a repeated part changes nothing, even with other bytes, and after completion answers as the first time")
    func repeated() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(2500)
        let upload = try await ingest.begin(bytes)
        let first = try await ingest.send(1, of: bytes, to: upload)
        #expect(try await ingest.send(1, of: noise(2500, seed: 9), to: upload) == first)
        #expect(try await ingest.send(1, of: noise(2500, seed: 9), to: upload, known: false) == first)
        try await ingest.send(0, of: bytes, to: upload)
        let last = try await ingest.send(2, of: bytes, to: upload)
        #expect(last.number == 2 && last.received == 3 && last.total == 3)
        #expect(try await ingest.send(2, of: bytes, to: upload) == last)
        let original = try #require(try await fixture.originals().first)
        let path = try #require(fixture.store.localPath(original.key))
        #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == bytes)
        #expect(try await fixture.catalog.assets(of: Fixture.owner, page: 1, limit: 10).total == 1)
    }

    @Test("a stated hash is verified: the right one completes, a wrong one fails with the reason")
    func statedHash() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(3000)
        let background = Task { await ingest.runBackground() }
        defer { background.cancel() }
        let good = try await ingest.begin(bytes, hash: sha256(bytes).uppercased())
        let bad = try await ingest.begin(bytes, hash: String(repeating: "0", count: 64))
        for number in [2, 0, 1] {
            try await ingest.send(number, of: bytes, to: good)
            try await ingest.send(number, of: bytes, to: bad)
        }
        #expect(try await ingest.wait(for: good, [.complete, .failed]).state == .complete)
        let failed = try await ingest.wait(for: bad, [.complete, .failed])
        #expect(failed.state == .failed)
        #expect(failed.error?.contains(sha256(bytes)) == true)
        #expect(await code { try await ingest.send(0, of: bytes, to: bad) } == .conflict)
        #expect(try await becomesEmpty(fixture.folder + "/staging"))
    }

    @Test("what cannot be is refused, names its field, and leaves the upload as it was")
    func refusals() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest(maximumSize: 10_000)
        let bytes = noise(2500)
        #expect(await code { _ = try await ingest.begin([]) } == .invalidRequest)
        #expect(await code { _ = try await ingest.begin(noise(10_001)) } == .tooLarge)
        #expect(await code { _ = try await ingest.begin(bytes, hash: "beef") } == .invalidRequest)
        let upload = try await ingest.begin(bytes)
        #expect(await code { _ = try await ingest.admit(upload.id, for: Fixture.stranger) } == .forbidden)
        #expect(
            await code { _ = try await ingest.admit(UploadID(random: noise(16)), for: Fixture.owner) } == .notFound
        )
        let ticket = try await ingest.admit(upload.id, for: Fixture.owner)
        #expect(await code { _ = try ticket.open(number: 3) } == .invalidRequest)
        for number in [0, nil] {
            let short = try ticket.open(number: number)
            try [UInt8](repeating: 1, count: 999).withUnsafeBytes { try short.write($0) }
            #expect(
                await code { _ = try await ingest.commit(short, number: 0, total: nil, for: ticket) } == .invalidRequest
            )
            let long = try ticket.open(number: number)
            let refused = await code { try [UInt8](repeating: 1, count: 1001).withUnsafeBytes { try long.write($0) } }
            #expect(refused == (number == nil ? .tooLarge : .invalidRequest))
            await ingest.abandon(long)
        }
        let total = try ticket.open(number: nil)
        try bytes[..<1000].withUnsafeBytes { try total.write($0) }
        #expect(await code { _ = try await ingest.commit(total, number: 0, total: 4, for: ticket) } == .invalidRequest)
        let now = try await ingest.status(of: upload.id, for: Fixture.owner)
        #expect(now.upload.state == .created)
        #expect(now.missing == [0, 1, 2])
    }

    @Test(
        "a name or a type that would end a line is refused, by its field",
        arguments: [("a\r\nb.mp4", "video/mp4", "filename"), ("a.mp4", "video/mp4\r\nX: y", "fileType")]
    )
    func controlCharacters(name: String, type: String, field: String) async throws {
        let ingest = try await Fixture().ingest()
        let error = await #expect(throws: ServiceError.self) {
            try await ingest.begin(
                AnnouncedFile(door: "test", fileName: name, fileType: type, size: 1),
                owner: Fixture.owner
            )
        }
        #expect(error?.code == .invalidRequest && error?.field == field)
    }

    @Test("an expired upload takes no more parts, and is swept with its file")
    func expiry() async throws {
        let fixture = try await Fixture()
        let bytes = noise(2500)
        let before = try fixture.ingest()
        let upload = try await before.begin(bytes)
        try await before.send(0, of: bytes, to: upload)
        let past = Timestamp.now - .seconds(1)
        try await fixture.database.write { try $0.run("UPDATE uploads SET expires_at = \(past)") }
        let ingest = try fixture.ingest()
        #expect(await code { try await ingest.send(1, of: bytes, to: upload) } == .gone)
        #expect(try await ingest.sweep(at: .now)?.expired == 0, "a file that was just written to is being received")
        #expect(try await ingest.sweep(at: .now + .seconds(600))?.expired == 1)
        #expect(await code { try await ingest.send(1, of: bytes, to: upload) } == .notFound)
        #expect(try await becomesEmpty(fixture.folder + "/staging"))
    }
}

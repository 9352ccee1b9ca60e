import Core
import Foundation
import SQL
import Service
import Testing

/// What one user may have under way.
@Suite struct IngestLimitsTests {
    @Test("one upload too many is refused and told when to come again; a finished or deleted one makes room")
    func count() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest { $0.user = UserLimits(openUploads: 2) }
        let bytes = noise(1000)
        let upload = try await ingest.begin(bytes)
        let appended = try await ingest.beginAppended(10)
        let refused = await #expect(throws: ServiceError.self) { try await ingest.begin(bytes) }
        #expect(refused?.code == .tooManyRequests)
        #expect(refused?.retryAfter != nil)
        #expect(refused?.message.contains("2 unfinished uploads") == true)
        #expect(await code { _ = try await ingest.beginAppended(10) } == .tooManyRequests)
        _ = try await ingest.begin(bytes, owner: Fixture.stranger)
        try await ingest.send(0, of: bytes, to: upload)
        _ = try await ingest.beginAppended(10)
        try await ingest.terminate(appended, for: Fixture.owner)
        _ = try await ingest.begin(bytes)
    }

    @Test("bytes under way are counted over all doors; a length that is to come counts as the longest of its door")
    func bytes() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest(maximumSize: 600) { $0.user = UserLimits(openBytes: 1000) }
        _ = try await ingest.begin(noise(500))
        #expect(await code { _ = try await ingest.beginAppended(501) } == .tooManyRequests)
        #expect(await code { _ = try await ingest.beginAppended(nil) } == .tooManyRequests)
        #expect(try await ingest.largestFile(at: "test") == 600)
        #expect(try await ingest.largestFile(at: "test", for: Fixture.owner) == 500)
        #expect(try await ingest.largestFile(at: "test", for: Fixture.stranger) == 600)
        _ = try await ingest.beginAppended(500)
        #expect(try await ingest.largestFile(at: "test", for: Fixture.owner) == 0)
    }

    @Test("what nobody could ever send is too large, not too much for now")
    func never() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest { $0.user = UserLimits(openBytes: 1000) }
        #expect(await code { _ = try await ingest.begin(noise(1001)) } == .tooLarge)
        #expect(try await ingest.largestFile(at: "test") == 1000)
    }

    @Test("partial uploads count while they stay, and a final that is made of them counts nothing twice")
    func concatenation() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest { $0.user = UserLimits(openUploads: 4, openBytes: 10) }
        var partials: [UploadID] = []
        for _ in 0..<2 {
            let id = try await ingest.beginAppended(4, isPartial: true)
            try await ingest.append([1, 2, 3, 4], to: id, at: 0)
            partials.append(id)
        }
        #expect(await code { _ = try await ingest.beginAppended(4) } == .tooManyRequests)
        let final = try await ingest.concatenate(
            partials,
            into: Ingest.file(nil),
            written: "final;",
            owner: Fixture.owner
        )
        #expect(final.isComplete)
        for id in partials { try await ingest.terminate(id, for: Fixture.owner) }
        _ = try await ingest.beginAppended(10)
    }

    @Test("expired uploads count no more, swept or not")
    func expired() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest { $0.user = UserLimits(openUploads: 1) }
        _ = try await ingest.beginAppended(4)
        try await fixture.database.write { try $0.run("UPDATE uploads SET expires_at = 1") }
        _ = try await ingest.beginAppended(4)
    }

    @Test("what cannot fit on the disk is refused before a byte of it is sent")
    func room() async throws {
        let fixture = try await Fixture()
        let open = try fixture.ingest(maximumSize: .max) { $0.user = UserLimits(openBytes: .max) }
        let full = await #expect(throws: ServiceError.self) {
            try await open.begin(Ingest.file(1 << 60), owner: Fixture.owner)
        }
        #expect(full?.code == .insufficientStorage)
        #expect(full?.retryAfter != nil)
    }
}

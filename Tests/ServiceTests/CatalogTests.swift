import Core
import ObjectStorage
import SQL
import Testing

@testable import Service

@Suite struct CatalogTests {
    @Test("a deleted asset is gone with its upload and all its jobs, running and buried ones too; its objects follow")
    func deletion() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let (fixture, id, queue) = (asset.fixture, asset.id, asset.fixture.queue)
        _ = try await fixture.store.put(try AssetKeys.original(id, version: 1), bytes: [1])
        try await fixture.database.write { transaction in
            try JobQueue.enqueue(RemuxMP4(asset: id, version: 1, rendition: "360p"), in: transaction)
            try JobQueue.enqueue(EncodeChunk(asset: id, version: 1, first: 0, count: 3), in: transaction)
            try JobQueue.enqueue(EncodeAudio(asset: id, version: 1), in: transaction)
        }
        let remux = try #require(try await queue.claim(lane: .light, worker: "w"))
        let chunk = try #require(try await queue.claim(lane: .heavy, worker: "w"))
        try await queue.bury(chunk.id, worker: "w", reason: "broken")
        try await fixture.catalog.delete(id, for: Fixture.owner)
        #expect(try await queue.heartbeat(remux.id, worker: "w") == false, "its worker is told to stop")
        #expect(await code { _ = try await asset.record } == .notFound)
        for table in ["versions", "renditions", "segments"] as [StaticString] {
            let left = try await fixture.database.read { try $0.first("SELECT 1 FROM \(identifier: table)") }
            #expect(left == nil)
        }
        let claim = try #require(try await queue.claim(lane: .light, worker: "w"))
        #expect(claim.kind == DeleteObjects.kind)
        let jobs = try await fixture.database.read { try $0.all("SELECT id FROM jobs") }
        #expect(jobs.count == 1)
        #expect(await code { try await fixture.catalog.delete(id, for: Fixture.owner) } == .notFound)
    }

    @Test("nobody deletes, or sees, what is somebody else's")
    func foreign() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let catalog = asset.fixture.catalog
        #expect(await code { try await catalog.delete(asset.id, for: Fixture.stranger) } == .forbidden)
        #expect(await code { _ = try await catalog.asset(asset.id, for: Fixture.stranger) } == .forbidden)
        #expect(try await catalog.assets(of: Fixture.stranger, page: 1, limit: 10).total == 0)
        #expect(try await asset.status == "processing 0")
    }
}

@Suite struct PlaybackEventTests {
    @Test("the contract's events are taken, and the names that its own player uses")
    func kinds() throws {
        for word in ["play", "pause", "seek", "buffer", "quality_change", "error", "ended"] {
            let event = try PlaybackEvent(event: word, position: 30.5, quality: "720p", buffering: false)
            #expect(event.kind.rawValue == word && event.position == .milliseconds(30_500))
        }
        for word in ["seeking", "seeked"] {
            #expect(try PlaybackEvent(event: word, position: nil, quality: nil, buffering: nil).kind == .seek)
        }
    }

    @Test("what no player can mean is refused and named")
    func refused() {
        func field(_ event: String, _ position: Double?, _ quality: String?) -> String? {
            do {
                _ = try PlaybackEvent(event: event, position: position, quality: quality, buffering: nil)
                return nil
            } catch {
                return (error as? ServiceError)?.field
            }
        }
        #expect(field("explode", 1, nil) == "event")
        for position in [-1, .nan, .infinity, 1e300] { #expect(field("play", position, nil) == "position") }
        #expect(field("play", 1, String(repeating: "x", count: 33)) == "quality")
    }
}

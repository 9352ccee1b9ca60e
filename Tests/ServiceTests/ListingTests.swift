import Core
import SQL
import Testing

@testable import Service

@Suite struct ListingTests {
    @Test("a filter lets through what has all it asks for, newest first, page by page")
    func filters() async throws {
        let fixture = try await Fixture()
        try await fixture.database.write { transaction in
            for id in Int64(1)...12 {
                let (kind, status) = (id % 3 == 0 ? "audio" : "video", id % 2 == 0 ? "ready" : "failed")
                let owner = id <= 8 ? Fixture.owner : Fixture.stranger
                try transaction.run(
                    """
                    INSERT INTO assets (id, user_id, kind, title, description, file_name, file_type, metadata, version,
                        created_at, updated_at)
                    VALUES (\(id), \(owner), \(kind), 'A', '', 'a', '', '{}', 1, \(id), \(id))
                    """
                )
                try transaction.run(
                    """
                    INSERT INTO versions (asset_id, number, status, progress, size, created_at)
                    VALUES (\(id), 1, \(status), 0, 10, \(id))
                    """
                )
            }
        }
        func ids(_ page: Int = 1, _ limit: Int = 100, _ change: (inout AssetFilter) -> Void) async throws -> [Int64] {
            var filter = AssetFilter()
            change(&filter)
            return try await fixture.catalog.assets(filter, page: page, limit: limit).assets.map(\.id.rawValue)
        }
        #expect(try await ids { _ in } == Array((1...12).reversed()))
        #expect(try await ids(2, 5) { _ in } == [7, 6, 5, 4, 3])
        #expect(try await ids { $0.owner = Fixture.stranger } == [12, 11, 10, 9])
        #expect(try await ids { $0.kind = "audio" } == [12, 9, 6, 3])
        #expect(
            try await ids {
                $0.kind = "audio"; $0.statuses = [.ready]
            } == [12, 6]
        )
        #expect(try await ids { $0.statuses = [] } == [])
        #expect(
            try await ids {
                $0.createdFrom = Timestamp(microseconds: 3)
                $0.createdBefore = Timestamp(microseconds: 5)
            } == [4, 3]
        )
        let totals = try await fixture.catalog.totals(of: Fixture.owner)
        #expect(totals.count == 8 && totals.byKind == ["video": 6, "audio": 2] && totals.bytes == 80)
        #expect(totals.byStatus == [.ready: 4, .failed: 4] && totals.uploading == 0)
    }

    @Test("a buried job comes back with all its attempts; one whose medium has failed does not")
    func revive() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let (fixture, queue, id) = (asset.fixture, asset.fixture.queue, asset.id)
        try await fixture.database.write {
            try JobQueue.enqueue(MakePoster(asset: id, version: 1), in: $0)
        }
        let claim = try #require(try await queue.claim(lane: .light, worker: "w"))
        #expect(await code { try await queue.revive(claim.id) } == .conflict, "it runs")
        try await queue.bury(claim.id, worker: "w", reason: "no luck")
        let dead = try await queue.overview(state: "dead", kind: nil, page: 1, limit: 10)
        #expect(dead.total == 1 && dead.jobs.first?.reason == "no luck" && dead.jobs.first?.asset == id)
        try await queue.revive(claim.id)
        let again = try #require(try await queue.claim(lane: .light, worker: "w"))
        #expect(again.id == claim.id && again.attempts == 0)
        try await queue.bury(claim.id, worker: "w", reason: "no luck again")
        try await fixture.database.write { try VersionState.fail(id, 1, reason: "broken", in: $0) }
        #expect(await code { try await queue.revive(claim.id) } == .conflict)
        try await queue.forget(claim.id)
        #expect(await code { try await queue.forget(claim.id) } == .notFound)
    }
}

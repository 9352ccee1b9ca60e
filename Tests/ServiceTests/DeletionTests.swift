import Core
import SQL
import Testing

@testable import Service

/// What is left of a recording that was watched, shared, captioned and tagged when it is deleted for good.
@Suite("Deleting for good") struct DeletionTests {
    /// Tables of recordings, each of which the test fills.
    private static let own: [StaticString] = [
        "assets", "versions", "renditions", "segments", "derivatives", "captions", "asset_tags",
        "asset_search", "uploads", "shares", "share_views", "playback_events", "playback_sessions", "playback_days",
        "playback_parts", "playback_curves", "playback_viewers", "youtube_videos",
    ]
    /// Tables of other things; `upload_…` go with their upload, counts are counts, revocations expire by themselves.
    private static let others: [StaticString] = [
        "schema_migrations", "users", "sessions", "invitations", "api_keys", "audit_entries", "schedules", "jobs",
        "workers", "job_statistics", "encode_statistics", "storage_counts", "asset_counts", "revocations",
        "playback_salts", "upload_parts", "upload_sessions", "upload_sources",
    ]

    private func filled(_ fixture: Fixture) async throws -> Set<String> {
        try await fixture.database.read { connection in
            let names = try Self.own.filter { name in
                try connection.first("SELECT 1 FROM \(identifier: name) LIMIT 1") != nil
            }
            return Set(names.map(\.description))
        }
    }

    /// Everything that can be known of one recording.
    private func live() async throws -> InsightUnderTest {
        let under = try await InsightUnderTest()
        let (id, fixture) = (under.asset.id, under.asset.fixture)
        for name in ["720p", "360p", "audio"] { try await under.asset.publish(name, 0..<3) }
        var changes = AssetChanges()
        changes.tags = ["sea"]
        _ = try await fixture.catalog.change(id, changes, for: Fixture.owner)
        _ = try await Captions(catalog: fixture.catalog).set(
            Array("1\n00:00:01,000 --> 00:00:02,000\nHello\n".utf8),
            language: try LanguageTag("de"),
            of: id,
            for: Fixture.owner
        )
        let upload = try await fixture.ingest().begin(noise(1000))
        let record = try await under.asset.record
        try await fixture.database.write { transaction in
            let details = try YouTubeDetails(title: nil, ownTitle: "A clip")
            try YouTubeVideo.begin(record, details, session: nil, in: transaction)
            try Derivative(name: "small", fileExtension: "jpg", mimeType: "image/jpeg", bytes: 9)
                .record(for: id, version: 1, in: transaction)
            try transaction.run("UPDATE uploads SET asset_id = \(id), state = 'complete' WHERE id = \(upload.id)")
        }
        let share = try await under.share()
        let delivery = Delivery(
            database: fixture.database,
            catalog: fixture.catalog,
            store: fixture.store,
            keys: StreamKeys(secrets: [Array(repeating: 7, count: 32)])
        )
        _ = try await Sharing(database: fixture.database, delivery: delivery)
            .play(share.token, Sharing.Visit(player: "page"))
        let source = try under.source("a", share: share.id)
        try under.say("play", 0, at: 0, source, quality: "720p")
        try under.say("pause", 5, at: 5, source, quality: "720p")
        await under.insight.flush()
        return under
    }

    @Test("leaves no row of it in any table")
    func rows() async throws {
        let under = try await live()
        let fixture = under.asset.fixture
        let tables = try await fixture.database.read { connection in
            try connection.all(
                """
                SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                    AND name NOT LIKE 'asset_search_%'
                """
            ).map { try $0.get("name", as: String.self) }
        }
        let known = Set((Self.own + Self.others).map(\.description))
        #expect(Set(tables) == known, "a new table belongs in one of the two lists")
        #expect(try await filled(fixture) == Set(Self.own.map(\.description)), "all have something to lose")
        try await fixture.catalog.delete(under.asset.id, for: Fixture.owner)
        #expect(try await filled(fixture) == [])
        let counted = try await fixture.database.read { try $0.first("SELECT 1 FROM asset_counts WHERE n <> 0") }
        #expect(counted == nil)
        let jobs = try await fixture.database.read { try $0.all("SELECT kind FROM jobs") }
        #expect(try jobs.map { try $0.get("kind", as: String.self) } == [DeleteObjects.kind])
    }
}

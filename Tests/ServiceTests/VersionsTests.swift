import Core
import ObjectStorage
import SQL
import Testing

@testable import Service

@Suite struct VersionsTests {
    private func add(_ number: Int, to id: AssetID, in fixture: Fixture) async throws {
        try await fixture.database.write { transaction in
            try transaction.run(
                """
                INSERT INTO versions (asset_id, number, edition, status, progress, size, created_at)
                VALUES (\(id), \(number), \(number), 'queued', 0, 10, 1)
                """
            )
        }
    }

    private func set(_ status: String, _ number: Int, of id: AssetID, in fixture: Fixture) async throws {
        try await fixture.database.write { transaction in
            try transaction.run(
                "UPDATE versions SET status = \(status) WHERE asset_id = \(id) AND number = \(number)"
            )
        }
    }

    @Test("a version goes live when it first plays, and never over a later one or over what the owner has chosen")
    func goingLive() async throws {
        let shelf = try await Shelf()
        let (fixture, id) = (shelf.fixture, try await shelf.add(1, "Film"))
        func live() async throws -> Int { try await shelf.catalog.asset(id, for: Fixture.owner).version.number }
        for number in 2...4 { try await add(number, to: id, in: fixture) }
        #expect(try await live() == 1)
        try await set("playable", 3, of: id, in: fixture)
        #expect(try await live() == 3)
        #expect(try await shelf.total { $0.state = "processing" } == 1)
        try await set("ready", 2, of: id, in: fixture)
        #expect(try await live() == 3, "an earlier one that is late stays behind")
        _ = try await shelf.catalog.restore(version: 1, of: id, for: Fixture.owner)
        try await set("ready", 3, of: id, in: fixture)
        #expect(try await live() == 1, "a version that was left goes on without coming back")
        #expect(try await shelf.total { $0.state = "ready" } == 1)
        try await set("failed", 4, of: id, in: fixture)
        #expect(try await live() == 1)
        #expect(await code { _ = try await shelf.catalog.restore(version: 4, of: id, for: Fixture.owner) } == .conflict)
        #expect(await code { _ = try await shelf.catalog.restore(version: 9, of: id, for: Fixture.owner) } == .notFound)
        #expect(
            await code { _ = try await shelf.catalog.restore(version: 3, of: id, for: Fixture.stranger) } == .forbidden
        )
        _ = try await shelf.catalog.restore(version: 3, of: id, for: Fixture.owner)
        #expect(try await live() == 3)
        #expect(try await shelf.catalog.versions(of: id, for: Fixture.owner).map(\.version.number) == [4, 3, 2, 1])
    }

    @Test("an asset is what its live version is, whatever becomes of the others")
    func kinds() async throws {
        let shelf = try await Shelf()
        let (fixture, id) = (shelf.fixture, try await shelf.add(1, "Film"))
        func found(_ kind: String, in number: Int) async throws {
            try await fixture.database.write { transaction in
                try transaction.run(
                    "UPDATE versions SET kind = \(kind) WHERE asset_id = \(id) AND number = \(number)"
                )
            }
        }
        func isListed(as kind: String) async throws -> Bool {
            let asset = try await shelf.catalog.asset(id, for: Fixture.owner)
            return try await shelf.total { $0.kind = kind } == 1 && asset.kind == kind
        }
        try await found("video", in: 1)
        for number in 2...3 { try await add(number, to: id, in: fixture) }
        try await found("image", in: 2)
        #expect(try await isListed(as: "video"), "it does not play yet")
        try await set("ready", 2, of: id, in: fixture)
        #expect(try await isListed(as: "image"))
        try await found("audio", in: 3)
        try await set("failed", 3, of: id, in: fixture)
        #expect(try await isListed(as: "image"))
        _ = try await shelf.catalog.restore(version: 1, of: id, for: Fixture.owner)
        #expect(try await isListed(as: "video"))
    }

    @Test("two versions that are uploaded at once are two, and neither is an asset of its own")
    func atOnce() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let (first, second) = (noise(1500), noise(1500, seed: 2))
        let original = try await ingest.begin(first)
        for number in 0..<2 { try await ingest.send(number, of: first, to: original) }
        let id = try #require(try await ingest.status(of: original.id, for: Fixture.owner).upload.assetID)
        let file = AnnouncedFile(door: "test", fileName: "new.mp4", fileType: "video/mp4", size: 1500)
        let uploads = [
            try await ingest.begin(file, owner: Fixture.owner, target: id),
            try await ingest.begin(file, owner: Fixture.owner, target: id),
        ]
        for upload in uploads { for number in 0..<2 { try await ingest.send(number, of: second, to: upload) } }
        var numbers: Set<Int> = []
        for upload in uploads {
            let done = try await ingest.status(of: upload.id, for: Fixture.owner).upload
            #expect(done.assetID == id && done.state == .complete)
            numbers.insert(done.version)
        }
        #expect(numbers == [2, 3])
        let versions = try await fixture.catalog.versions(of: id, for: Fixture.owner)
        #expect(versions.map(\.fileName) == ["new.mp4", "new.mp4", "clip.mp4"])
        #expect(versions.filter(\.isLive).map(\.version.number) == [1])
        #expect(try await fixture.catalog.assets(of: Fixture.owner, page: 1, limit: 5).total == 1)
        let prefix = AssetKeys.prefix(id)
        #expect(try await fixture.store.list(prefix: prefix, after: nil, limit: 9).count == 3)
        #expect(
            await code { _ = try await ingest.begin(file, owner: Fixture.stranger, target: id) } == .forbidden
        )
    }

    @Test("a version of what was deleted meanwhile fails and says so; its bytes go")
    func deletedMeanwhile() async throws {
        let fixture = try await Fixture()
        let ingest = try fixture.ingest()
        let bytes = noise(500)
        let original = try await ingest.begin(bytes)
        try await ingest.send(0, of: bytes, to: original)
        let id = try #require(try await ingest.status(of: original.id, for: Fixture.owner).upload.assetID)
        let file = AnnouncedFile(door: "test", fileName: "new.mp4", fileType: "video/mp4", size: 500)
        let upload = try await ingest.begin(file, owner: Fixture.owner, target: id)
        try await fixture.catalog.delete(id, for: Fixture.owner)
        try await ingest.send(0, of: bytes, to: upload)
        let failed = try await ingest.status(of: upload.id, for: Fixture.owner).upload
        #expect(failed.state == .failed && failed.error?.contains("deleted meanwhile") == true)
        let jobs = try await fixture.database.read {
            try $0.all("SELECT kind FROM jobs").map { try $0.get("kind", as: String.self) }
        }
        #expect(jobs.allSatisfy { $0 == DeleteObjects.kind } && !jobs.isEmpty)
    }
}

@Suite struct SharingTests {
    private func sharing(_ fixture: Fixture) -> Sharing {
        Sharing(
            database: fixture.database,
            delivery: Delivery(
                database: fixture.database,
                catalog: fixture.catalog,
                store: fixture.store,
                keys: StreamKeys(secrets: [Array(repeating: 1, count: 32)])
            )
        )
    }

    @Test("a stream link of a share names it, ends with it, and is refused once it is revoked")
    func links() async throws {
        let shelf = try await Shelf()
        let id = try await shelf.add(1, "Film")
        let sharing = sharing(shelf.fixture)
        var request = ShareRequest()
        request.expiresIn = .seconds(3000)
        let share = try await sharing.share(id, request, for: Fixture.owner)
        let session = try await sharing.play(share.token, Sharing.Visit(player: "page"))
        let token = try sharing.delivery.admit(session.link.token, starting: true)
        #expect(token.share == share.id && token.asset == id)
        #expect(session.link.expiresIn <= 3000)
        let later = Timestamp.now + Duration.seconds(3001)
        #expect(
            await code { _ = try sharing.delivery.admit(session.link.token, starting: true, at: later) }
                == .tokenExpired
        )
        // One letter less or another one is no token.
        for text in [String(session.link.token.dropLast()), "B" + session.link.token.dropFirst()] {
            #expect(await code { _ = try sharing.delivery.admit(text, starting: false) } == .forbidden)
        }
        try await sharing.revoke(share.token, id, for: Fixture.owner)
        #expect(await code { _ = try sharing.delivery.admit(session.link.token, starting: false) } == .gone)
        #expect(await code { _ = try await sharing.play(share.token, Sharing.Visit(player: "page")) } == .gone)
    }

    @Test("of many who come at once, exactly as many play as may")
    func atOnce() async throws {
        let shelf = try await Shelf()
        let id = try await shelf.add(1, "Film")
        let sharing = sharing(shelf.fixture)
        var request = ShareRequest()
        request.maxViews = 5
        let share = try await sharing.share(id, request, for: Fixture.owner)
        let played = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 {
                group.addTask { await code { _ = try await sharing.play(share.token, .init(player: "player")) } == nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(played == 5)
        let now = try await sharing.find(share.token).share
        #expect(now.views == 5 && now.state() == .usedUp)
        #expect(try await sharing.views(of: share.token, id, for: Fixture.owner).count == 5)
    }

    @Test("a press of play before anything plays is no view")
    func notYet() async throws {
        let shelf = try await Shelf()
        let id = try await shelf.add(1, "Film", status: "processing")
        let sharing = sharing(shelf.fixture)
        let share = try await sharing.share(id, ShareRequest(), for: Fixture.owner)
        #expect(await code { _ = try await sharing.play(share.token, .init(player: "page")) } == .notReady)
        #expect(try await sharing.find(share.token).share.views == 0)
    }
}

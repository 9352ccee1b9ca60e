import Core
import ObjectStorage
import SQL
import Testing

@testable import Service

@Suite struct TrashTests {
    private func delivery(_ fixture: Fixture) -> Delivery {
        Delivery(
            database: fixture.database,
            catalog: fixture.catalog,
            store: fixture.store,
            keys: StreamKeys(secrets: [Array(repeating: 1, count: 32)])
        )
    }

    @Test("what is deleted is gone at once, links too; restored, it is as before, its jobs too")
    func thereAndBack() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let catalog = Catalog(database: asset.fixture.database, trashPeriod: .seconds(86_400))
        let delivery = delivery(asset.fixture)
        let token = delivery.link(to: try await asset.record).token
        try await asset.fixture.database.write { transaction in
            try JobQueue.enqueue(EncodeAudio(asset: asset.id, version: 1), in: transaction)
        }
        try await catalog.delete(asset.id, for: Fixture.owner)
        try await delivery.loadRevocations()
        #expect(await code { _ = try delivery.admit(token, starting: false) } == .notFound)
        #expect(await code { _ = try await asset.record } == .notFound)
        #expect(await code { try await catalog.delete(asset.id, for: Fixture.owner) } == .notFound)
        #expect(try await catalog.list(AssetQuestion(), of: Fixture.owner, limit: 5).total == 0)
        #expect(try await asset.fixture.queue.claim(lane: .light, worker: "w") == nil, "nothing more is made of it")
        #expect(try await catalog.trash(of: Fixture.owner, page: 1, limit: 5).total == 1)
        #expect(try await catalog.trash(of: Fixture.stranger, page: 1, limit: 5).total == 0)
        #expect(await code { _ = try await catalog.restore(asset.id, for: Fixture.stranger) } == .notFound)
        _ = try await catalog.restore(asset.id, for: Fixture.owner)
        try await delivery.loadRevocations()
        _ = try delivery.admit(token, starting: false)
        #expect(try await asset.status == "processing 0")
        #expect(try await asset.fixture.queue.claim(lane: .light, worker: "w")?.kind == EncodeAudio.kind)
    }

    @Test("the trash is emptied of what has been in it for its period, and of no more; objects follow")
    func expiry() async throws {
        let shelf = try await Shelf()
        let (old, young, kept) = (
            try await shelf.add(1, "Old"), try await shelf.add(2, "Young"), try await shelf.add(3, "Kept")
        )
        for id in [old, young] { try await shelf.catalog.delete(id, for: Fixture.owner) }
        let past = Timestamp.now - Duration.seconds(86_401)
        try await shelf.fixture.database.write {
            try $0.run("UPDATE assets SET trashed_at = \(past) WHERE id = \(old)")
        }
        #expect(try await shelf.catalog.emptyExpiredTrash() == 1)
        #expect(try await shelf.catalog.emptyExpiredTrash() == 0)
        #expect(try await shelf.catalog.trash(of: Fixture.owner, page: 1, limit: 5).assets.map(\.asset.id) == [young])
        #expect(try await shelf.fixture.queue.claim(lane: .light, worker: "w")?.kind == DeleteObjects.kind)
        #expect(await code { try await shelf.catalog.discard(kept, for: Fixture.owner) } == .notFound)
        #expect(await code { try await shelf.catalog.discard(young, for: Fixture.stranger) } == .notFound)
        #expect(try await shelf.catalog.emptyTrash(of: Fixture.stranger) == 0)
        #expect(try await shelf.catalog.emptyTrash(of: Fixture.owner) == 1)
        #expect(try await shelf.titles() == ["Kept"])
    }

    @Test("what is in the trash stands in no list, count or page of files, whoever asks")
    func unseen() async throws {
        let shelf = try await Shelf()
        let (gone, kept) = (try await shelf.add(1, "Gone"), try await shelf.add(2, "Kept"))
        _ = try await shelf.catalog.setPublic(true, gone)
        try await shelf.catalog.delete(gone)
        #expect(try await shelf.catalog.assets(AssetFilter(), page: 1, limit: 5).assets.map(\.id) == [kept])
        #expect(try await shelf.catalog.assets(AssetFilter(), page: 1, limit: 5).total == 1)
        let totals = try await shelf.catalog.totals(of: Fixture.owner)
        #expect(totals.count == 1 && totals.bytes == 1000)
        #expect(try await shelf.catalog.find(gone) == nil)
        #expect(try await !shelf.catalog.setPublic(false, gone))
        #expect(await code { try await shelf.catalog.delete(gone) } == .notFound)
        let delivery = delivery(shelf.fixture)
        #expect(await code { _ = try await delivery.file(.original, of: gone) { true } } == .notFound)
        #expect(try await shelf.catalog.trash(of: Fixture.owner, page: 1, limit: 5).assets.map(\.asset.id) == [gone])
    }

    @Test("a link to a picture's variant ends with the picture")
    func variants() async throws {
        let shelf = try await Shelf()
        let picture = try await shelf.add(1, "Picture", kind: "image")
        let delivery = delivery(shelf.fixture)
        let spec = try VariantSpec(version: 1, lifetime: 3600) { $0 == "width" ? "100" : nil }
        let path = delivery.variantPath(spec, of: picture).split(separator: "/").map(String.init)
        let admit = { try delivery.admitVariant(signature: path[1], spec: path[2], asset: picture) }
        _ = try admit()
        try await shelf.catalog.delete(picture, for: Fixture.owner)
        try await delivery.loadRevocations()
        #expect(await code { _ = try admit() } == .notFound)
    }
}

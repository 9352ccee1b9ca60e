import Core
import Foundation
import ObjectStorage
import SQL
import Testing

@testable import Service

@Suite("What is stored") struct StorageAuditTests {
    private func audit(_ fixture: Fixture) async throws -> StorageAudit.Report {
        try await StorageAudit(
            database: fixture.database,
            store: fixture.store,
            stagingDirectory: fixture.folder + "/staging"
        ).run()
    }

    /// An asset whose every row has its object.
    private func complete(_ fixture: Fixture) async throws -> ProcessedAsset {
        let asset = try await ProcessedAsset(fixture)
        try await asset.publish("360p", 0..<2)
        try await fixture.database.write { try $0.run("UPDATE renditions SET codecs = 'c' WHERE name = '360p'") }
        for key in [
            try AssetKeys.original(asset.id, version: 1),
            try AssetKeys.file(asset.id, version: 1, rendition: "360p", name: "init.mp4"),
            try AssetKeys.file(asset.id, version: 1, rendition: "360p", name: "0.m4s"),
            try AssetKeys.file(asset.id, version: 1, rendition: "360p", name: "1.m4s"),
        ] { _ = try await fixture.store.put(key, bytes: [1]) }
        return asset
    }

    @Test("fits what the database says")
    func consistent() async throws {
        let fixture = try await Fixture()
        #expect(try await audit(fixture).isConsistent)
        _ = try await complete(fixture)
        let report = try await audit(fixture)
        #expect(report.isConsistent && report.assets == 1 && report.objects == 4, "\(report)")
    }

    @Test("is named when nothing refers to it, and when it is gone")
    func differences() async throws {
        let fixture = try await Fixture()
        let asset = try await complete(fixture)
        let extra = try AssetKeys.file(asset.id, version: 1, rendition: "360p", name: "2.m4s")
        let nobodys = try ObjectKey("assets/99/v1/original")
        for key in [extra, nobodys] { _ = try await fixture.store.put(key, bytes: [1]) }
        let lost = try AssetKeys.file(asset.id, version: 1, rendition: "360p", name: "1.m4s")
        try await fixture.store.delete(lost)
        let report = try await audit(fixture)
        #expect(report.orphans.sorted() == [extra, nobodys].map(\.rawValue).sorted())
        #expect(report.missing == [lost.rawValue])
    }

    @Test("a picture stands for its own poster, and an empty original may be kept")
    func pictures() async throws {
        let fixture = try await Fixture()
        let asset = try await complete(fixture)
        let medium = Derivative(name: "medium", fileExtension: "jpg", mimeType: "image/jpeg", bytes: 1)
        let key = try medium.key(asset.id, version: 1)
        _ = try await fixture.store.put(key, bytes: [1])
        try await fixture.database.write { transaction in
            try medium.record(for: asset.id, version: 1, in: transaction)
            try transaction.run("UPDATE versions SET poster = 1, size = 0")
        }
        let report = try await audit(fixture)
        #expect(report.isConsistent, "\(report)")
        let delivery = Delivery(
            database: fixture.database,
            catalog: fixture.catalog,
            store: fixture.store,
            keys: StreamKeys(secrets: [noise(32)]),
            expiresIn: 3600
        )
        #expect(try delivery.posterPath(of: try await asset.record) == fixture.store.localPath(key))
        try await fixture.database.write { try $0.run("DELETE FROM derivatives") }
        #expect(try await audit(fixture).missing == [try AssetKeys.poster(asset.id, version: 1).rawValue])
    }

    @Test("is neither too much nor too little while a job works on it")
    func underWay() async throws {
        let fixture = try await Fixture()
        let asset = try await complete(fixture)
        let key = try AssetKeys.file(asset.id, version: 1, rendition: "360p", name: "2.m4s")
        _ = try await fixture.store.put(key, bytes: [1])
        try await fixture.database.write { transaction in
            try JobQueue.enqueue(EncodeChunk(asset: asset.id, version: 1, first: 0, count: 3), in: transaction)
        }
        #expect(try await audit(fixture).isConsistent)
        try await fixture.catalog.delete(asset.id, for: Fixture.owner)
        #expect(try await audit(fixture).isConsistent, "its objects are being removed")
        try await fixture.database.write { try $0.run("DELETE FROM jobs") }
        #expect(try await audit(fixture).orphans.count == 5)
    }

    @Test("counts the assets that have no object at all, and files that were received for nobody")
    func nothingThere() async throws {
        let fixture = try await Fixture()
        let asset = try await ProcessedAsset(fixture)
        #expect(try await audit(fixture).missing == [try AssetKeys.original(asset.id, version: 1).rawValue])
        let ingest = try fixture.ingest()
        let bytes = noise(2500)
        let upload = try await ingest.begin(bytes)
        try await ingest.send(0, of: bytes, to: upload)
        let staged = "\(fixture.folder)/staging/\(upload.id).data"
        #expect(try await audit(fixture).orphans.isEmpty)
        try await fixture.database.write { try $0.run("DELETE FROM uploads") }
        #expect(try await audit(fixture).orphans == [staged])
    }
}

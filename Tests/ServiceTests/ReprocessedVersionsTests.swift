import Core
import Media
import ObjectStorage
import SQL
import Testing

@testable import Service

/// Processing again, where a recording has versions that its owner sent.
@Suite struct ReprocessedVersionsTests {
    /// A recording whose two versions both play, the second one live.
    private struct Recording {
        let shelf: Shelf
        let id: AssetID
        let context: ProcessingContext

        init() async throws {
            shelf = try await Shelf()
            id = try await shelf.add(1, "Film")
            context = ProcessingContext(
                database: shelf.fixture.database,
                store: shelf.fixture.store,
                tools: await MediaTools.locate(),
                profiles: [],
                workDirectory: shelf.fixture.folder + "/work",
                logger: .silent
            )
            #expect(try await upload() == 2)
            for number in 1...2 {
                _ = try await shelf.fixture.store.put(try AssetKeys.original(id, version: number), bytes: [1, 2, 3])
            }
            try await set("ready", 2)
        }

        func upload() async throws -> Int {
            let id = id
            return try await shelf.fixture.database.write { transaction in
                let number = try Catalog.takeVersionNumber(of: id, in: transaction)
                try transaction.run(
                    """
                    INSERT INTO versions (asset_id, number, edition, status, progress, size, created_at, file_name,
                        sound_size_limit)
                    VALUES (\(id), \(number), \(number), 'queued', 0, 3, 1, 'second.mp4', 99)
                    """
                )
                return number
            }
        }

        func set(_ status: String, _ number: Int) async throws {
            let id = id
            try await shelf.fixture.database.write {
                try $0.run("UPDATE versions SET status = \(status) WHERE asset_id = \(id) AND number = \(number)")
            }
        }

        /// Processes the live version again; the number of the run.
        func reprocess() async throws -> AdoptVersion {
            let former = try await live.number
            try await shelf.catalog.reprocess(id, for: Fixture.owner, isAdmin: true)
            let id = id
            let row = try await shelf.fixture.database.read {
                try $0.first("SELECT last_version FROM assets WHERE id = \(id)")
            }
            return AdoptVersion(asset: id, former: former, version: try #require(try row?.get("last_version")))
        }

        func finish(_ adoption: AdoptVersion, _ status: String) async throws {
            _ = try await adoption.run(in: context)
            try await set(status, adoption.version)
            #expect(try await adoption.run(in: context) == .done)
        }

        func remove(_ number: Int) async throws {
            while try await RemoveVersion(asset: id, version: number).run(in: context) != .done {}
        }

        var live: VersionRecord {
            get async throws { try await shelf.catalog.asset(id, for: Fixture.owner).version }
        }

        var listed: [Int] {
            get async throws {
                try await shelf.catalog.versions(of: id, for: Fixture.owner).map(\.version.edition)
            }
        }

        func restore(_ edition: Int) async throws {
            _ = try await shelf.catalog.restore(version: edition, of: id, for: Fixture.owner)
        }
    }

    @Test("a run is no version of its own: the list and restoring know what was sent, before, during and after")
    func hidden() async throws {
        let film = try await Recording()
        let adoption = try await film.reprocess()
        #expect(adoption.former == 2 && adoption.version == 3)
        #expect(try await film.listed == [2, 1])
        #expect(await code { try await film.restore(3) } == .notFound)
        _ = try await adoption.run(in: film.context)
        try await film.set("playable", 3)
        #expect(try await film.live.number == 2, "it does not go live before it is ready")
        try await film.finish(adoption, "ready")
        #expect(try await film.live.number == 3)
        #expect(try await film.live.edition == 2)
        #expect(try await film.listed == [2, 1])
        let summary = try #require(try await film.shelf.catalog.versions(of: film.id, for: Fixture.owner).first)
        #expect(summary.isLive && summary.fileName == "second.mp4")
        try await film.remove(2)
        try await film.remove(1)
        #expect(try await film.listed == [2, 1], "what its owner sees is not removed")
        try await film.restore(1)
        #expect(try await film.live.number == 1)
        try await film.restore(2)
        #expect(try await film.live.number == 3)
        let keys = try await film.shelf.fixture.originals().map(\.key)
        #expect(keys == [try AssetKeys.original(film.id, version: 1), try AssetKeys.original(film.id, version: 3)])
        let limit = try await film.shelf.fixture.database.read {
            try $0.first("SELECT sound_size_limit AS n FROM versions WHERE number = 3")?.get("n", as: Int64.self)
        }
        #expect(limit == 99, "a run has the limits of what it is made from")
    }

    @Test("a version that is sent during a run goes live over it, and what its owner restored stays live")
    func others() async throws {
        let film = try await Recording()
        let first = try await film.reprocess()
        #expect(try await film.upload() == 4)
        try await film.finish(first, "ready")
        try await film.set("playable", 4)
        #expect(try await film.live.number == 4, "it is later than what was processed again")
        let second = try await film.reprocess()
        try await film.restore(1)
        try await film.finish(second, "ready")
        #expect(try await film.live.number == 1)
        #expect(try await film.listed == [4, 2, 1])
        try await film.restore(4)
        #expect(try await film.live.number == second.version, "the new run of it")
    }

    @Test("a number is never taken twice: the removal of a run that failed takes nothing that came after it")
    func numbers() async throws {
        let film = try await Recording()
        let adoption = try await film.reprocess()
        try await film.finish(adoption, "failed")
        try await film.remove(adoption.version)
        let sent = try await film.upload()
        #expect(sent == adoption.version + 1)
        try await film.remove(adoption.version)
        try await film.remove(sent)
        #expect(try await film.listed == [sent, 2, 1])
        #expect(try await film.live.number == 2)
    }

    @Test("a run waits while its recording is in the trash")
    func trash() async throws {
        let film = try await Recording()
        let adoption = try await film.reprocess()
        _ = try await adoption.run(in: film.context)
        try await film.set("ready", adoption.version)
        try await film.shelf.catalog.delete(film.id, for: Fixture.owner)
        #expect(try await adoption.run(in: film.context) != .done)
        #expect(
            await code { try await film.shelf.catalog.reprocess(film.id, for: Fixture.owner, isAdmin: true) }
                == .notFound
        )
        _ = try await film.shelf.catalog.restore(film.id, for: Fixture.owner)
        #expect(try await adoption.run(in: film.context) == .done)
        #expect(try await film.live.number == adoption.version)
    }

    @Test("of versions and of what is in the trash, storage expects everything that is there")
    func storage() async throws {
        let film = try await Recording()
        let adoption = try await film.reprocess()
        try await film.finish(adoption, "ready")
        try await film.shelf.catalog.delete(film.id, for: Fixture.owner)
        try await film.shelf.fixture.database.write { try $0.run("DELETE FROM jobs") }
        let fixture = film.shelf.fixture
        let report = try await StorageAudit(
            database: fixture.database,
            store: fixture.store,
            stagingDirectory: fixture.folder + "/staging"
        ).run()
        #expect(report.isConsistent && report.objects == 3, "\(report)")
    }
}

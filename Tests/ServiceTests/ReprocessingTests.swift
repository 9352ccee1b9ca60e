import Core
import Foundation
import Media
import ObjectStorage
import SQL
import Testing

@testable import Service

@Suite("Processing once more") struct ReprocessingTests {
    private func set(_ status: String, _ fixture: Fixture) async throws {
        try await fixture.database.write { try $0.run("UPDATE versions SET status = \(status), error = 'why'") }
    }

    private func context(_ fixture: Fixture, profiles: [Profile] = []) async -> ProcessingContext {
        ProcessingContext(
            database: fixture.database,
            store: fixture.store,
            tools: await MediaTools.locate(),
            profiles: profiles,
            workDirectory: fixture.folder + "/work",
            logger: .silent
        )
    }

    private func count(_ fixture: Fixture, _ query: Query) async throws -> Int {
        try await fixture.database.read { try $0.first(query)?.get("n") ?? -1 }
    }

    @Test("a failed one begins again, empty and in its place, when its owner asks")
    func failed() async throws {
        let fixture = try await Fixture()
        let asset = try await ProcessedAsset(fixture)
        try await asset.publish("360p", 0..<2)
        try await set("failed", fixture)
        await #expect(
            code { try await fixture.catalog.reprocess(asset.id, for: Fixture.stranger, isAdmin: false) } == .forbidden
        )
        try await fixture.catalog.reprocess(asset.id, for: Fixture.owner, isAdmin: false)
        let version = try await asset.record.version
        #expect(version.number == 1 && version.status == .queued && version.progress == 0 && version.error == nil)
        #expect(try await fixture.catalog.renditions(of: asset.id, version: 1).isEmpty)
        #expect(try await count(fixture, "SELECT count(*) AS n FROM segments") == 0)
        #expect(try await fixture.queue.claim(lane: .light, worker: "w")?.kind == PrepareAsset.kind)
        // It is being processed now.
        await #expect(
            code { try await fixture.catalog.reprocess(asset.id, for: Fixture.owner, isAdmin: true) } == .conflict
        )
    }

    @Test("one that is stuck begins again; one whose job waits for its turn does not")
    func stuck() async throws {
        let fixture = try await Fixture()
        let asset = try await ProcessedAsset(fixture)
        try await fixture.database.write { transaction in
            try JobQueue.enqueue(EncodeAudio(asset: asset.id, version: 1), in: transaction)
        }
        let again = { try await fixture.catalog.reprocess(asset.id, for: Fixture.owner, isAdmin: false) }
        #expect(await code(again) == .conflict)
        try await fixture.database.write { try $0.run("UPDATE jobs SET attempts = 2, reason = 'it fell over'") }
        try await again()
        #expect(try await asset.record.version.status == .queued)
        #expect(try await count(fixture, "SELECT count(*) AS n FROM jobs WHERE kind = 'asset.audio'") == 0)
    }

    @Test("a ready one is an administrator's to process again, and plays on until the new run is ready")
    func ready() async throws {
        let fixture = try await Fixture()
        let asset = try await ProcessedAsset(fixture)
        for name in ["720p", "360p", "audio"] { try await asset.publish(name, 0..<3) }
        try await fixture.database.write { try $0.run("UPDATE renditions SET codecs = 'c'") }
        try await set("ready", fixture)
        _ = try await fixture.store.put(try AssetKeys.original(asset.id, version: 1), bytes: [1, 2, 3])
        let owner = Fixture.owner
        #expect(await code { try await fixture.catalog.reprocess(asset.id, for: owner, isAdmin: false) } == .forbidden)
        try await fixture.catalog.reprocess(asset.id, for: Fixture.stranger, isAdmin: true)
        #expect(await code { try await fixture.catalog.reprocess(asset.id, for: owner, isAdmin: true) } == .conflict)
        let context = await context(fixture)
        let adoption = AdoptVersion(asset: asset.id, former: 1, version: 2)
        for _ in 0..<2 { #expect(try await adoption.run(in: context) != .done) }
        #expect(try await count(fixture, "SELECT count(*) AS n FROM jobs WHERE kind = 'asset.prepare'") == 1)
        #expect(try await fixture.store.head(try AssetKeys.original(asset.id, version: 2))?.size == 3)
        var version = try await asset.record.version
        #expect(version.number == 1 && version.status == .ready)
        try await fixture.database.write { try $0.run("UPDATE versions SET status = 'ready' WHERE number = 2") }
        #expect(try await adoption.run(in: context) == .done)
        version = try await asset.record.version
        #expect(version.number == 2 && version.status == .ready)
        // Who has the former one's links plays on, for a while.
        #expect(try await fixture.catalog.renditions(of: asset.id, version: 1).count == 3)
        let removal = RemoveVersion(asset: asset.id, version: 1)
        while try await removal.run(in: context) != .done {}
        #expect(try await fixture.catalog.renditions(of: asset.id, version: 1).isEmpty)
        #expect(try await fixture.originals().map(\.key) == [try AssetKeys.original(asset.id, version: 2)])
    }

    @Test("a new run that fails is removed, and what was ready stays")
    func failsAgain() async throws {
        let fixture = try await Fixture()
        let asset = try await ProcessedAsset(fixture)
        try await set("ready", fixture)
        _ = try await fixture.store.put(try AssetKeys.original(asset.id, version: 1), bytes: [1, 2, 3])
        try await fixture.catalog.reprocess(asset.id, for: Fixture.owner, isAdmin: true)
        let context = await context(fixture)
        let adoption = AdoptVersion(asset: asset.id, former: 1, version: 2)
        _ = try await adoption.run(in: context)
        try await fixture.database.write { transaction in
            try VersionState.fail(asset.id, 2, reason: "no", in: transaction)
        }
        #expect(try await adoption.run(in: context) == .done)
        let removal = RemoveVersion(asset: asset.id, version: 2)
        while try await removal.run(in: context) != .done {}
        #expect(try await asset.record.version.number == 1)
        #expect(try await count(fixture, "SELECT count(*) AS n FROM versions") == 1)
        #expect(try await fixture.originals().map(\.key) == [try AssetKeys.original(asset.id, version: 1)])
        // And it can be asked for once more.
        try await fixture.catalog.reprocess(asset.id, for: Fixture.owner, isAdmin: true)
    }

    @Test("a real video, killed and processed again, is adopted whole, and nothing is orphaned")
    func whole() async throws {
        let fixture = try await Fixture()
        let clip = try await makeClip(in: fixture.folder)
        let asset = try await ProcessedAsset(fixture)
        _ = try await fixture.store.put(try AssetKeys.original(asset.id, version: 1), file: clip, consuming: true)
        try await set("failed", fixture)
        try await fixture.catalog.reprocess(asset.id, for: Fixture.owner, isAdmin: false)
        let worker = Worker(
            name: "w",
            queue: fixture.queue,
            context: await context(fixture, profiles: Profile.standard),
            slots: [.heavy, .viewer, .light, .light],
            logger: .silent
        )
        let running = Task { await worker.run() }
        try await until { try await asset.status == "ready 100" }
        let idle = { try await count(fixture, "SELECT count(*) AS n FROM jobs WHERE run_at < \(Timestamp.now)") == 0 }
        try await until(idle)
        try await fixture.catalog.reprocess(asset.id, for: Fixture.stranger, isAdmin: true)
        try await until {
            #expect(try await asset.record.version.status == .ready)
            return try await asset.record.version.number == 2
        }
        try await until(idle)
        #expect(try await asset.status == "ready 100")
        #expect(try await fixture.catalog.renditions(of: asset.id, version: 1).allSatisfy(\.isComplete))
        running.cancel()
        await running.value
        let audit = StorageAudit(
            database: fixture.database,
            store: fixture.store,
            stagingDirectory: fixture.folder + "/staging"
        )
        try await fixture.database.write { try $0.run("DELETE FROM jobs") }
        let report = try await audit.run()
        #expect(report.isConsistent, "\(report)")
    }

    private func makeClip(in folder: String) async throws -> String {
        let clip = folder + "/clip.mp4"
        let made = try await ChildProcess.run(
            "/usr/bin/env",
            ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=14"]
                + ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "20", clip],
            deadline: .seconds(600)
        )
        #expect(made.succeeded, "\(made.errorTail)")
        return clip
    }

    private func until(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(600)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, "it never happened")
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

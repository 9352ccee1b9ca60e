import Core
import Foundation
import Media
import ObjectStorage
import SQL
import Testing

@testable import Service

@Suite struct WorkerTests {
    private func context(_ fixture: Fixture) async -> ProcessingContext {
        ProcessingContext(
            database: fixture.database,
            store: fixture.store,
            tools: await MediaTools.locate(),
            profiles: [],
            workDirectory: fixture.folder + "/work",
            logger: .silent
        )
    }

    /// Runs a worker until a condition on the database holds.
    private func work(
        _ fixture: Fixture,
        until isDone: @escaping @Sendable (any Connection) throws -> Bool
    ) async throws {
        let worker = Worker(
            name: "w",
            queue: fixture.queue,
            context: await context(fixture),
            slots: [.heavy, .light],
            logger: .silent
        )
        let running = Task { await worker.run() }
        let deadline = ContinuousClock.now + .seconds(300)
        while try await !fixture.database.read(isDone) {
            guard ContinuousClock.now < deadline else {
                running.cancel()
                throw ServiceError(.unavailable, "the worker did not do it")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        running.cancel()
        await running.value
    }

    @Test("a job that nobody can read is buried, not run into again and again")
    func unreadable() async throws {
        let fixture = try await Fixture()
        try await fixture.database.write { transaction in
            try JobQueue.enqueue(EncodeAudio(asset: AssetID(rawValue: 1), version: 1), in: transaction)
            try transaction.run("UPDATE jobs SET payload = '{}'")
        }
        try await work(fixture) { try $0.first("SELECT id FROM jobs WHERE state = 'dead'") != nil }
    }

    @Test("a buried job keeps its reason, fails its version, and takes the version's other jobs with it")
    func burial() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let id = asset.id
        try await asset.fixture.database.write { transaction in
            try JobQueue.enqueue(EncodeChunk(asset: id, version: 1, first: 0, count: 3), in: transaction)
            try transaction.run("UPDATE jobs SET crashes = \(JobQueue.maximumCrashes)")
            try JobQueue.enqueue(
                EncodeChunk(asset: id, version: 1, first: 0, count: 3),
                after: .seconds(600),
                in: transaction
            )
        }
        try await work(asset.fixture) { try $0.first("SELECT id FROM jobs WHERE state = 'dead'") != nil }
        let jobs = try await asset.fixture.database.read { try $0.all("SELECT state, reason FROM jobs") }
        #expect(jobs.count == 1)
        let reason = try jobs.first?.get("reason", as: String.self)
        #expect(reason?.contains("again and again") == true)
        let version = try await asset.record.version
        #expect(version.status == .failed && version.error == reason)
    }

    @Test("a burial by a worker that lost the job changes nothing")
    func lateBurial() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let (id, queue) = (asset.id, asset.fixture.queue)
        try await asset.fixture.database.write { try JobQueue.enqueue(EncodeAudio(asset: id, version: 1), in: $0) }
        let first = try #require(try await queue.claim(lane: EncodeAudio.lane, worker: "old"))
        try await queue.release(worker: "old", crashed: true)
        _ = try await queue.claim(lane: EncodeAudio.lane, worker: "new")
        try await queue.bury(first.id, worker: "old", reason: "late") {
            try VersionState.fail(id, 1, reason: "late", in: $0)
        }
        #expect(try await asset.status == "processing 0")
        #expect(try await queue.heartbeat(first.id, worker: "new"))
    }

    @Test("giving jobs back in order is no crash of theirs")
    func orderly() async throws {
        let fixture = try await Fixture()
        try await fixture.database.write {
            try JobQueue.enqueue(EncodeAudio(asset: AssetID(rawValue: 1), version: 1), in: $0)
        }
        for (crashed, crashes) in [(false, 0), (true, 1), (false, 1)] as [(Bool, Int64)] {
            _ = try await fixture.queue.claim(lane: EncodeAudio.lane, worker: "w")
            try await fixture.queue.release(worker: "w", crashed: crashed)
            let row = try await fixture.database.read { try $0.first("SELECT crashes FROM jobs") }
            #expect(try row?.get("crashes", as: Int64.self) == crashes)
        }
    }

    @Test("a full disk is told from a broken file, whoever ran into it")
    func fullDisk() {
        #expect(Worker.isDiskFull(ServiceError(.insufficientStorage, "full")))
        #expect(Worker.isDiskFull(SQLError(.full, "database or disk is full")))
        #expect(Worker.isDiskFull(MediaError(.toolFailed, "x", detail: "av_interleaved: No space left on device")))
        #expect(!Worker.isDiskFull(MediaError(.damaged, "broken")))
        #expect(ServiceError(passing: SQLError(.full, "full"))?.code == .insufficientStorage)
        #expect(ServiceError(passing: SQLError(.busy, "busy"))?.code == .unavailable)
        #expect(ServiceError(passing: SQLError(.syntax, "no")) == nil)
    }

    @Test("what a job publishes for an asset that was deleted meanwhile is removed again")
    func lateObjects() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let context = await context(asset.fixture)
        let folder = asset.fixture.folder + "/made"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["init.mp4", "0.m4s"] { try Data([1]).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
        try await asset.fixture.catalog.delete(asset.id, for: Fixture.owner)
        let made = MadeRendition(
            name: "360p",
            folder: folder,
            codecs: "avc1",
            segments: [MadeRendition.Segment(number: 0, bytes: 1, duration: .seconds(2))]
        )
        try await context.publish(made, plan: asset.plan, of: asset.id, 1)
        #expect(try await asset.fixture.originals().isEmpty)
    }

    @Test("files that were not published when a job was stopped leave the job to be done again")
    func stopped() async throws {
        let fixture = try await Fixture()
        let asset = try await ProcessedAsset(fixture)
        let context = await context(fixture)
        let publication = StreamedPublication(asset: asset.id, version: 1, plan: asset.plan)
        let running = Task {
            try await publication.run(in: context) { _, _ in
                // A maker that ends well though it was told to stop: its files are there, and nobody takes them.
                while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
            }
        }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
    }
}

import Core
import Foundation
import SQL
import Testing

@testable import Service

@Suite struct StatusMetricsTests {
    /// Every line as `name{label,label}` and its value.
    private func lines(_ fixture: Fixture) async -> [String: Double] {
        let metrics = Metrics()
        let reader = StatusReader(
            database: fixture.database,
            folder: fixture.folder,
            files: [fixture.folder + "/telecine.db"]
        )
        StatusMetrics.show(reader, in: metrics, logger: .silent)
        var lines: [String: Double] = [:]
        for family in await metrics.read() {
            for sample in family.samples {
                lines["\(family.name){\(sample.labels.map(\.1).joined(separator: ","))}"] = sample.value
            }
        }
        return lines
    }

    private func claimed(_ fixture: Fixture, by worker: String = "w") async throws -> JobQueue.Claim {
        try await fixture.database.write { transaction in
            try JobQueue.enqueue(EncodeAudio(asset: AssetID(rawValue: 1), version: 1), in: transaction)
        }
        return try #require(try await fixture.queue.claim(lane: EncodeAudio.lane, worker: worker))
    }

    @Test("jobs are counted where they end, each once, with their time")
    func jobs() async throws {
        let fixture = try await Fixture()
        let queue = fixture.queue
        let done = try await claimed(fixture)
        try await queue.finish(done.id, worker: "w", took: .seconds(3))
        // Of another worker by now: not counted twice.
        try await queue.finish(done.id, worker: "w", took: .seconds(3))
        let failing = try await claimed(fixture)
        try await queue.retry(failing.id, worker: "w", after: .zero, reason: "no luck", took: .seconds(1))
        let again = try #require(try await queue.claim(lane: EncodeAudio.lane, worker: "w"))
        try await queue.retry(again.id, worker: "w", after: .zero, reason: nil)
        let last = try #require(try await queue.claim(lane: EncodeAudio.lane, worker: "w"))
        try await queue.bury(last.id, worker: "w", reason: "never", took: .seconds(2))
        _ = try await claimed(fixture, by: "crashing")
        try await queue.release(worker: "crashing", crashed: true)
        let lines = await lines(fixture)
        for (outcome, count) in ["done": 1.0, "failed": 1, "buried": 1, "crashed": 1] {
            #expect(lines["telecine_jobs_ended_total{asset.audio,\(outcome)}"] == count, "\(outcome)")
        }
        #expect(lines["telecine_job_run_seconds_total{asset.audio}"] == 6)
        #expect(lines["telecine_jobs{asset.audio,dead}"] == 1)
        #expect(lines["telecine_jobs{asset.audio,queued}"] == 1)
        #expect(lines["telecine_jobs{asset.chunk,queued}"] == 0, "zero is told too")
        #expect(lines["telecine_jobs_ended_total{asset.chunk,done}"] == 0)
    }

    @Test("the oldest job that could run, and the workers that live")
    func waiting() async throws {
        let fixture = try await Fixture()
        #expect(await lines(fixture)["telecine_jobs_oldest_waiting_seconds{heavy}"] == 0)
        let (old, later) = (Timestamp.now - .seconds(500), Timestamp.now + .seconds(3600))
        try await fixture.database.write { transaction in
            let asset = AssetID(rawValue: 1)
            try JobQueue.enqueue(EncodeChunk(asset: asset, version: 1, first: 0, count: 1), in: transaction)
            try transaction.run("UPDATE jobs SET run_at = \(old)")
            try JobQueue.enqueue(MakePoster(asset: asset, version: 1), in: transaction)
            try transaction.run("UPDATE jobs SET run_at = \(later) WHERE kind = 'asset.poster'")
        }
        // A worker is alive for ten seconds.
        var lines: [String: Double] = [:]
        try await eventually {
            try await fixture.queue.announce("w", slots: 5, since: .now)
            lines = await self.lines(fixture)
            return lines["telecine_workers_alive{}"] == 1
        }
        #expect((500...5000).contains(lines["telecine_jobs_oldest_waiting_seconds{heavy}"] ?? 0))
        #expect(lines["telecine_jobs_oldest_waiting_seconds{light}"] == 0, "what is not due does not wait")
    }

    @Test("the speed of each rung is the media made and the time that it took")
    func encoding() async throws {
        let fixture = try await Fixture()
        try await fixture.database.write { transaction in
            try Statistics.count(rung: "720p", media: .seconds(6), time: .seconds(2), in: transaction)
            try Statistics.count(rung: "720p", media: .seconds(6), time: .seconds(4), in: transaction)
        }
        let lines = await lines(fixture)
        #expect(lines["telecine_encode_media_seconds_total{720p}"] == 12)
        #expect(lines["telecine_encode_seconds_total{720p}"] == 6)
    }

    @Test("stored bytes follow what is made, replaced and deleted")
    func storage() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let (fixture, id) = (asset.fixture, asset.id)
        try await asset.publish("720p", 0..<3)
        try await fixture.database.write { transaction in
            try transaction.run(
                "UPDATE segments SET bytes = 70000 WHERE asset_id = \(id) AND rendition = '720p' AND number = 1"
            )
            for bytes in [500, 800] {
                try transaction.run("UPDATE renditions SET mp4_bytes = \(bytes) WHERE name = '720p'")
            }
            for (name, bytes) in [("thumbnail", 100), ("small", 200), ("small", 300)] {
                try Derivative(name: name, fileExtension: "jpg", mimeType: "image/jpeg", bytes: Int64(bytes))
                    .record(for: id, version: 1, in: transaction)
            }
        }
        var lines = await lines(fixture)
        #expect(lines["telecine_storage_bytes{originals}"] == 1000)
        #expect(lines["telecine_storage_bytes{segments}"] == 170_000)
        #expect(lines["telecine_storage_bytes{derivatives}"] == 400)
        #expect(lines["telecine_storage_bytes{mp4s}"] == 800)
        #expect(lines["telecine_storage_bytes{database}"] ?? 0 > 0)
        #expect(lines["telecine_storage_free_bytes{}"] ?? 0 > 0)
        try await fixture.catalog.delete(id)
        lines = await self.lines(fixture)
        for kind in ["originals", "segments", "derivatives", "mp4s"] {
            #expect(lines["telecine_storage_bytes{\(kind)}"] == 0, "\(kind)")
        }
    }
}

import Core
import Foundation
import Media
import ObjectStorage
import SQL
import Synchronization
import Testing

@testable import Service

@Suite("A segment that somebody asks for") struct SegmentOrderTests {
    private static let asset = AssetID(rawValue: 5)

    /// A version of ten segments, two rungs and sound, none of which exists; its background jobs are queued.
    private func prepared(_ fixture: Fixture, speed: Bool = false) async throws {
        let now = Timestamp.now
        try await fixture.database.write { transaction in
            try transaction.run(
                """
                INSERT INTO assets (id, user_id, kind, title, description, file_name, file_type, metadata, version,
                    created_at, updated_at)
                VALUES (5, 1, 'video', '', '', 'a', 'b', '{}', 1, \(now), \(now))
                """
            )
            try transaction.run(
                """
                INSERT INTO versions (asset_id, number, status, progress, size, created_at)
                VALUES (5, 1, 'processing', 0, 1, \(now))
                """
            )
            for (position, name) in ["720p", "360p", "audio"].enumerated() {
                try transaction.run(
                    """
                    INSERT INTO renditions (asset_id, version, name, position, segments, done)
                    VALUES (5, 1, \(name), \(position), 10, 0)
                    """
                )
            }
            for first in [0, 5] {
                try JobQueue.enqueue(
                    EncodeChunk(asset: Self.asset, version: 1, first: first, count: 5),
                    in: transaction
                )
            }
            try JobQueue.enqueue(EncodeAudio(asset: Self.asset, version: 1), in: transaction)
        }
    }

    private func wanted(_ number: Int?, _ rendition: String = "360p") -> WantedFile {
        WantedFile(asset: Self.asset, version: 1, rendition: rendition, number: number)
    }

    private func place(_ fixture: Fixture, _ wanted: WantedFile) async throws -> SegmentOrder.Answer {
        try await fixture.database.write { try SegmentOrder.place(wanted, in: $0) }
    }

    private func jobs(_ fixture: Fixture, _ kind: String, lane: String) async throws -> Int {
        try await fixture.database.read {
            try $0.first("SELECT count(*) AS n FROM jobs WHERE kind = \(kind) AND lane = \(lane)")?.get("n") ?? 0
        }
    }

    private func publish(_ fixture: Fixture, _ number: Int, _ rendition: String = "360p") async throws {
        let key = try AssetKeys.file(Self.asset, version: 1, rendition: rendition, name: "\(number).m4s")
        _ = try await fixture.store.put(key, bytes: [1, 2, 3])
        try await fixture.database.write {
            try $0.run(
                """
                INSERT INTO segments (asset_id, version, rendition, number, bytes, duration)
                VALUES (5, 1, \(rendition), \(number), 3, 6000000)
                """
            )
        }
    }

    @Test("many requests make one job, which goes before everything in the background")
    func once() async throws {
        let fixture = try await Fixture()
        try await prepared(fixture)
        for _ in 0..<5 { #expect(try await place(fixture, wanted(7)) == .coming) }
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 1)
        #expect(try await fixture.queue.claim(lane: .viewer, worker: "w")?.kind == "asset.segment")
    }

    @Test("a segment that a running chunk is at gets no job of its own, unless it is waited for too long; others do")
    func running() async throws {
        let fixture = try await Fixture()
        try await prepared(fixture)
        #expect(try await fixture.queue.claim(lane: .heavy, worker: "w")?.kind == "asset.chunk")
        try await publish(fixture, 0)
        #expect(try await place(fixture, wanted(1)) == .coming)
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 0)
        for number in [3, 6] { #expect(try await place(fixture, wanted(number)) == .coming) }
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 2)
        let answer = try await fixture.database.write { transaction in
            try SegmentOrder.place(wanted(1), isUrgent: true, in: transaction)
        }
        #expect(answer == .coming)
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 3)
    }

    @Test("a running chunk of one codec is not waited for by who plays another")
    func codecsApart() async throws {
        let fixture = try await Fixture()
        try await prepared(fixture)
        try await fixture.database.write { transaction in
            try transaction.run("DELETE FROM jobs")
            let chunk = EncodeChunk(asset: Self.asset, version: 1, first: 0, count: 5, rungs: ["720p"])
            try JobQueue.enqueue(chunk, in: transaction)
        }
        #expect(try await fixture.queue.claim(lane: .heavy, worker: "w")?.kind == "asset.chunk")
        #expect(try await place(fixture, wanted(0, "720p")) == .coming)
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 0)
        #expect(try await place(fixture, wanted(0, "360p")) == .coming)
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 1)
    }

    @Test("a chunk leaves out what exists and what has a job of its own")
    func leavesOut() async throws {
        let fixture = try await Fixture()
        try await prepared(fixture)
        try await publish(fixture, 1)
        _ = try await place(fixture, wanted(3))
        let taken = try await fixture.database.read { connection in
            try SegmentOrder.existing(Self.asset, 1, 0..<5, in: connection)
                .union(try SegmentOrder.ordered(Self.asset, 1, in: connection))
        }
        func rung(_ name: String) throws -> Rung {
            let text = """
                {"name": "\(name)", "width": 640, "height": 360, "maxBitrate": 1, "audioBitrate": 1,
                "preset": "fast", "frameRate": {"numerator": 30, "denominator": 1}}
                """
            return try JSONDecoder().decode(Rung.self, from: Data(text.utf8))
        }
        let (high, low) = (try rung("720p"), try rung("360p"))
        let runs = EncodeChunk.runs(of: 0..<5, rungs: [high, low], taken: taken)
        #expect(runs.map(\.segments) == [0..<1, 1..<2, 2..<3, 3..<4, 4..<5])
        #expect(
            runs.map { $0.rungs.map(\.name) } == [
                ["720p", "360p"], ["720p"], ["720p", "360p"], ["720p"], ["720p", "360p"],
            ]
        )
        let whole = EncodeChunk.runs(of: 0..<5, rungs: [high], taken: taken)
        #expect(whole.map(\.segments) == [0..<5])
    }

    @Test("sound is raised where it stands, and made alone far ahead of it; what will never be is said at once")
    func others() async throws {
        let fixture = try await Fixture()
        try await prepared(fixture)
        #expect(try await place(fixture, wanted(3, "audio")) == .coming)
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 0)
        #expect(try await place(fixture, wanted(9, "audio")) == .coming)
        #expect(try await fixture.queue.claim(lane: .viewer, worker: "w")?.kind == "asset.segment")
        #expect(try await fixture.queue.claim(lane: .light, worker: "w")?.kind == "asset.audio")
        for file in [wanted(10), wanted(0, "4k")] { #expect(try await place(fixture, file) == .never) }
        #expect(try await place(fixture, wanted(nil)) == .coming)
        try await fixture.database.write { try $0.run("UPDATE versions SET status = 'failed'") }
        #expect(try await place(fixture, wanted(4)) == .never)
        // While it is planned anew there is nothing yet, and everything will be.
        try await fixture.database.write { transaction in
            try transaction.run("UPDATE versions SET status = 'processing'")
            try transaction.run("DELETE FROM renditions")
        }
        #expect(try await place(fixture, wanted(4)) == .coming)
    }

    @Test(
        "what was copied ahead of its pass and is not wanted any more is left to the pass; nothing is copied before it"
    )
    func copies() async throws {
        let fixture = try await Fixture()
        try await prepared(fixture)
        try await fixture.database.write { transaction in
            try transaction.run("UPDATE renditions SET origin = 'copied' WHERE name = '720p'")
            try JobQueue.enqueue(CopyStreams(asset: Self.asset, version: 1), in: transaction)
        }
        let last = wanted(9, "720p")
        #expect(try await place(fixture, last) == .coming)
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 0)
        try await fixture.database.write { try $0.run("UPDATE renditions SET codecs = 'c' WHERE name = '720p'") }
        #expect(try await place(fixture, last) == .coming)
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 1)
        try await fixture.database.write { try SegmentOrder.giveUp(last, in: $0) }
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 0)
        #expect(try await jobs(fixture, "asset.copy", lane: "light") == 1)
    }

    @Test("waiting ends when the segment exists, for all who wait")
    func served() async throws {
        let fixture = try await Fixture()
        try await prepared(fixture)
        let waits = SegmentWaits(database: fixture.database, store: fixture.store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { try await waits.wait(for: wanted(8)) { true } } }
            group.addTask {
                try await until { try await jobs(fixture, "asset.segment", lane: "viewer") == 1 }
                try await publish(fixture, 8)
            }
            try await group.waitForAll()
        }
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 1)
    }

    @Test("who leaves lowers the priority; who comes back raises it")
    func abandoned() async throws {
        let fixture = try await Fixture()
        try await prepared(fixture)
        let waits = SegmentWaits(database: fixture.database, store: fixture.store)
        let isThere = Flag()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: ServiceError.self) {
                    try await waits.wait(for: wanted(8)) { isThere.value.withLock { $0 } }
                }
            }
            group.addTask {
                try? await until { try await jobs(fixture, "asset.segment", lane: "viewer") == 1 }
                isThere.value.withLock { $0 = false }
            }
        }
        try await until { try await jobs(fixture, "asset.segment", lane: "heavy") == 1 }
        #expect(try await place(fixture, wanted(8)) == .coming)
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 1)
    }

    @Test("deleting the asset ends the waiting and takes the jobs of its segments along")
    func deleted() async throws {
        let fixture = try await Fixture()
        try await prepared(fixture)
        let waits = SegmentWaits(database: fixture.database, store: fixture.store)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: ServiceError.self) { try await waits.wait(for: wanted(8)) { true } }
            }
            group.addTask {
                try? await until { try await jobs(fixture, "asset.segment", lane: "viewer") == 1 }
                try? await fixture.catalog.delete(Self.asset, for: Fixture.owner)
            }
        }
        #expect(try await jobs(fixture, "asset.segment", lane: "viewer") == 0)
    }

    @Test("a rung is listed when it is complete, copied or sustained, never before its first segment")
    func listing() {
        func record(
            _ name: String,
            done: Int = 0,
            origin: RenditionRecord.Origin = .encoded,
            sustained: Bool = false,
            codecs: String = "avc1.640028"
        ) -> RenditionRecord {
            RenditionRecord(
                name: name,
                segments: 10,
                done: done,
                codecs: done > 0 ? codecs : nil,
                bandwidth: nil,
                averageBandwidth: nil,
                origin: origin,
                isSustained: sustained
            )
        }
        let sound = record("audio", done: 1, origin: .copied)
        func names(_ list: [RenditionRecord]) -> [String] { VersionState.listed(list).map(\.name) }
        #expect(names([record("720p", done: 1), record("360p", done: 1, sustained: true), sound]) == ["360p"])
        #expect(names([record("720p", done: 1, origin: .copied), record("360p", done: 1), sound]) == ["720p"])
        #expect(names([record("720p", origin: .copied), record("360p", done: 10), sound]) == ["360p"])
        #expect(names([record("720p", done: 10), record("audio", done: 1)]) == [])
        let hevc = record("720p-hevc", done: 10, codecs: "hvc1.1.6.L93.90")
        #expect(names([record("720p", done: 9), hevc]) == [], "who knows only H.264 has nothing to play yet")
        #expect(names([record("720p", done: 9, sustained: true), hevc]) == ["720p", "720p-hevc"])
        let standIn = record("source", done: 10, origin: .standIn)
        #expect(names([standIn, record("720p", done: 9), record("360p", done: 10)]) == ["source", "360p"])
        #expect(names([standIn, record("720p", done: 10), record("360p", done: 10)]) == ["720p", "360p"])
    }

    private final class Flag: Sendable {
        let value = Mutex(true)
    }

    private func until(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, "it never happened")
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

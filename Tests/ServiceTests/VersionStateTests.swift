import Core
import SQL
import Testing

@testable import Service

@Suite struct VersionStateTests {
    @Test("a version plays when a rung and the sound are whole, and is ready with its top rung; progress never falls")
    func life() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        #expect(try await asset.status == "processing 0")
        try await asset.publish("360p", 0..<3)
        #expect(try await asset.status == "processing 48", "without its sound nothing is listed")
        try await asset.publish("audio", 0..<3, bytes: 8000)
        #expect(try await asset.status == "playable 51")
        try await asset.publish("720p", 0..<2)
        #expect(try await asset.status == "playable 83")
        try await asset.publish("720p", 0..<2)
        #expect(try await asset.status == "playable 83", "a job that ran twice counts once")
        try await asset.fixture.database.write { try $0.run("UPDATE versions SET progress = 95") }
        try await asset.publish("720p", 1..<2)
        #expect(try await asset.status == "playable 95")
        try await asset.publish("720p", 2..<3)
        #expect(try await asset.status == "ready 100")
    }

    @Test("a complete rendition is measured: its average is its bytes over its time, its peak no less")
    func measured() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        try await asset.publish("360p", 0..<2, bytes: 100_000)
        try await asset.publish("360p", 2..<3, bytes: 40_000)
        let record = try #require(
            try await asset.fixture.catalog.renditions(of: asset.id, version: 1).first { $0.name == "360p" }
        )
        #expect(record.averageBandwidth == 240_000 * 8 / 6)
        #expect(try #require(record.bandwidth) >= 400_000)
    }

    @Test("a failure keeps its reason and cancels what was to come; segments that come late do not undo it")
    func failure() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        let id = asset.id
        try await asset.fixture.database.write { transaction in
            try JobQueue.enqueue(EncodeChunk(asset: id, version: 1, first: 0, count: 3), in: transaction)
            try VersionState.fail(id, 1, reason: "It is broken.", in: transaction)
        }
        #expect(try await asset.fixture.queue.claim(lane: .heavy, worker: "w") == nil)
        for name in ["720p", "360p", "audio"] { try await asset.publish(name, 0..<3) }
        let version = try await asset.record.version
        #expect(version.status == .failed && version.error == "It is broken." && !version.plays)
    }

    @Test("rungs of another codec that cannot be made are not offered; what plays is neither failed nor made anew")
    func otherCodecFails() async throws {
        let asset = try await ProcessedAsset(try await Fixture(), extra: "720p-hevc")
        try await asset.publish("audio", 0..<3)
        try await asset.publish("360p", 0..<3)
        try await asset.publish("720p-hevc", 0..<1)
        let id = asset.id
        try await asset.fixture.database.write { transaction in
            try transaction.run(
                "UPDATE renditions SET sustained = 1, codecs = 'hvc1.1.6.L93.90' WHERE name = '720p-hevc'"
            )
        }
        func listed() async throws -> [String] {
            VersionState.listed(try await asset.fixture.catalog.renditions(of: id, version: 1)).map(\.name)
        }
        #expect(try await listed() == ["360p", "720p-hevc"])
        try await asset.fixture.database.write { transaction in
            let chunk = EncodeChunk(asset: id, version: 1, first: 0, count: 3, rungs: ["720p-hevc"])
            try chunk.buried(reason: "The encoder crashed.", in: transaction)
        }
        #expect(try await listed() == ["360p"])
        #expect(try await asset.record.version.status == .playable)
    }

    @Test("what is ready does not fail any more")
    func readyStays() async throws {
        let asset = try await ProcessedAsset(try await Fixture())
        for name in ["720p", "360p", "audio"] { try await asset.publish(name, 0..<3) }
        let id = asset.id
        try await asset.fixture.database.write { try VersionState.fail(id, 1, reason: "late", in: $0) }
        #expect(try await asset.status == "ready 100")
    }
}

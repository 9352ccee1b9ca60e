import Core
import Foundation
import ObjectStorage
import SQL

@testable import Service

/// A planned video in the catalog: two rungs and sound, three segments of two seconds at 25 frames a second.
struct ProcessedAsset: Sendable {
    let fixture: Fixture
    let id = AssetID(rawValue: 4711)
    let plan: Plan

    /// `extra`: the name of one more rung, of HEVC.
    init(_ fixture: Fixture, owner: UserID = Fixture.owner, extra: String? = nil) async throws {
        self.fixture = fixture
        plan = try JSONDecoder().decode(Plan.self, from: Data(Self.json(extra).utf8))
        let (id, plan) = (id, plan)
        try await fixture.database.write { transaction in
            try transaction.run(
                """
                INSERT INTO assets (id, user_id, kind, title, description, file_name, file_type, metadata, version,
                    created_at, updated_at)
                VALUES (\(id), \(owner), 'video', 'A clip', '', 'clip.mp4', 'video/mp4', '{}', 1, 1, 1)
                """
            )
            let text = String(decoding: try JSONEncoder().encode(plan), as: UTF8.self)
            try transaction.run(
                """
                INSERT INTO versions (asset_id, number, status, progress, size, duration, plan, created_at)
                VALUES (\(id), 1, 'processing', 0, 1000, 6000000, \(text), 1)
                """
            )
            for (position, name) in (["720p", "360p"] + (extra.map { [$0] } ?? []) + ["audio"]).enumerated() {
                try transaction.run(
                    """
                    INSERT INTO renditions (asset_id, version, name, position, segments, done)
                    VALUES (\(id), 1, \(name), \(position), 3, 0)
                    """
                )
            }
        }
    }

    /// Publishes segments of a rendition as a job does, without its files.
    func publish(_ rendition: String, _ numbers: Range<Int>, bytes: Int = 50_000) async throws {
        let (id, plan) = (id, plan)
        try await fixture.database.write { transaction in
            for number in numbers {
                try transaction.run(
                    """
                    INSERT INTO segments (asset_id, version, rendition, number, bytes, duration)
                    VALUES (\(id), 1, \(rendition), \(number), \(bytes), 2000000) ON CONFLICT DO NOTHING
                    """
                )
            }
            try VersionState.advance(id, 1, plan: plan, in: transaction)
        }
    }

    var record: AssetRecord {
        get async throws { try await fixture.catalog.asset(id, for: Fixture.owner) }
    }

    var status: String {
        get async throws {
            let version = try await record.version
            return "\(version.status.rawValue) \(version.progress)"
        }
    }

    private static func json(_ extra: String?) -> String {
        let hevc = extra.map { name in
            """
            , {"name": "\(name)", "width": 1280, "height": 720, "maxBitrate": 2500000, "audioBitrate": 128000,
             "preset": "medium", "frameRate": {"numerator": 30, "denominator": 1}, "codec": "hevc"}
            """
        }
        return """
            {"info": {"kind": "video", "container": "mov", "duration": 6000000, "bitRate": 1, "bytes": 1000,
                "streams": [], "tags": {}},
             "timeline": {"rate": {"numerator": 25, "denominator": 1}, "timescale": 12800, "frameCount": 150,
                "boundaries": [0, 50, 100, 150], "keyInterval": {"numerator": 2, "denominator": 1},
                "sourceTimeBase": {"numerator": 1, "denominator": 1000}, "sourceStart": 0,
                "seekPoints": [null, null, null], "sourceFrames": [50, 50, 50]},
             "rungs": [
                {"name": "720p", "width": 1280, "height": 720, "maxBitrate": 2500000, "audioBitrate": 128000,
                 "preset": "medium", "frameRate": {"numerator": 30, "denominator": 1}},
                {"name": "360p", "width": 640, "height": 360, "maxBitrate": 600000, "audioBitrate": 96000,
                 "preset": "medium", "frameRate": {"numerator": 25, "denominator": 1}}\(hevc ?? "")],
             "hasAudio": true, "audioBitRate": 128000, "nonStandardReasons": []}
            """
    }
}

internal import Core
internal import Foundation
internal import Media
internal import ObjectStorage
internal import SQL

/// Finds the key frames of a rung that is complete, so that a player can wind fast.
struct IndexKeyFrames: Job {
    static let kind = "asset.key-frames"
    static let lane = Lane.heavy

    let asset: AssetID
    let version: Int
    let rendition: String

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.plan(asset, version) else { return .done }
        let path = { (file: String) throws -> String in
            let key = try AssetKeys.file(asset, version: version, rendition: rendition, name: file)
            guard let path = context.store.localPath(key) else {
                throw ServiceError(.internalFailure, "A segment cannot be opened.", detail: "\(key)")
            }
            return path
        }
        let initialization = try path("init.mp4")
        let segments = try (0..<plan.timeline.segmentCount).map { try path("\($0).m4s") }
        let frames = try await KeyFrameReader.keyFrames(initialization: initialization, segments: segments)
        guard !frames.isEmpty else { return .done }
        let text = String(decoding: try JSONEncoder().encode(KeyFrameTable(frames)), as: UTF8.self)
        let rates = Playlist.rates(of: frames, duration: plan.timeline.duration.duration.microseconds)
        try await context.database.write { transaction in
            try transaction.run(
                """
                UPDATE renditions SET key_frames = \(text), key_frames_bandwidth = \(rates.peak),
                    key_frames_average = \(rates.average)
                WHERE asset_id = \(asset) AND version = \(version) AND name = \(rendition)
                """
            )
        }
        return .done
    }
}

/// Key frames as a rendition's row keeps them: columns of numbers, because there are many.
struct KeyFrameTable: Codable, Sendable {
    private let segments: [Int]
    private let fragments: [Int]
    private let times: [Int64]
    private let sizes: [Int]

    init(_ frames: [KeyFrame]) {
        segments = frames.map(\.segment)
        fragments = frames.map(\.fragment)
        times = frames.map(\.time)
        sizes = frames.map(\.size)
    }

    var frames: [KeyFrame] {
        guard fragments.count == segments.count, times.count == segments.count, sizes.count == segments.count else {
            return []
        }
        return segments.indices.map {
            KeyFrame(segment: segments[$0], fragment: fragments[$0], time: times[$0], size: sizes[$0])
        }
    }

    /// The key frames of one rendition; nil while it has none.
    static func find(
        _ asset: AssetID,
        _ version: Int,
        _ rendition: String,
        in connection: any Connection
    ) throws -> KeyFrameTable? {
        let row = try connection.first(
            """
            SELECT key_frames FROM renditions
            WHERE asset_id = \(asset) AND version = \(version) AND name = \(rendition)
            """
        )
        guard let text = try row?.get("key_frames", as: String?.self) else { return nil }
        return try JSONDecoder().decode(KeyFrameTable.self, from: Data(text.utf8))
    }

    /// Peak and average rate of each rendition that has an I-frame playlist.
    static func rates(
        of asset: AssetID,
        _ version: Int,
        in connection: any Connection
    ) throws -> [String: (peak: Int, average: Int)] {
        let rows = try connection.all(
            """
            SELECT name, key_frames_bandwidth, key_frames_average FROM renditions
            WHERE asset_id = \(asset) AND version = \(version) AND key_frames_bandwidth IS NOT NULL
            """
        )
        return try rows.reduce(into: [:]) { rates, row in
            rates[try row.get("name")] = (try row.get("key_frames_bandwidth"), try row.get("key_frames_average"))
        }
    }
}

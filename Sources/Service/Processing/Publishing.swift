internal import Core
internal import Foundation
internal import Media
internal import ObjectStorage
internal import SQL

/// Files of one rendition that a job has made: `init.mp4` and `<number>.m4s` in a folder.
struct MadeRendition: Sendable {
    struct Segment: Sendable {
        let number: Int
        let bytes: Int
        let duration: Duration
    }

    let name: String
    let folder: String
    let codecs: String
    let segments: [Segment]
    /// Whether `init.mp4` is in the folder: the first publication of a rendition's run brings it.
    var hasInit = true
    /// Seconds of media made in a second; nil when it was not measured.
    var speed: Double?
    /// How long these segments took; nil when it was not measured.
    var time: Duration?

    /// A rung that is made this much faster than it plays can be listed before it is complete (DESIGN 4).
    static let sustainedSpeed = 1.5
}

extension ProcessingContext {
    /// The original as a file that ffmpeg can open, or what stands for it (`straighten`).
    func original(_ asset: AssetID, _ version: Int) throws -> String {
        if let straight = try straightCopy(of: asset, version),
            let path = store.localPath(try straight.key(asset, version: version))
        {
            return path
        }
        return try untouchedOriginal(asset, version)
    }

    /// The original as it was uploaded.
    func untouchedOriginal(_ asset: AssetID, _ version: Int) throws -> String {
        let key = try AssetKeys.original(asset, version: version)
        guard let path = store.localPath(key) else {
            throw ServiceError(.internalFailure, "The original cannot be opened.", detail: "\(key) has no local path")
        }
        return path
    }

    /// A folder of this run's own, removed afterwards whatever happens.
    ///
    /// What a killed worker leaves is swept at start.
    func withWorkFolder<Result: Sendable>(_ body: (String) async throws -> Result) async throws -> Result {
        let folder = "\(workDirectory)/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer {
            do {
                try FileManager.default.removeItem(atPath: folder)
            } catch {
                logger.warning("a work folder could not be removed", ["error": .string("\(error)")])
            }
        }
        return try await body(folder)
    }

    /// Puts a rendition's files into the store by name, then records them: a reader never sees half of one, and what
    /// was published before, by an earlier run or by another job, stays as it is.
    func publish(_ made: MadeRendition, plan: Plan, of asset: AssetID, _ version: Int) async throws {
        let key = { try AssetKeys.file(asset, version: version, rendition: made.name, name: $0) }
        // Byte-identical in every chunk of a rendition (a rule that Media's tests hold).
        if made.hasInit {
            _ = try await store.put(try key("init.mp4"), file: "\(made.folder)/init.mp4", consuming: true)
        }
        let segments = try await missing(of: made, asset, version)
        for segment in segments {
            let name = "\(segment.number).m4s"
            _ = try await store.put(try key(name), file: "\(made.folder)/\(name)", consuming: true)
        }
        let isSustained = (made.speed ?? 0) >= MadeRendition.sustainedSpeed
        try await database.write { transaction in
            let changed = try transaction.run(
                """
                UPDATE renditions SET codecs = \(made.codecs),
                    sustained = CASE WHEN \(isSustained ? 1 : 0) = 1 THEN 1 ELSE sustained END
                WHERE asset_id = \(asset) AND version = \(version) AND name = \(made.name)
                """
            )
            if let time = made.time {
                let media = made.segments.reduce(Duration.zero) { $0 + $1.duration }
                try Statistics.count(rung: made.name, media: media, time: time, in: transaction)
            }
            // Deleted meanwhile.
            guard changed == 1 else { return }
            for segment in segments {
                try transaction.run(
                    """
                    INSERT INTO segments (asset_id, version, rendition, number, bytes, duration)
                    VALUES (\(asset), \(version), \(made.name), \(segment.number), \(segment.bytes),
                        \(segment.duration.microseconds))
                    ON CONFLICT (asset_id, version, rendition, number) DO UPDATE SET bytes = excluded.bytes
                    """
                )
            }
            try VersionState.advance(asset, version, plan: plan, in: transaction)
        }
        try await removeIfDeleted(asset, version)
    }

    private func missing(
        of made: MadeRendition,
        _ asset: AssetID,
        _ version: Int
    ) async throws -> [MadeRendition.Segment] {
        let numbers = made.segments.map(\.number)
        guard let first = numbers.min(), let last = numbers.max() else { return [] }
        let existing = try await database.read {
            try SegmentOrder.existing(asset, version, first..<last + 1, in: $0)
        }
        return made.segments.filter { !existing.contains(SegmentOrder.Place(rung: made.name, number: $0.number)) }
    }

    /// Removes what was put for an asset, or a version, that was deleted while it was put.
    ///
    /// Called after every put. A deletion that comes later removes everything itself, so nothing is orphaned however
    /// long a job goes on after its asset is gone.
    func removeIfDeleted(_ asset: AssetID, _ version: Int? = nil) async throws {
        let (isAsset, isVersion) = try await database.read { connection in
            let isAsset = try connection.first("SELECT id FROM assets WHERE id = \(asset)") != nil
            guard isAsset, let version else { return (isAsset, isAsset) }
            let row = try connection.first(
                "SELECT number FROM versions WHERE asset_id = \(asset) AND number = \(version)"
            )
            return (true, row != nil)
        }
        if !isAsset {
            _ = try await store.delete(prefix: AssetKeys.prefix(asset))
        } else if !isVersion, let version {
            _ = try await store.delete(prefix: AssetKeys.prefix(asset, version: version))
        }
    }
}

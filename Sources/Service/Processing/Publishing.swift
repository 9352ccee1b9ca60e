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
}

extension ProcessingContext {
    /// The original as a file that ffmpeg can open.
    func original(_ asset: AssetID, _ version: Int) throws -> String {
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

    /// Puts a rendition's files into the store by name, then records them: a reader never sees half of one, and a
    /// second run of the same job changes nothing.
    func publish(_ made: MadeRendition, plan: Plan, of asset: AssetID, _ version: Int) async throws {
        let key = { try AssetKeys.file(asset, version: version, rendition: made.name, name: $0) }
        // Byte-identical in every chunk of a rendition (a rule that Media's tests hold).
        _ = try await store.put(try key("init.mp4"), file: "\(made.folder)/init.mp4", consuming: true)
        for segment in made.segments {
            let name = "\(segment.number).m4s"
            _ = try await store.put(try key(name), file: "\(made.folder)/\(name)", consuming: true)
        }
        try await database.write { transaction in
            let changed = try transaction.run(
                """
                UPDATE renditions SET codecs = \(made.codecs)
                WHERE asset_id = \(asset) AND version = \(version) AND name = \(made.name)
                """
            )
            // Deleted meanwhile.
            guard changed == 1 else { return }
            for segment in made.segments {
                try transaction.run(
                    """
                    INSERT INTO segments (asset_id, version, rendition, number, bytes, duration)
                    VALUES (\(asset), \(version), \(made.name), \(segment.number), \(segment.bytes),
                        \(segment.duration.microseconds))
                    ON CONFLICT DO NOTHING
                    """
                )
            }
            try VersionState.advance(asset, version, plan: plan, in: transaction)
        }
        try await removeIfDeleted(asset)
    }

    /// Removes what was put for an asset that was deleted while it was put.
    ///
    /// Called after every put. A deletion that comes later removes everything itself, so nothing is orphaned however
    /// long a job goes on after its asset is gone.
    func removeIfDeleted(_ asset: AssetID) async throws {
        let row = try await database.read { try $0.first("SELECT id FROM assets WHERE id = \(asset)") }
        if row == nil { _ = try await store.delete(prefix: AssetKeys.prefix(asset)) }
    }
}

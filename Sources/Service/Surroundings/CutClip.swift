internal import Core
internal import Media
internal import ObjectStorage
internal import SQL

/// Cuts a range out of an asset's original, and has it processed as the original of its own asset.
struct CutClip: Job {
    static let kind = "asset.clip"
    static let lane = Lane.light

    let asset: AssetID
    /// What it is cut from.
    let source: AssetID
    let version: Int
    /// Microseconds of the source's timeline.
    let start: Int64
    let end: Int64

    var subject: String { Subject.version(asset, 1) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.plan(source, version) else {
            return .cancel("The medium that this clip is cut from was deleted.")
        }
        let original = try context.original(source, version)
        let key = try AssetKeys.original(asset, version: 1)
        return try await context.withWorkFolder { folder in
            let name = "clip.mp4"
            try await ClipCutter(tools: context.tools).cut(
                original,
                info: plan.info,
                timeline: plan.timeline,
                start: .microseconds(start),
                end: .microseconds(end),
                into: folder,
                name: name
            )
            let stored = try await context.store.put(key, file: "\(folder)/\(name)", consuming: true)
            try await context.database.write { transaction in
                let changed = try transaction.run(
                    "UPDATE versions SET size = \(stored.size) WHERE asset_id = \(asset) AND number = 1 AND plan IS NULL"
                )
                // Deleted meanwhile, or done before by a worker that was thought dead.
                guard changed == 1 else { return }
                try JobQueue.enqueue(PrepareAsset(asset: asset, version: 1), priority: .soon, in: transaction)
            }
            try await context.removeIfDeleted(asset)
            return .done
        }
    }

    func buried(reason: String, in transaction: any Connection) throws {
        try VersionState.fail(asset, 1, reason: reason, in: transaction)
    }
}

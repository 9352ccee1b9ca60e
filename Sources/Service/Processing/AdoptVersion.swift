internal import Core
internal import Foundation
internal import ObjectStorage
internal import SQL

/// Sees a new run of a version through: gives it the original, waits until it is ready, and puts it in the former
/// one's place; a run that fails is removed, and the former one stays.
struct AdoptVersion: Job {
    static let kind = "asset.adopt"
    static let lane = Lane.light
    static let attempts = 10

    let asset: AssetID
    let former: Int
    let version: Int

    var subject: String { Subject.asset(asset) }

    /// How often it looks whether the run is at its end.
    private static let interval = Duration.seconds(2)
    /// What is in the trash waits until it is restored.
    private static let trashInterval = Duration.seconds(60)

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let status = try await context.database.read({ try status(in: $0) }) else { return .done }
        switch status {
        case _ where try await isInTrash(in: context): return .snooze(Self.trashInterval)
        case .queued where try await !hasBegun(in: context):
            do {
                try await shareOriginal(in: context)
            } catch let error as ServiceError where error.code == .notFound {
                return .cancel("The original is no longer there.")
            }
            try await context.database.write { transaction in
                guard try self.status(in: transaction) == .queued else { return }
                try JobQueue.enqueue(PrepareAsset(asset: asset, version: version), priority: .soon, in: transaction)
            }
            try await context.removeIfDeleted(asset, version)
            return .snooze(Self.interval)
        case .queued, .processing, .playable: return .snooze(Self.interval)
        case .ready, .failed:
            try await context.database.write { try settle(in: $0) }
            return .done
        }
    }

    private func status(in connection: any Connection) throws -> VersionRecord.Status? {
        let row = try connection.first(
            "SELECT status FROM versions WHERE asset_id = \(asset) AND number = \(version)"
        )
        return try row.flatMap { VersionRecord.Status(rawValue: try $0.get("status")) }
    }

    private func isInTrash(in context: ProcessingContext) async throws -> Bool {
        try await context.database.read {
            try $0.first("SELECT id FROM assets WHERE id = \(asset) AND trashed_at IS NOT NULL") != nil
        }
    }

    private func hasBegun(in context: ProcessingContext) async throws -> Bool {
        try await context.database.read {
            try !JobQueue.living(kind: PrepareAsset.kind, subject: Subject.version(asset, version), in: $0).isEmpty
        }
    }

    /// The same bytes under the new version's name, without a copy where the file system can name a file twice.
    private func shareOriginal(in context: ProcessingContext) async throws {
        let (from, to) = (
            try AssetKeys.original(asset, version: former), try AssetKeys.original(asset, version: version)
        )
        if try await context.store.head(to) != nil { return }
        try await context.withWorkFolder { folder in
            let name = "\(folder)/original"
            if let path = context.store.localPath(from), link(path, name) == 0 {
                _ = try await context.store.put(to, file: name, consuming: true)
            } else {
                _ = try await context.store.copy(from, to: to)
            }
        }
    }

    /// What was replaced, or did not come to anything, is removed later: playbacks that began with it go on.
    private func settle(in transaction: any Connection) throws {
        let row = try transaction.first("SELECT version FROM assets WHERE id = \(asset)")
        guard let live = try row?.get("version", as: Int.self), let status = try status(in: transaction),
            live != version
        else { return }
        let isAdopted = status == .ready
        if isAdopted {
            try transaction.run(
                "UPDATE versions SET hidden = 0, was_live = 1 WHERE asset_id = \(asset) AND number = \(version)"
            )
            try transaction.run("UPDATE versions SET hidden = 1 WHERE asset_id = \(asset) AND number = \(former)")
        }
        // Its owner may have made another one live meanwhile: that stays.
        if isAdopted, live == former {
            let now = Timestamp.now
            try transaction.run("UPDATE assets SET version = \(version), updated_at = \(now) WHERE id = \(asset)")
        }
        try JobQueue.enqueue(
            RemoveVersion(asset: asset, version: isAdopted ? former : version),
            after: isAdopted ? RemoveVersion.grace : .zero,
            in: transaction
        )
    }

    func buried(reason: String, in transaction: any Connection) throws {
        try transaction.run(
            """
            UPDATE versions SET status = 'failed', error = \(reason)
            WHERE asset_id = \(asset) AND number = \(version) AND status <> 'ready'
            """
        )
        try settle(in: transaction)
    }
}

/// Removes a version that another run has replaced, or that came to nothing; never one that its owner sees.
struct RemoveVersion: Job {
    static let kind = "asset.remove-version"
    static let lane = Lane.light
    static let attempts = 20

    let asset: AssetID
    let version: Int

    var subject: String { Subject.asset(asset) }

    /// How long a replaced version can still be played by who has its links.
    static let grace = Duration.seconds(3 * 3600)

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        let isInUse = try await context.database.write { transaction -> Bool in
            let row = try transaction.first(
                """
                SELECT v.number FROM versions v JOIN assets a ON a.id = v.asset_id
                WHERE v.asset_id = \(asset) AND v.number = \(version) AND (v.hidden = 0 OR a.version = v.number)
                """
            )
            guard row == nil else { return true }
            try Reprocessing.forget(asset, version, in: transaction)
            try transaction.run("DELETE FROM versions WHERE asset_id = \(asset) AND number = \(version)")
            return false
        }
        if isInUse { return .done }
        // As with a deleted asset: a job that was running writes nothing after its next heartbeat.
        let removed = try await context.store.delete(prefix: AssetKeys.prefix(asset, version: version))
        return removed == 0 ? .done : .snooze(JobQueue.lease)
    }
}

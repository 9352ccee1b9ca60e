package import Core
internal import SQL

/// Processing once more, whatever the medium is.
///
/// What does not play begins again in its place. What plays goes on playing: the new run is a version of its own,
/// which takes the former one's place when it is ready (`AdoptVersion`), so that no URL ever changes its content.
extension Catalog {
    /// Processes an asset's live version again.
    ///
    /// Its owner may do so when it failed or is stuck (it is not ready, and no job of it runs or waits for its first
    /// turn); an administrator whenever it is not being processed.
    /// - Throws: `.notFound`; `.forbidden` for somebody else's, and for a ready one without `isAdmin`; `.conflict`
    ///   while it is being processed.
    package func reprocess(_ id: AssetID, for owner: UserID, isAdmin: Bool) async throws {
        if !isAdmin, try await asset(id, for: owner).version.status == .ready {
            throw ServiceError(.forbidden, "Only an administrator can process a medium again that is ready.")
        }
        try await database.write { transaction in
            guard let asset = try Self.find(id, in: transaction) else {
                throw ServiceError(.notFound, "Asset not found.")
            }
            guard try !Reprocessing.isBusy(asset, in: transaction) else {
                throw ServiceError(.conflict, "It is still being processed.")
            }
            if asset.version.plays {
                try Reprocessing.begin(beside: asset, in: transaction)
            } else {
                try Reprocessing.restart(asset.id, asset.version.number, in: transaction)
            }
        }
    }
}

/// The steps of a new run, each inside the caller's transaction.
enum Reprocessing {
    /// Whether something is being made of the live version, or a version is being made to follow it.
    ///
    /// What stands around the picture (storyboard, loudness) does not count.
    static func isBusy(_ asset: AssetRecord, in connection: any Connection) throws -> Bool {
        let subject = Subject.version(asset.id, asset.version.number)
        let hopeful = try connection.first(
            """
            SELECT id FROM jobs
            WHERE (subject = \(subject) OR (subject >= \(subject + "/") AND subject < \(subject + "0")))
                AND priority > \(Priority.background.rawValue)
                AND (state = 'running' OR (state = 'queued' AND attempts = 0 AND crashes = 0)) LIMIT 1
            """
        )
        if hopeful != nil { return true }
        let next = try connection.first(
            """
            SELECT number FROM versions WHERE asset_id = \(asset.id) AND number > \(asset.version.number)
                AND edition = \(asset.version.edition) AND status <> 'failed' LIMIT 1
            """
        )
        return next != nil
    }

    /// Empties a version and processes it from the beginning.
    static func restart(_ asset: AssetID, _ version: Int, in transaction: any Connection) throws {
        try forget(asset, version, in: transaction)
        try transaction.run(
            """
            UPDATE versions SET status = 'queued', progress = 0, error = NULL, plan = NULL, info = NULL,
                duration = NULL, width = NULL, height = NULL, poster = 0, details = '{}'
            WHERE asset_id = \(asset) AND number = \(version)
            """
        )
        try JobQueue.enqueue(
            PrepareAsset(asset: asset, version: version, isAnew: true),
            priority: .soon,
            in: transaction
        )
    }

    /// Begins a hidden version from the same original; the live one stays until it is ready.
    static func begin(beside asset: AssetRecord, in transaction: any Connection) throws {
        let (id, former) = (asset.id, asset.version.number)
        let next = try Catalog.takeVersionNumber(of: id, in: transaction)
        try transaction.run(
            """
            INSERT INTO versions (asset_id, number, status, progress, size, sha256, created_at, duration_limit,
                sound_size_limit, edition, hidden, file_name, file_type)
            SELECT asset_id, \(next), 'queued', 0, size, sha256, \(Timestamp.now), duration_limit, sound_size_limit,
                edition, 1, file_name, file_type
            FROM versions WHERE asset_id = \(id) AND number = \(former)
            """
        )
        try JobQueue.enqueue(AdoptVersion(asset: id, former: former, version: next), in: transaction)
    }

    /// Removes what the catalog knows to have been made of a version, and everything that works for it.
    static func forget(_ asset: AssetID, _ version: Int, in transaction: any Connection) throws {
        try JobQueue.cancel(subject: Subject.version(asset, version), keepingDead: false, in: transaction)
        for table in ["segments", "renditions", "derivatives"] as [StaticString] {
            try transaction.run("DELETE FROM \(identifier: table) WHERE asset_id = \(asset) AND version = \(version)")
        }
    }
}

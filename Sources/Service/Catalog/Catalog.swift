package import Core
internal import Foundation
internal import ObjectStorage
package import SQL

/// What the users own: looked up, listed, deleted.
///
/// The one place that checks whose an asset is.
package struct Catalog: Sendable {
    let database: any Database

    package init(database: any Database) {
        self.database = database
    }

    /// Makes an asset and its first version from a stored upload, in the caller's transaction.
    static func create(
        _ id: AssetID,
        from upload: Upload,
        sha256: String?,
        in transaction: any Connection
    ) throws {
        let now = Timestamp.now
        let title = upload.metadata["title"]?.stringValue ?? upload.fileName
        let description = upload.metadata["description"]?.stringValue ?? ""
        let metadata = String(decoding: try JSONEncoder().encode(upload.metadata), as: UTF8.self)
        try transaction.run(
            """
            INSERT INTO assets (id, user_id, kind, title, description, file_name, file_type, metadata, version,
                created_at, updated_at)
            VALUES (\(id), \(upload.owner), 'unknown', \(title), \(description), \(upload.fileName),
                \(upload.fileType), \(metadata), 1, \(now), \(now))
            """
        )
        try transaction.run(
            """
            INSERT INTO versions (asset_id, number, status, progress, size, sha256, created_at, duration_limit)
            VALUES (\(id), 1, 'queued', 0, \(upload.size), \(sha256), \(now), \(upload.durationLimit?.microseconds))
            """
        )
    }

    /// The asset, when it is the owner's.
    ///
    /// - Throws: `.notFound`; `.forbidden` when it is somebody else's.
    package func asset(_ id: AssetID, for owner: UserID) async throws -> AssetRecord {
        guard let asset = try await find(id) else { throw ServiceError(.notFound, "Asset not found.") }
        guard asset.owner == owner else { throw ServiceError(.forbidden, "Access denied") }
        return asset
    }

    /// The asset whoever asks: for those who have proved their right in another way.
    func find(_ id: AssetID) async throws -> AssetRecord? {
        try await database.read { connection in
            try connection.first(
                "SELECT \(sql: AssetRecord.columns) FROM \(sql: AssetRecord.tables) WHERE a.id = \(id)"
            ).map(AssetRecord.init(row:))
        }
    }

    /// A page of the owner's assets, newest first, and how many there are in all.
    package func assets(of owner: UserID, page: Int, limit: Int) async throws -> (assets: [AssetRecord], total: Int) {
        try await database.read { connection in
            let rows = try connection.all(
                """
                SELECT \(sql: AssetRecord.columns) FROM \(sql: AssetRecord.tables)
                WHERE a.user_id = \(owner) ORDER BY a.id DESC LIMIT \(limit) OFFSET \((page - 1) * limit)
                """
            )
            let total = try connection.first("SELECT count(*) AS n FROM assets WHERE user_id = \(owner)")
            return (try rows.map(AssetRecord.init(row:)), try total?.get("n") ?? 0)
        }
    }

    /// The renditions of a version, the best rung first, `audio` last.
    package func renditions(of id: AssetID, version: Int) async throws -> [RenditionRecord] {
        try await database.read { try VersionState.renditions(id, version, in: $0) }
    }

    /// Throws when the database does not answer.
    package func check() async throws {
        _ = try await database.read { try $0.first("SELECT 1 AS one") }
    }

    /// Deletes an asset: it is gone at once; its objects follow in the background.
    package func delete(_ id: AssetID, for owner: UserID) async throws {
        _ = try await asset(id, for: owner)
        try await database.write { transaction in
            for subject in try Subject.all(of: id, in: transaction) {
                try JobQueue.cancel(subject: subject, keepingDead: false, in: transaction)
            }
            try transaction.run("DELETE FROM assets WHERE id = \(id)")
            try transaction.run("DELETE FROM uploads WHERE asset_id = \(id)")
            try JobQueue.enqueue(DeleteObjects(asset: id), in: transaction)
        }
    }
}

/// What jobs work for: the key by which they are cancelled together.
enum Subject {
    static func version(_ id: AssetID, _ number: Int) -> String { "asset_\(id)/v\(number)" }

    /// Apart from its version's, so that a request finds the job it waits for.
    static func mp4(_ id: AssetID, _ number: Int, _ rendition: String) -> String {
        "\(version(id, number))/\(rendition).mp4"
    }

    /// All that an asset's jobs can work for.
    static func all(of id: AssetID, in connection: any Connection) throws -> [String] {
        let versions = try connection.all("SELECT number FROM versions WHERE asset_id = \(id)")
        let renditions = try connection.all("SELECT version, name FROM renditions WHERE asset_id = \(id)")
        return try versions.map { version(id, try $0.get("number")) }
            + renditions.map { mp4(id, try $0.get("version"), try $0.get("name")) }
    }
}

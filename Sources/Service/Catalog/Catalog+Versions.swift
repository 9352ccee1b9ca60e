package import Core
internal import SQL

/// A version of an asset as its owner sees it.
package struct VersionSummary: Sendable {
    package let version: VersionRecord
    package let fileName: String
    package let fileType: String
    package let createdAt: Timestamp
    package let isLive: Bool
}

/// Versions: each is an upload of its own; the newest goes live when it plays, and any can be made live again.
extension Catalog {
    /// A version by the number that its owner knows.
    ///
    /// - Throws: `.notFound`, `.forbidden`.
    package func asset(_ id: AssetID, version: Int, for owner: UserID) async throws -> AssetRecord {
        try await database.read { connection in
            let live = try Self.own(id, owner, in: connection)
            if live.version.edition == version { return live }
            let row = try connection.first(
                """
                SELECT \(sql: AssetRecord.columns) FROM assets a JOIN versions v ON v.asset_id = a.id
                WHERE a.id = \(id) AND v.edition = \(version) AND v.hidden = 0
                """
            )
            guard let row else { throw Self.noVersion(version) }
            return try AssetRecord(row: row)
        }
    }

    /// A version by the number that links have; nil when there is none, or the asset is in the trash.
    func find(_ id: AssetID, linked number: Int) async throws -> AssetRecord? {
        try await database.read { connection in
            try connection.first(
                """
                SELECT \(sql: AssetRecord.columns) FROM assets a JOIN versions v ON v.asset_id = a.id
                WHERE a.id = \(id) AND v.number = \(number) AND a.trashed_at IS NULL
                """
            ).map(AssetRecord.init(row:))
        }
    }

    /// All versions, the newest first.
    ///
    /// - Throws: `.notFound`, `.forbidden`.
    package func versions(of id: AssetID, for owner: UserID) async throws -> [VersionSummary] {
        try await database.read { connection in
            let live = try Self.own(id, owner, in: connection).version.number
            return try connection.all(
                """
                SELECT \(sql: AssetRecord.columns), v.created_at AS version_created_at
                FROM assets a JOIN versions v ON v.asset_id = a.id 
                WHERE a.id = \(id) AND v.hidden = 0 ORDER BY v.edition DESC
                """
            ).map { row in
                let asset = try AssetRecord(row: row)
                return VersionSummary(
                    version: asset.version,
                    fileName: asset.fileName,
                    fileType: asset.fileType,
                    createdAt: try row.get("version_created_at"),
                    isLive: asset.version.number == live
                )
            }
        }
    }

    /// Makes an earlier, or later, version the live one.
    ///
    /// Links that were given to any version go on working.
    /// Throws `.notFound`, `.forbidden`; `.conflict` for one that does not play.
    package func restore(version: Int, of id: AssetID, for owner: UserID) async throws -> AssetRecord {
        try await database.write { transaction in
            _ = try Self.own(id, owner, in: transaction)
            let row = try transaction.first(
                """
                SELECT number, status FROM versions
                WHERE asset_id = \(id) AND edition = \(version) AND hidden = 0
                """
            )
            guard let row else { throw Self.noVersion(version) }
            let number = try row.get("number", as: Int.self)
            let status = try row.get("status", as: String.self)
            guard ["playable", "ready"].contains(status) else {
                throw ServiceError(.conflict, "Version \(version) does not play, so it cannot be the live one.")
            }
            try transaction.run("UPDATE versions SET was_live = 1 WHERE asset_id = \(id) AND number = \(number)")
            try transaction.run(
                "UPDATE assets SET version = \(number), updated_at = \(Timestamp.now) WHERE id = \(id)"
            )
            return try Self.own(id, owner, in: transaction)
        }
    }

    private static func noVersion(_ number: Int) -> ServiceError {
        ServiceError(.notFound, "There is no version \(number) of this asset.")
    }

    /// Records a version that an upload has become.
    static func addVersion(
        _ number: Int,
        of asset: AssetID,
        from upload: Upload,
        sha256: String?,
        content: FileContent?,
        in transaction: any Connection
    ) throws {
        let type = FileContent.mediaType(declared: upload.fileType, found: content)
        try transaction.run(
            """
            INSERT INTO versions (asset_id, number, status, progress, size, sha256, created_at, duration_limit,
                sound_size_limit, edition, file_name, file_type)
            VALUES (\(asset), \(number), 'queued', 0, \(upload.size), \(sha256), \(Timestamp.now),
                \(upload.durationLimit?.microseconds), \(upload.soundSizeLimit), \(number), \(upload.fileName),
                \(type))
            """
        )
    }

    /// The next number of an asset's versions, taken.
    static func takeVersionNumber(of asset: AssetID, in transaction: any Connection) throws -> Int {
        try transaction.run("UPDATE assets SET last_version = last_version + 1 WHERE id = \(asset)")
        let row = try transaction.first("SELECT last_version FROM assets WHERE id = \(asset)")
        return try row?.get("last_version") ?? 1
    }

    // MARK: - The same bytes

    /// The owner's asset that has these bytes in a version of it, if there is one outside the trash.
    package func duplicate(ofSHA256 hash: String, owner: UserID) async throws -> AssetID? {
        try await database.read { try Self.living(sha256: hash.lowercased(), owner: owner, in: $0) }
    }

    static func living(sha256: String, owner: UserID, in connection: any Connection) throws -> AssetID? {
        try connection.first(
            """
            SELECT a.id AS id FROM versions v JOIN assets a ON a.id = v.asset_id
            WHERE v.sha256 = \(sha256) AND a.user_id = \(owner) AND a.trashed_at IS NULL ORDER BY a.id LIMIT 1
            """
        )?.get("id")
    }

    /// Says of an asset that an older one has its bytes; called when they are known.
    static func noteDuplicate(
        _ asset: AssetID,
        sha256: String,
        owner: UserID,
        in transaction: any Connection
    ) throws {
        guard let original = try living(sha256: sha256, owner: owner, in: transaction), original != asset else {
            return
        }
        try transaction.run("UPDATE assets SET duplicate_of = \(original) WHERE id = \(asset)")
    }
}

package import Core
internal import SQL

/// Which assets a list shows.
///
/// What is nil is not asked.
package struct AssetFilter: Sendable {
    package var owner: UserID?
    /// `image`, `video`, `audio`.
    package var kind: String?
    package var statuses: [VersionRecord.Status]?
    package var createdFrom: Timestamp?
    /// Up to here, excluded.
    package var createdBefore: Timestamp?

    package init(owner: UserID? = nil) {
        self.owner = owner
    }

    fileprivate var condition: Query {
        var conditions: [Query] = ["a.trashed_at IS NULL"]
        if let owner { conditions.append("a.user_id = \(owner)") }
        if let kind { conditions.append("a.kind = \(kind)") }
        if let statuses { conditions.append("v.status IN \(list: statuses.map(\.rawValue))") }
        if let createdFrom { conditions.append("a.created_at >= \(createdFrom)") }
        if let createdBefore { conditions.append("a.created_at < \(createdBefore)") }
        return .joined(conditions, by: " AND ")
    }
}

/// How much somebody owns.
package struct AssetTotals: Sendable {
    package var count = 0
    /// By kind: `image`, `video`, `audio`, `unknown`.
    package var byKind: [String: Int] = [:]
    package var byStatus: [VersionRecord.Status: Int] = [:]
    /// Uploads on their way, which are no assets yet.
    package var uploading = 0
    /// Bytes of the originals.
    package var bytes: Int64 = 0
}

extension Catalog {
    /// A page of the assets that a filter lets through, newest first, and how many there are in all.
    ///
    /// For those who have proved their right to see them.
    package func assets(_ filter: AssetFilter, page: Int, limit: Int) async throws
        -> (assets: [AssetRecord], total: Int)
    {
        let condition = filter.condition
        return try await database.read { connection in
            let rows = try connection.all(
                """
                SELECT \(sql: AssetRecord.columns) FROM \(sql: AssetRecord.tables)
                WHERE \(sql: condition) ORDER BY a.id DESC LIMIT \(limit) OFFSET \((page - 1) * limit)
                """
            )
            let total = try connection.first(
                "SELECT count(*) AS n FROM \(sql: AssetRecord.tables) WHERE \(sql: condition)"
            )
            return (try rows.map(AssetRecord.init(row:)), try total?.get("n") ?? 0)
        }
    }

    /// What an owner has, counted.
    package func totals(of owner: UserID) async throws -> AssetTotals {
        try await database.read { connection in
            var totals = AssetTotals()
            try connection.each(
                """
                SELECT a.kind, v.status, count(*) AS n, sum(v.size) AS bytes FROM \(sql: AssetRecord.tables)
                WHERE a.user_id = \(owner) AND a.trashed_at IS NULL GROUP BY a.kind, v.status
                """
            ) { row in
                let count = try row.get("n", as: Int.self)
                totals.count += count
                totals.byKind[try row.get("kind"), default: 0] += count
                let status = VersionRecord.Status(rawValue: try row.get("status")) ?? .failed
                totals.byStatus[status, default: 0] += count
                totals.bytes += try row.get("bytes", as: Int64.self)
            }
            let uploads = try connection.first(
                """
                SELECT count(*) AS n FROM uploads WHERE user_id = \(owner) AND form <> 'partial'
                    AND state IN ('created', 'receiving', 'validating', 'hashing') AND expires_at > \(Timestamp.now)
                """
            )
            totals.uploading = try uploads?.get("n") ?? 0
            return totals
        }
    }

    /// Opens an asset's files to everybody, or closes them.
    ///
    /// For those who have proved their right. Returns false when there is no such asset.
    @discardableResult
    package func setPublic(_ isPublic: Bool, _ id: AssetID) async throws -> Bool {
        let now = Timestamp.now
        return try await database.write {
            try $0.run(
                """
                UPDATE assets SET is_public = \(isPublic), updated_at = \(now)
                WHERE id = \(id) AND trashed_at IS NULL
                """
            ) == 1
        }
    }

    /// Deletes an asset, whosever it is, as its owner would: for administrators.
    ///
    /// - Throws: `.notFound`.
    package func delete(_ id: AssetID) async throws {
        try await database.write { transaction in
            guard try Self.find(id, in: transaction) != nil else { throw ServiceError(.notFound, "Asset not found.") }
            try remove(id, in: transaction)
        }
    }

    /// Removes up to `limit` assets for good that never played, and that nothing was done with since a moment.
    ///
    /// What is in the trash has its own time, and what another version is on its way for may play yet.
    ///
    /// - Returns: how many.
    func removeFailed(before time: Timestamp, limit: Int) async throws -> Int {
        try await database.write { transaction in
            let rows = try transaction.all(
                """
                SELECT a.id AS id FROM \(sql: AssetRecord.tables)
                WHERE v.status = 'failed' AND v.created_at < \(time) AND a.updated_at < \(time)
                    AND a.trashed_at IS NULL
                    AND NOT EXISTS (SELECT 1 FROM versions o WHERE o.asset_id = a.id AND o.status <> 'failed')
                    AND NOT EXISTS (SELECT 1 FROM uploads u WHERE u.target_asset = a.id
                        AND u.state IN ('created', 'receiving', 'validating', 'hashing')) LIMIT \(limit)
                """
            )
            for row in rows { try Self.purge(try row.get("id"), in: transaction) }
            return rows.count
        }
    }
}

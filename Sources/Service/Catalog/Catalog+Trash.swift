package import Core
internal import SQL

/// Deleting: at once invisible and unplayable; what can be restored for a while, and then its objects are removed in
/// the background.
extension Catalog {
    /// Links that were signed before count no more for as long as any of them could: a week, and twice the longest
    /// video.
    static let revocationPeriod = Duration.seconds(9 * 86_400)
    /// Added to when a waiting job of a deleted asset may run: a hundred years.
    private static let pause: Int64 = 100 * 365 * 86_400_000_000
    private static let batch = 100

    /// Deletes an asset: into the trash where there is one, else for good.
    ///
    /// - Throws: `.notFound`, `.forbidden`.
    package func delete(_ id: AssetID, for owner: UserID, forGood: Bool = false) async throws {
        try await database.write { transaction in
            _ = try Self.own(id, owner, in: transaction)
            try remove(id, forGood: forGood, in: transaction)
        }
    }

    func remove(_ id: AssetID, forGood: Bool = false, in transaction: any Connection) throws {
        if forGood || trashPeriod == nil {
            try Self.purge(id, in: transaction)
        } else {
            try Self.putIntoTrash(id, in: transaction)
        }
    }

    private static func putIntoTrash(_ id: AssetID, in transaction: any Connection) throws {
        let now = Timestamp.now
        try transaction.run("UPDATE assets SET trashed_at = \(now) WHERE id = \(id)")
        try SearchIndex.remove(id, in: transaction)
        try Revocations.add(.asset, id.rawValue, until: now + revocationPeriod, in: transaction)
        try YouTubeVideo.endForTrash(id, in: transaction)
        // What is being made for it comes to its end; what waits goes on waiting.
        try move(id, by: pause, in: transaction)
    }

    /// Takes assets out of the trash; their links play again.
    ///
    /// - Throws: `.notFound` for what is not in the owner's trash.
    package func restore(_ id: AssetID, for owner: UserID) async throws -> AssetRecord {
        try await database.write { transaction in
            try Self.restore(id, for: owner, in: transaction)
            return try Self.own(id, owner, in: transaction)
        }
    }

    static func restore(_ id: AssetID, for owner: UserID, in transaction: any Connection) throws {
        let changed = try transaction.run(
            """
            UPDATE assets SET trashed_at = NULL WHERE id = \(id) AND user_id = \(owner) AND trashed_at IS NOT NULL
            """
        )
        guard changed == 1 else { throw notInTrash }
        try SearchIndex.refresh(id, in: transaction)
        try Revocations.remove(.asset, id.rawValue, in: transaction)
        try move(id, by: -pause, in: transaction)
    }

    private static let notInTrash = ServiceError(.notFound, "There is no such asset in the trash.")

    private static func move(_ id: AssetID, by time: Int64, in transaction: any Connection) throws {
        let now = Timestamp.now.microseconds
        let isPausing = time > 0
        // "0" follows "/": the range of all that begins with the asset and a slash.
        try transaction.run(
            """
            UPDATE jobs SET run_at = run_at + \(time) WHERE subject >= \("asset_\(id)/") AND subject < \("asset_\(id)0")
                AND state = 'queued' AND (run_at > \(now + pause / 2)) = \(sql: isPausing ? "(1 = 0)" : "(1 = 1)")
            """
        )
    }

    /// What is in the owner's trash, what was deleted last first, and how many in all.
    package func trash(of owner: UserID, page: Int, limit: Int) async throws -> (
        assets: [(asset: AssetRecord, trashedAt: Timestamp)], total: Int
    ) {
        try await database.read { connection in
            let rows = try connection.all(
                """
                SELECT \(sql: AssetRecord.columns), a.trashed_at AS trashed_at FROM \(sql: AssetRecord.tables)
                WHERE a.user_id = \(owner) AND a.trashed_at IS NOT NULL
                ORDER BY a.trashed_at DESC, a.id DESC LIMIT \(limit) OFFSET \((page - 1) * limit)
                """
            )
            let total = try connection.first(
                """
                SELECT CAST(COALESCE(sum(n), 0) AS BIGINT) AS n FROM asset_counts
                WHERE user_id = \(owner) AND tag = '' AND state = 'trashed'
                """
            )
            return (try rows.map { (try AssetRecord(row: $0), try $0.get("trashed_at")) }, try total?.get("n") ?? 0)
        }
    }

    /// Removes one asset from the trash for good.
    ///
    /// - Throws: `.notFound` for what is not in the owner's trash.
    package func discard(_ id: AssetID, for owner: UserID) async throws {
        try await database.write { transaction in
            let row = try transaction.first(
                "SELECT id FROM assets WHERE id = \(id) AND user_id = \(owner) AND trashed_at IS NOT NULL"
            )
            guard row != nil else { throw Self.notInTrash }
            try Self.purge(id, in: transaction)
        }
    }

    /// Empties the owner's trash; how many assets there were.
    package func emptyTrash(of owner: UserID) async throws -> Int {
        try await purgeAll { connection in
            try connection.all(
                "SELECT id FROM assets WHERE user_id = \(owner) AND trashed_at IS NOT NULL LIMIT \(Self.batch)"
            )
        }
    }

    /// Removes for good what has been in anybody's trash for its period, and revocations that nobody needs any more.
    ///
    /// Can be called at any time, by any number of processes at once. Returns how many assets there were.
    package func emptyExpiredTrash(at now: Timestamp = .now) async throws -> Int {
        try await database.write { transaction in
            // The last change stays, so that the next one has a greater number.
            _ = try transaction.run(
                """
                DELETE FROM revocations
                WHERE until < \(now) AND change < (SELECT max(change) FROM revocations)
                """
            )
        }
        guard let trashPeriod else { return 0 }
        return try await purgeAll { connection in
            try connection.all(
                """
                SELECT id FROM assets WHERE trashed_at IS NOT NULL AND trashed_at <= \(now - trashPeriod)
                LIMIT \(Self.batch)
                """
            )
        }
    }

    /// A hundred in a transaction, so that nobody waits long for the database.
    private func purgeAll(_ find: @escaping @Sendable (any Connection) throws -> [Row]) async throws -> Int {
        var count = 0
        while !Task.isCancelled {
            let found = try await database.write { transaction in
                let ids = try find(transaction).map { try $0.get("id", as: AssetID.self) }
                for id in ids { try Self.purge(id, in: transaction) }
                return ids.count
            }
            count += found
            if found < Self.batch { break }
        }
        return count
    }

    /// Removes every row of an asset; its objects follow in the background.
    static func purge(_ id: AssetID, in transaction: any Connection) throws {
        for subject in try Subject.all(of: id, in: transaction) {
            try JobQueue.cancel(subject: subject, keepingDead: false, in: transaction)
        }
        try SearchIndex.remove(id, in: transaction)
        try Revocations.add(.asset, id.rawValue, until: .now + revocationPeriod, in: transaction)
        try transaction.run("DELETE FROM assets WHERE id = \(id)")
        try transaction.run("DELETE FROM uploads WHERE asset_id = \(id)")
        try JobQueue.enqueue(DeleteObjects(asset: id), in: transaction)
    }
}

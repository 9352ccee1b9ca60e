package import Core
internal import SQL

/// A job as an administrator sees it.
package struct JobRecord: Sendable {
    package let id: JobID
    package let kind: String
    /// What it works for: `asset_12/v1`.
    package let subject: String
    package let lane: String
    /// `queued`, `running` or `dead`.
    package let state: String
    package let priority: Int64
    package let attempts: Int
    package let crashes: Int
    /// Why it failed the last time.
    package let reason: String?
    package let createdAt: Timestamp
    /// When it may run.
    package let runAt: Timestamp
    package let worker: String?

    /// The asset that it works for.
    package var asset: AssetID? {
        AssetID(parsing: subject.prefix { $0 != "/" })
    }

    /// The version of the asset that it works for.
    var version: Int? {
        let parts = subject.split(separator: "/")
        return parts.count > 1 ? Int(parts[1].dropFirst()) : nil
    }
}

extension JobRecord {
    static let columns: Query = """
        id, kind, subject, lane, state, priority, attempts, crashes, reason, created_at, run_at, worker
        """

    init(row: Row) throws {
        id = try row.get("id")
        kind = try row.get("kind")
        subject = try row.get("subject")
        lane = try row.get("lane")
        state = try row.get("state")
        priority = try row.get("priority")
        attempts = try row.get("attempts")
        crashes = try row.get("crashes")
        reason = try row.get("reason")
        createdAt = try row.get("created_at")
        runAt = try row.get("run_at")
        worker = try row.get("worker")
    }
}

/// What is in the queue.
package struct QueueOverview: Sendable {
    package struct Count: Sendable {
        package let kind: String
        package let state: String
        package let count: Int
        /// When the oldest of them was enqueued.
        package let oldest: Timestamp

        init(row: Row) throws {
            kind = try row.get("kind")
            state = try row.get("state")
            count = try row.get("n")
            oldest = try row.get("oldest")
        }
    }

    package let counts: [Count]
    package let jobs: [JobRecord]
    /// Jobs that the filter lets through, of which `jobs` is a page.
    package let total: Int
}

extension JobQueue {
    /// A page of the queue, what has failed first, and the counts of all of it by kind and state.
    package func overview(state: String?, kind: String?, page: Int, limit: Int) async throws -> QueueOverview {
        var conditions: [Query] = ["1 = 1"]
        if let state { conditions.append("state = \(state)") }
        if let kind { conditions.append("kind = \(kind)") }
        let condition = Query.joined(conditions, by: " AND ")
        return try await database.read { connection in
            let counts = try connection.all(
                """
                SELECT kind, state, count(*) AS n, min(created_at) AS oldest FROM jobs
                GROUP BY kind, state ORDER BY kind, state
                """
            ).map(QueueOverview.Count.init(row:))
            let jobs = try connection.all(
                """
                SELECT \(sql: JobRecord.columns) FROM jobs WHERE \(sql: condition)
                ORDER BY CASE state WHEN 'dead' THEN 0 WHEN 'running' THEN 1 ELSE 2 END, priority DESC, id
                LIMIT \(limit) OFFSET \((page - 1) * limit)
                """
            ).map(JobRecord.init(row:))
            let total = try connection.first("SELECT count(*) AS n FROM jobs WHERE \(sql: condition)")
            return QueueOverview(counts: counts, jobs: jobs, total: try total?.get("n") ?? 0)
        }
    }

    /// Puts a buried job back, with all its attempts before it.
    ///
    /// - Throws: `.notFound`; `.conflict` for a job that is not buried, and for one whose medium has failed as a whole:
    ///   that is reprocessed.
    package func revive(_ id: JobID) async throws {
        let now = Timestamp.now
        try await database.write { transaction in
            let row = try transaction.first("SELECT \(sql: JobRecord.columns) FROM jobs WHERE id = \(id)")
            guard let job = try row.map(JobRecord.init(row:)) else {
                throw ServiceError(.notFound, "There is no such job any more.")
            }
            guard job.state == "dead" else { throw ServiceError(.conflict, "This job has not failed.") }
            if let asset = job.asset, let version = job.version {
                let status = try transaction.first(
                    "SELECT status FROM versions WHERE asset_id = \(asset) AND number = \(version)"
                )
                guard try status?.get("status") != "failed" else {
                    throw ServiceError(.conflict, "The medium has failed as a whole: reprocess it.")
                }
            }
            try transaction.run(
                """
                UPDATE jobs SET state = 'queued', attempts = 0, crashes = 0, run_at = \(now)
                WHERE id = \(id) AND state = 'dead'
                """
            )
        }
    }

    /// Removes a buried job and its reason.
    ///
    /// - Throws: `.notFound` when there is no such buried job.
    package func forget(_ id: JobID) async throws {
        let removed = try await database.write {
            try $0.run("DELETE FROM jobs WHERE id = \(id) AND state = 'dead'")
        }
        guard removed == 1 else { throw ServiceError(.notFound, "There is no such failed job any more.") }
    }
}

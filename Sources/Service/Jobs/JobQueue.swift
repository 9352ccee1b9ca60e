package import Core
internal import Foundation
package import SQL

/// The queue of jobs in the database.
///
/// Safe for any number of workers in any number of processes.
package struct JobQueue: Sendable {
    /// A claimed row: the job's stored form and what the worker needs around it.
    package struct Claim: Sendable {
        package let id: JobID
        package let kind: String
        package let payload: [UInt8]
        package let attempts: Int
        /// Workers that ended while they ran it.
        package let crashes: Int64
        package let requestID: String?
    }

    /// How long a claim holds without a heartbeat.
    ///
    /// A dead worker costs at most this much waiting (none under `serve`, which gives its children's leases back as
    /// soon as they end).
    package static let lease = Duration.seconds(15)
    /// A job whose workers have died this often runs alone in its worker.
    ///
    /// What ran beside it is not charged with its crashes any more, nor it with others'.
    static let suspicion: Int64 = 3
    /// A job whose workers die this often is buried: it is what kills them.
    static let maximumCrashes: Int64 = 20
    /// How long a suspect waits after a crash, so that a worker that starts again takes other work first.
    package static let suspectPause = Duration.seconds(5)

    let database: any Database
    let lease: Duration
    private let suspectPause: Duration

    package init(
        database: any Database,
        lease: Duration = JobQueue.lease,
        suspectPause: Duration = JobQueue.suspectPause
    ) {
        self.database = database
        self.lease = lease
        self.suspectPause = suspectPause
    }

    /// Enqueues inside the caller's transaction.
    ///
    /// `lane`: another than its kind's own.
    package static func enqueue(
        _ job: some Job,
        priority: Priority = .normal,
        lane: Lane? = nil,
        after delay: Duration = .zero,
        in transaction: any Connection
    ) throws {
        let now = Timestamp.now
        let payload = String(decoding: try JSONEncoder().encode(job), as: UTF8.self)
        let type = type(of: job)
        try transaction.run(
            """
            INSERT INTO jobs (kind, payload, subject, lane, priority, state, attempts, crashes, run_at,
                request_id, created_at)
            VALUES (\(type.kind), \(payload), \(job.subject), \((lane ?? type.lane).rawValue),
                \(priority.rawValue), 'queued', 0, 0, \(now + delay), \(Trace.requestID), \(now))
            """
        )
    }

    /// Takes the most urgent job of a lane, or one whose worker has died; nil when there is none.
    ///
    /// A suspect is taken by a worker that runs nothing else, in whichever lane; until it ends nothing joins it.
    package func claim(lane: Lane, worker: String) async throws -> Claim? {
        let now = Timestamp.now
        let free = Self.free(lane: lane, worker: worker, now: now)
        let abandoned: Query = "lane = \(lane.rawValue) AND state = 'running' AND lease_until < \(now)"
        // Looking first keeps idle workers from taking the write lock ten times a second.
        guard
            try await database.read({ connection in
                try connection.first("SELECT id FROM jobs WHERE \(sql: free) OR (\(sql: abandoned)) LIMIT 1")
            }) != nil
        else { return nil }
        return try await database.write { transaction in
            try putBackCrashed(where: abandoned, at: now, in: transaction)
            return try transaction.first(claiming(free, worker: worker, now: now)).map { row in
                Claim(
                    id: try row.get("id"),
                    kind: try row.get("kind"),
                    payload: Array(try row.get("payload", as: String.self).utf8),
                    attempts: try row.get("attempts"),
                    crashes: try row.get("crashes"),
                    requestID: try row.get("request_id")
                )
            }
        }
    }

    /// The rows that a worker may take in a lane.
    private static func free(lane: Lane, worker: String, now: Timestamp) -> Query {
        let isDue: Query = "state = 'queued' AND run_at <= \(now)"
        let mine: Query = "SELECT 1 FROM jobs AS mine WHERE mine.worker = \(worker) AND mine.state = 'running'"
        return """
            (lane = \(lane.rawValue) AND \(sql: isDue) AND crashes < \(suspicion)
                AND NOT EXISTS (\(sql: mine) AND mine.crashes >= \(suspicion)))
            OR (crashes >= \(suspicion) AND \(sql: isDue) AND NOT EXISTS (\(sql: mine)))
            """
    }

    private func claiming(_ free: Query, worker: String, now: Timestamp) -> Query {
        let candidate: Query = "SELECT id FROM jobs WHERE \(sql: free) ORDER BY priority DESC, id LIMIT 1"
        let change: Query = """
            UPDATE jobs SET state = 'running', worker = \(worker), lease_until = \(now + lease)
            """
        let result: Query = "RETURNING id, kind, payload, attempts, crashes, request_id"
        return Query(
            sqlite: "\(sql: change) WHERE id = (\(sql: candidate)) \(sql: result)",
            postgres: "\(sql: change) WHERE id = (\(sql: candidate) FOR UPDATE SKIP LOCKED) \(sql: result)"
        )
    }

    /// Puts running jobs back whose worker has ended by itself, with one crash more.
    private func putBackCrashed(
        where condition: Query,
        at now: Timestamp,
        in transaction: any Connection
    ) throws {
        try Statistics.count(.crashed, where: condition, in: transaction)
        try transaction.run(
            """
            UPDATE jobs SET state = 'queued', worker = NULL, lease_until = NULL, crashes = crashes + 1,
                run_at = CASE WHEN crashes + 1 < \(Self.suspicion) THEN run_at ELSE \(now + suspectPause) END
            WHERE \(sql: condition)
            """
        )
    }

    /// Extends the lease.
    ///
    /// False when the job is no longer this worker's: it was cancelled or taken over.
    package func heartbeat(_ id: JobID, worker: String) async throws -> Bool {
        try await database.write { transaction in
            try transaction.run(
                """
                UPDATE jobs SET lease_until = \(Timestamp.now + lease)
                WHERE id = \(id) AND worker = \(worker) AND state = 'running'
                """
            ) == 1
        }
    }

    /// The row of a job, as long as it is this worker's.
    private static func own(_ id: JobID, _ worker: String) -> Query {
        "id = \(id) AND worker = \(worker) AND state = 'running'"
    }

    /// Removes a job that is done, unless it belongs to another worker by now.
    ///
    /// `time`: how long it ran.
    package func finish(_ id: JobID, worker: String, took time: Duration = .zero) async throws {
        try await database.write { transaction in
            let own = Self.own(id, worker)
            try Statistics.count(.done, where: own, took: time, in: transaction)
            try transaction.run("DELETE FROM jobs WHERE \(sql: own)")
        }
    }

    /// Puts a job back.
    ///
    /// `reason` nil: a snooze, which does not count as an attempt.
    package func retry(
        _ id: JobID,
        worker: String,
        after delay: Duration,
        reason: String?,
        took time: Duration = .zero
    ) async throws {
        try await database.write { transaction in
            let own = Self.own(id, worker)
            if reason != nil { try Statistics.count(.failed, where: own, took: time, in: transaction) }
            try transaction.run(
                """
                UPDATE jobs SET state = 'queued', worker = NULL, lease_until = NULL, run_at = \(Timestamp.now + delay),
                    attempts = attempts + \(reason == nil ? 0 : 1), reason = \(reason)
                WHERE \(sql: own)
                """
            )
        }
    }

    /// Keeps a job that can never succeed, with the reason.
    ///
    /// `consequence` runs in the same transaction, unless the job belongs to another worker by now.
    package func bury(
        _ id: JobID,
        worker: String,
        reason: String,
        took time: Duration = .zero,
        consequence: @escaping @Sendable (any Connection) throws -> Void = { _ in }
    ) async throws {
        try await database.write { transaction in
            let own = Self.own(id, worker)
            try Statistics.count(.buried, where: own, took: time, in: transaction)
            let changed = try transaction.run(
                """
                UPDATE jobs SET state = 'dead', worker = NULL, lease_until = NULL, reason = \(reason),
                    attempts = attempts + 1
                WHERE \(sql: own)
                """
            )
            if changed == 1 { try consequence(transaction) }
        }
    }

    /// Gives back at once what a worker held that has ended.
    ///
    /// `crashed`: it ended by itself, so that its jobs are suspected of it.
    package func release(worker: String, crashed: Bool) async throws {
        try await database.write { transaction in
            try Workers.remove(worker, in: transaction)
            let held: Query = "worker = \(worker) AND state = 'running'"
            if crashed { return try putBackCrashed(where: held, at: .now, in: transaction) }
            try transaction.run(
                "UPDATE jobs SET state = 'queued', worker = NULL, lease_until = NULL WHERE \(sql: held)"
            )
        }
    }

    /// Cancels everything that works for a subject and what is below it (`asset_1/v1`, `asset_1/v1/360p/7`), running
    /// jobs too: their heartbeats tell their workers.
    ///
    /// `keepingDead`: whether those that were buried stay, with their reasons.
    package static func cancel(subject: String, keepingDead: Bool = true, in transaction: any Connection) throws {
        // "0" follows "/": the range of all that begins with the subject and a slash.
        try transaction.run(
            """
            DELETE FROM jobs
            WHERE (subject = \(subject) OR (subject >= \(subject + "/") AND subject < \(subject + "0")))
                AND (state <> 'dead' OR \(keepingDead ? 1 : 0) = 0)
            """
        )
    }

    /// Moves the waiting jobs of one kind and subject to another place in the queue; a running one goes on.
    package static func move(
        kind: String,
        subject: String,
        to lane: Lane,
        priority: Priority,
        in transaction: any Connection
    ) throws {
        try transaction.run(
            """
            UPDATE jobs SET lane = \(lane.rawValue), priority = \(priority.rawValue)
            WHERE subject = \(subject) AND kind = \(kind) AND state = 'queued'
                AND (lane <> \(lane.rawValue) OR priority <> \(priority.rawValue))
            """
        )
    }

    /// The living jobs of one kind and subject, the oldest first: their payloads, and whether they run.
    package static func living(
        kind: String,
        subject: String,
        in connection: any Connection
    ) throws -> [(payload: [UInt8], isRunning: Bool)] {
        try connection.all(
            """
            SELECT payload, state FROM jobs
            WHERE subject = \(subject) AND kind = \(kind) AND state <> 'dead' ORDER BY id
            """
        ).map { row in
            (Array(try row.get("payload", as: String.self).utf8), try row.get("state", as: String.self) == "running")
        }
    }
}

package import Core
internal import SQL

/// The worker processes, as they make themselves known in the database.
package enum Workers {
    /// How often a worker says that it lives.
    static let interval = Duration.seconds(3)
    /// One that was not heard of for so long is not counted as alive.
    package static let silence = Duration.seconds(10)
    /// How long work may wait before somebody is missed who does it.
    static let patience = Duration.seconds(60)
    /// How long rows of workers stay that went without a word.
    private static let memory = Duration.seconds(3600)

    /// A worker that was heard of lately.
    package struct Worker: Sendable {
        package let name: String
        package let version: String
        /// Jobs that it runs at once.
        package let slots: Int
        package let startedAt: Timestamp
        package let seenAt: Timestamp
    }

    static func announce(_ name: String, slots: Int, since start: Timestamp, in transaction: any Connection) throws {
        let now = Timestamp.now
        try transaction.run(
            """
            INSERT INTO workers (name, version, slots, started_at, seen_at)
            VALUES (\(name), \(Release.version), \(slots), \(start), \(now))
            ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at
            """
        )
        try transaction.run("DELETE FROM workers WHERE seen_at < \(now - memory)")
    }

    static func remove(_ name: String, in transaction: any Connection) throws {
        try transaction.run("DELETE FROM workers WHERE name = \(name)")
    }

    static func living(at now: Timestamp, in connection: any Connection) throws -> [Worker] {
        try connection.all(
            """
            SELECT name, version, slots, started_at, seen_at FROM workers
            WHERE seen_at > \(now - silence) ORDER BY name LIMIT 1000
            """
        ).map { row in
            Worker(
                name: try row.get("name"),
                version: try row.get("version"),
                slots: try row.get("slots"),
                startedAt: try row.get("started_at"),
                seenAt: try row.get("seen_at")
            )
        }
    }

    /// How long the oldest job that could run has waited, in each lane that has one.
    static func oldest(at now: Timestamp, in connection: any Connection) throws -> [String: Duration] {
        let rows = try connection.all(
            """
            SELECT lane, min(run_at) AS due FROM jobs WHERE state = 'queued' AND run_at <= \(now) GROUP BY lane
            """
        )
        return try Dictionary(
            uniqueKeysWithValues: rows.map { row in
                (try row.get("lane", as: String.self), now - (try row.get("due", as: Timestamp.self)))
            }
        )
    }
}

extension JobQueue {
    /// Says that a worker lives.
    func announce(_ worker: String, slots: Int, since start: Timestamp) async throws {
        try await database.write { try Workers.announce(worker, slots: slots, since: start, in: $0) }
    }
}

internal import Core
internal import SQL

/// What workers count: they have no port, so it stands in the database, written with what it is about.
enum Statistics {
    enum Outcome: String, CaseIterable {
        case done, failed, buried, crashed
    }

    /// Counts the jobs that a condition on their rows names, before the rows change.
    static func count(
        _ outcome: Outcome,
        where condition: Query,
        took time: Duration = .zero,
        in transaction: any Connection
    ) throws {
        try transaction.run(
            """
            INSERT INTO job_statistics (kind, outcome, n, run_time)
            SELECT kind, \(outcome.rawValue), count(*), \(time.microseconds) FROM jobs
            WHERE \(sql: condition) GROUP BY kind
            ON CONFLICT (kind, outcome) DO UPDATE SET n = job_statistics.n + excluded.n,
                run_time = job_statistics.run_time + excluded.run_time
            """
        )
    }

    /// Counts media that was made, and the time that it took.
    static func count(rung: String, media: Duration, time: Duration, in transaction: any Connection) throws {
        try transaction.run(
            """
            INSERT INTO encode_statistics (rung, media_time, wall_time)
            VALUES (\(rung), \(media.microseconds), \(time.microseconds))
            ON CONFLICT (rung) DO UPDATE SET media_time = encode_statistics.media_time + excluded.media_time,
                wall_time = encode_statistics.wall_time + excluded.wall_time
            """
        )
    }
}

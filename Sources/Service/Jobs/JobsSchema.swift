package import SQL

/// The table of jobs.
package enum JobsSchema {
    package static let migration = Migration(
        3,
        "jobs",
        [
            Query(
                sqlite: "CREATE TABLE jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, \(sql: columns))",
                postgres: "CREATE TABLE jobs (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \(sql: columns))"
            ),
            "CREATE INDEX jobs_to_claim ON jobs (lane, state, priority, run_at)",
            "CREATE INDEX jobs_by_subject ON jobs (subject)",
        ]
    )

    /// What a worker runs, and which jobs crashed: looked for at each claim, among any number that wait.
    package static let crashes = Migration(
        22,
        "job_crashes",
        [
            "CREATE INDEX jobs_by_worker ON jobs (worker)",
            "CREATE INDEX jobs_by_crashes ON jobs (crashes)",
        ]
    )

    private static let columns: Query = """
        kind TEXT NOT NULL,
        payload TEXT NOT NULL,
        subject TEXT NOT NULL,
        lane TEXT NOT NULL,
        priority BIGINT NOT NULL,
        state TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        crashes BIGINT NOT NULL,
        run_at BIGINT NOT NULL,
        lease_until BIGINT,
        worker TEXT,
        reason TEXT,
        request_id TEXT,
        created_at BIGINT NOT NULL
        """
}

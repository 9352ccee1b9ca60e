package import SQL

/// What is done by the clock, and when it was done last.
package enum UpkeepSchema {
    package static let migration = Migration(
        12,
        "upkeep",
        [
            """
            CREATE TABLE schedules (
                name TEXT PRIMARY KEY,
                done_slot BIGINT NOT NULL,
                claimed_until BIGINT NOT NULL
            )
            """,
            "CREATE INDEX versions_by_status ON versions (status, created_at)",
        ]
    )
}

package import SQL

/// Who works, what was done, and how many bytes are stored.
package enum StatusSchema {
    package static let migration = Migration(19, "status", tables + counts)

    /// The MP4s that are made when somebody asks for them; those that were made before are not counted.
    package static let mp4s = Migration(
        23,
        "bytes of MP4s",
        ["ALTER TABLE renditions ADD COLUMN mp4_bytes BIGINT NOT NULL DEFAULT 0"]
            + counting("mp4s", of: "renditions", "mp4_bytes")
    )

    private static let tables: [Query] = [
        """
        CREATE TABLE workers (
            name TEXT PRIMARY KEY,
            version TEXT NOT NULL,
            slots BIGINT NOT NULL,
            started_at BIGINT NOT NULL,
            seen_at BIGINT NOT NULL
        )
        """,
        """
        CREATE TABLE job_statistics (
            kind TEXT NOT NULL,
            outcome TEXT NOT NULL,
            n BIGINT NOT NULL,
            run_time BIGINT NOT NULL,
            PRIMARY KEY (kind, outcome)
        )
        """,
        """
        CREATE TABLE encode_statistics (
            rung TEXT PRIMARY KEY,
            media_time BIGINT NOT NULL,
            wall_time BIGINT NOT NULL
        )
        """,
        "CREATE TABLE storage_counts (kind TEXT PRIMARY KEY, bytes BIGINT NOT NULL)",
    ]

    /// Kept by triggers: adding up the segments of a million media takes minutes.
    private static let counts =
        counting("originals", of: "versions", "size")
        + counting("segments", of: "segments", "bytes") + counting("derivatives", of: "derivatives", "bytes")

    private static func counting(_ kind: Query, of table: Query, _ column: Query) -> [Query] {
        let change = { (amount: Query) -> Query in
            "UPDATE storage_counts SET bytes = bytes + (\(sql: amount)) WHERE kind = '\(sql: kind)';"
        }
        return [
            """
            INSERT INTO storage_counts (kind, bytes)
            SELECT '\(sql: kind)', CAST(COALESCE(sum(\(sql: column)), 0) AS BIGINT) FROM \(sql: table)
            """
        ]
            + ListTriggers.trigger(
                "\(sql: kind)_stored",
                on: "AFTER INSERT ON \(sql: table)",
                body: change("NEW.\(sql: column)")
            )
            + ListTriggers.trigger(
                "\(sql: kind)_replaced",
                on: "AFTER UPDATE OF \(sql: column) ON \(sql: table)",
                body: change("NEW.\(sql: column) - OLD.\(sql: column)")
            )
            + ListTriggers.trigger(
                "\(sql: kind)_removed",
                on: "AFTER DELETE ON \(sql: table)",
                body: change("0 - OLD.\(sql: column)"),
                result: "OLD"
            )
    }
}

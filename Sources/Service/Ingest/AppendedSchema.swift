package import SQL

/// What appended uploads need beside numbered ones.
package enum AppendedSchema {
    package static let migration = Migration(
        6,
        "appended uploads",
        [
            "ALTER TABLE uploads ADD COLUMN form TEXT NOT NULL DEFAULT 'numbered'",
            // 0 while the length is to come; size is 0 until then.
            "ALTER TABLE uploads ADD COLUMN length_known BIGINT NOT NULL DEFAULT 1",
            "ALTER TABLE uploads ADD COLUMN size_limit BIGINT",
            "ALTER TABLE uploads ADD COLUMN duration_limit BIGINT",
            // Bytes from here on belong to a piece that is not verified: a restart cuts them off.
            "ALTER TABLE uploads ADD COLUMN cut_at BIGINT",
            // What the client wrote, to be echoed.
            "ALTER TABLE uploads ADD COLUMN written_metadata TEXT",
            "ALTER TABLE uploads ADD COLUMN written_concat TEXT",
            "ALTER TABLE versions ADD COLUMN duration_limit BIGINT",
            """
            CREATE TABLE upload_sources (
                final_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
                position BIGINT NOT NULL,
                partial_id TEXT NOT NULL,
                PRIMARY KEY (final_id, position)
            )
            """,
            "CREATE INDEX upload_sources_by_partial ON upload_sources (partial_id)",
            """
            CREATE TABLE upload_sessions (
                id TEXT PRIMARY KEY,
                user_id BIGINT NOT NULL
            )
            """,
        ]
    )
}

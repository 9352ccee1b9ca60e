package import SQL

/// The tables of uploads.
package enum IngestSchema {
    package static let migration = Migration(
        4,
        "ingest",
        [
            """
            CREATE TABLE uploads (
                id TEXT PRIMARY KEY,
                user_id BIGINT NOT NULL,
                door TEXT NOT NULL,
                file_name TEXT NOT NULL,
                file_type TEXT NOT NULL,
                metadata TEXT NOT NULL,
                size BIGINT NOT NULL,
                part_size BIGINT NOT NULL,
                parts BIGINT NOT NULL,
                received BIGINT NOT NULL,
                stated_hash TEXT,
                state TEXT NOT NULL,
                error TEXT,
                asset_id BIGINT,
                created_at BIGINT NOT NULL,
                last_part_at BIGINT,
                expires_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX uploads_by_state ON uploads (state, expires_at)",
            "CREATE INDEX uploads_by_asset ON uploads (asset_id)",
            """
            CREATE TABLE upload_parts (
                upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
                number BIGINT NOT NULL,
                PRIMARY KEY (upload_id, number)
            )
            """,
        ]
    )
}

package import SQL

/// The table of playback events.
package enum InsightSchema {
    package static let migration = Migration(
        5,
        "insight",
        [
            """
            CREATE TABLE playback_events (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                user_id BIGINT NOT NULL,
                event TEXT NOT NULL,
                position BIGINT,
                quality TEXT,
                buffering BIGINT,
                created_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX playback_events_by_asset ON playback_events (asset_id, created_at)",
        ]
    )
}

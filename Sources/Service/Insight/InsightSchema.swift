package import SQL

/// The tables of playback events and of what they add up to.
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

    /// Events without the accounts that sent them, and sums by day.
    ///
    /// The events before it were never shown to anybody; they name accounts, and go.
    package static let analytics = Migration(
        20,
        "analytics",
        [
            "DROP TABLE playback_events",
            Query(
                sqlite: "CREATE TABLE playback_events (id INTEGER PRIMARY KEY AUTOINCREMENT, \(sql: eventColumns))",
                postgres: """
                    CREATE TABLE playback_events (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                        \(sql: eventColumns))
                    """
            ),
            "CREATE INDEX playback_events_by_asset ON playback_events (asset_id, created_at)",
            "CREATE INDEX playback_events_by_time ON playback_events (created_at)",
            """
            CREATE TABLE playback_sessions (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                session TEXT NOT NULL,
                share_id BIGINT NOT NULL,
                is_private BIGINT NOT NULL,
                tally TEXT NOT NULL,
                updated_at BIGINT NOT NULL,
                PRIMARY KEY (asset_id, session)
            )
            """,
            "CREATE INDEX playback_sessions_by_time ON playback_sessions (updated_at)",
            """
            CREATE TABLE playback_days (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                scope BIGINT NOT NULL,
                day BIGINT NOT NULL,
                views BIGINT NOT NULL,
                viewers BIGINT NOT NULL,
                watched BIGINT NOT NULL,
                starts BIGINT NOT NULL,
                start_time BIGINT NOT NULL,
                rebuffers BIGINT NOT NULL,
                rebuffered BIGINT NOT NULL,
                errors BIGINT NOT NULL,
                PRIMARY KEY (asset_id, scope, day)
            )
            """,
            """
            CREATE TABLE playback_parts (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                scope BIGINT NOT NULL,
                day BIGINT NOT NULL,
                kind TEXT NOT NULL,
                name TEXT NOT NULL,
                amount BIGINT NOT NULL,
                PRIMARY KEY (asset_id, scope, day, kind, name)
            )
            """,
            """
            CREATE TABLE playback_curves (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                scope BIGINT NOT NULL,
                day BIGINT NOT NULL,
                step BIGINT NOT NULL,
                reached \(sql: blob) NOT NULL,
                played \(sql: blob) NOT NULL,
                PRIMARY KEY (asset_id, scope, day, step)
            )
            """,
            """
            CREATE TABLE playback_viewers (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                scope BIGINT NOT NULL,
                day BIGINT NOT NULL,
                viewer TEXT NOT NULL,
                PRIMARY KEY (asset_id, scope, day, viewer)
            )
            """,
            "CREATE INDEX playback_viewers_by_day ON playback_viewers (day)",
            "CREATE TABLE playback_salts (day BIGINT PRIMARY KEY, salt \(sql: blob) NOT NULL)",
        ]
    )

    private static let blob = Query(sqlite: "BLOB", postgres: "BYTEA")

    /// `session`: a hash of the name that the player gave, as in `playback_sessions`.
    private static let eventColumns: Query = """
        asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
        share_id BIGINT NOT NULL,
        session TEXT NOT NULL,
        event TEXT NOT NULL,
        position BIGINT,
        quality TEXT,
        duration BIGINT,
        code TEXT,
        created_at BIGINT NOT NULL
        """
}

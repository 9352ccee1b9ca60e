package import SQL

/// Links that let others watch, and who did.
package enum SharingSchema {
    package static let migration = Migration(
        15,
        "sharing",
        [
            Query(
                sqlite: "CREATE TABLE shares (id INTEGER PRIMARY KEY AUTOINCREMENT, \(sql: columns))",
                postgres: "CREATE TABLE shares (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \(sql: columns))"
            ),
            "CREATE UNIQUE INDEX shares_by_token ON shares (token)",
            "CREATE INDEX shares_by_asset ON shares (asset_id, id)",
            Query(
                sqlite: "CREATE TABLE share_views (id INTEGER PRIMARY KEY AUTOINCREMENT, \(sql: viewColumns))",
                postgres: """
                    CREATE TABLE share_views (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \(sql: viewColumns))
                    """
            ),
            "CREATE INDEX share_views_by_share ON share_views (share_id, id)",
        ]
    )

    /// `token`: 128 random bits, base64url, kept as it is so that its owner can copy the link again.
    private static let columns: Query = """
        token TEXT NOT NULL,
        asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        max_views BIGINT,
        views BIGINT NOT NULL DEFAULT 0,
        require_email BIGINT NOT NULL,
        password_hash TEXT,
        allowed_origins TEXT NOT NULL,
        revoked_at BIGINT
        """

    private static let viewColumns: Query = """
        share_id BIGINT NOT NULL REFERENCES shares (id) ON DELETE CASCADE,
        started_at BIGINT NOT NULL,
        player TEXT NOT NULL,
        email TEXT
        """
}

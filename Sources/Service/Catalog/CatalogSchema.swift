package import SQL

/// The tables of assets, their versions, renditions and segments.
package enum CatalogSchema {
    package static let migration = Migration(
        2,
        "catalog",
        [
            """
            CREATE TABLE assets (
                id BIGINT PRIMARY KEY,
                user_id BIGINT NOT NULL,
                kind TEXT NOT NULL,
                title TEXT NOT NULL,
                description TEXT NOT NULL,
                file_name TEXT NOT NULL,
                file_type TEXT NOT NULL,
                metadata TEXT NOT NULL,
                version BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX assets_by_owner ON assets (user_id, id)",
            """
            CREATE TABLE versions (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                number BIGINT NOT NULL,
                status TEXT NOT NULL,
                progress BIGINT NOT NULL,
                error TEXT,
                size BIGINT NOT NULL,
                sha256 TEXT,
                duration BIGINT,
                width BIGINT,
                height BIGINT,
                info TEXT,
                plan TEXT,
                poster BIGINT NOT NULL DEFAULT 0,
                created_at BIGINT NOT NULL,
                PRIMARY KEY (asset_id, number)
            )
            """,
            """
            CREATE TABLE renditions (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                version BIGINT NOT NULL,
                name TEXT NOT NULL,
                position BIGINT NOT NULL,
                segments BIGINT NOT NULL,
                done BIGINT NOT NULL,
                codecs TEXT,
                bandwidth BIGINT,
                average_bandwidth BIGINT,
                PRIMARY KEY (asset_id, version, name)
            )
            """,
            """
            CREATE TABLE segments (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                version BIGINT NOT NULL,
                rendition TEXT NOT NULL,
                number BIGINT NOT NULL,
                bytes BIGINT NOT NULL,
                duration BIGINT NOT NULL,
                PRIMARY KEY (asset_id, version, rendition, number)
            )
            """,
        ]
    )
}

package import SQL

/// Captions, and where the key frames of a complete rendition stand.
package enum SurroundingsSchema {
    package static let migration = Migration(
        13,
        "surroundings",
        [
            "ALTER TABLE renditions ADD COLUMN key_frames TEXT",
            "ALTER TABLE renditions ADD COLUMN key_frames_bandwidth BIGINT",
            "ALTER TABLE renditions ADD COLUMN key_frames_average BIGINT",
            """
            CREATE TABLE captions (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                language TEXT NOT NULL,
                source TEXT NOT NULL,
                cues BIGINT NOT NULL,
                text TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                PRIMARY KEY (asset_id, language)
            )
            """,
        ]
    )
}

/// Captions belong to a version; what there was belongs to the one that was live.
package enum VersionCaptionsSchema {
    package static let migration = Migration(
        18,
        "captions of versions",
        [
            """
            CREATE TABLE version_captions (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                edition BIGINT NOT NULL,
                language TEXT NOT NULL,
                source TEXT NOT NULL,
                cues BIGINT NOT NULL,
                text TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                PRIMARY KEY (asset_id, edition, language)
            )
            """,
            """
            INSERT INTO version_captions (asset_id, edition, language, source, cues, text, created_at)
            SELECT c.asset_id, v.edition, c.language, c.source, c.cues, c.text, c.created_at
            FROM captions c JOIN assets a ON a.id = c.asset_id
                JOIN versions v ON v.asset_id = a.id AND v.number = a.version
            """,
            "DROP TABLE captions",
            "ALTER TABLE version_captions RENAME TO captions",
        ]
    )
}

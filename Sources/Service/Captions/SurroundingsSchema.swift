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

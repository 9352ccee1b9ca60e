package import SQL

/// Files made beside the renditions, what was found in the original, and who may see it.
package enum DerivativesSchema {
    package static let migration = Migration(
        8,
        "derivatives",
        [
            "ALTER TABLE assets ADD COLUMN is_public BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE versions ADD COLUMN details TEXT NOT NULL DEFAULT '{}'",
            """
            CREATE TABLE derivatives (
                asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
                version BIGINT NOT NULL,
                name TEXT NOT NULL,
                extension TEXT NOT NULL,
                mime_type TEXT NOT NULL,
                width BIGINT,
                height BIGINT,
                bytes BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                PRIMARY KEY (asset_id, version, name)
            )
            """,
        ]
    )
}

package import SQL

/// What a file that comes in one request brings along.
package enum SingleRequestSchema {
    package static let migration = Migration(
        11,
        "uploads in one request",
        [
            "ALTER TABLE uploads ADD COLUMN is_public BIGINT NOT NULL DEFAULT 0",
            // Bytes of a file that turns out to hold sound alone.
            "ALTER TABLE uploads ADD COLUMN sound_size_limit BIGINT",
            "ALTER TABLE versions ADD COLUMN sound_size_limit BIGINT",
        ]
    )
}

package import SQL

/// What processing adds to renditions: where they come from, and whether they are made faster than they play.
package enum ProcessingSchema {
    package static let migration = Migration(
        7,
        "instant play",
        [
            "ALTER TABLE renditions ADD COLUMN origin TEXT NOT NULL DEFAULT 'encoded'",
            "ALTER TABLE renditions ADD COLUMN sustained BIGINT NOT NULL DEFAULT 0",
        ]
    )
}

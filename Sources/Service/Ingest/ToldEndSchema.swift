package import SQL

/// Uploads that end when their client says so, not when their length is reached.
package enum ToldEndSchema {
    package static let migration = Migration(
        9,
        "uploads that are told to end",
        ["ALTER TABLE uploads ADD COLUMN ends_when_told BIGINT NOT NULL DEFAULT 0"]
    )
}

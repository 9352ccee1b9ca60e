package import SQL

/// The second hash that a client may state (RFC 9530's registry has two that are active).
package enum StatedHashSchema {
    package static let migration = Migration(
        21,
        "stated SHA-512",
        ["ALTER TABLE uploads ADD COLUMN stated_sha512 TEXT"]
    )
}

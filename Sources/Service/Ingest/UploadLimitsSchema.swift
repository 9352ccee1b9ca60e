package import SQL

/// What is looked up each time an upload begins: how many its owner has under way.
package enum UploadLimitsSchema {
    package static let migration = Migration(
        10,
        "upload limits",
        ["CREATE INDEX uploads_by_owner ON uploads (user_id, state, form)"]
    )
}

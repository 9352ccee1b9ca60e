package import SQL

/// What each version is: an asset is what its live version is, and a new one may be something else.
package enum VersionKindsSchema {
    package static let migration = Migration(25, "version kinds", columns + triggers + corrections)

    private static let columns: [Query] = [
        // `video`, `audio` or `image`; `unknown` until somebody has looked into it.
        "ALTER TABLE versions ADD COLUMN kind TEXT NOT NULL DEFAULT 'unknown'",
        // Pictures have no plan, and sounds no width.
        """
        UPDATE versions SET kind = CASE WHEN plan IS NULL THEN CASE WHEN width IS NULL THEN 'unknown' ELSE 'image' END
            WHEN width IS NULL THEN 'audio' ELSE 'video' END
        """,
    ]

    private static let triggers =
        ListTriggers.trigger(
            "versions_known",
            on: "AFTER UPDATE OF kind ON versions",
            body: """
                UPDATE assets SET kind = NEW.kind
                WHERE id = NEW.asset_id AND version = NEW.number AND kind <> NEW.kind;
                """
        )
        + ListTriggers.trigger(
            "assets_turned",
            on: "AFTER UPDATE OF version ON assets",
            body: "\(sql: follow("NEW.id"));"
        )

    /// Earlier ones took the kind of whatever was looked into last.
    private static let corrections: [Query] = [follow("assets.id")]

    private static func follow(_ id: Query) -> Query {
        """
        UPDATE assets SET kind =
            (SELECT v.kind FROM versions v WHERE v.asset_id = assets.id AND v.number = assets.version)
        WHERE id = \(sql: id) AND EXISTS (SELECT 1 FROM versions v WHERE v.asset_id = assets.id
            AND v.number = assets.version AND v.kind <> 'unknown' AND v.kind <> assets.kind)
        """
    }
}

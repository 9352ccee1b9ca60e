internal import SQL

/// Triggers that keep an asset's state, its live version and the counters of lists in step.
enum ListTriggers {
    static let statements: [Query] = [
        trigger(
            "assets_counted",
            on: "AFTER INSERT ON assets",
            body: "\(sql: count("NEW", tags: "SELECT ''"))"
        ),
        trigger(
            "assets_recounted",
            on: "AFTER UPDATE OF kind, state, trashed_at ON assets",
            body: "\(sql: uncount("OLD")) \(sql: count("NEW", tags: allTags("NEW")))"
        ),
        trigger("assets_uncounted", on: "BEFORE DELETE ON assets", body: "\(sql: uncount("OLD"))", result: "OLD"),
        trigger(
            "tags_counted",
            on: "AFTER INSERT ON asset_tags",
            body: """
                INSERT INTO asset_counts (user_id, tag, kind, state, n)
                SELECT user_id, NEW.tag, kind, \(sql: counted("assets")), 1 FROM assets WHERE id = NEW.asset_id
                ON CONFLICT (user_id, tag, kind, state) DO UPDATE SET n = asset_counts.n + 1;
                """
        ),
        // Of an asset that is being deleted nothing is found here: its own trigger has counted.
        trigger(
            "tags_uncounted",
            on: "AFTER DELETE ON asset_tags",
            body: """
                UPDATE asset_counts SET n = n - 1 WHERE user_id = OLD.user_id AND tag = OLD.tag AND (kind, state) IN
                    (SELECT kind, \(sql: counted("assets")) FROM assets WHERE id = OLD.asset_id);
                """
        ),
        trigger("versions_added", on: "AFTER INSERT ON versions", body: state),
        // The first time that a version plays, it goes live, unless a later one has been live already. A run that
        // processes one again does not: `AdoptVersion` waits until it is ready.
        trigger(
            "versions_followed",
            on: "AFTER UPDATE OF status ON versions",
            body: """
                UPDATE assets SET version = NEW.number
                WHERE id = NEW.asset_id AND version <> NEW.number AND NEW.was_live = 0 AND NEW.hidden = 0
                    AND NEW.status IN ('playable', 'ready') AND NOT EXISTS (SELECT 1 FROM versions v
                        WHERE v.asset_id = NEW.asset_id AND v.edition > NEW.edition AND v.was_live = 1);
                UPDATE versions SET was_live = 1 WHERE asset_id = NEW.asset_id AND number = NEW.number
                    AND was_live = 0 AND hidden = 0 AND NEW.status IN ('playable', 'ready');
                \(sql: state)
                """
        ),
        trigger(
            "assets_followed",
            on: "AFTER UPDATE OF version ON assets",
            body: """
                UPDATE assets SET state = (SELECT CASE v.status WHEN 'ready' THEN 'ready' WHEN 'failed' THEN 'failed'
                    ELSE 'processing' END FROM versions v WHERE v.asset_id = NEW.id AND v.number = NEW.version)
                WHERE id = NEW.id AND EXISTS (SELECT 1 FROM versions v
                    WHERE v.asset_id = NEW.id AND v.number = NEW.version);
                """
        ),
        // Whoever changes what is searched: the words follow, at the latest in the background.
        trigger(
            "assets_reworded",
            on: "AFTER UPDATE OF title, description, file_name ON assets",
            body: "UPDATE assets SET indexed = 0 WHERE id = NEW.id AND indexed = 1;"
        ),
    ].flatMap(\.self)

    /// The live version's state in the contracts' words.
    private static let state: Query = """
        UPDATE assets SET state = CASE NEW.status WHEN 'ready' THEN 'ready' WHEN 'failed' THEN 'failed'
            ELSE 'processing' END
        WHERE id = NEW.asset_id AND version = NEW.number AND state <> CASE NEW.status WHEN 'ready' THEN 'ready'
            WHEN 'failed' THEN 'failed' ELSE 'processing' END;
        """

    private static func counted(_ row: Query) -> Query {
        "CASE WHEN \(sql: row).trashed_at IS NULL THEN \(sql: row).state ELSE 'trashed' END"
    }

    private static func allTags(_ row: Query) -> Query {
        "SELECT '' UNION ALL SELECT tag FROM asset_tags WHERE asset_id = \(sql: row).id"
    }

    private static func count(_ row: Query, tags: Query) -> Query {
        """
        INSERT INTO asset_counts (user_id, tag, kind, state, n)
        SELECT \(sql: row).user_id, t.tag, \(sql: row).kind, \(sql: counted(row)), 1
        FROM (SELECT '' AS tag WHERE 1 = 0 UNION ALL \(sql: tags)) t WHERE 1 = 1
        ON CONFLICT (user_id, tag, kind, state) DO UPDATE SET n = asset_counts.n + 1;
        """
    }

    private static func uncount(_ row: Query) -> Query {
        """
        UPDATE asset_counts SET n = n - 1
        WHERE user_id = \(sql: row).user_id AND kind = \(sql: row).kind AND state = \(sql: counted(row))
            AND tag IN (\(sql: allTags(row)));
        """
    }

    /// The same body for both: SQLite's stands in the trigger, PostgreSQL's in a function that the trigger calls.
    static func trigger(_ name: Query, on event: Query, body: Query, result: Query = "NEW") -> [Query] {
        [
            Query(
                sqlite: "CREATE TRIGGER \(sql: name) \(sql: event) BEGIN \(sql: body) END",
                postgres: """
                    CREATE FUNCTION \(sql: name)() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN \(sql: body) RETURN \(sql: result); END $$
                    """
            ),
            Query(
                sqlite: "SELECT 1",
                postgres: """
                    CREATE TRIGGER \(sql: name) \(sql: event) FOR EACH ROW EXECUTE FUNCTION \(sql: name)()
                    """
            ),
        ]
    }
}

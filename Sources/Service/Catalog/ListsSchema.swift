package import SQL

/// What lists, searches, versions and the trash need beside the catalog's own tables.
///
/// Counters and states are kept by triggers (`ListTriggers`), so that they are right whoever changes an asset, in the
/// same transaction.
package enum ListsSchema {
    package static let migration = Migration(14, "lists", columns + indexes + tables + ListTriggers.statements)

    private static let columns: [Query] = [
        // Of the live version, in the contracts' words: processing, ready, failed.
        "ALTER TABLE assets ADD COLUMN state TEXT NOT NULL DEFAULT 'processing'",
        // The title as it is sorted: folded, at most 100 characters.
        "ALTER TABLE assets ADD COLUMN title_key TEXT NOT NULL DEFAULT ''",
        // 0 until its words stand in the search index.
        "ALTER TABLE assets ADD COLUMN indexed BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE assets ADD COLUMN trashed_at BIGINT",
        "ALTER TABLE assets ADD COLUMN duplicate_of BIGINT",
        // Whether it has been the live one: then it comes back only when somebody restores it.
        "ALTER TABLE versions ADD COLUMN was_live BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE versions ADD COLUMN file_name TEXT",
        "ALTER TABLE versions ADD COLUMN file_type TEXT",
        // The upload's number: the owner knows it by that, however often it is processed again.
        "ALTER TABLE versions ADD COLUMN edition BIGINT NOT NULL DEFAULT 1",
        // 1 for a run that is not ready yet, and for what one has replaced: neither is shown, or restored.
        "ALTER TABLE versions ADD COLUMN hidden BIGINT NOT NULL DEFAULT 0",
        // No number is taken twice, though versions are removed.
        "ALTER TABLE assets ADD COLUMN last_version BIGINT NOT NULL DEFAULT 1",
        // The asset that an upload becomes a version of; NULL makes a new one.
        "ALTER TABLE uploads ADD COLUMN target_asset BIGINT",
        "ALTER TABLE uploads ADD COLUMN version BIGINT NOT NULL DEFAULT 1",
        """
        UPDATE versions SET was_live = 1
        WHERE number = (SELECT version FROM assets WHERE assets.id = versions.asset_id)
        """,
        """
        UPDATE versions SET hidden = 1
        WHERE number <> (SELECT version FROM assets WHERE assets.id = versions.asset_id)
        """,
        """
        UPDATE assets SET last_version =
            COALESCE((SELECT max(number) FROM versions WHERE versions.asset_id = assets.id), 1)
        """,
        """
        UPDATE assets SET state = COALESCE((SELECT CASE versions.status WHEN 'ready' THEN 'ready'
            WHEN 'failed' THEN 'failed' ELSE 'processing' END
            FROM versions WHERE versions.asset_id = assets.id AND versions.number = assets.version), 'processing')
        """,
    ]

    private static let indexes: [Query] = [
        "DROP INDEX assets_by_owner",
        "CREATE INDEX assets_by_owner ON assets (user_id)",
        "CREATE INDEX assets_live ON assets (user_id, id) WHERE trashed_at IS NULL",
        "CREATE INDEX assets_by_state ON assets (user_id, state, id) WHERE trashed_at IS NULL",
        "CREATE INDEX assets_by_kind ON assets (user_id, kind, id) WHERE trashed_at IS NULL",
        "CREATE INDEX assets_by_kind_state ON assets (user_id, kind, state, id) WHERE trashed_at IS NULL",
        "CREATE INDEX assets_by_title ON assets (user_id, title_key, id, kind, state) WHERE trashed_at IS NULL",
        "CREATE INDEX assets_by_change ON assets (user_id, updated_at, id, kind, state) WHERE trashed_at IS NULL",
        "CREATE INDEX assets_in_trash ON assets (user_id, trashed_at, id) WHERE trashed_at IS NOT NULL",
        "CREATE INDEX assets_to_empty ON assets (trashed_at) WHERE trashed_at IS NOT NULL",
        "CREATE INDEX assets_to_index ON assets (id) WHERE indexed = 0",
        "CREATE INDEX uploads_by_target ON uploads (target_asset) WHERE target_asset IS NOT NULL",
        "CREATE INDEX versions_by_hash ON versions (sha256) WHERE sha256 IS NOT NULL",
    ]

    private static let tables: [Query] = [
        """
        CREATE TABLE asset_tags (
            asset_id BIGINT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
            tag TEXT NOT NULL,
            label TEXT NOT NULL,
            user_id BIGINT NOT NULL,
            PRIMARY KEY (asset_id, tag)
        )
        """,
        "CREATE INDEX asset_tags_by_owner ON asset_tags (user_id, tag, asset_id)",
        // `tag` is empty in the rows that count all; `state` is 'trashed' for what is in the trash.
        """
        CREATE TABLE asset_counts (
            user_id BIGINT NOT NULL,
            tag TEXT NOT NULL,
            kind TEXT NOT NULL,
            state TEXT NOT NULL,
            n BIGINT NOT NULL,
            PRIMARY KEY (user_id, tag, kind, state)
        )
        """,
        """
        INSERT INTO asset_counts (user_id, tag, kind, state, n)
        SELECT user_id, '', kind, state, count(*) FROM assets GROUP BY user_id, kind, state
        """,
        // The texts come folded, cut into words and marked with their place by `SearchText` and `SearchMark`: the
        // database only splits them at spaces.
        Query(
            sqlite: """
                CREATE VIRTUAL TABLE asset_search USING fts5 (words, tokenize = 'ascii', prefix = '2 3 4 5 6 7',
                    columnsize = 0)
                """,
            postgres: """
                CREATE TABLE asset_search (id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL, words TSVECTOR NOT NULL)
                """
        ),
        Query(
            sqlite: "SELECT 1",
            postgres: "CREATE INDEX asset_search_words ON asset_search USING gin (words)"
        ),
        // Whose signed links count no more, until the last of them has expired anyway.
        """
        CREATE TABLE revocations (
            kind TEXT NOT NULL,
            id BIGINT NOT NULL,
            until BIGINT NOT NULL,
            is_revoked BIGINT NOT NULL,
            change BIGINT NOT NULL,
            PRIMARY KEY (kind, id)
        )
        """,
        "CREATE INDEX revocations_by_change ON revocations (change)",
    ]
}

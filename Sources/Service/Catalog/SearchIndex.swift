internal import Core
internal import SQL

/// The words of the assets: what is searched, kept in the transaction that changes them.
///
/// Assets in the trash have none.
enum SearchIndex {
    /// Writes the words of an asset anew.
    static func refresh(_ asset: AssetID, in transaction: any Connection) throws {
        guard
            let row = try transaction.first(
                "SELECT user_id, title, description, file_name, trashed_at FROM assets WHERE id = \(asset)"
            )
        else { return }
        try remove(asset, in: transaction)
        let title: String = try row.get("title")
        if try row.get("trashed_at", as: Timestamp?.self) == nil {
            let tags = try transaction.all("SELECT tag, label FROM asset_tags WHERE asset_id = \(asset)")
            let entry = Entry(
                asset: asset,
                owner: try row.get("user_id"),
                title: SearchText.words(of: title),
                tags: try tags.flatMap { SearchText.words(of: try $0.get("label")) },
                fileName: SearchText.words(of: try row.get("file_name")),
                description: SearchText.words(of: String(try row.get("description", as: String.self).prefix(4000))),
                facets: try tags.map { Self.facet(tag: try $0.get("tag")) }
            )
            try transaction.run(entry.insertion)
        }
        try transaction.run(
            "UPDATE assets SET indexed = 1, title_key = \(SearchText.key(title)) WHERE id = \(asset)"
        )
    }

    static func remove(_ asset: AssetID, in transaction: any Connection) throws {
        try transaction.run(
            Query(
                sqlite: "DELETE FROM asset_search WHERE rowid = \(asset)",
                postgres: "DELETE FROM asset_search WHERE id = \(asset)"
            )
        )
    }

    static func facet(owner: UserID) -> String { SearchMark.facet.rawValue + "U\(owner)" }
    static func facet(tag: String) -> String {
        SearchMark.facet.rawValue + "T" + tag.utf8.map { String($0, radix: 16).uppercased() }.joined()
    }

    private struct Entry {
        let asset: AssetID
        let owner: UserID
        let title: [String]
        let tags: [String]
        let fileName: [String]
        let description: [String]
        let facets: [String]

        /// Every word as it is, and those of the better places once more with their mark.
        private var words: String {
            let gap = [SearchMark.gap.rawValue]
            var words = [SearchIndex.facet(owner: owner)] + facets
            for text in [title, tags, fileName, description] { words += gap + SearchMark.anywhere.mark(text) }
            for (mark, text) in [(SearchMark.title, title), (.tags, tags), (.fileName, fileName)] {
                words += gap + mark.mark(text)
            }
            return words.joined(separator: " ")
        }

        var insertion: Query {
            let (title, tags) = (title.joined(separator: " "), tags.joined(separator: " "))
            let (fileName, description) = (fileName.joined(separator: " "), description.joined(separator: " "))
            return Query(
                sqlite: """
                    INSERT INTO asset_search (rowid, words) VALUES (\(asset), \(words))
                    """,
                postgres: """
                    INSERT INTO asset_search (id, user_id, words) VALUES (\(asset), \(owner),
                        setweight(to_tsvector('simple', \(title)), 'A') || setweight(to_tsvector('simple', \(tags)), 'B')
                        || setweight(to_tsvector('simple', \(fileName)), 'C')
                        || setweight(to_tsvector('simple', \(description)), 'D'))
                    """
            )
        }
    }
}

extension Catalog {
    /// Writes the words of assets that have none yet: those of an earlier release, and those that something else has
    /// changed.
    ///
    /// Returns how many there were; call it until there are none.
    package func indexSome(limit: Int = 500) async throws -> Int {
        let waiting = try await database.read { connection in
            try connection.all("SELECT id FROM assets WHERE indexed = 0 ORDER BY id LIMIT \(limit)")
                .map { try $0.get("id", as: AssetID.self) }
        }
        guard !waiting.isEmpty else { return 0 }
        try await database.write { transaction in
            for id in waiting { try SearchIndex.refresh(id, in: transaction) }
        }
        return waiting.count
    }
}

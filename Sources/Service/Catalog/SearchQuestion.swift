internal import Core
internal import SQL

/// What somebody looks for, in words that the index has.
///
/// Whatever was typed: quotes, operators and stars are spaces.
struct SearchQuestion: Sendable {
    /// Where the words must stand, the best first: a match in the title counts more than one in the description.
    enum Place: CaseIterable {
        case title, tags, fileName, anywhere
    }

    private let owner: UserID
    private let tag: String?
    private let terms: [SearchText.Term]

    /// Nil when the text has no word.
    init?(_ text: String, owner: UserID, tag: String?) {
        // Nobody types more; a pasted page is looked for by its beginning.
        terms = SearchText.terms(String(text.prefix(200)))
        guard !terms.isEmpty else { return nil }
        self.owner = owner
        self.tag = tag
    }

    /// The newest that match, at most `limit`.
    ///
    /// `isExact`: whole words only. Each question is answered lazily, newest first, so it costs what it returns.
    func query(_ place: Place, isExact: Bool, limit: Int) -> Query {
        let match = fts(place, isExact: isExact)
        let words = tsquery(place, isExact: isExact)
        let tagged: Query =
            tag.map { " AND EXISTS (SELECT 1 FROM asset_tags t WHERE t.asset_id = s.id AND t.tag = \($0))" } ?? ""
        return Query(
            sqlite: """
                SELECT rowid AS id FROM asset_search WHERE asset_search MATCH \(match) ORDER BY rowid DESC LIMIT \(limit)
                """,
            postgres: """
                SELECT s.id FROM asset_search s WHERE s.user_id = \(owner)
                    AND s.words @@ to_tsquery('simple', \(words))\(sql: tagged) ORDER BY s.id DESC LIMIT \(limit)
                """
        )
    }

    /// Whether any word could be the beginning of another: then whole words are not all there is.
    var hasWords: Bool { terms.contains { if case .word = $0 { true } else { false } } }

    /// FTS5's language: every word stands in quotes, and none has one.
    private func fts(_ place: Place, isExact: Bool) -> String {
        let mark: SearchMark =
            switch place {
            case .title: .title
            case .tags: .tags
            case .fileName: .fileName
            case .anywhere: .anywhere
            }
        let words = terms.map { term in
            switch term {
            case .word(let word): "\"\(mark.rawValue)\(word)\"" + (isExact ? "" : " *")
            case .run(let pairs): "\"\(mark.mark(pairs).joined(separator: " "))\""
            }
        }
        let facets = [SearchIndex.facet(owner: owner)] + (tag.map { [SearchIndex.facet(tag: $0)] } ?? [])
        return (facets.map { "\"\($0)\"" } + words).joined(separator: " AND ")
    }

    /// PostgreSQL's: words in quotes with their weight.
    private func tsquery(_ place: Place, isExact: Bool) -> String {
        let weight =
            switch place {
            case .title: "A"
            case .tags: "B"
            case .fileName: "C"
            case .anywhere: "ABCD"
            }
        return terms.map { term in
            switch term {
            case .word(let word): "'\(word)':\(isExact ? "" : "*")\(weight)"
            case .run(let pairs): "(" + pairs.map { "'\($0)':\(weight)" }.joined(separator: " <-> ") + ")"
            }
        }.joined(separator: " & ")
    }
}

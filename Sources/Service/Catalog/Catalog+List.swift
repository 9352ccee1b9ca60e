package import Core
internal import SQL

/// Lists: totals from counters, pages by key, searches of bounded work (DESIGN 8).
extension Catalog {
    /// A part of the owner's assets.
    ///
    /// `page` counts from 1; a `cursor` goes on where another answer ended, and costs the same however deep it is.
    /// Throws `.invalidRequest` for a cursor that is none.
    package func list(
        _ question: AssetQuestion,
        of owner: UserID,
        page: Int = 1,
        limit: Int,
        cursor: String? = nil
    ) async throws -> AssetListing {
        // What is only spaces or accents is nobody's tag, and not the counter of all.
        guard question.tagKey != "" else { return AssetListing(assets: [], total: 0, isTotalExact: true, next: nil) }
        if let search = question.search, !search.allSatisfy(\.isWhitespace) {
            return try await matches(of: search, question, of: owner, page: page, limit: limit)
        }
        let sort = question.sort ?? .newest
        let place = try cursor.map { try ListCursor($0, sort: sort) }
        return try await database.read { connection in
            let total = try Self.count(question, of: owner, in: connection)
            let isByTag = try Self.leadsByTag(question, of: owner, in: connection)
            let ids = ListQuery(question: question, owner: owner, sort: sort, total: total, isByTag: isByTag)
                .ids(after: place, limit: limit + 1, offset: place == nil ? (page - 1) * limit : 0)
            let found = try connection.all(ids)
            let assets = try Self.records(
                try found.prefix(limit).map { try $0.get("id", as: AssetID.self) },
                in: connection
            )
            var next: String?
            if found.count > limit, let last = found.dropLast().last {
                next = ListCursor(after: try last.get("id"), key: try last.get("key"), sort: sort).text
            }
            return AssetListing(assets: assets, total: total, isTotalExact: true, next: next)
        }
    }

    /// How many there are, from the counters.
    static func count(_ question: AssetQuestion, of owner: UserID, in connection: any Connection) throws -> Int {
        var conditions: [Query] = [
            "user_id = \(owner)", "tag = \(question.tagKey ?? "")", "state <> 'trashed'",
        ]
        if let state = question.state { conditions.append("state = \(state)") }
        if let kind = question.kind { conditions.append("kind = \(kind)") }
        let row = try connection.first(
            """
            SELECT CAST(COALESCE(sum(n), 0) AS BIGINT) AS n FROM asset_counts
            WHERE \(sql: .joined(conditions, by: " AND "))
            """
        )
        return try row?.get("n") ?? 0
    }

    /// Whether fewer assets have the tag than are of the state and kind.
    private static func leadsByTag(
        _ question: AssetQuestion,
        of owner: UserID,
        in connection: any Connection
    ) throws -> Bool {
        guard question.tag != nil else { return false }
        guard question.state != nil || question.kind != nil else { return true }
        var (tagged, others) = (question, question)
        (tagged.state, tagged.kind, others.tag) = (nil, nil, nil)
        return try count(tagged, of: owner, in: connection) <= count(others, of: owner, in: connection)
    }

    /// The assets in the order of their ids in the list.
    static func records(_ ids: [AssetID], in connection: any Connection) throws -> [AssetRecord] {
        guard !ids.isEmpty else { return [] }
        let rows = try connection.all(
            """
            SELECT \(sql: AssetRecord.columns) FROM \(sql: AssetRecord.tables) WHERE a.id IN \(list: ids)
            """
        )
        let found = Dictionary(uniqueKeysWithValues: try rows.map(AssetRecord.init(row:)).map { ($0.id, $0) })
        return ids.compactMap { found[$0] }
    }

    /// The tags that the owner's assets have, the most used first.
    package func tags(of owner: UserID, limit: Int = 200) async throws -> [(label: String, count: Int)] {
        try await database.read { connection in
            try connection.all(
                """
                SELECT c.n AS n, (SELECT min(t.label) FROM asset_tags t
                    WHERE t.user_id = c.user_id AND t.tag = c.tag AND t.asset_id = (SELECT max(l.asset_id)
                        FROM asset_tags l WHERE l.user_id = c.user_id AND l.tag = c.tag)) AS label
                FROM (SELECT user_id, tag, CAST(sum(n) AS BIGINT) AS n FROM asset_counts
                    WHERE user_id = \(owner) AND tag <> '' AND state <> 'trashed' AND n > 0
                    GROUP BY user_id, tag ORDER BY 3 DESC, tag LIMIT \(limit)) c ORDER BY c.n DESC, c.tag
                """
            ).map { (try $0.get("label"), try $0.get("n")) }
        }
    }
}

/// The query for one part of a list.
struct ListQuery {
    let question: AssetQuestion
    let owner: UserID
    let sort: AssetQuestion.Sort
    /// How many the question has in all: decides which index leads.
    let total: Int
    /// Whether the tag is the rarest of what is asked for.
    let isByTag: Bool

    /// So many are sorted at once rather than found one by one in a long order.
    private static let few = 1000

    /// Rows of `id` and `key`.
    func ids(after place: ListCursor?, limit: Int, offset: Int) -> Query {
        var conditions: [Query] = ["a.user_id = \(owner)", "a.trashed_at IS NULL"]
        if let state = question.state { conditions.append("a.state = \(state)") }
        if let kind = question.kind { conditions.append("a.kind = \(kind)") }
        let key = self.key
        if let place { conditions.append(after(place)) }
        let isByID = sort == .newest || sort == .oldest
        var source: Query = "assets a"
        if let tag = question.tagKey {
            if isByTag, isByID || total <= Self.few {
                source = Query(
                    sqlite: "asset_tags t CROSS JOIN assets a ON a.id = t.asset_id",
                    postgres: "asset_tags t JOIN assets a ON a.id = t.asset_id"
                )
                conditions += ["t.user_id = \(owner)", "t.tag = \(tag)"]
            } else {
                conditions.append("EXISTS (SELECT 1 FROM asset_tags t WHERE t.asset_id = a.id AND t.tag = \(tag))")
            }
        }
        if !isByID, total > Self.few { source = "\(sql: source) \(sql: index)" }
        let direction: Query = sort.isDescending ? "DESC" : "ASC"
        let id: Query = isByTag && isByID ? "t.asset_id" : "a.id"
        let order: Query =
            isByID ? "\(sql: id) \(sql: direction)" : "\(sql: key) \(sql: direction), a.id \(sql: direction)"
        return """
            SELECT a.id AS id, \(sql: isByID ? "''" : "CAST(\(sql: key) AS TEXT)") AS key FROM \(sql: source)
            WHERE \(sql: .joined(conditions, by: " AND ")) ORDER BY \(sql: order)
            LIMIT \(limit) OFFSET \(offset)
            """
    }

    private var key: Query {
        switch sort {
        case .newest, .oldest: "a.id"
        case .title, .titleBackwards: "a.title_key"
        case .changed, .unchanged: "a.updated_at"
        }
    }

    /// The index that has the order: SQLite, which keeps no statistics here, is told.
    private var index: Query {
        let isTitle = sort == .title || sort == .titleBackwards
        return Query(
            sqlite: isTitle ? "INDEXED BY assets_by_title" : "INDEXED BY assets_by_change",
            postgres: ""
        )
    }

    private func after(_ place: ListCursor) -> Query {
        switch sort {
        case .newest: "a.id < \(place.id)"
        case .oldest: "a.id > \(place.id)"
        case .title: "(a.title_key, a.id) > (\(place.key), \(place.id))"
        case .titleBackwards: "(a.title_key, a.id) < (\(place.key), \(place.id))"
        case .changed: "(a.updated_at, a.id) < (\(Int64(place.key) ?? 0), \(place.id))"
        case .unchanged: "(a.updated_at, a.id) > (\(Int64(place.key) ?? 0), \(place.id))"
        }
    }
}

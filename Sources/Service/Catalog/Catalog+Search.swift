internal import Core
internal import SQL

/// Searching.
///
/// Whole words in the title come first, then their beginnings, then the same in tags, file name and anywhere; the
/// newest first among equals. Each of these looks at the newest thousand at most, so that a word that a million assets
/// have costs what one does that a thousand have.
extension Catalog {
    /// How many matches of one kind are looked at, and the most that a search counts.
    static let searchBound = 1000

    func matches(
        of text: String,
        _ question: AssetQuestion,
        of owner: UserID,
        page: Int,
        limit: Int
    ) async throws -> AssetListing {
        guard let asked = SearchQuestion(text, owner: owner, tag: question.tagKey) else {
            return AssetListing(assets: [], total: 0, isTotalExact: true, next: nil)
        }
        return try await database.read { connection in
            let (ranked, isExact) = try Self.ranked(asked, in: connection)
            var ids = ranked
            if question.state != nil || question.kind != nil || question.sort != nil {
                ids = try Self.narrowed(ranked, question, in: connection)
            }
            let first = min((page - 1) * limit, ids.count)
            let shown = Array(ids[first..<min(first + limit, ids.count)])
            return AssetListing(
                assets: try Self.records(shown, in: connection),
                total: ids.count,
                isTotalExact: isExact,
                next: nil
            )
        }
    }

    /// The matches in their order, and whether these are all of them.
    private static func ranked(
        _ question: SearchQuestion,
        in connection: any Connection
    ) throws -> (ids: [AssetID], isAll: Bool) {
        var ids: [AssetID] = []
        var seen: Set<AssetID> = []
        func add(_ place: SearchQuestion.Place, _ isExact: Bool) throws -> Bool {
            let rows = try connection.all(question.query(place, isExact: isExact, limit: searchBound + 1))
            for row in rows.prefix(searchBound) {
                let id: AssetID = try row.get("id")
                if ids.count < searchBound, seen.insert(id).inserted { ids.append(id) }
            }
            return rows.count > searchBound
        }
        // Whole words alone fill the list when they are common: then their beginnings, which would, are not asked for.
        for isExact in question.hasWords ? [true, false] : [true] {
            var isMore = false
            for place in SearchQuestion.Place.allCases { isMore = try add(place, isExact) }
            if isMore { return (ids, false) }
        }
        return (ids, true)
    }

    /// Those of a state and a kind, in the order that was asked for.
    private static func narrowed(
        _ ids: [AssetID],
        _ question: AssetQuestion,
        in connection: any Connection
    ) throws -> [AssetID] {
        // No more than that: every other condition would tempt SQLite to walk an index of all.
        var conditions: [Query] = ["id IN \(list: ids)"]
        if let state = question.state { conditions.append("state = \(state)") }
        if let kind = question.kind { conditions.append("kind = \(kind)") }
        let order: Query =
            switch question.sort {
            case nil, .newest: "id DESC"
            case .oldest: "id"
            case .title: "title_key, id"
            case .titleBackwards: "title_key DESC, id DESC"
            case .changed: "updated_at DESC, id DESC"
            case .unchanged: "updated_at, id"
            }
        let found = try connection.all(
            "SELECT id FROM assets WHERE \(sql: .joined(conditions, by: " AND ")) ORDER BY \(sql: order)"
        ).map { try $0.get("id", as: AssetID.self) }
        guard question.sort == nil else { return found }
        let kept = Set(found)
        return ids.filter(kept.contains)
    }
}

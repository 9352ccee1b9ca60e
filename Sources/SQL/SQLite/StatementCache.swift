/// Prepared statements by their text, the least recently used dropped first.
///
/// A statement in use is taken out, so that a query inside `each` may have the text of the outer one.
struct StatementCache {
    private struct Entry {
        let statement: SQLiteStatement
        let lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [String: Entry] = [:]
    private var uses: UInt64 = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { entries.count }

    mutating func take(_ sql: String) -> SQLiteStatement? {
        entries.removeValue(forKey: sql)?.statement
    }

    mutating func giveBack(_ statement: SQLiteStatement) {
        uses += 1
        entries[statement.sql] = Entry(statement: statement, lastUse: uses)
        guard entries.count > capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        else { return }
        entries.removeValue(forKey: oldest.key)
    }

    mutating func removeAll() {
        entries = [:]
    }
}

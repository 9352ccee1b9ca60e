import SQL
import Testing

@Suite struct QueryTests {
    @Test("one literal gives both databases their placeholders and the same values")
    func placeholders() {
        let name = "Ada"
        let query: Query = "SELECT id FROM people WHERE name = \(name) AND age > \(36)"
        #expect(query.rendered(for: .sqlite).text == "SELECT id FROM people WHERE name = ?1 AND age > ?2")
        #expect(query.rendered(for: .postgres).text == "SELECT id FROM people WHERE name = $1 AND age > $2")
        #expect(query.rendered(for: .sqlite).values == [.text("Ada"), .integer(36)])
    }

    @Test("a spliced query brings its values, numbered where it stands")
    func splice() {
        let condition: Query = "name = \("Ada")"
        let query: Query = "SELECT \(identifier: "age") FROM people WHERE id = \(1) AND \(sql: condition) LIMIT \(2)"
        let (text, values) = query.rendered(for: .postgres)
        #expect(text == "SELECT \"age\" FROM people WHERE id = $1 AND name = $2 LIMIT $3")
        #expect(values == [.integer(1), .text("Ada"), .integer(2)])
    }

    @Test("a list binds each of its values; an empty one matches nothing")
    func lists() {
        let some: Query = "id IN \(list: [1, 2]) OR id = \(3)"
        #expect(some.rendered(for: .sqlite).text == "id IN (?1, ?2) OR id = ?3")
        let none: Query = "id IN \(list: [Int]())"
        #expect(none.rendered(for: .sqlite).text == "id IN (NULL)")
    }

    @Test("texts that differ stay side by side, also when spliced")
    func differing() {
        let lock = Query(sqlite: "", postgres: " FOR UPDATE SKIP LOCKED")
        let query: Query = "SELECT id FROM jobs WHERE queue = \("a")\(sql: lock)"
        #expect(query.rendered(for: .sqlite).text == "SELECT id FROM jobs WHERE queue = ?1")
        #expect(query.rendered(for: .postgres).text == "SELECT id FROM jobs WHERE queue = $1 FOR UPDATE SKIP LOCKED")
    }

    @Test("conditions are joined in their order")
    func joined() {
        let conditions: [Query] = ["a = \(1)", "b = \(2)"]
        #expect(Query.joined(conditions, by: " AND ").rendered(for: .sqlite).text == "a = ?1 AND b = ?2")
        #expect(Query.joined([], by: " AND ").rendered(for: .sqlite).text == "")
    }
}

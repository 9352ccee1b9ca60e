import Core
import SQL
import Testing

/// What every kind of database does alike.
@Suite struct DatabaseConformance {
    @Test("every kind of value comes back as it was written", arguments: DatabaseUnderTest.all)
    func values(_ kind: DatabaseUnderTest) async throws {
        enum Status: String, SQLConvertible { case ready, failed }
        let upload = UploadID(random: Array(0..<16))
        let bytes: [UInt8] = [0, 255, 39]
        try await kind.with { database in
            let row = try await database.write { connection in
                let types: Query = """
                    CREATE TABLE kinds (i BIGINT, d DOUBLE PRECISION, b BIGINT, t TEXT, nul TEXT, empty TEXT,
                    bytes \(sql: Query(sqlite: "BLOB", postgres: "BYTEA")),
                    hollow \(sql: Query(sqlite: "BLOB", postgres: "BYTEA")), absent BIGINT, time BIGINT, asset BIGINT,
                    upload TEXT, status TEXT)
                    """
                try connection.run(types)
                try connection.run(
                    """
                    INSERT INTO kinds VALUES (\(Int64.min), \(0.1), \(true), \("naïve 🎬"), \("a'b"), \(""), \(bytes),
                    \([UInt8]()), \(Int?.none), \(Timestamp(microseconds: -1)), \(AssetID(rawValue: 1 << 52)),
                    \(upload), \(Status.failed))
                    """
                )
                return try #require(
                    try connection.first(
                        """
                        SELECT i, d, b, t, nul, empty, bytes, hollow, absent, time, asset, upload, status FROM kinds
                        """
                    )
                )
            }
            #expect(try row.get("i") == Int64.min)
            #expect(try row.get("d") == 0.1)
            #expect(try row.get("b") == true)
            #expect(try row.get("t") == "naïve 🎬")
            #expect(try row.get("nul") == "a'b")
            #expect(try row.get("empty") == "")
            #expect(try row.get("bytes") == bytes)
            #expect(try row.get("hollow") == [UInt8]())
            #expect(try row.get("absent") == Int?.none)
            #expect(try row.get("i") == Int64?.some(.min))
            #expect(try row.get("time") == Timestamp(microseconds: -1))
            #expect(try row.get("asset") == AssetID(rawValue: 1 << 52))
            #expect(try row.get("upload") == upload)
            #expect(try row.get("status") == Status.failed)
        }
    }

    @Test("reading a column as another type names the column and what was found", arguments: DatabaseUnderTest.all)
    func wrongType(_ kind: DatabaseUnderTest) async throws {
        enum Status: String, SQLConvertible { case ready }
        try await kind.with { database in
            let row = try await database.read { try #require(try $0.first("SELECT \("secret") AS t, NULL AS n")) }
            let error = await failure { _ = try row.get("t", as: Int.self) }
            #expect(error?.kind == .type)
            #expect(error?.message == "column t: expected an integer, found text")
            #expect(await failure { _ = try row.get("n", as: String.self) }?.message.contains("found null") == true)
            #expect(await failure { _ = try row.get("x", as: Int.self) }?.message == "no column x in the result")
            let unknown = await failure { _ = try row.get("t", as: Status.self) }
            #expect(unknown?.kind == .type)
            #expect(unknown.map { String(reflecting: $0).contains("secret") } == false)
        }
    }

    @Test("a statement says how many rows it changed", arguments: DatabaseUnderTest.all)
    func changedRows(_ kind: DatabaseUnderTest) async throws {
        try await kind.with { database in
            try await database.migrate([peopleTable])
            try await database.write { connection in
                let inserted = try connection.run("INSERT INTO people (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')")
                #expect(inserted == 3)
                #expect(try connection.run("UPDATE people SET age = 1 WHERE id > 1") == 2)
                #expect(try connection.run("UPDATE people SET age = 1 WHERE id > 9") == 0)
                #expect(try connection.run("CREATE TABLE other (id BIGINT)") == 0)
                let again: Query = "INSERT INTO people (id, name) VALUES (1, 'a') ON CONFLICT DO NOTHING"
                #expect(try connection.run(again) == 0)
                #expect(try connection.run("DELETE FROM people") == 3)
            }
        }
    }

    @Test("an update with RETURNING changes and returns its rows", arguments: DatabaseUnderTest.all)
    func returning(_ kind: DatabaseUnderTest) async throws {
        try await kind.with { database in
            try await database.migrate([peopleTable])
            let claimed = try await database.write { connection in
                try connection.run("INSERT INTO people (id, name, age) VALUES (1, 'a', 0), (2, 'b', 0)")
                return try connection.first("UPDATE people SET age = \(7) WHERE id = \(2) RETURNING name")
            }
            #expect(try claimed?.get("name") == "b")
            let ages = try await database.read { try $0.all("SELECT age FROM people ORDER BY id") }
            #expect(try ages.map { try $0.get("age", as: Int.self) } == [0, 7])
        }
    }

    @Test("an injection attempt stays a value", arguments: DatabaseUnderTest.all)
    func injection(_ kind: DatabaseUnderTest) async throws {
        let attempt = "x'); DROP TABLE people; --"
        try await kind.with { database in
            try await database.migrate([peopleTable])
            try await database.write { connection in
                _ = try connection.run("INSERT INTO people (id, name) VALUES (1, \(attempt))")
            }
            let row = try await database.read { try $0.first("SELECT name FROM people WHERE name = \(attempt)") }
            #expect(try row?.get("name") == attempt)
        }
    }

    @Test("a query is one statement", arguments: DatabaseUnderTest.all)
    func oneStatement(_ kind: DatabaseUnderTest) async throws {
        try await kind.with { database in
            #expect(await SQLTests.kind { _ = try await database.read { try $0.all("SELECT 1; SELECT 2") } } == .syntax)
            let fine: Query = "SELECT 1 AS one; -- done"
            let row = try await database.read { try $0.first(fine) }
            #expect(try row?.get("one") == 1)
        }
    }

    @Test("rows are given one by one, and an error of the body stops them", arguments: DatabaseUnderTest.all)
    func eachRow(_ kind: DatabaseUnderTest) async throws {
        struct Enough: Error {}
        try await kind.with { database in
            try await database.migrate([peopleTable])
            try await database.write { connection in
                for id in 1...50 { try connection.run("INSERT INTO people (id, name) VALUES (\(id), \("n\(id)"))") }
            }
            let seen = try await database.read { connection in
                var seen: [Int] = []
                do {
                    try connection.each("SELECT id FROM people ORDER BY id") { row in
                        // The same text inside its own loop must not disturb the outer one.
                        let inner = try connection.all("SELECT id FROM people ORDER BY id")
                        #expect(inner.count == 50)
                        seen.append(try row.get("id"))
                        if seen.count == 20 { throw Enough() }
                    }
                } catch is Enough {}
                return seen
            }
            #expect(seen == Array(1...20))
        }
    }

    @Test("a list selects its members, an empty list nobody", arguments: DatabaseUnderTest.all)
    func lists(_ kind: DatabaseUnderTest) async throws {
        try await kind.with { database in
            try await database.migrate([peopleTable])
            try await database.write { connection in
                _ = try connection.run("INSERT INTO people (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')")
            }
            let query: @Sendable ([Int]) -> Query = { "SELECT id FROM people WHERE id IN \(list: $0) ORDER BY id" }
            let some = try await database.read { try $0.all(query([3, 1, 9])) }
            #expect(try some.map { try $0.get("id", as: Int.self) } == [1, 3])
            #expect(try await database.read { try $0.all(query([])) }.isEmpty)
        }
    }
}

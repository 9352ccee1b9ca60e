import SQL
import Testing

extension DatabaseConformance {
    @Suite struct Migrations {
        static let second = Migration(2, "pets", ["CREATE TABLE pets (name TEXT NOT NULL)"])

        @Test(
            "migrations are applied once, also when two handles migrate at the same time",
            arguments: DatabaseUnderTest.all
        )
        func together(_ kind: DatabaseUnderTest) async throws {
            let list = [peopleTable, Self.second]
            try await kind.withEmpty { open in
                let handles = [try open(), try open(), try open()]
                try await withThrowingTaskGroup { group in
                    for handle in handles { group.addTask { try await handle.migrate(list) } }
                    try await group.waitForAll()
                }
                try await handles[0].migrate(list)
                let names = try await handles[1].read { connection in
                    try connection.all("SELECT name FROM schema_migrations ORDER BY number").map {
                        try $0.get("name", as: String.self)
                    }
                }
                #expect(names == ["people", "pets"])
                for handle in handles { await handle.close() }
            }
        }

        @Test("a list that is out of order or has a gap is refused", arguments: DatabaseUnderTest.all)
        func order(_ kind: DatabaseUnderTest) async throws {
            try await kind.with { database in
                #expect(await SQLTests.kind { try await database.migrate([Self.second, peopleTable]) } == .migration)
                #expect(await SQLTests.kind { try await database.migrate([Self.second]) } == .migration)
            }
        }

        @Test("a migration that was changed after its release is refused by name", arguments: DatabaseUnderTest.all)
        func changed(_ kind: DatabaseUnderTest) async throws {
            try await kind.with { database in
                try await database.migrate([peopleTable])
                let changed = Migration(1, "people", ["CREATE TABLE people (id BIGINT)"])
                let error = await failure { try await database.migrate([changed, Self.second]) }
                #expect(error?.kind == .migration)
                #expect(error?.message.contains("migration 1 people was changed") == true)
                #expect(
                    await SQLTests.kind { _ = try await database.read { try $0.all("SELECT name FROM pets") } }
                        == .syntax
                )
            }
        }

        @Test("a database of a newer version is refused", arguments: DatabaseUnderTest.all)
        func newer(_ kind: DatabaseUnderTest) async throws {
            try await kind.with { database in
                try await database.migrate([peopleTable, Self.second])
                let error = await failure { try await database.migrate([peopleTable]) }
                #expect(error?.kind == .migration)
                #expect(error?.message.contains("newer version") == true)
            }
        }

        @Test("a database that lacks a number in between is refused", arguments: DatabaseUnderTest.all)
        func gap(_ kind: DatabaseUnderTest) async throws {
            try await kind.with { database in
                try await database.migrate([peopleTable, Self.second])
                try await database.write { try $0.run("DELETE FROM schema_migrations WHERE number = 1") }
                #expect(await SQLTests.kind { try await database.migrate([peopleTable, Self.second]) } == .migration)
            }
        }

        @Test("a migration that fails is undone whole, and those before it stay", arguments: DatabaseUnderTest.all)
        func failing(_ kind: DatabaseUnderTest) async throws {
            let broken = Migration(2, "broken", ["CREATE TABLE half (id BIGINT)", "CREATE TABLE people (id BIGINT)"])
            try await kind.with { database in
                let error = await failure { try await database.migrate([peopleTable, broken]) }
                #expect(error?.message.hasPrefix("migration 2 broken: ") == true)
                #expect(
                    await SQLTests.kind { _ = try await database.read { try $0.all("SELECT id FROM half") } } == .syntax
                )
                try await database.migrate([peopleTable, Self.second])
            }
        }
    }
}

import Core
import SQL
import Testing

extension DatabaseConformance {
    @Suite struct Transactions {
        struct Refused: Error {}

        private static func count(_ database: any Database) async throws -> Int {
            try await database.read { try $0.first("SELECT COUNT(*) AS n FROM people")?.get("n") ?? -1 }
        }

        @Test("a body that throws leaves nothing behind", arguments: DatabaseUnderTest.all)
        func rollback(_ kind: DatabaseUnderTest) async throws {
            try await kind.with { database in
                try await database.migrate([peopleTable])
                await #expect(throws: Refused.self) {
                    try await database.write { connection in
                        try connection.run("INSERT INTO people (id, name) VALUES (1, 'a')")
                        throw Refused()
                    }
                }
                #expect(try await Self.count(database) == 0)
                try await database.write { try $0.run("INSERT INTO people (id, name) VALUES (1, 'a')") }
                #expect(try await Self.count(database) == 1)
            }
        }

        @Test("each broken rule is named", arguments: DatabaseUnderTest.all)
        func constraints(_ kind: DatabaseUnderTest) async throws {
            let broken: [(Query, SQLError.Constraint)] = [
                ("INSERT INTO people (id, name) VALUES (1, 'other')", .unique),
                ("INSERT INTO people (id, name) VALUES (2, 'a')", .unique),
                ("INSERT INTO people (id, name, age) VALUES (2, 'b', -1)", .check),
                ("INSERT INTO people (id, name, boss) VALUES (2, 'b', 99)", .foreignKey),
                ("INSERT INTO people (id, name) VALUES (2, NULL)", .notNull),
            ]
            try await kind.with { database in
                try await database.migrate([peopleTable])
                try await database.write { try $0.run("INSERT INTO people (id, name) VALUES (1, 'a')") }
                for (query, constraint) in broken {
                    let found = await SQLTests.kind { _ = try await database.write { try $0.run(query) } }
                    #expect(found == .constraint(constraint))
                }
            }
        }

        @Test(
            "a failed statement ends its transaction, even when the body catches the error",
            arguments: DatabaseUnderTest.all
        )
        func failedStatement(_ kind: DatabaseUnderTest) async throws {
            try await kind.with { database in
                try await database.migrate([peopleTable])
                let found = await SQLTests.kind {
                    try await database.write { connection in
                        try connection.run("INSERT INTO people (id, name) VALUES (1, 'a')")
                        _ = try? connection.run("INSERT INTO people (id, name) VALUES (1, 'b')")
                        #expect(throws: SQLError.self) {
                            try connection.run("INSERT INTO people (id, name) VALUES (3, 'c')")
                        }
                    }
                }
                #expect(found == .constraint(.unique))
                #expect(try await Self.count(database) == 0)
            }
        }

        @Test(
            "a wrong query and a missing table are syntax errors that show the text, never the values",
            arguments: DatabaseUnderTest.all
        )
        func syntax(_ kind: DatabaseUnderTest) async throws {
            try await kind.with { database in
                let wrong: [Query] = ["SELEC \("hunter2")", "SELECT a FROM missing WHERE a = \("hunter2")"]
                for query in wrong {
                    let error = await failure { _ = try await database.read { try $0.all(query) } }
                    #expect(error?.kind == .syntax)
                    #expect(error?.sql.isEmpty == false)
                    #expect(error.map { String(reflecting: $0).contains("hunter2") } == false)
                }
            }
        }

        @Test("a reader cannot write", arguments: DatabaseUnderTest.all)
        func readOnly(_ kind: DatabaseUnderTest) async throws {
            try await kind.with { database in
                try await database.migrate([peopleTable])
                let found = await SQLTests.kind {
                    _ = try await database.read { try $0.run("INSERT INTO people (id, name) VALUES (1, 'a')") }
                }
                #expect(found == .readOnly)
            }
        }

        @Test("two handles that count up together lose no step", arguments: DatabaseUnderTest.all)
        func concurrentWriters(_ kind: DatabaseUnderTest) async throws {
            try await kind.withEmpty { open in
                let handles = [try open(), try open()]
                try await handles[0].migrate([peopleTable])
                try await handles[0].write { try $0.run("INSERT INTO people (id, name, age) VALUES (1, 'a', 0)") }
                try await withThrowingTaskGroup { group in
                    for step in 0..<200 {
                        group.addTask {
                            try await handles[step % 2].write { connection in
                                // Read, then write: without the lock from the start, steps would be lost.
                                let age: Int = try connection.first("SELECT age FROM people")?.get("age") ?? -1
                                try connection.run("UPDATE people SET age = \(age + 1)")
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let age = try await handles[1].read { try $0.first("SELECT age FROM people")?.get("age", as: Int.self) }
                #expect(age == 200)
                for handle in handles { await handle.close() }
            }
        }

        @Test("a reader sees one snapshot and does not hold up the writer", arguments: DatabaseUnderTest.all)
        func snapshot(_ kind: DatabaseUnderTest) async throws {
            try await kind.with { database in
                try await database.migrate([peopleTable])
                let progress = Progress()
                async let counts: [Int] = database.read { connection in
                    let query: Query = "SELECT COUNT(*) AS n FROM people"
                    let before: Int = try connection.first(query)?.get("n") ?? -1
                    progress.advance(to: 1)
                    progress.wait(for: 2)
                    return [before, try connection.first(query)?.get("n") ?? -1]
                }
                try await eventually("the reader begins") { progress.step == 1 }
                try await database.write { try $0.run("INSERT INTO people (id, name) VALUES (1, 'a')") }
                #expect(try await Self.count(database) == 1)
                progress.advance(to: 2)
                #expect(try await counts == [0, 0])
            }
        }

        @Test(
            "a commit moves the change counter, whoever made it, and a rest does not",
            arguments: DatabaseUnderTest.all
        )
        func changeCounter(_ kind: DatabaseUnderTest) async throws {
            try await kind.withEmpty { open in
                let (ours, theirs) = (try open(), try open())
                try await ours.migrate([peopleTable])
                let start = try await ours.changeCounter()
                #expect(try await ours.changeCounter() == start)
                try await theirs.write { try $0.run("INSERT INTO people (id, name) VALUES (1, 'a')") }
                let afterTheirs = try await ours.changeCounter()
                #expect(afterTheirs != start)
                try await ours.write { try $0.run("INSERT INTO people (id, name) VALUES (2, 'b')") }
                #expect(try await ours.changeCounter() != afterTheirs)
                await ours.close()
                await theirs.close()
            }
        }

        @Test("closing lets calls under way finish and refuses later ones", arguments: DatabaseUnderTest.all)
        func closing(_ kind: DatabaseUnderTest) async throws {
            try await kind.withEmpty { open in
                let database = try open()
                try await database.migrate([peopleTable])
                let progress = Progress()
                async let write: Void = database.write { connection in
                    progress.advance(to: 1)
                    progress.wait(for: 2)
                    try connection.run("INSERT INTO people (id, name) VALUES (1, 'a')")
                }
                try await eventually("the write begins") { progress.step == 1 }
                async let close: Void = database.close()
                try await eventually("the database refuses calls") {
                    do {
                        _ = try await Self.count(database)
                        return false
                    } catch let error as SQLError where error.kind == .closed {
                        return true
                    }
                }
                progress.advance(to: 2)
                try await write
                await close
                await database.close()
                let again = try open()
                #expect(try await Self.count(again) == 1)
                await again.close()
            }
        }

        @Test("the request's name is known inside a transaction", arguments: DatabaseUnderTest.all)
        func trace(_ kind: DatabaseUnderTest) async throws {
            try await kind.with { database in
                let seen = try await Trace.$requestID.withValue("r1") {
                    try await database.write { _ in Trace.requestID }
                }
                #expect(seen == "r1")
            }
        }
    }
}

import Foundation
import Media
import SQL
import Testing

/// What is SQLite's own.
@Suite struct SQLiteTests {
    private func withDatabase(
        busyTimeout: Duration = .seconds(600),
        _ test: (SQLiteDatabase, _ path: String) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            let path = folder + "/test.sqlite"
            let database = try SQLiteDatabase(path: path, busyTimeout: busyTimeout)
            try await test(database, path)
            await database.close()
        }
    }

    @Test("a full disk is told apart, and the transaction leaves nothing")
    func full() async throws {
        try await withDatabase { database, _ in
            try await database.write { connection in
                try connection.run("CREATE TABLE big (bytes BLOB)")
                try connection.run("PRAGMA max_page_count = 20")
            }
            let found = await kind {
                try await database.write { connection in
                    for _ in 0..<100 {
                        try connection.run("INSERT INTO big VALUES (\([UInt8](repeating: 7, count: 4000)))")
                    }
                }
            }
            #expect(found == .full)
            #expect(try await database.read { try $0.all("SELECT 1 FROM big") }.isEmpty)
            try await database.write { try $0.run("INSERT INTO big VALUES (\([UInt8](repeating: 7, count: 40)))") }
        }
    }

    @Test("many ask at once for their commits to be brought to the disk, and all are answered")
    func sync() async throws {
        try await withDatabase { database, _ in
            try await database.write { try $0.run("CREATE TABLE t (n BIGINT)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        try await database.write { try $0.run("INSERT INTO t VALUES (\(number))") }
                        try await database.sync()
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await database.read { try $0.all("SELECT n FROM t") }.count == 50)
        }
    }

    @Test("a statement after SQLite gave up the transaction is refused, not committed alone")
    func afterFull() async throws {
        try await withDatabase { database, _ in
            try await database.write { try $0.run("CREATE TABLE t (n BIGINT)") }
            let found = await kind {
                try await database.write { connection in
                    try connection.run("ROLLBACK")
                    try connection.run("INSERT INTO t VALUES (1)")
                }
            }
            #expect(found == .other)
            #expect(try await database.read { try $0.all("SELECT n FROM t") }.isEmpty)
        }
    }

    @Test("another process that keeps the database past the deadline makes a call busy")
    func busy() async throws {
        try await withDatabase(busyTimeout: .seconds(0)) { database, path in
            let other = try SQLiteDatabase(path: path, busyTimeout: .seconds(600))
            try await database.write { try $0.run("CREATE TABLE t (n BIGINT)") }
            let progress = Progress()
            async let longWrite = other.write { connection in
                progress.advance(to: 1)
                progress.wait(for: 2)
                return try connection.run("INSERT INTO t VALUES (1)")
            }
            try await eventually("the other process begins") { progress.step == 1 }
            let found = await kind { _ = try await database.write { try $0.run("INSERT INTO t VALUES (2)") } }
            #expect(found == .busy)
            progress.advance(to: 2)
            #expect(try await longWrite == 1)
            #expect(try await database.read { try $0.all("SELECT n FROM t") }.count == 1)
            await other.close()
        }
    }

    @Test("a full-text query that is wrong does not show its words in the error")
    func fullText() async throws {
        try await withDatabase { database, _ in
            try await database.write { try $0.run("CREATE VIRTUAL TABLE texts USING fts5 (body)") }
            let query: Query = "SELECT body FROM texts WHERE texts MATCH \("secret:hunter2 AND")"
            let error = await failure { _ = try await database.read { try $0.all(query) } }
            #expect(error.map { String(reflecting: $0).contains("hunter2") || "\($0)".contains("secret") } == false)
        }
    }

    @Test("a thousand different texts run with few statements kept, and the first ones still work")
    func statementCache() async throws {
        try await withDatabase { database, _ in
            try await database.read { connection in
                for length in 1...1000 {
                    let rows = try connection.all("SELECT 1 WHERE 1 IN \(list: Array(1...length))")
                    #expect(rows.count == 1)
                }
                #expect(try connection.all("SELECT 1 WHERE 1 IN \(list: [1])").count == 1)
            }
        }
    }

    @Test("a column that a migration adds is seen by statements prepared before")
    func changedSchema() async throws {
        try await withDatabase { database, _ in
            let query: Query = "SELECT * FROM t"
            try await database.write { connection in
                try connection.run("CREATE TABLE t (a BIGINT)")
                try connection.run("INSERT INTO t VALUES (1)")
                #expect(try connection.first(query)?.get("a") == 1)
            }
            try await database.write { connection in
                try connection.run("ALTER TABLE t ADD COLUMN b BIGINT DEFAULT 2")
                #expect(try connection.first(query)?.get("b") == 2)
            }
        }
    }

    @Test("two columns of one name are an error, not a guess")
    func ambiguous() async throws {
        try await withDatabase { database, _ in
            let row = try await database.read { try #require(try $0.first("SELECT 1 AS a, 2 AS a")) }
            #expect(await failure { _ = try row.get("a", as: Int.self) }?.kind == .type)
        }
    }

    @Test("the files are for their owner only")
    func mode() async throws {
        try await withDatabase { database, path in
            try await database.write { try $0.run("CREATE TABLE t (n BIGINT)") }
            for file in [path, path + "-wal", path + "-shm"] {
                let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(file)")
            }
        }
    }

    @Test("a file that is no database is corrupt, a folder that is missing an error")
    func noDatabase() async throws {
        try await withScratchFolder { folder in
            let path = folder + "/text.sqlite"
            try Data(repeating: 65, count: 8192).write(to: URL(filePath: path))
            #expect(await kind { _ = try SQLiteDatabase(path: path) } == .corrupt)
            #expect(await kind { _ = try SQLiteDatabase(path: folder + "/missing/a.sqlite") } == .other)
        }
    }

    private static let sqlite3 = "/usr/bin/sqlite3"

    @Test(
        "another process that is killed while it writes loses nothing committed and blocks nobody",
        .enabled(if: FileManager.default.isExecutableFile(atPath: sqlite3), "the sqlite3 command is not installed")
    )
    func killedProcess() async throws {
        try await withDatabase { database, path in
            try await database.write { try $0.run("CREATE TABLE t (n BIGINT)") }
            let script =
                "PRAGMA busy_timeout=60000; INSERT INTO t VALUES (1); BEGIN IMMEDIATE; INSERT INTO t VALUES (2);"
            // sqlite3 leaves SIGTERM to the system: it dies of it as it would of SIGKILL.
            let writer = Task {
                try await ChildProcess.run(
                    "/bin/sh",
                    ["-c", "{ echo \"$2\"; exec sleep 600; } | \"$0\" \"$1\"", Self.sqlite3, path, script],
                    deadline: .seconds(600)
                )
            }
            try await eventually("the other process commits its first row") {
                try await database.read { try $0.all("SELECT n FROM t") }.count == 1
            }
            writer.cancel()
            await #expect(throws: CancellationError.self) { try await writer.value }
            try await database.write { try $0.run("INSERT INTO t VALUES (3)") }
            let rows = try await database.read { try $0.all("SELECT n FROM t ORDER BY n") }
            #expect(try rows.map { try $0.get("n", as: Int.self) } == [1, 3])
        }
    }
}

import Core
import Foundation
import SQL
import Synchronization
import Testing

/// One implementation of `Database` for the conformance suite: each test gets an empty database.
struct DatabaseUnderTest: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let dialect: SQLDialect
    /// Runs a test with a way to open handles to one empty database; the second handle stands for another process.
    let withEmpty: @Sendable (_ test: (_ open: () throws -> any Database) async throws -> Void) async throws -> Void

    static let all = [sqlite]

    static let sqlite = DatabaseUnderTest(testDescription: "SQLite", dialect: .sqlite) { test in
        try await withScratchFolder { folder in
            try await test { try SQLiteDatabase(path: folder + "/test.sqlite", busyTimeout: .seconds(600)) }
        }
    }

    /// A test with one handle, closed afterwards.
    func with(_ test: (any Database) async throws -> Void) async throws {
        try await withEmpty { open in
            let database = try open()
            try await test(database)
            await database.close()
        }
    }
}

/// A folder that is gone after the test.
func withScratchFolder(_ test: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "telecine-sql-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await test(folder.path(percentEncoded: false))
}

/// Waits until `condition` holds; records an issue after five minutes.
func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(300)
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record(what)
            return
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// The kind of the `SQLError` that `body` throws; records an issue when it throws none.
func kind(of body: () async throws -> Void) async -> SQLError.Kind? {
    await failure(of: body)?.kind
}

/// The `SQLError` that `body` throws; records an issue when it throws none.
func failure(of body: () async throws -> Void) async -> SQLError? {
    do {
        try await body()
        Issue.record("nothing was thrown")
    } catch let error as SQLError {
        return error
    } catch {
        Issue.record("not an SQLError: \(error)")
    }
    return nil
}

let peopleTable = Migration(
    1,
    "people",
    [
        """
        CREATE TABLE people (
            id BIGINT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            age BIGINT CHECK (age >= 0),
            boss BIGINT REFERENCES people (id)
        )
        """
    ]
)

/// Two threads that wait for each other's steps: one of them is the database's own, which may block.
final class Progress: Sendable {
    private let current = Mutex(0)

    var step: Int { current.withLock { $0 } }

    func advance(to step: Int) {
        current.withLock { $0 = step }
    }

    /// Blocks; for a transaction's body only.
    ///
    /// Gives up after five minutes, and the test's expectations fail.
    func wait(for step: Int) {
        let deadline = ContinuousClock.now + .seconds(300)
        while self.step < step, ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.001) }
    }
}

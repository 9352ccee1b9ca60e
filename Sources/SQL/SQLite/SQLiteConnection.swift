internal import CSQLite

/// One handle to a database file, opened without SQLite's own mutex: `ConnectionPool` lets one thread
/// at a time touch it.
final class SQLiteConnection: Connection {
    enum Access: Sendable {
        case readOnly, readWrite
    }

    struct Settings: Sendable {
        let path: String
        let durability: SQLiteDatabase.Durability
        let busyTimeout: Duration
    }

    /// Texts of one service fit; texts with lists of varying length push each other out.
    private static let cachedStatements = 128

    private let access: Access
    private var handle: OpaquePointer?
    private var cache = StatementCache(capacity: cachedStatements)
    private var isInTransaction = false
    /// The first failed statement of the transaction under way.
    private var failure: SQLError?

    init(_ settings: Settings, _ access: Access) throws(SQLError) {
        self.access = access
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(settings.path, &handle, flags, nil)
        self.handle = handle
        guard code == SQLITE_OK else { throw SQLError(sqlite: handle, code: code) }
        try configure(settings)
    }

    deinit {
        close()
    }

    /// Closes the handle; the connection cannot be used any more.
    func close() {
        cache.removeAll()
        sqlite3_close_v2(handle)
        handle = nil
    }

    private func configure(_ settings: Settings) throws(SQLError) {
        sqlite3_busy_timeout(handle, Int32(clamping: settings.busyTimeout.components.seconds * 1000))
        // "text" in double quotes is a name, never a string; the schema cannot call dangerous functions.
        csqlite_configure(handle, SQLITE_DBCONFIG_DQS_DML, 0)
        csqlite_configure(handle, SQLITE_DBCONFIG_DQS_DDL, 0)
        csqlite_configure(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        if access == .readWrite { try enterWAL(deadline: .now + settings.busyTimeout) }
        try command("PRAGMA foreign_keys = ON")
        try command(settings.durability == .full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
        try command("PRAGMA temp_store = MEMORY")
        try command("PRAGMA mmap_size = 67108864")
        // A checkpoint every 4 MiB; after a long reader has made the log grow, it is cut back to 64 MiB.
        try command("PRAGMA wal_autocheckpoint = 1000")
        try command("PRAGMA journal_size_limit = 67108864")
        // Opened for writing all the same: a reader must be able to recover the log that a crash left.
        if access == .readOnly { try command("PRAGMA query_only = ON") }
    }

    /// Write-ahead logging, so that readers and the writer do not wait for each other.
    ///
    /// SQLite does not wait when two processes switch a new file at once (each would wait for the other's
    /// lock): one of them must try again.
    private func enterWAL(deadline: ContinuousClock.Instant) throws(SQLError) {
        while true {
            do throws(SQLError) {
                let mode = try first("PRAGMA journal_mode = WAL")?.get("journal_mode", as: String.self)
                guard mode == "wal" else {
                    throw SQLError(.other, "this file system does not support SQLite's write-ahead log")
                }
                return
            } catch  where error.kind == .busy && ContinuousClock.now < deadline {
                sqlite3_sleep(10)
            }
        }
    }

    // MARK: - Transactions

    /// Runs `body` between BEGIN and COMMIT, or ROLLBACK when it throws or one of its statements failed.
    func transaction<T>(_ body: (any Connection) throws -> T) throws -> T {
        try command(access == .readWrite ? "BEGIN IMMEDIATE" : "BEGIN")
        isInTransaction = true
        failure = nil
        defer { isInTransaction = false }
        do {
            let result = try body(self)
            if let failure { throw failure }
            try checkTransaction(sql: "COMMIT")
            try command("COMMIT")
            return result
        } catch {
            // SQLite itself rolls back on some failures (a full disk); then there is nothing left to do.
            if sqlite3_get_autocommit(handle) == 0 { try command("ROLLBACK") }
            throw error
        }
    }

    /// Outside a transaction each statement would be its own, and half of the body's work would stay.
    private func checkTransaction(sql: String) throws(SQLError) {
        guard isInTransaction else { return }
        if let failure {
            throw SQLError(failure.kind, "an earlier statement failed: \(failure.message)", sql: failure.sql)
        }
        guard sqlite3_get_autocommit(handle) == 0 else {
            throw SQLError(.other, "the transaction was ended inside its body", sql: sql)
        }
    }

    private func command(_ sql: String) throws(SQLError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw SQLError(sqlite: handle, code: code, sql: sql) }
    }

    // MARK: - Statements

    @discardableResult
    func run(_ query: Query) throws(SQLError) -> Int {
        let statement = try begin(query)
        defer { end(statement) }
        let before = sqlite3_total_changes64(handle)
        while try next(statement) != nil {}
        // The last count stays where it is when a statement changes no rows by its nature, as CREATE TABLE.
        return sqlite3_total_changes64(handle) == before ? 0 : Int(sqlite3_changes64(handle))
    }

    func all(_ query: Query) throws(SQLError) -> [Row] {
        let statement = try begin(query)
        defer { end(statement) }
        var rows: [Row] = []
        while let row = try next(statement) { rows.append(row) }
        return rows
    }

    func first(_ query: Query) throws(SQLError) -> Row? {
        let statement = try begin(query)
        defer { end(statement) }
        return try next(statement)
    }

    func each(_ query: Query, _ body: (Row) throws -> Void) throws {
        let statement = try begin(query)
        defer { end(statement) }
        while let row = try next(statement) { try body(row) }
    }

    private func begin(_ query: Query) throws(SQLError) -> SQLiteStatement {
        let (sql, values) = query.rendered(for: .sqlite)
        try checkTransaction(sql: sql)
        guard let handle else { throw SQLError(.closed, "the database is closed", sql: sql) }
        do throws(SQLError) {
            let statement: SQLiteStatement
            if let cached = cache.take(sql) {
                statement = cached
            } else {
                statement = try SQLiteStatement(sql, on: handle)
            }
            try statement.bind(values)
            return statement
        } catch {
            failure = error
            throw error
        }
    }

    private func next(_ statement: SQLiteStatement) throws(SQLError) -> Row? {
        do {
            return try statement.step()
        } catch {
            failure = error
            throw error
        }
    }

    private func end(_ statement: SQLiteStatement) {
        statement.reset()
        cache.giveBack(statement)
    }
}

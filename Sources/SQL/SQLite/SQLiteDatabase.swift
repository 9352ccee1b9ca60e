#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// `close` alone would mean the method below.
private func closeFile(_ file: Int32) {
    _ = close(file)
}

/// A database in one file: one writer, several readers, write-ahead logging.
///
/// Any number of processes of one machine may open the same file; network file systems do not serve.
package final class SQLiteDatabase: Database {
    /// What survives a power cut.
    ///
    /// Killing the process loses nothing that was committed, either way.
    package enum Durability: Sendable {
        /// The last commits before a power cut may be lost; the file stays consistent.
        case normal
        /// Each commit waits for the disk.
        case full
    }

    private let writer: ConnectionPool
    private let readers: ConnectionPool
    /// Never writes, so that its data version moves with every commit, those of this process included.
    private let watcher: ConnectionPool
    /// Nil when each commit waits for the disk by itself.
    private let log: LogSync?

    /// Opens or makes the file.
    ///
    /// Blocks for as long as the disk takes, so call it at start.
    ///
    /// - Parameters:
    ///   - path: the file; its folder exists.
    ///   - count: how many reads run at once.
    ///   - durability: what survives a power cut.
    ///   - busyTimeout: how long a call waits for other processes before it throws `busy`.
    /// - Throws: what kept the file from being opened.
    package init(
        path: String,
        readers count: Int = 4,
        durability: Durability = .normal,
        busyTimeout: Duration = .seconds(10)
    ) throws(SQLError) {
        precondition(count > 0, "a database has at least one reader")
        Self.createPrivately(path)
        let settings = SQLiteConnection.Settings(path: path, durability: durability, busyTimeout: busyTimeout)
        writer = ConnectionPool(label: "telecine.sqlite.writer", [try SQLiteConnection(settings, .readWrite)])
        var connections: [SQLiteConnection] = []
        for _ in 0..<count { connections.append(try SQLiteConnection(settings, .readOnly)) }
        readers = ConnectionPool(label: "telecine.sqlite.reader", connections)
        log = durability == .full ? nil : LogSync(path: path)
        watcher = ConnectionPool(label: "telecine.sqlite.watcher", [try SQLiteConnection(settings, .readOnly)])
    }

    /// The file holds password hashes: nobody else on the machine may read it.
    ///
    /// SQLite gives the log the same mode. A failure shows again, with its reason, when SQLite opens the file.
    ///
    /// Only a file that is new is opened here: closing an old one would drop SQLite's locks in this process
    /// (https://sqlite.org/howtocorrupt.html, section 2.2).
    private static func createPrivately(_ path: String) {
        let file = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        if file >= 0 { closeFile(file) }
    }

    package func read<T: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> T) async throws -> T {
        try await readers.run { try $0.transaction(body) }
    }

    @discardableResult
    package func write<T: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> T) async throws -> T {
        try await writer.run { try $0.transaction(body) }
    }

    package func migrate(_ migrations: [Migration]) async throws {
        let migrator = try Migrator(migrations, dialect: .sqlite)
        while try await write({ try migrator.applyNext(on: $0) }) {}
    }

    package func changeCounter() async throws -> Int64 {
        try await watcher.run { connection in
            guard let row = try connection.first("PRAGMA data_version") else {
                throw SQLError(.other, "SQLite returned no data version")
            }
            return try row.get("data_version")
        }
    }

    package func sync() async throws {
        try await log?.sync()
    }

    package func close() async {
        await readers.close()
        await watcher.close()
        await writer.close()
    }
}

/// A connection inside `read` or `write`: synchronous, on the database's own thread.
///
/// A statement that fails ends its transaction, as on PostgreSQL: later statements throw, and so does
/// `write`, even when the body caught the error. Use `ON CONFLICT DO NOTHING` and the number of rows
/// where a conflict is expected.
package protocol Connection {
    /// Runs a statement to its end and returns how many rows it inserted, updated or deleted.
    @discardableResult
    func run(_ query: Query) throws(SQLError) -> Int

    /// All rows of a query: for results that are known to be small.
    func all(_ query: Query) throws(SQLError) -> [Row]

    /// The first row, nil when there is none.
    func first(_ query: Query) throws(SQLError) -> Row?

    /// Calls `body` for each row as it comes, and stops at the first error.
    func each(_ query: Query, _ body: (Row) throws -> Void) throws
}

/// A database.
///
/// Bodies are synchronous on purpose: a transaction is never held across an `await` (docs/decisions/0002).
///
/// Calls are not interrupted by the cancellation of their task; they run to their end.
package protocol Database: Sendable {
    /// Runs queries in one read-only transaction: all of them see the same snapshot.
    func read<T: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> T) async throws -> T

    /// Runs statements in one transaction: committed when `body` returns, rolled back when it throws.
    ///
    /// Waits while other processes write, at most until the database's deadline: then the error is `busy`.
    @discardableResult
    func write<T: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> T) async throws -> T

    /// Applies the migrations that this database has not seen, each in a transaction of its own.
    ///
    /// Throws an `SQLError` of the kind `migration` when the list and the database do not fit. Processes that
    /// migrate at the same time wait for each other.
    func migrate(_ migrations: [Migration]) async throws

    /// A number that differs from the last one when somebody, in any process, committed a change meanwhile.
    ///
    /// Compare for inequality, and only with numbers from the same `Database` object.
    func changeCounter() async throws -> Int64

    /// Returns when everything that was committed before the call would survive a power cut.
    ///
    /// For a database whose commits do not wait for the disk by themselves.
    func sync() async throws

    /// Waits for calls under way and closes all connections. Calls that come later throw `closed`.
    func close() async
}

extension Database {
    /// Nothing to do: commits wait for the disk by themselves.
    package func sync() async throws {}
}

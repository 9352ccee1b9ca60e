internal import CSQLite

/// A prepared statement.
///
/// Used only by its connection, on the connection's thread.
final class SQLiteStatement {
    let sql: String
    private let handle: OpaquePointer
    private let database: OpaquePointer
    private var columns: Columns?
    private var preparations: Int32 = 0

    init(_ sql: String, on database: OpaquePointer) throws(SQLError) {
        var handle: OpaquePointer?
        var hasMore = false
        let code = sql.withCString { text in
            var tail: UnsafePointer<CChar>?
            let code = sqlite3_prepare_v3(database, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, &tail)
            if code == SQLITE_OK, let tail, tail.pointee != 0 { hasMore = Self.isStatement(tail, on: database) }
            return code
        }
        guard code == SQLITE_OK else { throw SQLError(sqlite: database, code: code, sql: sql) }
        guard let handle, !hasMore else {
            sqlite3_finalize(handle)
            throw SQLError(.syntax, "a query is one statement", sql: sql)
        }
        self.sql = sql
        self.handle = handle
        self.database = database
    }

    deinit {
        sqlite3_finalize(handle)
    }

    /// Whether the rest of a text is more than spaces and comments; a rest that does not compile is.
    private static func isStatement(_ text: UnsafePointer<CChar>, on database: OpaquePointer) -> Bool {
        var extra: OpaquePointer?
        let code = sqlite3_prepare_v2(database, text, -1, &extra, nil)
        defer { sqlite3_finalize(extra) }
        return code != SQLITE_OK || extra != nil
    }

    var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }

    func bind(_ values: [Value]) throws(SQLError) {
        for (offset, value) in values.enumerated() {
            let code = bind(value, at: Int32(offset + 1))
            guard code == SQLITE_OK else {
                throw SQLError(sqlite: database, code: code, sql: sql, isRunning: true)
            }
        }
    }

    private func bind(_ value: Value, at index: Int32) -> Int32 {
        switch value {
        case .null: sqlite3_bind_null(handle, index)
        case .integer(let value): sqlite3_bind_int64(handle, index, value)
        case .real(let value): sqlite3_bind_double(handle, index, value)
        case .text(var value):
            value.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { bytes in
                    // A null pointer would bind NULL, and an empty string may have one.
                    bytes.baseAddress.map { csqlite_bind_text(handle, index, $0, UInt64(bytes.count)) }
                        ?? csqlite_bind_text(handle, index, "", 0)
                }
            }
        case .blob(let value):
            value.isEmpty
                ? sqlite3_bind_zeroblob(handle, index, 0)
                : value.withUnsafeBytes { csqlite_bind_blob(handle, index, $0.baseAddress, UInt64($0.count)) }
        }
    }

    /// The next row, nil at the end.
    func step() throws(SQLError) -> Row? {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return Row(columns: currentColumns(), values: values())
        case SQLITE_DONE: return nil
        case let code: throw SQLError(sqlite: database, code: code, sql: sql, isRunning: true)
        }
    }

    /// Makes the statement ready for its next use and lets go of its values.
    func reset() {
        // The code repeats the error of the last step, which was thrown already.
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    private func currentColumns() -> Columns {
        // A changed schema makes SQLite prepare again, perhaps with other columns.
        let preparations = sqlite3_stmt_status(handle, SQLITE_STMTSTATUS_REPREPARE, 0)
        if let columns, preparations == self.preparations { return columns }
        let names = (0..<sqlite3_column_count(handle)).map { index in
            sqlite3_column_name(handle, index).map { String(cString: $0) } ?? ""
        }
        let columns = Columns(names: names, sql: sql)
        self.columns = columns
        self.preparations = preparations
        return columns
    }

    private func values() -> [Value] {
        (0..<sqlite3_data_count(handle)).map(value)
    }

    private func value(at index: Int32) -> Value {
        switch sqlite3_column_type(handle, index) {
        case SQLITE_INTEGER:
            return .integer(sqlite3_column_int64(handle, index))
        case SQLITE_FLOAT:
            return .real(sqlite3_column_double(handle, index))
        case SQLITE_TEXT:
            guard let text = sqlite3_column_text(handle, index) else { return .text("") }
            let count = Int(sqlite3_column_bytes(handle, index))
            return .text(String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let bytes = sqlite3_column_blob(handle, index)
            let count = Int(sqlite3_column_bytes(handle, index))
            return .blob(Array(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count)))
        default:
            return .null
        }
    }
}

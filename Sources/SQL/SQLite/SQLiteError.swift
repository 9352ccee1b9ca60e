internal import CSQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension SQLError {
    /// The error of a connection's last call.
    ///
    /// Messages about a statement that runs may quote bound values (full-text search does), so only those of
    /// constraints, which name tables and columns, are kept then.
    init(sqlite handle: OpaquePointer?, code: Int32, sql: String = "", isRunning: Bool = false) {
        let kind = Kind(sqliteCode: code, systemError: handle.map { sqlite3_system_errno($0) } ?? 0)
        var message = String(cString: sqlite3_errstr(code))
        if let handle, !isRunning || kind.isConstraint { message = String(cString: sqlite3_errmsg(handle)) }
        self.init(kind, message, sql: sql)
    }
}

extension SQLError.Kind {
    fileprivate var isConstraint: Bool {
        if case .constraint = self { true } else { false }
    }

    /// The meaning of an extended result code (https://sqlite.org/rescode.html).
    fileprivate init(sqliteCode code: Int32, systemError: Int32) {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: self = .busy
        case SQLITE_CONSTRAINT: self = Self.constraint(code)
        case SQLITE_FULL: self = .full
        // The shared-memory file grows without the mapping from ENOSPC to SQLITE_FULL that data files have.
        case SQLITE_IOERR where [ENOSPC, EDQUOT].contains(systemError): self = .full
        case SQLITE_READONLY, SQLITE_PERM: self = .readOnly
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt
        case SQLITE_ERROR, SQLITE_RANGE: self = .syntax
        case SQLITE_MISMATCH: self = .type
        default: self = .other
        }
    }

    private static func constraint(_ code: Int32) -> Self {
        // The extended codes are macros with arithmetic, which do not import: SQLITE_CONSTRAINT | n << 8.
        switch code >> 8 {
        case 1: .constraint(.check)
        case 3: .constraint(.foreignKey)
        case 5: .constraint(.notNull)
        case 6, 8, 10: .constraint(.unique)  // primary key, unique, rowid
        case 12: .type  // a STRICT table's column
        default: .constraint(.other)
        }
    }
}

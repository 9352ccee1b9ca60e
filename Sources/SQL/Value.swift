package import Core

/// What a database stores and returns.
package enum Value: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    /// The kind's name for error messages, which never show the value itself.
    var kindName: String {
        switch self {
        case .null: "null"
        case .integer: "an integer"
        case .real: "a real number"
        case .text: "text"
        case .blob: "a blob"
        }
    }
}

/// A Swift type with one form in the database.
///
/// An enum with raw values needs no code of its own: `enum Status: String, SQLConvertible`.
package protocol SQLConvertible {
    var sqlValue: Value { get }

    /// Reads back what `sqlValue` wrote. Throws an error of the kind `type` for every other value.
    init(sqlValue: Value) throws(SQLError)
}

extension SQLError {
    static func mismatch(_ expected: String, found value: Value) -> SQLError {
        SQLError(.type, "expected \(expected), found \(value.kindName)")
    }
}

extension Value: SQLConvertible {
    package var sqlValue: Value { self }
    package init(sqlValue: Value) { self = sqlValue }
}

extension Int64: SQLConvertible {
    package var sqlValue: Value { .integer(self) }

    package init(sqlValue: Value) throws(SQLError) {
        guard case .integer(let value) = sqlValue else { throw .mismatch("an integer", found: sqlValue) }
        self = value
    }
}

extension Int: SQLConvertible {
    package var sqlValue: Value { .integer(Int64(self)) }

    package init(sqlValue: Value) throws(SQLError) {
        self = Int(try Int64(sqlValue: sqlValue))
    }
}

extension Double: SQLConvertible {
    /// NaN has no form in SQL: SQLite stores it as null.
    package var sqlValue: Value { .real(self) }

    /// Reads integers too, because sums and expressions may return them.
    package init(sqlValue: Value) throws(SQLError) {
        switch sqlValue {
        case .real(let value): self = value
        case .integer(let value): self = Double(value)
        default: throw .mismatch("a real number", found: sqlValue)
        }
    }
}

extension Bool: SQLConvertible {
    /// 0 or 1, in an integer column on every database.
    package var sqlValue: Value { .integer(self ? 1 : 0) }

    package init(sqlValue: Value) throws(SQLError) {
        switch sqlValue {
        case .integer(0): self = false
        case .integer(1): self = true
        default: throw .mismatch("0 or 1", found: sqlValue)
        }
    }
}

extension String: SQLConvertible {
    package var sqlValue: Value { .text(self) }

    package init(sqlValue: Value) throws(SQLError) {
        guard case .text(let value) = sqlValue else { throw .mismatch("text", found: sqlValue) }
        self = value
    }
}

extension [UInt8]: SQLConvertible {
    package var sqlValue: Value { .blob(self) }

    package init(sqlValue: Value) throws(SQLError) {
        guard case .blob(let value) = sqlValue else { throw .mismatch("a blob", found: sqlValue) }
        self = value
    }
}

extension Optional: SQLConvertible where Wrapped: SQLConvertible {
    package var sqlValue: Value { self?.sqlValue ?? .null }

    package init(sqlValue: Value) throws(SQLError) {
        self = sqlValue == .null ? nil : try Wrapped(sqlValue: sqlValue)
    }
}

extension SQLConvertible where Self: RawRepresentable, RawValue: SQLConvertible {
    package var sqlValue: Value { rawValue.sqlValue }

    package init(sqlValue: Value) throws(SQLError) {
        let raw = try RawValue(sqlValue: sqlValue)
        guard let value = Self(rawValue: raw) else {
            throw SQLError(.type, "\(sqlValue.kindName) that is no value of \(Self.self)")
        }
        self = value
    }
}

extension ID: SQLConvertible {}

extension Timestamp: SQLConvertible {
    package var sqlValue: Value { .integer(microseconds) }

    package init(sqlValue: Value) throws(SQLError) {
        self.init(microseconds: try Int64(sqlValue: sqlValue))
    }
}

extension UploadID: SQLConvertible {
    package var sqlValue: Value { .text(rawValue) }

    package init(sqlValue: Value) throws(SQLError) {
        guard let id = UploadID(parsing: try String(sqlValue: sqlValue)) else {
            throw SQLError(.type, "text that is no UUID")
        }
        self = id
    }
}

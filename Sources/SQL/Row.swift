/// One row of a result.
///
/// It holds its values and outlives the query.
package struct Row: Sendable {
    let columns: Columns
    let values: [Value]

    /// The value of a column, read as `T`.
    ///
    /// The error names the column and the type that was found.
    package func get<T: SQLConvertible>(_ column: String, as type: T.Type = T.self) throws(SQLError) -> T {
        let value = try self[column]
        do {
            return try T(sqlValue: value)
        } catch {
            throw SQLError(error.kind, "column \(column): \(error.message)", sql: columns.sql)
        }
    }

    /// The value of a column as the database returned it.
    package subscript(column: String) -> Value {
        get throws(SQLError) {
            switch columns.index[column] {
            case .at(let index): return values[index]
            case .ambiguous: throw SQLError(.type, "more than one column \(column) in the result", sql: columns.sql)
            case nil: throw SQLError(.type, "no column \(column) in the result", sql: columns.sql)
            }
        }
    }
}

/// The names of a result's columns, shared by its rows.
final class Columns: Sendable {
    enum Place: Sendable {
        case at(Int)
        case ambiguous
    }

    let sql: String
    let index: [String: Place]

    init(names: [String], sql: String) {
        self.sql = sql
        var index: [String: Place] = [:]
        for (position, name) in names.enumerated() {
            index[name] = index[name] == nil ? .at(position) : .ambiguous
        }
        self.index = index
    }
}

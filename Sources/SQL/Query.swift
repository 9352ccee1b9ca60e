/// A language of SQL.
package enum SQLDialect: Sendable, Hashable, CaseIterable {
    case sqlite, postgres
}

/// A statement and its values.
///
/// Interpolation binds; a `String` cannot become part of the text.
///
///     let query: Query = "UPDATE uploads SET size = \(size) WHERE id = \(id)"
///
/// - `\(value)` binds a value.
/// - `\(list: values)` binds a list with its parentheses: `id IN \(list: ids)`. An empty list matches
///   nothing, with `NOT IN` too (it becomes `(NULL)`), the same on every database.
/// - `\(sql: query)` splices another query with its values.
/// - `\(identifier: "name")` quotes a name that stands in the source.
package struct Query: Sendable, ExpressibleByStringInterpolation {
    enum Part: Sendable {
        case text(StaticString)
        case identifier(StaticString)
        case value(Value)
        case list([Value])
    }

    private let sqlite: [Part]
    private let postgres: [Part]

    /// Where the databases differ, both texts stand side by side.
    package init(sqlite: Query, postgres: Query) {
        self.sqlite = sqlite.sqlite
        self.postgres = postgres.postgres
    }

    /// `StaticString`, not `String`: only what stands in the source can become text.
    package init(stringLiteral value: StaticString) {
        sqlite = [.text(value)]
        postgres = [.text(value)]
    }

    package init(stringInterpolation: StringInterpolation) {
        sqlite = stringInterpolation.sqlite
        postgres = stringInterpolation.postgres
    }

    /// Queries one after the other, as in `Query.joined(conditions, by: " AND ")`.
    package static func joined(_ queries: [Query], by separator: Query) -> Query {
        var result = StringInterpolation(literalCapacity: 0, interpolationCount: queries.count)
        for (index, query) in queries.enumerated() {
            if index > 0 { result.appendInterpolation(sql: separator) }
            result.appendInterpolation(sql: query)
        }
        return Query(stringInterpolation: result)
    }

    /// The text with numbered placeholders (`?1` or `$1`), and the values in their order.
    package func rendered(for dialect: SQLDialect) -> (text: String, values: [Value]) {
        var text = ""
        var values: [Value] = []
        let mark = dialect == .sqlite ? "?" : "$"
        func bind(_ value: Value) {
            values.append(value)
            text += mark
            text += String(values.count)
        }
        for part in dialect == .sqlite ? sqlite : postgres {
            switch part {
            case .text(let literal): text += literal.description
            case .identifier(let name): text += "\"\(name)\""
            case .value(let value): bind(value)
            case .list(let list):
                text += "("
                if list.isEmpty { text += "NULL" }
                for (index, value) in list.enumerated() {
                    if index > 0 { text += ", " }
                    bind(value)
                }
                text += ")"
            }
        }
        return (text, values)
    }
}

extension Query {
    package struct StringInterpolation: StringInterpolationProtocol, Sendable {
        fileprivate var sqlite: [Part] = []
        fileprivate var postgres: [Part] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            sqlite.reserveCapacity(interpolationCount * 2 + 1)
            postgres.reserveCapacity(interpolationCount * 2 + 1)
        }

        package mutating func appendLiteral(_ literal: StaticString) {
            if literal.utf8CodeUnitCount > 0 { append(.text(literal)) }
        }

        package mutating func appendInterpolation(_ value: some SQLConvertible) {
            append(.value(value.sqlValue))
        }

        /// Apart from the above only because the compiler suspects a mistake when a generic takes an optional.
        package mutating func appendInterpolation<T: SQLConvertible>(_ value: T?) {
            append(.value(value.sqlValue))
        }

        package mutating func appendInterpolation(list values: some Sequence<some SQLConvertible>) {
            append(.list(values.map(\.sqlValue)))
        }

        package mutating func appendInterpolation(sql query: Query) {
            sqlite += query.sqlite
            postgres += query.postgres
        }

        package mutating func appendInterpolation(identifier name: StaticString) {
            precondition(!name.description.contains("\""), "an identifier has no quote")
            append(.identifier(name))
        }

        private mutating func append(_ part: Part) {
            sqlite.append(part)
            postgres.append(part)
        }
    }
}

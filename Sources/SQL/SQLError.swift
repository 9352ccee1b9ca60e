/// A failure of the database, or of a value that is not what was asked for.
///
/// Neither description holds a bound value: errors go to logs, values may be secrets.
package struct SQLError: Error, Sendable, Hashable {
    /// What went wrong, so that callers decide without reading messages.
    package enum Kind: Sendable, Hashable {
        /// Another process held the database past the deadline. Trying again later may help.
        case busy
        case constraint(Constraint)
        /// No room on the disk, or the configured size is reached.
        case full
        case readOnly
        case corrupt
        /// The text of the query is wrong, or names what does not exist.
        case syntax
        /// A value of another type than asked for.
        case type
        /// The database was closed before the call.
        case closed
        /// The migrations do not fit the database.
        case migration
        case other
    }

    /// The rule that a change would have broken.
    package enum Constraint: Sendable, Hashable {
        /// A unique index or a primary key.
        case unique
        case foreignKey
        case check
        case notNull
        case other
    }

    package let kind: Kind
    package let message: String
    /// The query's text with its placeholders; empty when no query is to blame.
    package let sql: String

    package init(_ kind: Kind, _ message: String, sql: String = "") {
        self.kind = kind
        self.message = message
        self.sql = sql
    }
}

extension SQLError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String { "SQL \(kind): \(message)" }
    package var debugDescription: String { sql.isEmpty ? description : "\(description) sql=\(sql)" }
}

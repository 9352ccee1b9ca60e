internal import Core
internal import Crypto

/// One forward step of the schema.
///
/// Immutable once released: a database that has it keeps its checksum.
package struct Migration: Sendable {
    /// 1 for the first, then without gaps.
    package let number: Int
    package let name: String
    /// One statement each.
    package let statements: [Query]

    package init(_ number: Int, _ name: String, _ statements: [Query]) {
        self.number = number
        self.name = name
        self.statements = statements
    }

    /// SHA-256 over the statements as this database runs them, values included.
    func checksum(for dialect: SQLDialect) -> String {
        let hash = SHA256()
        func add(_ tag: String, _ bytes: [UInt8]) {
            // The length keeps two statements apart from one that looks like both.
            hash.update(Array("\(tag) \(bytes.count)\n".utf8))
            hash.update(bytes)
        }
        for statement in statements {
            let (text, values) = statement.rendered(for: dialect)
            add("statement", Array(text.utf8))
            for value in values {
                switch value {
                case .null: add("null", [])
                case .integer(let value): add("integer", Array(String(value).utf8))
                case .real(let value): add("real", Array(String(value).utf8))
                case .text(let value): add("text", Array(value.utf8))
                case .blob(let value): add("blob", value)
                }
            }
        }
        return Hex.encode(hash.finalize())
    }
}

/// Compares a list of migrations with a database and applies what is missing, for every kind of database.
struct Migrator: Sendable {
    let migrations: [Migration]
    let dialect: SQLDialect

    /// Throws unless the numbers are 1, 2, 3 and so on, in this order.
    init(_ migrations: [Migration], dialect: SQLDialect) throws(SQLError) {
        for (index, migration) in migrations.enumerated() where migration.number != index + 1 {
            throw SQLError(
                .migration,
                "migration \(migration.number) \(migration.name) stands where number \(index + 1) is expected"
            )
        }
        self.migrations = migrations
        self.dialect = dialect
    }

    /// Applies the first missing migration, in the transaction of `connection`, which shuts other migrators out.
    ///
    /// Returns false when none is missing.
    func applyNext(on connection: any Connection) throws(SQLError) -> Bool {
        try connection.run(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number BIGINT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL,
                checksum TEXT NOT NULL,
                applied_at BIGINT NOT NULL
            )
            """
        )
        let applied = try connection.all("SELECT number, name, checksum FROM schema_migrations ORDER BY number")
        try check(applied)
        guard applied.count < migrations.count else { return false }
        let next = migrations[applied.count]
        for statement in next.statements {
            do {
                try connection.run(statement)
            } catch {
                let message = "migration \(next.number) \(next.name): \(error.message)"
                throw SQLError(error.kind, message, sql: error.sql)
            }
        }
        try connection.run(
            """
            INSERT INTO schema_migrations (number, name, checksum, applied_at)
            VALUES (\(next.number), \(next.name), \(next.checksum(for: dialect)), \(Timestamp.now))
            """
        )
        return true
    }

    private func check(_ applied: [Row]) throws(SQLError) {
        for (index, row) in applied.enumerated() {
            let number: Int = try row.get("number")
            let name: String = try row.get("name")
            guard number == index + 1 else {
                throw SQLError(
                    .migration,
                    "the database has migration \(number) \(name) without number \(index + 1)"
                )
            }
            guard index < migrations.count else {
                throw SQLError(
                    .migration,
                    "the database has migration \(number) \(name), which this version does not know: "
                        + "a newer version migrated it"
                )
            }
            guard try row.get("checksum", as: String.self) == migrations[index].checksum(for: dialect) else {
                throw SQLError(
                    .migration,
                    "migration \(number) \(name) was changed after it was applied to this database"
                )
            }
        }
    }
}

package import Core
package import SQL

/// What administrators, and whoever has the data folder, did: kept for a configured time, read by administrators.
package struct AuditLog: Sendable {
    private let database: any Database
    private let now: @Sendable () -> Timestamp

    /// Entries removed in one transaction, so that others can write in between.
    private static let batch = 1000

    package init(database: any Database, now: @escaping @Sendable () -> Timestamp = { .now }) {
        self.database = database
        self.now = now
    }

    // MARK: - Writing

    /// Writes an entry in the transaction of the act itself: both happen, or neither.
    static func write(
        _ entry: AuditEntry.Draft,
        by actor: AuditActor,
        in connection: any Connection,
        at time: Timestamp
    ) throws(SQLError) {
        try connection.run(
            """
            INSERT INTO audit_entries (at, actor_id, actor_name, address, act, object, detail, outcome, request_id)
            VALUES (\(time), \(actor.user), \(actor.name), \(actor.address), \(entry.act), \(entry.object),
                \(entry.detail), \(entry.outcome), \(Trace.requestID))
            """
        )
    }

    /// An entry about an account.
    static func write(
        _ act: AuditEntry.Act,
        on account: Account,
        by actor: AuditActor,
        in connection: any Connection,
        at time: Timestamp
    ) throws(SQLError) {
        let role = act == .addUser ? " \(account.role.rawValue)" : ""
        let entry = AuditEntry.Draft(act, "user_\(account.id)", detail: account.email + role)
        try write(entry, by: actor, in: connection, at: time)
    }

    /// Writes what was done just before, all of it or nothing.
    package func record(_ entries: [AuditEntry.Draft], by actor: AuditActor) async throws {
        guard !entries.isEmpty else { return }
        let time = now()
        try await database.write { connection in
            for entry in entries { try Self.write(entry, by: actor, in: connection, at: time) }
        }
    }

    // MARK: - Reading

    /// What is looked for; nil and empty match everything.
    package struct Filter: Sendable {
        package var acts: [AuditEntry.Act] = []
        package var actor: UserID?
        /// For those who are no account, or none any more.
        package var actorName: String?
        package var from: Timestamp?
        package var before: Timestamp?

        package init() {}
    }

    /// Entries, the newest first.
    ///
    /// - Parameters:
    ///   - filter: what is looked for.
    ///   - cursor: the id of the last entry of the page before; nil for the first page.
    ///   - limit: how many at most.
    /// - Returns: the entries.
    /// - Throws: what the database throws.
    package func entries(_ filter: Filter, after cursor: Int64?, limit: Int) async throws -> [AuditEntry] {
        var conditions: [Query] = ["1 = 1"]
        if let cursor { conditions.append("id < \(cursor)") }
        if !filter.acts.isEmpty { conditions.append("act IN \(list: filter.acts)") }
        if let actor = filter.actor { conditions.append("actor_id = \(actor)") }
        if let name = filter.actorName { conditions.append("actor_name = \(name)") }
        if let from = filter.from { conditions.append("at >= \(from)") }
        if let before = filter.before { conditions.append("at < \(before)") }
        let wanted = Query.joined(conditions, by: " AND ")
        return try await database.read { connection in
            try connection.all(
                """
                SELECT \(sql: AuditEntry.columns) FROM audit_entries WHERE \(sql: wanted)
                ORDER BY id DESC LIMIT \(limit)
                """
            ).map(AuditEntry.init(row:))
        }
    }

    // MARK: - Forgetting

    /// Removes what is older.
    ///
    /// - Returns: how many entries.
    package func forget(before time: Timestamp) async throws -> Int {
        var total = 0
        while !Task.isCancelled {
            let count = try await database.write { connection in
                try connection.run(
                    """
                    DELETE FROM audit_entries WHERE id IN
                        (SELECT id FROM audit_entries WHERE at < \(time) ORDER BY at LIMIT \(Self.batch))
                    """
                )
            }
            total += count
            if count < Self.batch { break }
        }
        return total
    }
}

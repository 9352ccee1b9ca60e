internal import Core
internal import HTTP
internal import Service

/// `/api/admin/audit`.
extension Administration {
    private struct Who: Encodable {
        let id: UserID?
        let name: String
    }

    private struct Entry: Encodable {
        let id: Int64
        let at: String
        let actor: Who
        let act: String
        let object: String
        let detail: String?
        let outcome: String
        let address: String?
        let requestId: String?
    }

    private struct Page: Encodable {
        let entries: [Entry]
        /// `after` of the following page; absent on the last one.
        let next: Int64?
    }

    @Sendable func audit(_ request: Request, _ principal: Principal) async throws -> Response {
        let (_, size) = try Self.paging(request)
        var cursor: Int64?
        if let text = request.query.first("after"), !text.isEmpty {
            guard let id = Int64(text), id > 0 else {
                throw ServiceError(.invalidRequest, "after must be the next of another answer.", field: "after")
            }
            cursor = id
        }
        // One more than is shown says whether there is a following page.
        let found = try await accounts.audit.entries(try await auditFilter(request), after: cursor, limit: size + 1)
        let shown = found.prefix(size)
        return try .json(
            Page(
                entries: shown.map { entry in
                    Entry(
                        id: entry.id,
                        at: entry.at.iso8601WithMilliseconds,
                        actor: Who(id: entry.actor.user, name: entry.actor.name),
                        act: entry.act,
                        object: entry.object,
                        detail: entry.detail.isEmpty ? nil : entry.detail,
                        outcome: entry.outcome,
                        address: entry.actor.address,
                        requestId: entry.requestID
                    )
                },
                next: found.count > size ? shown.last?.id : nil
            )
        )
    }

    private func auditFilter(_ request: Request) async throws -> AuditLog.Filter {
        var filter = AuditLog.Filter()
        if let word = request.query.first("act"), !word.isEmpty {
            filter.acts = AuditEntry.Act.allCases.filter { $0.rawValue == word || $0.rawValue.hasPrefix("\(word).") }
            guard !filter.acts.isEmpty else {
                let known = AuditEntry.Act.allCases.map(\.rawValue).joined(separator: ", ")
                throw ServiceError(.invalidRequest, "act must be one of \(known).", field: "act")
            }
        }
        if let name = request.query.first("actor"), !name.isEmpty {
            filter.actor = try await accounts.user(named: name)?.id
            // No account, or none any more: what it was called.
            if filter.actor == nil { filter.actorName = name }
        }
        filter.from = try Self.day("from", in: request)
        filter.before = try Self.day("to", in: request).map { $0 + .seconds(86_400) }
        return filter
    }
}

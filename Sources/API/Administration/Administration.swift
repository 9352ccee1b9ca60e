internal import Core
internal import HTTP
internal import Service

/// What administrators see and do: all media, the queue of jobs, and what was done by whom.
struct Administration: Sendable {
    let accounts: Accounts
    let catalog: Catalog
    let authentication: Authentication
    let status: ServiceStatus
    let logger: Logger

    func register(on router: inout Router) {
        router.on(.get, "/api/admin/media", allowing(media))
        router.on(.post, "/api/admin/media/actions", allowing(actOnMedia))
        router.on(.get, "/api/admin/jobs", allowing(jobs))
        router.on(.get, "/api/admin/status", allowing(overview))
        router.on(.post, "/api/admin/jobs/actions", allowing(actOnJobs))
        router.on(.get, "/api/admin/audit", allowing(audit))
    }

    /// The one place that decides who may.
    private func allowing(
        _ handler: @escaping @Sendable (Request, Principal) async throws -> Response
    ) -> Handler {
        { request in
            let principal = try await authentication.administrator(for: request)
            var response = try await handler(request, principal)
            response.headers["Cache-Control"] = "no-store"
            return response
        }
    }

    // MARK: - Acts

    /// What is to be done with several things at once.
    struct Order: Decodable {
        let action: String
        let ids: [Int64]
    }

    /// What became of each: one that fails does not keep the others.
    struct Outcome: Encodable {
        struct Failure: Encodable {
            let id: Int64
            let error: String
        }

        var done: [Int64] = []
        var failed: [Failure] = []
    }

    /// Things in one order: a page of them, and more.
    private static let mostAtOnce = 200

    /// Reads an order and carries it out, thing by thing; each leaves an entry in the audit log.
    ///
    /// - Parameters:
    ///   - request: whose body is the order.
    ///   - principal: who gives it.
    ///   - what: what the things are: `media`, `jobs`.
    ///   - prefix: what their audit entries call one, before its number.
    ///   - acts: what can be done.
    /// - Returns: what became of each.
    /// - Throws: `ServiceError` for an order that makes no sense.
    func carryOut(
        _ request: Request,
        by principal: Principal,
        on what: String,
        named prefix: String,
        _ acts: [String: @Sendable (Int64) async throws -> Void]
    ) async throws -> Response {
        let order: Order = try await request.json(limit: 64 << 10)
        guard let act = acts[order.action] else {
            let names = acts.keys.sorted().joined(separator: ", ")
            throw ServiceError(.invalidRequest, "action must be one of \(names).", field: "action")
        }
        guard (1...Self.mostAtOnce).contains(order.ids.count) else {
            throw ServiceError(.invalidRequest, "ids must have 1 to \(Self.mostAtOnce) members.", field: "ids")
        }
        var outcome = Outcome()
        for id in order.ids {
            do {
                try await act(id)
                outcome.done.append(id)
            } catch let error as ServiceError {
                outcome.failed.append(Outcome.Failure(id: id, error: error.message))
            }
        }
        if let kind = AuditEntry.Act(rawValue: "\(what).\(order.action)") {
            let entries =
                outcome.done.map { AuditEntry.Draft(kind, "\(prefix)\($0)") }
                + outcome.failed.map {
                    AuditEntry.Draft(kind, "\(prefix)\($0.id)", detail: $0.error, outcome: .failed)
                }
            try await accounts.audit.record(entries, by: authentication.actor(principal, of: request))
        }
        logger.info(
            "administration",
            [
                "act": .string(order.action), "on": .string(what), "by": .integer(principal.userID.rawValue),
                "done": .array(outcome.done.map { .integer($0) }),
                "failed": .array(outcome.failed.map { .integer($0.id) }),
            ]
        )
        return try .json(outcome)
    }

    // MARK: - Queries

    /// One of a few words; nil when none is asked for.
    static func choice(_ name: String, _ words: [String], in request: Request) throws -> String? {
        guard let text = request.query.first(name), !text.isEmpty else { return nil }
        guard words.contains(text) else {
            throw ServiceError(.invalidRequest, "\(name) must be one of \(words.joined(separator: ", ")).", field: name)
        }
        return text
    }

    /// The page that is asked for, and how long pages are.
    static func paging(_ request: Request) throws -> (page: Int, size: Int) {
        func number(_ name: String, _ usual: Int, _ range: ClosedRange<Int>) throws -> Int {
            guard let text = request.query.first(name), !text.isEmpty else { return usual }
            guard let value = Int(text), range.contains(value) else {
                throw ServiceError(
                    .invalidRequest,
                    "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound).",
                    field: name
                )
            }
            return value
        }
        return (try number("page", 1, 1...1_000_000), try number("size", 50, 1...200))
    }
}

internal import Core
internal import HTTP
internal import Service

/// What people do with their own account: password, sessions, API keys. Programs with a key may do none of it.
extension AccountsAPI {
    func addOwn(to router: inout Router) {
        router.on(.post, "/api/auth/password", changePassword)
        router.on(.get, "/api/auth/sessions", sessions)
        router.on(.delete, "/api/auth/sessions", endOthers)
        router.on(.delete, "/api/auth/sessions/:id", endSession)
        router.on(.get, "/api/auth/keys", keys)
        router.on(.post, "/api/auth/keys", makeKey)
        router.on(.delete, "/api/auth/keys/:id", revokeKey)
    }

    private struct PasswordChange: Decodable {
        let currentPassword: String
        let newPassword: String
    }

    private struct Ended: Encodable {
        let endedSessions: Int
    }

    @Sendable private func changePassword(_ request: Request) async throws -> Response {
        let principal = try await authentication.person(for: request).principal
        let body: PasswordChange = try await request.json(limit: Self.longestBody)
        let ended = try await accounts.changePassword(
            of: principal,
            from: body.currentPassword,
            to: body.newPassword,
            at: address.of(request)
        )
        return try .json(Ended(endedSessions: ended))
    }

    private struct SessionList: Encodable {
        struct Line: Encodable {
            let id: String
            let current: Bool
            let createdAt: String
            let lastSeenAt: String
            let expiresAt: String
            let userAgent: String?
            let network: String?
        }

        let sessions: [Line]
    }

    @Sendable private func sessions(_ request: Request) async throws -> Response {
        let (principal, current) = try await authentication.person(for: request)
        let lines = try await accounts.sessions(of: principal.userID).map { session in
            SessionList.Line(
                id: session.id,
                current: session.id == current,
                createdAt: session.createdAt.iso8601WithMilliseconds,
                lastSeenAt: session.usedAt.iso8601WithMilliseconds,
                expiresAt: session.expiresAt.iso8601WithMilliseconds,
                userAgent: session.agent,
                network: session.network
            )
        }
        return try Self.secret(.json(SessionList(sessions: lines)))
    }

    @Sendable private func endSession(_ request: Request) async throws -> Response {
        let principal = try await authentication.person(for: request).principal
        try await accounts.endSession(request.parameters["id"] ?? "", of: principal.userID)
        return Response(.noContent)
    }

    /// All but the one that asks.
    @Sendable private func endOthers(_ request: Request) async throws -> Response {
        let (principal, current) = try await authentication.person(for: request)
        return try .json(Ended(endedSessions: try await accounts.endSessions(of: principal.userID, except: current)))
    }

    private struct KeyLine: Encodable {
        let id: String
        let name: String
        let scope: APIKey.Scope
        let createdAt: String
        let expiresAt: String?
        let lastUsedAt: String?
        /// The secret; in the answer that makes it alone.
        let key: String?

        init(_ key: APIKey, text: String? = nil) {
            id = key.id
            name = key.name
            scope = key.scope
            createdAt = key.createdAt.iso8601WithMilliseconds
            expiresAt = key.expiresAt?.iso8601WithMilliseconds
            lastUsedAt = key.usedAt?.iso8601WithMilliseconds
            self.key = text
        }
    }

    private struct KeyList: Encodable {
        let keys: [KeyLine]
    }

    private struct KeyRequest: Decodable {
        let name: String
        let scope: String
        /// Seconds; absent for a key that does not expire.
        let expiresIn: Double?
    }

    @Sendable private func keys(_ request: Request) async throws -> Response {
        let principal = try await authentication.person(for: request).principal
        let lines = try await accounts.keys(of: principal.userID).map { KeyLine($0) }
        return try Self.secret(.json(KeyList(keys: lines)))
    }

    @Sendable private func makeKey(_ request: Request) async throws -> Response {
        let principal = try await authentication.person(for: request).principal
        let body: KeyRequest = try await request.json(limit: Self.longestBody)
        guard let scope = APIKey.Scope(rawValue: body.scope) else {
            throw ServiceError(.invalidRequest, "The scope must be read, write or admin.", field: "scope")
        }
        let lifetime: Duration? = try body.expiresIn.map { seconds in
            guard seconds.isFinite, abs(seconds) < 1e12 else {
                throw ServiceError(.invalidRequest, "expiresIn must be seconds.", field: "expiresIn")
            }
            return .microseconds(Int64(seconds * 1_000_000))
        }
        let (key, text) = try await accounts.makeKey(body.name, scope: scope, lifetime: lifetime, for: principal)
        return try Self.secret(.json(KeyLine(key, text: text), status: .created))
    }

    @Sendable private func revokeKey(_ request: Request) async throws -> Response {
        let principal = try await authentication.person(for: request).principal
        try await accounts.revokeKey(request.parameters["id"] ?? "", of: principal.userID)
        return Response(.noContent)
    }
}

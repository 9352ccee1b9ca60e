internal import Core
package import HTTP
package import Service

/// Finds out who asks, from the bearer token (also an API key) or the sign-in cookie, before a handler reads the body.
package struct Authentication: Sendable {
    private let accounts: Accounts
    private let cookie: SignInCookie
    private let clients: ClientAddress
    private let limits: RequestLimits?
    private let anonymous: AnonymousAccess

    /// - Parameters:
    ///   - accounts: who there is.
    ///   - cookie: how browsers show who they are.
    ///   - clients: finds out where a request comes from.
    ///   - limits: where each request is counted as its account's; nil counts none.
    ///   - anonymous: what those may read who are not signed in.
    package init(
        accounts: Accounts,
        cookie: SignInCookie,
        clients: ClientAddress = ClientAddress(),
        limits: RequestLimits? = nil,
        anonymous: AnonymousAccess = .nothing
    ) {
        self.accounts = accounts
        self.cookie = cookie
        self.clients = clients
        self.limits = limits
        self.anonymous = anonymous
    }

    /// Who asks.
    ///
    /// - Throws: `ServiceError`: `tokenExpired`, `unauthenticated`, `forbidden` for a write of a page that is not
    ///   ours, or `tooManyRequests`.
    package func principal(for request: Request) async throws -> Principal {
        guard let principal = try await principalIfAny(for: request) else {
            throw ServiceError(.unauthenticated, "Authentication is required.")
        }
        return principal
    }

    /// Who asks; nil when the request says nothing about it.
    ///
    /// A token that counts for nothing is an error, not nobody.
    ///
    /// - Throws: as `principal(for:)`.
    package func principalIfAny(for request: Request) async throws -> Principal? {
        guard let principal = try await proven(request) else { return nil }
        try limits?.count(principal.userID)
        return principal
    }

    /// An asset for a request that reads it: its owner's, or anybody's where what is public may be read by all.
    ///
    /// Throws what `principal(for:)` and the catalog throw.
    func readable(
        _ id: AssetID,
        in catalog: Catalog,
        for request: Request
    ) async throws -> (asset: AssetRecord, isOwn: Bool) {
        guard anonymous == .publicMedia else {
            return (try await catalog.asset(id, for: try await principal(for: request).userID), true)
        }
        let reader = try await principalIfAny(for: request)?.userID
        let asset = try await catalog.asset(id, readBy: reader)
        return (asset, asset.owner == reader)
    }

    private func proven(_ request: Request) async throws -> Principal? {
        let isRead = [.get, .head, .options].contains(request.method)
        if let token = Self.bearerToken(of: request) {
            let principal = try await accounts.principal(bearer: token)
            guard isRead || principal.mayWrite else { throw ServiceError(.forbidden, "This API key may only read.") }
            return principal
        }
        guard let value = cookie.value(of: request) else { return nil }
        guard isRead || cookie.isOurs(request) else {
            throw ServiceError(.forbidden, "Access denied", detail: "write with a cookie from another origin")
        }
        return try await accounts.principal(cookie: value)
    }

    /// Somebody in person, with the session: not a program with an API key.
    ///
    /// - Throws: as `principal(for:)`, and `forbidden` for a program.
    package func person(for request: Request) async throws -> (principal: Principal, sessionID: String) {
        let principal = try await principal(for: request)
        guard let session = principal.sessionID else {
            throw ServiceError(.forbidden, "An API key cannot manage the account. Sign in with the password.")
        }
        return (principal, session)
    }

    /// An administrator.
    ///
    /// - Throws: as `principal(for:)`, and `forbidden` for everybody else.
    package func administrator(for request: Request) async throws -> Principal {
        let principal = try await principal(for: request)
        guard principal.isAdmin else { throw ServiceError(.forbidden, "Access denied") }
        return principal
    }

    /// Who does what the request asks for, as the audit log names it.
    func actor(_ principal: Principal, of request: Request) -> AuditActor {
        AuditActor(user: principal.userID, name: principal.user.email, address: clients.of(request))
    }

    /// A handler for requests whose sender is known.
    package func required(
        _ handler: @escaping @Sendable (Request, Principal) async throws -> Response
    ) -> Handler {
        { request in try await handler(request, try await principal(for: request)) }
    }

    /// Names the way to authenticate in every 401 (RFC 9110 section 15.5.2); stands outside the error middleware.
    package static let challenge: Middleware = { request, next in
        var response = try await next(request)
        if response.status == .unauthorized, response.headers["WWW-Authenticate"] == nil {
            response.headers["WWW-Authenticate"] = "Bearer"
        }
        return response
    }

    /// RFC 6750 section 2.1; other schemes are somebody else's.
    private static func bearerToken(of request: Request) -> String? {
        guard let header = request.headers["Authorization"] else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return parts[1].trimmingPrefix { $0 == " " }.description
    }
}

internal import Core
package import HTTP
package import Service

/// `/api/auth/…` and the set-up link (contracts/README.md, "Accounts").
///
/// Signing in also sets the sign-in cookie, so that pages need no second call; pages of other origins get none.
package struct AccountsAPI: Sendable {
    let accounts: Accounts
    private let cookie: SignInCookie
    let authentication: Authentication
    let address: ClientAddress

    /// Bodies hold an address, a password and a token.
    static let longestBody = 16 << 10

    package init(accounts: Accounts, cookie: SignInCookie, address: ClientAddress = ClientAddress()) {
        self.accounts = accounts
        self.cookie = cookie
        self.address = address
        authentication = Authentication(accounts: accounts, cookie: cookie)
    }

    package func add(to router: inout Router) {
        router.on(.post, "/api/auth/register", register)
        router.on(.post, "/api/auth/login", login)
        router.on(.post, "/api/auth/token", refresh)
        router.on(.post, "/api/auth/logout", logout)
        router.on(.get, "/api/auth/me", me)
        router.on(.post, "/setup", setUp)
        addOwn(to: &router)
    }

    @Sendable private func register(_ request: Request) async throws -> Response {
        let registration: Registration = try await request.json(limit: Self.longestBody)
        let signIn = try await accounts.register(registration, from: address.of(request), agent: agent(request))
        return try answer(signIn, to: request, .created)
    }

    @Sendable private func login(_ request: Request) async throws -> Response {
        let credentials: Credentials = try await request.json(limit: Self.longestBody)
        let signIn = try await accounts.login(credentials, from: address.of(request), agent: agent(request))
        return try answer(signIn, to: request, .ok)
    }

    @Sendable private func refresh(_ request: Request) async throws -> Response {
        let body: RefreshRequest = try await request.json(limit: Self.longestBody)
        return try Self.secret(.json(try await accounts.refresh(body.refreshToken)))
    }

    private struct LogoutRequest: Decodable {
        let refreshToken: String?
    }

    /// Ends whatever session the request names; one that is over already is ended well.
    @Sendable private func logout(_ request: Request) async throws -> Response {
        do {
            if let principal = try await authentication.principalIfAny(for: request) {
                try await accounts.logout(principal)
            }
        } catch let error as ServiceError where [.unauthenticated, .tokenExpired].contains(error.code) {
            // Nothing is left to end.
        }
        if !request.body.isEmpty {
            let body: LogoutRequest = try await request.json(limit: Self.longestBody)
            if let token = body.refreshToken { try await accounts.logout(refreshToken: token) }
        }
        var response = Response(.noContent)
        response.headers.add("Set-Cookie", cookie.header("", lifetime: .zero))
        return response
    }

    @Sendable private func me(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        var response = try Self.secret(.json(Me(user: principal.user)))
        // The session was prolonged by coming back: the browser's copy of the cookie too.
        if principal.proof == .cookie, let value = cookie.value(of: request) {
            response.headers.add("Set-Cookie", cookie.header(value, lifetime: accounts.policy.sessionLifetime))
        }
        return response
    }

    private struct SetUpRequest: Decodable {
        let token: String
        let email: String
        let password: String
        let username: String?
    }

    @Sendable private func setUp(_ request: Request) async throws -> Response {
        let body: SetUpRequest = try await request.json(limit: Self.longestBody)
        let registration = Registration(email: body.email, password: body.password, username: body.username)
        let signIn = try await accounts.setUp(
            registration,
            token: body.token,
            from: address.of(request),
            agent: agent(request)
        )
        return try answer(signIn, to: request, .created)
    }

    private func answer(_ signIn: SignIn, to request: Request, _ status: Status) throws -> Response {
        var response = try Self.secret(.json(signIn.session, status: status))
        // A page of another origin must not sign its visitor in as somebody else.
        if cookie.isOurs(request) {
            response.headers.add("Set-Cookie", cookie.header(signIn.cookie, lifetime: signIn.lifetime))
        }
        return response
    }

    private func agent(_ request: Request) -> String? { request.headers["User-Agent"] }

    static func secret(_ response: Response) -> Response {
        var response = response
        response.headers["Cache-Control"] = "no-store"
        return response
    }
}

public import Core
public import Foundation

/// A Telecine service, for apps and the command line: accounts, resumable uploads, media.
///
///     let telecine = Telecine(baseURL: url)
///     try await telecine.login(email: "user@example.com", password: "…")
///     let upload = try await telecine.upload(file: movie) { print($0.fraction) }
///     let done = try await telecine.waitUntilProcessed(upload.uploadId)
///
/// It renews its access token by itself. Every method throws `TelecineError` with the service's own
/// words, or `CancellationError` when its task is cancelled. Safe to share between tasks.
public struct Telecine: Sendable {
    /// Where the service is.
    public let baseURL: URL
    let connection: Connection

    /// A client of one service.
    ///
    /// - Parameters:
    ///   - baseURL: where the service is: `https://media.example.com`.
    ///   - token: an access token, when there is one already.
    ///   - refreshToken: the refresh token that came with it.
    ///   - backoff: how calls that failed on the way are repeated.
    ///   - idleTimeout: a connection that is silent for longer is given up and the call repeated.
    ///   - onSession: called whenever there are new tokens, on no particular thread: keep them.
    public init(
        baseURL: URL,
        token: String? = nil,
        refreshToken: String? = nil,
        backoff: Backoff = Backoff(),
        idleTimeout: Duration = .seconds(60),
        onSession: (@Sendable (Session) -> Void)? = nil
    ) {
        self.baseURL = baseURL
        let sessions = SessionKeeper(token: token, refreshToken: refreshToken, onChange: onSession)
        connection = Connection(baseURL: baseURL, backoff: backoff, sessions: sessions, idleTimeout: idleTimeout)
    }

    // MARK: - Accounts

    /// Signs in; later calls use the session.
    @discardableResult
    public func login(email: String, password: String) async throws -> Session {
        try await begin("/api/auth/login", Credentials(email: email, password: password))
    }

    /// Makes an account and signs in.
    @discardableResult
    public func register(
        email: String,
        password: String,
        username: String? = nil,
        inviteCode: String? = nil
    ) async throws -> Session {
        try await begin(
            "/api/auth/register",
            Registration(email: email, password: password, username: username, inviteCode: inviteCode)
        )
    }

    /// Ends the session here and on the service.
    public func logout() async throws {
        guard let refreshToken = await connection.sessions.currentRefreshToken else {
            return await connection.sessions.forget()
        }
        try await connection.send(
            .json(
                "/api/auth/logout",
                RefreshRequest(refreshToken: refreshToken),
                authenticated: false,
                repeatable: true
            )
        )
        await connection.sessions.forget()
    }

    /// The account that is signed in.
    public func me() async throws -> UserInfo {
        let me: Me = try await connection.answer(to: Call(path: "/api/auth/me"))
        return me.user
    }

    private func begin(_ path: String, _ body: some Encodable & Sendable) async throws -> Session {
        // Not repeated: a second try would count as another attempt, or find the account taken.
        let session: Session = try await connection.answer(
            to: .json(path, body, authenticated: false, repeatable: false)
        )
        await connection.sessions.adopt(session)
        return session
    }

    // MARK: - Media

    /// A medium in full; `id` may be `asset_12` or `12`.
    public func media(_ id: String) async throws -> MediaDetails {
        try await connection.answer(to: Call(path: "/api/media/\(Self.assetName(id).pathSegment)"))
    }

    /// Signed links to play a medium.
    public func stream(_ id: String) async throws -> StreamLinks {
        try await connection.answer(to: Call(path: "/api/media/\(Self.assetName(id).pathSegment)/stream"))
    }

    /// A page of the account's media, newest first.
    public func assets(page: Int = 1, limit: Int = 20, search: String? = nil) async throws -> AssetPage {
        var query = [URLQueryItem(name: "page", value: "\(page)"), URLQueryItem(name: "limit", value: "\(limit)")]
        if let search { query.append(URLQueryItem(name: "search", value: search)) }
        return try await connection.answer(to: Call(path: "/api/assets", query: query))
    }

    /// The page where a medium is watched.
    public func watchURL(_ id: String) -> URL {
        baseURL.appendingPathComponent("watch").appendingPathComponent(Self.assetName(id))
    }

    /// Plain numbers belong to another contract under the same path.
    private static func assetName(_ id: String) -> String {
        id.utf8.allSatisfy { (48...57).contains($0) } ? "asset_\(id)" : id
    }
}

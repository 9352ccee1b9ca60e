package import Core
internal import Crypto
internal import Foundation
internal import SQL

/// API keys.
extension Accounts {
    /// More are an accident.
    static let mostKeys = 100
    static let longestKeyName = 100
    static let keyLifetimes = Duration.seconds(60)...Duration.seconds(86_400 * 3660)

    /// Makes a key; its text is told this once and kept as a hash.
    ///
    /// `lifetime`: from a minute to ten years; nil for one that does not expire.
    ///
    /// Throws `ServiceError`: `invalidRequest` naming the field; `forbidden` for a scope that the account does not
    ///   have; `conflict` when there are a hundred.
    package func makeKey(
        _ name: String,
        scope: APIKey.Scope,
        lifetime: Duration?,
        for principal: Principal
    ) async throws -> (key: APIKey, text: String) {
        let name = name.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !name.isEmpty, name.count <= Self.longestKeyName else {
            throw ServiceError(
                .invalidRequest,
                "A key has a name of at most \(Self.longestKeyName) characters.",
                field: "name"
            )
        }
        guard lifetime.map({ Self.keyLifetimes.contains($0) }) ?? true else {
            throw ServiceError(.invalidRequest, "A key lasts from a minute to ten years.", field: "expiresIn")
        }
        guard scope != .admin || principal.isAdmin else {
            throw ServiceError(.forbidden, "Only an administrator has keys that administer.", field: "scope")
        }
        let (made, time, user) = (KeyText(), now(), principal.userID)
        let key = APIKey(id: made.id, name: name, scope: scope, createdAt: time, expiresAt: lifetime.map { time + $0 })
        try await database.write { connection in
            let row = try connection.first("SELECT count(*) AS n FROM api_keys WHERE user_id = \(user)")
            guard try row?.get("n", as: Int.self) ?? 0 < Self.mostKeys else {
                throw ServiceError(.conflict, "There are \(Self.mostKeys) keys already. Revoke those you do not use.")
            }
            try connection.run(
                """
                INSERT INTO api_keys (id, user_id, name, scope, secret_hash, created_at, expires_at)
                VALUES (\(key.id), \(user), \(name), \(scope.rawValue), \(Hex.encode(made.secretHash)), \(time),
                    \(key.expiresAt))
                """
            )
        }
        return (key, made.text)
    }

    /// The keys of an account, the newest first; expired ones too.
    package func keys(of user: UserID) async throws -> [APIKey] {
        try await database.read { connection in
            try connection.all(
                """
                SELECT id, name, scope, created_at, expires_at, used_at FROM api_keys
                WHERE user_id = \(user) ORDER BY created_at DESC, id
                """
            ).map { try APIKey(row: $0) }
        }
    }

    /// Ends a key, at once.
    ///
    /// - Throws: `ServiceError` `notFound`.
    package func revokeKey(_ id: String, of user: UserID) async throws {
        let count = try await database.write {
            try $0.run("DELETE FROM api_keys WHERE id = \(id) AND user_id = \(user)")
        }
        guard count == 1 else { throw ServiceError(.notFound, "There is no such key, or it was revoked.") }
    }

    /// Who shows this key; never more than its scope, whatever the account may do.
    ///
    /// - Throws: `ServiceError` with the contract's words.
    func principal(key text: String) async throws -> Principal {
        guard let shown = KeyText(text) else { throw ServiceError.invalidToken(detail: "no key of ours") }
        let row = try await database.read { connection in
            try connection.first(
                """
                SELECT users.id, users.email, users.username, users.role, users.created_at, users.disabled_at,
                    api_keys.secret_hash, api_keys.scope, api_keys.expires_at, api_keys.used_at
                FROM api_keys JOIN users ON users.id = api_keys.user_id WHERE api_keys.id = \(shown.id)
                """
            )
        }
        guard let row, let kept = Hex.decode(try row.get("secret_hash", as: String.self)),
            ConstantTime.equal(kept, shown.secretHash)
        else { throw ServiceError.invalidToken(detail: "unknown key") }
        let account = try Account(row: row)
        guard account.disabledAt == nil else {
            throw ServiceError.invalidToken(detail: "user \(account.id) is disabled")
        }
        let time = now()
        if let expiry = try row.get("expires_at", as: Timestamp?.self), expiry <= time {
            throw ServiceError(.tokenExpired, "This API key has expired. Make another on the account page.")
        }
        // To the hour: a key that sends a thousand requests costs one write.
        let used = try row.get("used_at", as: Timestamp?.self)
        if used.map({ time - $0 > .seconds(3600) }) ?? true {
            try await database.write { try $0.run("UPDATE api_keys SET used_at = \(time) WHERE id = \(shown.id)") }
        }
        let scope = APIKey.Scope(rawValue: try row.get("scope")) ?? .read
        let info = account.info
        let role = scope == .admin ? info.role : .user
        return Principal(
            user: UserInfo(id: info.id, email: info.email, username: info.username, role: role),
            sessionID: nil,
            proof: .key(scope)
        )
    }
}

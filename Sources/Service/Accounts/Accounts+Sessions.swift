package import Core
internal import Crypto
internal import SQL

extension Accounts {
    /// A new access token and refresh token for a refresh token, which does not work again.
    ///
    /// An older refresh token of the session revokes it: one of the two who showed it has stolen it.
    ///
    /// - Throws: `ServiceError`: `unauthenticated` or `tokenExpired`.
    package func refresh(_ text: String) async throws -> Session {
        guard let token = RefreshToken(text) else { throw ServiceError.invalidToken(detail: "no refresh token") }
        let next = token.next()
        let time = now()
        let expiry = time + policy.sessionLifetime
        let found = try await database.read { try Self.familyMember(token, $0) }
        guard let found else { throw ServiceError.invalidToken(detail: "unknown refresh token") }
        guard found.revokedAt == nil, found.account.disabledAt == nil else {
            throw ServiceError.invalidToken(detail: "session \(found.id) is over")
        }
        guard time < found.expiresAt else { throw ServiceError.tokenExpired }
        let isRotated = try await database.write { connection in
            // One statement decides, so that of two at once only one gets the next token.
            let count = try connection.run(
                """
                UPDATE sessions
                SET refresh_hash = \(next.secretHash), used_at = \(time), expires_at = \(expiry)
                WHERE id = \(found.id) AND refresh_hash = \(token.secretHash) AND revoked_at IS NULL
                """
            )
            if count == 0 { try Self.revoke(sessionID: found.id, connection, time) }
            return count == 1
        }
        guard isRotated else { throw ServiceError.invalidToken(detail: "reuse ended session \(found.id)") }
        return try session(found.account.info, found.id, next.text, time)
    }

    /// Who shows this access token, or API key.
    ///
    /// - Throws: `ServiceError` with the contract's words, also when the session was ended meanwhile.
    package func principal(bearer token: String) async throws -> Principal {
        if token.hasPrefix(APIKey.prefix) { return try await principal(key: token) }
        let (userID, sessionID) = try tokens.verify(token, at: now())
        let row = try await database.read { connection in
            try connection.first(
                """
                SELECT users.id, users.email, users.username, users.role, users.created_at, users.disabled_at,
                    sessions.revoked_at
                FROM sessions JOIN users ON users.id = sessions.user_id
                WHERE sessions.id = \(sessionID) AND users.id = \(userID)
                """
            )
        }
        return try Self.principal(row, sessionID, .bearer)
    }

    /// Who shows this sign-in cookie.
    ///
    /// - Throws: `ServiceError` with the contract's words.
    package func principal(cookie: String) async throws -> Principal {
        guard cookie.utf8.count <= 128 else { throw ServiceError.invalidToken(detail: "no cookie of ours") }
        let hash = Self.hash(cookie)
        let row = try await database.read { connection in
            try connection.first(
                """
                SELECT users.id, users.email, users.username, users.role, users.created_at, users.disabled_at,
                    sessions.revoked_at, sessions.id AS session_id, sessions.used_at, sessions.expires_at
                FROM sessions JOIN users ON users.id = sessions.user_id
                WHERE sessions.cookie_hash = \(hash)
                """
            )
        }
        guard let row else { throw ServiceError.invalidToken(detail: "unknown cookie") }
        let id: String = try row.get("session_id")
        let principal = try Self.principal(row, id, .cookie)
        let time = now()
        guard time < (try row.get("expires_at", as: Timestamp.self)) else { throw ServiceError.tokenExpired }
        // Coming back prolongs the session; once an hour is often enough to write it down.
        if time - (try row.get("used_at", as: Timestamp.self)) > .seconds(3600) {
            let expiry = time + policy.sessionLifetime
            try await database.write {
                try $0.run("UPDATE sessions SET used_at = \(time), expires_at = \(expiry) WHERE id = \(id)")
            }
        }
        return principal
    }

    /// Ends the session of a refresh token; nothing happens when there is none.
    package func logout(refreshToken text: String) async throws {
        guard let token = RefreshToken(text) else { return }
        let time = now()
        try await database.write { connection in
            guard let found = try Self.familyMember(token, connection) else { return }
            try Self.revoke(sessionID: found.id, connection, time)
        }
    }

    /// Ends the session that a principal came with: its access token, refresh token and cookie count no more.
    ///
    /// A program has none; its key stays until it is revoked.
    package func logout(_ principal: Principal) async throws {
        guard let id = principal.sessionID else { return }
        let time = now()
        try await database.write { try Self.revoke(sessionID: id, $0, time) }
    }

    static func revoke(sessionID: String, _ connection: any Connection, _ time: Timestamp) throws {
        try connection.run(
            "UPDATE sessions SET revoked_at = \(time) WHERE id = \(sessionID) AND revoked_at IS NULL"
        )
    }

    /// Ends an account's sessions, all but one; returns how many.
    @discardableResult
    static func revokeAll(
        of user: UserID,
        except kept: String = "",
        _ connection: any Connection,
        _ time: Timestamp
    ) throws -> Int {
        try connection.run(
            """
            UPDATE sessions SET revoked_at = \(time)
            WHERE user_id = \(user) AND id <> \(kept) AND revoked_at IS NULL AND expires_at > \(time)
            """
        )
    }

    /// Random secrets of 128 bits and more need no salt and no slow hash.
    static func hash(_ secret: String) -> String { Hex.encode(SHA256.hash(Array(secret.utf8))) }

    private struct FamilyMember: Sendable {
        let id: String
        let account: Account
        let expiresAt: Timestamp
        let revokedAt: Timestamp?
    }

    private static func familyMember(_ token: RefreshToken, _ connection: any Connection) throws -> FamilyMember? {
        let row = try connection.first(
            """
            SELECT users.id, users.email, users.username, users.role, users.created_at, users.disabled_at,
                sessions.id AS session_id, sessions.expires_at, sessions.revoked_at
            FROM sessions JOIN users ON users.id = sessions.user_id
            WHERE sessions.family_hash = \(token.familyHash)
            """
        )
        guard let row else { return nil }
        return FamilyMember(
            id: try row.get("session_id"),
            account: try Account(row: row),
            expiresAt: try row.get("expires_at"),
            revokedAt: try row.get("revoked_at")
        )
    }

    private static func principal(_ row: Row?, _ sessionID: String, _ proof: Principal.Proof) throws -> Principal {
        guard let row, try row.get("revoked_at", as: Timestamp?.self) == nil else {
            throw ServiceError.invalidToken(detail: "session \(sessionID) is over")
        }
        let account = try Account(row: row)
        guard account.disabledAt == nil else {
            throw ServiceError.invalidToken(detail: "user \(account.id) is disabled")
        }
        return Principal(user: account.info, sessionID: sessionID, proof: proof)
    }
}

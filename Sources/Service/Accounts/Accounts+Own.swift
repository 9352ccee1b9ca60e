package import Core
internal import SQL

/// A sign-in that has not ended, as its owner sees it.
package struct SessionRecord: Hashable, Sendable {
    package let id: String
    package let createdAt: Timestamp
    /// When it was last seen, to the hour.
    package let usedAt: Timestamp
    package let expiresAt: Timestamp
    /// The browser or program, in its own words: at most 300 characters that anybody may have invented.
    package let agent: String?
    /// The network it signed in from (`AnonymousAddress`).
    package let network: String?
}

/// What people do with their own account.
extension Accounts {
    /// Changes a password and ends all other sessions, of which it gives the number; API keys go on.
    ///
    /// Throws `ServiceError`: `forbidden` when the current password is wrong, `invalidRequest` for a new one that
    ///   cannot be, each naming the field; `tooManyRequests`; `conflict` when it was changed meanwhile.
    package func changePassword(
        of principal: Principal,
        from current: String,
        to password: String,
        at address: String
    ) async throws -> Int {
        try AccountRules.checkPassword(password, field: "newPassword")
        // The same bounds as signing in: a stolen session must not find out the password.
        let (key, network) = (AccountRules.key(principal.user.email), RateLimiter.network(of: address))
        try attemptsByAddress.take(network)
        try attemptsByAccount.take(key)
        let user = principal.userID
        let former = try await database.read {
            try $0.first("SELECT password_hash FROM users WHERE id = \(user)")?.get("password_hash", as: String.self)
        }
        let isPossible = current.utf8.count <= AccountRules.passwordBytes.upperBound
        guard try await Self.isPassword(isPossible ? current : "", former), isPossible, let former else {
            throw ServiceError(.forbidden, "The current password is not right.", field: "currentPassword")
        }
        attemptsByAccount.giveBack(key)
        attemptsByAddress.giveBack(network)
        let hash = try await Self.passwordHash(password)
        let time = now()
        return try await database.write { connection in
            let count = try connection.run(
                "UPDATE users SET password_hash = \(hash) WHERE id = \(user) AND password_hash = \(former)"
            )
            guard count == 1 else {
                throw ServiceError(.conflict, "The password was changed meanwhile. Sign in again.")
            }
            return try Self.revokeAll(of: user, except: principal.sessionID ?? "", connection, time)
        }
    }

    /// The sessions of an account that have not ended, the one seen last first.
    package func sessions(of user: UserID) async throws -> [SessionRecord] {
        let time = now()
        return try await database.read { connection in
            try connection.all(
                """
                SELECT id, created_at, used_at, expires_at, agent, network FROM sessions
                WHERE user_id = \(user) AND revoked_at IS NULL AND expires_at > \(time)
                ORDER BY used_at DESC, id
                """
            ).map { row in
                SessionRecord(
                    id: try row.get("id"),
                    createdAt: try row.get("created_at"),
                    usedAt: try row.get("used_at"),
                    expiresAt: try row.get("expires_at"),
                    agent: try row.get("agent"),
                    network: try row.get("network")
                )
            }
        }
    }

    /// Ends one session: its access tokens, refresh token and cookie count no more, at once.
    ///
    /// - Throws: `ServiceError` `notFound`.
    package func endSession(_ id: String, of user: UserID) async throws {
        let time = now()
        let count = try await database.write {
            try $0.run(
                """
                UPDATE sessions SET revoked_at = \(time)
                WHERE id = \(id) AND user_id = \(user) AND revoked_at IS NULL
                """
            )
        }
        guard count == 1 else { throw ServiceError(.notFound, "There is no such session, or it has ended.") }
    }

    /// Ends all sessions but one; returns how many.
    package func endSessions(of user: UserID, except id: String) async throws -> Int {
        let time = now()
        return try await database.write { try Self.revokeAll(of: user, except: id, $0, time) }
    }
}

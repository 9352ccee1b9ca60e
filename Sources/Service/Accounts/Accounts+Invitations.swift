package import Core
internal import Crypto
internal import SQL

extension Accounts {
    /// A code that lets one person register.
    package func invite(validFor lifetime: Duration, by actor: AuditActor = .commandLine) async throws -> String {
        try await makeInvitation(.user, lifetime, actor)
    }

    /// The token of a link that makes one administrator; earlier ones count no more.
    package func adminToken(by actor: AuditActor = .commandLine) async throws -> String {
        try await makeInvitation(.admin, .seconds(86_400), actor)
    }

    /// The token of the first start's link; nil when there is an administrator already.
    package func firstAdminToken() async throws -> String? {
        let isSetUp = try await database.read {
            try $0.first("SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL LIMIT 1") != nil
        }
        return isSetUp ? nil : try await adminToken(by: .service)
    }

    /// Whether a set-up link would still make an administrator.
    package func isAdminToken(_ token: String) async throws -> Bool {
        let hash = Self.hash(token)
        let time = now()
        return try await database.read { try Self.isGood(hash, .admin, $0, time) }
    }

    /// Makes an administrator with a set-up link's token, and signs in.
    ///
    /// - Throws: `ServiceError`: `gone` when the link was used or has expired, else as `register`.
    package func setUp(
        _ registration: Registration,
        token: String,
        from address: String,
        agent: String? = nil
    ) async throws -> SignIn {
        try attemptsByAddress.take(RateLimiter.network(of: address))
        guard try await isAdminToken(token) else { throw Self.deadLink }
        let newcomer = try Newcomer(registration, role: .admin)
        let hash = try await Self.passwordHash(newcomer.password)
        let grant = SessionGrant(from: address, agent: agent)
        let time = now()
        let code = Self.hash(token)
        let lifetime = policy.sessionLifetime
        let account = try await database.write { connection in
            let account = try Self.insert(newcomer, hash, connection, time)
            guard try Self.use(code, .admin, by: account.id, connection, time) else { throw Self.deadLink }
            let actor = AuditActor(user: account.id, name: account.email, address: address)
            try AuditLog.write(.addUser, on: account, by: actor, in: connection, at: time)
            try grant.store(for: account.id, connection, time, lifetime)
            return account
        }
        return try signIn(account, grant, time, showsUser: true)
    }

    private static var deadLink: ServiceError {
        ServiceError(.gone, "This link was used or has expired. Make another: telecine user admin-link")
    }

    private func makeInvitation(_ role: UserRole, _ lifetime: Duration, _ actor: AuditActor) async throws -> String {
        let code = Base64.encodeURLSafe(SecureRandom.bytes(24))
        let hash = Self.hash(code)
        let time = now()
        try await database.write { connection in
            try connection.run("DELETE FROM invitations WHERE used_at IS NULL AND expires_at < \(time)")
            if role == .admin {
                try connection.run("DELETE FROM invitations WHERE used_at IS NULL AND role = 'admin'")
            }
            try connection.run(
                """
                INSERT INTO invitations (code_hash, role, created_at, expires_at)
                VALUES (\(hash), \(role.rawValue), \(time), \(time + lifetime))
                """
            )
            // Never the code: whoever reads the log must not be able to use it.
            let entry = AuditEntry.Draft(
                role == .admin ? .makeAdminLink : .invite,
                "invitation",
                detail: "until \((time + lifetime).iso8601)"
            )
            try AuditLog.write(entry, by: actor, in: connection, at: time)
        }
        return code
    }

    static func isGood(
        _ hash: String,
        _ role: UserRole,
        _ connection: any Connection,
        _ time: Timestamp
    ) throws -> Bool {
        try connection.first(
            """
            SELECT code_hash FROM invitations
            WHERE code_hash = \(hash) AND role = \(role.rawValue) AND used_at IS NULL AND expires_at > \(time)
            """
        ) != nil
    }

    /// Uses an invitation up; false when it is no good, or somebody was faster.
    static func use(
        _ hash: String,
        _ role: UserRole,
        by user: UserID,
        _ connection: any Connection,
        _ time: Timestamp
    ) throws -> Bool {
        try connection.run(
            """
            UPDATE invitations SET used_at = \(time), used_by = \(user)
            WHERE code_hash = \(hash) AND role = \(role.rawValue) AND used_at IS NULL AND expires_at > \(time)
            """
        ) == 1
    }
}

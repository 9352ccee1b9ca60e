package import Core
internal import Crypto
package import SQL

/// Accounts and their sessions; every secret it hands out is stored as a hash only.
package struct Accounts: Sendable {
    /// What an installation decides.
    package struct Policy: Sendable {
        package let registration: RegistrationPolicy
        package let tokenLifetime: Duration
        package let sessionLifetime: Duration

        package init(
            registration: RegistrationPolicy = .open,
            tokenLifetime: Duration = .seconds(3600),
            sessionLifetime: Duration = .seconds(86_400 * 30)
        ) {
            self.registration = registration
            self.tokenLifetime = tokenLifetime
            self.sessionLifetime = sessionLifetime
        }
    }

    package let policy: Policy
    let database: any Database
    let tokens: AccessTokens
    let now: @Sendable () -> Timestamp
    /// Ten mistakes at once, then one a half minute: a guesser gets under 3,000 a day.
    let attemptsByAccount: RateLimiter
    /// An address may be an office: thirty at once, then one every two seconds.
    let attemptsByAddress: RateLimiter

    /// A class room behind one address: a hundred at once, then one every ten seconds.
    let registrationsByAddress: RateLimiter

    /// - Parameters:
    ///   - database: migrated.
    ///   - secret: signs the access tokens.
    ///   - policy: what this installation decides.
    ///   - now: the clock.
    /// - Throws: `ServiceError` when the secret cannot sign.
    package init(
        database: any Database,
        secret: TokenSecret,
        policy: Policy = Policy(),
        now: @escaping @Sendable () -> Timestamp = { .now }
    ) throws(ServiceError) {
        self.database = database
        self.policy = policy
        self.now = now
        tokens = AccessTokens(keys: try secret.tokenKeys(), lifetime: policy.tokenLifetime)
        attemptsByAccount = RateLimiter(.init(burst: 10, interval: .seconds(30)), capacity: 10_000, now: now)
        attemptsByAddress = RateLimiter(.init(burst: 30, interval: .seconds(2)), capacity: 10_000, now: now)
        registrationsByAddress = RateLimiter(.init(burst: 100, interval: .seconds(10)), capacity: 10_000, now: now)
    }

    /// What administrators did.
    package var audit: AuditLog { AuditLog(database: database, now: now) }

    // MARK: - Coming in

    /// Makes an account, where the policy lets somebody, and signs it in.
    ///
    /// - Throws: `ServiceError`: `forbidden` when registration is closed or the invitation is no good, `conflict`
    ///   for a known address, `invalidRequest` naming the field, `tooManyRequests`.
    package func register(
        _ registration: Registration,
        from address: String,
        agent: String? = nil
    ) async throws -> SignIn {
        let policy = policy.registration
        guard policy != .closed else { throw ServiceError(.forbidden, "Registration is closed.") }
        let newcomer = try Newcomer(registration, role: .user)
        try registrationsByAddress.take(RateLimiter.network(of: address))
        let invitation = registration.inviteCode.map(Self.hash) ?? ""
        let time = now()
        if policy == .invite {
            guard registration.inviteCode?.isEmpty == false else { throw Self.needsInvitation }
            let isInvited = try await database.read { try Self.isGood(invitation, .user, $0, time) }
            guard isInvited else { throw Self.notInvited }
        }
        let hash = try await Self.passwordHash(newcomer.password)
        let grant = SessionGrant(from: address, agent: agent)
        let account = try await database.write { connection in
            let account = try Self.insert(newcomer, hash, connection, time)
            if policy == .invite {
                guard try Self.use(invitation, .user, by: account.id, connection, time) else { throw Self.notInvited }
            }
            try grant.store(for: account.id, connection, time, self.policy.sessionLifetime)
            return account
        }
        return try signIn(account, grant, time, showsUser: true)
    }

    /// Signs in; the answer to a wrong password and to an unknown address is the same and takes as long.
    ///
    /// - Throws: `ServiceError`: `unauthenticated`, `forbidden` for a disabled account, `tooManyRequests`.
    package func login(
        _ credentials: Credentials,
        from address: String,
        agent: String? = nil
    ) async throws -> SignIn {
        let key = AccountRules.key(credentials.email)
        let network = RateLimiter.network(of: address)
        try attemptsByAddress.take(network)
        // Whatever is longer is nobody's address, and is not remembered.
        let accountKey = key.utf8.count <= AccountRules.longestEmail ? key : ""
        try attemptsByAccount.take(accountKey)
        let found = try await database.read { connection in
            try connection.first(
                """
                SELECT id, email, username, role, created_at, disabled_at, password_hash
                FROM users WHERE email_key = \(key)
                """
            )
        }
        let hash = try found?.get("password_hash", as: String.self)
        let isPossible = credentials.password.utf8.count <= AccountRules.passwordBytes.upperBound
        let isRight = try await Self.isPassword(isPossible ? credentials.password : "", hash)
        guard let found, let hash, isRight, isPossible else {
            throw ServiceError(.unauthenticated, "The mail address or the password is wrong.")
        }
        attemptsByAccount.giveBack(accountKey)
        attemptsByAddress.giveBack(network)
        let account = try Account(row: found)
        if account.disabledAt == nil, PasswordHash.needsRehash(hash) {
            let better = try await Self.passwordHash(credentials.password)
            try await database.write {
                try $0.run(
                    """
                    UPDATE users SET password_hash = \(better) WHERE id = \(account.id) AND password_hash = \(hash)
                    """
                )
            }
        }
        return try await open(account, SessionGrant(from: address, agent: agent))
    }

    /// A new session of an account that is known by other means: the command line on the data folder.
    ///
    /// - Parameters:
    ///   - account: whose session it is.
    ///   - actor: who opens it without the account's password, for the audit log; nil for the account itself.
    /// - Returns: the session.
    /// - Throws: `ServiceError` `forbidden` for a disabled account.
    package func open(_ account: Account, by actor: AuditActor? = nil) async throws -> SignIn {
        try await open(account, SessionGrant(agent: "telecine"), by: actor)
    }

    private func open(
        _ account: Account,
        _ grant: SessionGrant,
        by actor: AuditActor? = nil
    ) async throws -> SignIn {
        guard account.disabledAt == nil else { throw ServiceError(.forbidden, "This account is disabled.") }
        let time = now()
        let lifetime = policy.sessionLifetime
        try await database.write { connection in
            try grant.store(for: account.id, connection, time, lifetime)
            if let actor { try AuditLog.write(.openSession, on: account, by: actor, in: connection, at: time) }
        }
        return try signIn(account, grant, time, showsUser: false)
    }

    func signIn(_ account: Account, _ grant: SessionGrant, _ time: Timestamp, showsUser: Bool) throws -> SignIn {
        SignIn(
            session: try session(account.info, grant.id, grant.refreshToken, time, showsUser: showsUser),
            user: account.info,
            cookie: grant.cookie,
            lifetime: policy.sessionLifetime
        )
    }

    func session(
        _ user: UserInfo,
        _ id: String,
        _ refreshToken: String,
        _ time: Timestamp,
        showsUser: Bool = false
    ) throws -> Session {
        Session(
            user: showsUser ? user : nil,
            token: try tokens.token(for: user, sessionID: id, at: time),
            refreshToken: refreshToken,
            expiresIn: Int(policy.tokenLifetime.components.seconds)
        )
    }

    static var needsInvitation: ServiceError {
        ServiceError(
            .forbidden,
            "An invitation is needed to register: send its code, or ask whoever runs this service for one.",
            field: "inviteCode"
        )
    }

    static var notInvited: ServiceError {
        ServiceError(.forbidden, "That invitation is not valid, or was used.", field: "inviteCode")
    }
}

package import Core
internal import Crypto
internal import SQL

/// Somebody who is about to have an account: checked values.
struct Newcomer: Sendable {
    let email: String
    let password: String
    /// Nil: made from the address.
    let username: String?
    let role: UserRole

    /// - Throws: `ServiceError` naming the field.
    init(_ registration: Registration, role: UserRole) throws(ServiceError) {
        email = try AccountRules.checkedEmail(registration.email)
        try AccountRules.checkPassword(registration.password)
        password = registration.password
        var name: String?
        if let given = registration.username, !given.isEmpty { name = try AccountRules.checkedUsername(given) }
        username = name
        self.role = role
    }
}

extension Accounts {
    /// Makes an account without asking the policy: for administrators.
    ///
    /// - Throws: `ServiceError` as `register` does.
    @discardableResult
    package func add(
        _ registration: Registration,
        role: UserRole,
        by actor: AuditActor = .commandLine
    ) async throws -> Account {
        let newcomer = try Newcomer(registration, role: role)
        let hash = try await Self.passwordHash(newcomer.password)
        let time = now()
        return try await database.write { connection in
            let account = try Self.insert(newcomer, hash, connection, time)
            try AuditLog.write(.addUser, on: account, by: actor, in: connection, at: time)
            return account
        }
    }

    /// All accounts, oldest first.
    package func users() async throws -> [Account] {
        try await database.read { connection in
            try connection.all(
                "SELECT id, email, username, role, created_at, disabled_at FROM users ORDER BY id"
            ).map { try Account(row: $0) }
        }
    }

    /// The account of an address.
    ///
    /// - Throws: `ServiceError` `notFound`.
    package func user(email: String) async throws -> Account {
        try await database.read { try Self.find(email, $0) }
    }

    /// Changes a password and ends all sessions of the account.
    ///
    /// - Throws: `ServiceError` naming the field, or `notFound`.
    package func changePassword(
        of email: String,
        to password: String,
        by actor: AuditActor = .commandLine
    ) async throws {
        try AccountRules.checkPassword(password)
        let account = try await user(email: email)
        let hash = try await Self.passwordHash(password)
        let time = now()
        try await database.write { connection in
            try connection.run("UPDATE users SET password_hash = \(hash) WHERE id = \(account.id)")
            try Self.revokeAll(of: account.id, connection, time)
            try AuditLog.write(.changePassword, on: account, by: actor, in: connection, at: time)
        }
    }

    /// Shuts an account out, at once, or lets it in again; signing in is needed afterwards.
    ///
    /// - Throws: `ServiceError` `notFound`.
    package func setDisabled(_ isDisabled: Bool, email: String, by actor: AuditActor = .commandLine) async throws {
        let time = now()
        try await database.write { connection in
            let account = try Self.find(email, connection)
            let since: Timestamp? = isDisabled ? account.disabledAt ?? time : nil
            try connection.run("UPDATE users SET disabled_at = \(since) WHERE id = \(account.id)")
            if isDisabled { try Self.revokeAll(of: account.id, connection, time) }
            let act: AuditEntry.Act = isDisabled ? .disableUser : .enableUser
            try AuditLog.write(act, on: account, by: actor, in: connection, at: time)
        }
    }

    private static func find(_ email: String, _ connection: any Connection) throws -> Account {
        let key = AccountRules.key(email)
        let row = try connection.first(
            """
            SELECT id, email, username, role, created_at, disabled_at FROM users WHERE email_key = \(key)
            """
        )
        guard let row else { throw ServiceError(.notFound, "There is no account with the address \(email).") }
        return try Account(row: row)
    }

    static func insert(
        _ newcomer: Newcomer,
        _ hash: String,
        _ connection: any Connection,
        _ time: Timestamp
    ) throws -> Account {
        let key = AccountRules.key(newcomer.email)
        guard try connection.first("SELECT id FROM users WHERE email_key = \(key)") == nil else {
            throw ServiceError(.conflict, "There is an account with this address already.", field: "email")
        }
        let username = try freeUsername(newcomer, connection)
        let row = try connection.first(
            """
            INSERT INTO users (email, email_key, username, username_key, role, password_hash, created_at)
            VALUES (\(newcomer.email), \(key), \(username), \(AccountRules.key(username)),
                \(newcomer.role.rawValue), \(hash), \(time))
            RETURNING id
            """
        )
        guard let row else { throw ServiceError(.internalFailure, "Something went wrong.", detail: "no id returned") }
        return Account(
            id: try row.get("id"),
            email: newcomer.email,
            username: username,
            role: newcomer.role,
            createdAt: time
        )
    }

    /// The name that was asked for, or one made from the address: `ann`, `ann2`, … and by chance after that.
    private static func freeUsername(_ newcomer: Newcomer, _ connection: any Connection) throws -> String {
        func isFree(_ name: String) throws -> Bool {
            try connection.first("SELECT id FROM users WHERE username_key = \(AccountRules.key(name))") == nil
        }
        if let name = newcomer.username {
            guard try isFree(name) else {
                throw ServiceError(.conflict, "That username is taken.", field: "username")
            }
            return name
        }
        let base = AccountRules.username(from: newcomer.email)
        for name in [base] + (2...20).map({ "\(base)\($0)" }) where try isFree(name) { return name }
        return "\(base)-\(Hex.encode(SecureRandom.bytes(5)))"
    }

    static func passwordHash(_ password: String) async throws -> String {
        do {
            return try await PasswordHash.hash(password)
        } catch PasswordHash.Failure.overloaded {
            throw overloaded
        }
    }

    static func isPassword(_ password: String, _ hash: String?) async throws -> Bool {
        do {
            return try await PasswordHash.verify(password, against: hash)
        } catch PasswordHash.Failure.overloaded {
            throw overloaded
        }
    }

    private static var overloaded: ServiceError {
        ServiceError(.unavailable, "Too many people are signing in. Try again in a moment.", retryAfter: .seconds(2))
    }
}

extension Accounts {
    /// The accounts with these ids, whichever of them exist.
    package func users(_ ids: Set<UserID>) async throws -> [UserID: Account] {
        let found = try await database.read { connection in
            try connection.all(
                """
                SELECT id, email, username, role, created_at, disabled_at FROM users WHERE id IN \(list: ids)
                """
            ).map { try Account(row: $0) }
        }
        return Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0) })
    }

    /// The account that somebody means by its address, its username or its number; nil when there is none.
    package func user(named name: String) async throws -> Account? {
        let key = AccountRules.key(name)
        let id = UserID(rawValue: Int64(name) ?? -1)
        return try await database.read { connection in
            try connection.first(
                """
                SELECT id, email, username, role, created_at, disabled_at FROM users
                WHERE email_key = \(key) OR username_key = \(key) OR id = \(id)
                """
            ).map { try Account(row: $0) }
        }
    }
}

package import Core
internal import SQL

/// Somebody with an account.
package struct Account: Hashable, Sendable {
    package let id: UserID
    package let email: String
    package let username: String
    package let role: UserRole
    package let createdAt: Timestamp
    /// Since when it is shut out; nil while it is not.
    package let disabledAt: Timestamp?

    /// The public face.
    package var info: UserInfo { UserInfo(id: id, email: email, username: username, role: role) }

    init(row: Row) throws {
        id = try row.get("id")
        email = try row.get("email")
        username = try row.get("username")
        guard let role = UserRole(rawValue: try row.get("role")) else {
            throw ServiceError(.internalFailure, "Something went wrong.", detail: "user \(id) has an unknown role")
        }
        self.role = role
        createdAt = try row.get("created_at")
        disabledAt = try row.get("disabled_at")
    }

    init(
        id: UserID,
        email: String,
        username: String,
        role: UserRole,
        createdAt: Timestamp,
        disabledAt: Timestamp? = nil
    ) {
        self.id = id
        self.email = email
        self.username = username
        self.role = role
        self.createdAt = createdAt
        self.disabledAt = disabledAt
    }
}

/// Who asks, proven: what handlers get to see of an account.
package struct Principal: Hashable, Sendable {
    /// How it was proven; a cookie travels by itself, so writes that come with one also need a good `Origin`.
    package enum Proof: Hashable, Sendable {
        case bearer
        case cookie
        /// A program, with what its key lets it do.
        case key(APIKey.Scope)
    }

    package let user: UserInfo
    /// Nil for a program.
    package let sessionID: String?
    package let proof: Proof

    package init(user: UserInfo, sessionID: String?, proof: Proof) {
        self.user = user
        self.sessionID = sessionID
        self.proof = proof
    }

    package var userID: UserID { user.id }
    package var role: UserRole { user.role }
    package var isAdmin: Bool { role == .admin }
    package var isProgram: Bool { sessionID == nil }
    package var mayWrite: Bool { proof != .key(.read) }
}

/// A session that has just begun, with what only its owner may see.
package struct SignIn: Sendable {
    /// The body of the answer.
    package let session: Session
    package let user: UserInfo
    /// The value of the sign-in cookie.
    package let cookie: String
    /// How long the cookie is kept.
    package let lifetime: Duration
}

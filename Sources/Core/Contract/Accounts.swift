/// The body of `POST /api/auth/login`.
public struct Credentials: Codable, Hashable, Sendable {
    /// The account's mail address; letter case does not matter.
    public let email: String
    /// The password, as typed.
    public let password: String

    /// Credentials of one account.
    public init(email: String, password: String) {
        self.email = email
        self.password = password
    }
}

/// The body of `POST /api/auth/register`.
public struct Registration: Codable, Hashable, Sendable {
    /// The account's mail address, unique whatever its letter case.
    public let email: String
    /// The password, as typed.
    public let password: String
    /// A public name; when absent, it is made from the address.
    public let username: String?
    /// The code that an administrator gave, where registration is by invitation.
    public let inviteCode: String?

    /// What a new account needs.
    public init(email: String, password: String, username: String? = nil, inviteCode: String? = nil) {
        self.email = email
        self.password = password
        self.username = username
        self.inviteCode = inviteCode
    }
}

/// The body of `POST /api/auth/token`, and optionally of `POST /api/auth/logout`.
public struct RefreshRequest: Codable, Hashable, Sendable {
    /// The refresh token of the latest answer; each works once.
    public let refreshToken: String

    /// A request for a new access token.
    public init(refreshToken: String) {
        self.refreshToken = refreshToken
    }
}

/// What signing in, registering and refreshing give.
public struct Session: Codable, Hashable, Sendable {
    /// The account; present after registration.
    public let user: UserInfo?
    /// The access token, for `Authorization: Bearer`.
    public let token: String
    /// Gives the next session, once.
    public let refreshToken: String
    /// Seconds until `token` expires.
    public let expiresIn: Int

    /// A session as the service gives it.
    public init(user: UserInfo? = nil, token: String, refreshToken: String, expiresIn: Int) {
        self.user = user
        self.token = token
        self.refreshToken = refreshToken
        self.expiresIn = expiresIn
    }
}

/// What an account may do.
public enum UserRole: String, Codable, Hashable, Sendable, CaseIterable {
    /// Owns media.
    case user
    /// Also administers the installation.
    case admin
}

/// An account, as its owner and administrators see it.
public struct UserInfo: Codable, Hashable, Sendable {
    /// The number of the account, from 1.
    public let id: ID<User>
    /// The address that signs in.
    public let email: String
    /// The public name.
    public let username: String
    /// What the account may do.
    public let role: UserRole

    /// An account's public face.
    public init(id: ID<User>, email: String, username: String, role: UserRole) {
        self.id = id
        self.email = email
        self.username = username
        self.role = role
    }
}

/// The answer to `GET /api/auth/me`.
public struct Me: Codable, Hashable, Sendable {
    /// The account that is signed in.
    public let user: UserInfo

    /// Who asks.
    public init(user: UserInfo) {
        self.user = user
    }
}

package import Core
internal import Crypto
internal import SQL

/// What lets a program act for an account: `Authorization: Bearer tk_…`.
package struct APIKey: Hashable, Sendable {
    /// What a key lets a program do; each includes the one before.
    package enum Scope: String, Codable, Hashable, Sendable, CaseIterable {
        /// Look at what the account owns.
        case read
        /// Upload and change it.
        case write
        /// Administer the installation, for accounts that may.
        case admin
    }

    /// The public half: it names the key and opens nothing.
    package let id: String
    package let name: String
    package let scope: Scope
    package let createdAt: Timestamp
    /// Nil: it does not expire.
    package let expiresAt: Timestamp?
    /// When it was last used, to the hour; nil until it is.
    package let usedAt: Timestamp?

    /// What every key begins with, so that scanners for leaked secrets find it.
    static let prefix = "tk_"

    init(row: Row) throws {
        id = try row.get("id")
        name = try row.get("name")
        // One that this version does not know lets nobody change anything.
        scope = Scope(rawValue: try row.get("scope")) ?? .read
        createdAt = try row.get("created_at")
        expiresAt = try row.get("expires_at")
        usedAt = try row.get("used_at")
    }

    init(id: String, name: String, scope: Scope, createdAt: Timestamp, expiresAt: Timestamp?) {
        self.id = id
        self.name = name
        self.scope = scope
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        usedAt = nil
    }
}

/// A key as its owner sees it for the only time: `tk_`, 16 characters that name it, 43 that are the secret.
struct KeyText: Sendable {
    private static let idLength = 16
    private static let secretLength = 43

    let id: String
    let secret: String

    init() {
        id = Base64.encodeURLSafe(SecureRandom.bytes(12))
        secret = Base64.encodeURLSafe(SecureRandom.bytes(32))
    }

    /// Nil for what cannot be one.
    init?(_ text: String) {
        let bare = text.utf8.dropFirst(APIKey.prefix.utf8.count)
        guard text.hasPrefix(APIKey.prefix), bare.count == Self.idLength + Self.secretLength else { return nil }
        id = String(decoding: bare.prefix(Self.idLength), as: UTF8.self)
        secret = String(decoding: bare.dropFirst(Self.idLength), as: UTF8.self)
    }

    var text: String { APIKey.prefix + id + secret }
    /// 256 random bits need no salt and no slow hash.
    var secretHash: [UInt8] { SHA256.hash(Array(secret.utf8)) }
}

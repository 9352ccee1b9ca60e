internal import Core
internal import Crypto
internal import SQL

/// The secrets of one new session, before they are told to their owner for the only time.
struct SessionGrant: Sendable {
    /// In access tokens, as `sid`; it opens nothing.
    let id = Hex.encode(SecureRandom.bytes(16))
    let cookie = Base64.encodeURLSafe(SecureRandom.bytes(32))
    /// What signs in, in its own words.
    let agent: String?
    let network: String?
    private let family = SecureRandom.bytes(RefreshToken.familyLength)
    private let secret = SecureRandom.bytes(RefreshToken.secretLength)

    /// An account has at most so many sessions; the ones used longest ago end first.
    private static let mostSessions = 200

    init(from address: String? = nil, agent: String? = nil) {
        self.agent = agent.map { String($0.unicodeScalars.prefix(Self.longestAgent)) }
        network = address.flatMap(AnonymousAddress.of)
    }

    private static let longestAgent = 300

    var refreshToken: String { RefreshToken(family: family, secret: secret).text }

    /// Keeps the hashes, and clears away what is over.
    func store(for user: UserID, _ connection: any Connection, _ time: Timestamp, _ lifetime: Duration) throws {
        let forgotten = time - .seconds(86_400 * 7)
        try connection.run(
            """
            DELETE FROM sessions
            WHERE user_id = \(user) AND (expires_at < \(time) OR revoked_at < \(forgotten))
            """
        )
        try connection.run(
            """
            DELETE FROM sessions WHERE user_id = \(user) AND id NOT IN (
                SELECT id FROM sessions WHERE user_id = \(user)
                ORDER BY used_at DESC LIMIT \(Self.mostSessions - 1))
            """
        )
        let token = RefreshToken(family: family, secret: secret)
        try connection.run(
            """
            INSERT INTO sessions
                (id, user_id, family_hash, refresh_hash, cookie_hash, created_at, used_at, expires_at, agent, network)
            VALUES (\(id), \(user), \(token.familyHash), \(token.secretHash), \(Accounts.hash(cookie)),
                \(time), \(time), \(time + lifetime), \(agent), \(network))
            """
        )
    }
}

/// A refresh token: the key of its session's family, the same in all of them, and a secret that works once.
///
/// Whoever shows the family's key with another secret has had a token of this session before: that is reuse.
struct RefreshToken: Sendable {
    static let familyLength = 16
    static let secretLength = 32

    let family: [UInt8]
    let secret: [UInt8]

    init(family: [UInt8], secret: [UInt8]) {
        self.family = family
        self.secret = secret
    }

    /// Nil for what cannot be one.
    init?(_ text: String) {
        guard text.utf8.count <= 128, let bytes = Base64.decodeURLSafe(text),
            bytes.count == Self.familyLength + Self.secretLength
        else { return nil }
        family = Array(bytes.prefix(Self.familyLength))
        secret = Array(bytes.dropFirst(Self.familyLength))
    }

    /// The token that comes after this one.
    func next() -> RefreshToken {
        RefreshToken(family: family, secret: SecureRandom.bytes(Self.secretLength))
    }

    var text: String { Base64.encodeURLSafe(family + secret) }
    var familyHash: String { Hex.encode(SHA256.hash(family)) }
    var secretHash: String { Hex.encode(SHA256.hash(secret)) }
}

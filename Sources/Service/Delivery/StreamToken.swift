package import Core
internal import Crypto
internal import Synchronization

/// What a signed link allows: one version of one asset, until a moment.
package struct StreamToken: Sendable, Hashable {
    package let asset: AssetID
    package let version: Int
    /// Until when a playback may start.
    ///
    /// Whole seconds.
    package let expires: Timestamp
    /// For how long afterwards a playback that has started may go on.
    ///
    /// Whole seconds.
    package let grace: Duration

    package init(asset: AssetID, version: Int, expires: Timestamp, grace: Duration) {
        self.asset = asset
        self.version = version
        self.expires = expires
        self.grace = grace
    }

    /// Layout 1, big-endian: layout (1 byte), key id (1), asset (8), version (2), expiry in seconds (4), grace (4).
    private var fields: [UInt8] {
        Self.bytes(asset.rawValue, 8) + Self.bytes(Int64(version), 2) + Self.bytes(expires.seconds, 4)
            + Self.bytes(min(grace.components.seconds, 0xFFFF_FFFF), 4)
    }

    private static func bytes(_ value: Int64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> Int64(8 * (count - 1 - $0))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        bytes.reduce(0) { $0 << 8 | Int64($1) }
    }
}

/// The keys that sign links: the first signs, all verify, so that keys can be rotated.
package struct StreamKeys: Sendable {
    private struct Key {
        let id: UInt8
        let secret: [UInt8]
    }

    private let keys: [Key]
    private let known = KnownTokens()

    /// - Parameter secrets: the service's secret, then earlier ones that are still accepted. Link keys are derived
    ///   from them, so that a link's signature says nothing about any other use of the secret.
    package init(secrets: [[UInt8]]) {
        keys = secrets.map { secret in
            let key = HMAC.sha256(key: secret, message: Array("telecine stream link 1".utf8))
            return Key(id: HMAC.sha256(key: key, message: Array("id".utf8))[0], secret: key)
        }
    }

    /// The token's text: 20 bytes and a 128-bit HMAC, base64url.
    package func sign(_ token: StreamToken) -> String {
        guard let key = keys.first else { preconditionFailure("a service has a secret") }
        let payload = [1, key.id] + token.payload
        return Base64.encodeURLSafe(payload + HMAC.sha256(key: key.secret, message: payload).prefix(16))
    }

    /// The token behind a text, when one of the keys has signed it.
    ///
    /// Says nothing about its expiry.
    package func verify(_ text: some StringProtocol) -> StreamToken? {
        guard text.utf8.count == 48 else { return nil }
        let text = String(text)
        if let token = known.find(text) { return token }
        guard let bytes = Base64.decodeURLSafe(text), bytes.count == 36, bytes[0] == 1 else {
            return nil
        }
        let payload = Array(bytes[..<20])
        for key in keys where key.id == bytes[1] {
            let expected = Array(HMAC.sha256(key: key.secret, message: payload).prefix(16))
            guard ConstantTime.equal(expected, Array(bytes[20...])) else { continue }
            let token = StreamToken(payload: payload[2...])
            known.keep(token, as: text)
            return token
        }
        return nil
    }
}

/// Tokens whose signature was right: a player shows the same one with every segment.
///
/// Found by a hash whose key only this process knows, so that the time of a look says nothing about them.
private final class KnownTokens: Sendable {
    private static let limit = 2048
    private let tokens = Mutex<[String: StreamToken]>([:])

    func find(_ text: String) -> StreamToken? { tokens.withLock { $0[text] } }

    func keep(_ token: StreamToken, as text: String) {
        tokens.withLock { tokens in
            if tokens.count >= Self.limit { tokens.removeAll(keepingCapacity: true) }
            tokens[text] = token
        }
    }
}

extension StreamToken {
    fileprivate var payload: [UInt8] { fields }

    fileprivate init(payload bytes: ArraySlice<UInt8>) {
        let start = bytes.startIndex
        asset = AssetID(rawValue: Self.number(bytes[start..<start + 8]))
        version = Int(Self.number(bytes[start + 8..<start + 10]))
        expires = Timestamp(seconds: Self.number(bytes[start + 10..<start + 14]))
        grace = .seconds(Self.number(bytes[start + 14..<start + 18]))
    }
}

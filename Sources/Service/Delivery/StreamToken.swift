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
    /// The share that it was given for; nil for the owner's own.
    package let share: ShareID?

    package init(asset: AssetID, version: Int, expires: Timestamp, grace: Duration, share: ShareID? = nil) {
        self.asset = asset
        self.version = version
        self.expires = expires
        self.grace = grace
        self.share = share
    }

    /// Layout 1, big-endian: layout (1 byte), key id (1), asset (8), version (2), expiry in seconds (4), grace (4).
    ///
    /// Layout 2 has the share (8) at its end.
    private var fields: [UInt8] {
        Self.bytes(asset.rawValue, 8) + Self.bytes(Int64(version), 2) + Self.bytes(expires.seconds, 4)
            + Self.bytes(min(grace.components.seconds, 0xFFFF_FFFF), 4)
            + (share.map { Self.bytes($0.rawValue, 8) } ?? [])
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
        /// Signs links to picture variants.
        let imageSecret: [UInt8]
    }

    private let keys: [Key]
    private let known = KnownTokens()

    /// - Parameter secrets: the service's secret, then earlier ones that are still accepted. Link keys are derived
    ///   from them, so that a link's signature says nothing about any other use of the secret.
    package init(secrets: [[UInt8]]) {
        keys = secrets.map { secret in
            let key = HMAC.sha256(key: secret, message: Array("telecine stream link 1".utf8))
            return Key(
                id: HMAC.sha256(key: key, message: Array("id".utf8))[0],
                secret: key,
                imageSecret: HMAC.sha256(key: secret, message: Array("telecine image link 1".utf8))
            )
        }
    }

    /// The token's text: 20 bytes (28 with a share) and a 128-bit HMAC, base64url.
    package func sign(_ token: StreamToken) -> String {
        seal(token.share == nil ? 1 : 2, token.payload)
    }

    /// The text of a layout's fields: layout (1 byte), key id (1), fields and a 128-bit HMAC, base64url.
    func seal(_ layout: UInt8, _ fields: [UInt8]) -> String {
        guard let key = keys.first else { preconditionFailure("a service has a secret") }
        let payload = [layout, key.id] + fields
        return Base64.encodeURLSafe(payload + HMAC.sha256(key: key.secret, message: payload).prefix(16))
    }

    /// The fields of a text that has this layout and is signed by one of the keys; `count`: how many bytes they are.
    func open(_ text: String, layout: UInt8, count: Int) -> [UInt8]? {
        guard text.utf8.count == ((count + 18) * 4 + 2) / 3, let bytes = Base64.decodeURLSafe(text),
            bytes.count == count + 18, bytes[0] == layout
        else { return nil }
        let payload = Array(bytes.dropLast(16))
        for key in keys where key.id == bytes[1] {
            let expected = Array(HMAC.sha256(key: key.secret, message: payload).prefix(16))
            if ConstantTime.equal(expected, Array(bytes.suffix(16))) { return Array(payload[2...]) }
        }
        return nil
    }

    /// The token behind a text, when one of the keys has signed it.
    ///
    /// Says nothing about its expiry.
    package func verify(_ text: some StringProtocol) -> StreamToken? {
        guard text.utf8.count == 48 || text.utf8.count == 59 else { return nil }
        let text = String(text)
        if let token = known.find(text) { return token }
        guard let fields = open(text, layout: 1, count: 18) ?? open(text, layout: 2, count: 26) else { return nil }
        let token = StreamToken(payload: fields[...])
        known.keep(token, as: text)
        return token
    }
}

extension StreamKeys {
    /// The signature of a text that is a link to a picture: a 128-bit HMAC, base64url.
    func signature(of text: String) -> String {
        guard let key = keys.first else { preconditionFailure("a service has a secret") }
        return Base64.encodeURLSafe(Array(HMAC.sha256(key: key.imageSecret, message: Array(text.utf8)).prefix(16)))
    }

    /// Whether one of the keys has signed the text.
    func isSignature(_ signature: String, of text: String) -> Bool {
        guard let bytes = Base64.decodeURLSafe(signature), bytes.count == 16 else { return false }
        return keys.contains { key in
            let expected = HMAC.sha256(key: key.imageSecret, message: Array(text.utf8)).prefix(16)
            return ConstantTime.equal(Array(expected), bytes)
        }
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
        share = bytes.count > 18 ? ShareID(rawValue: Self.number(bytes[start + 18..<start + 26])) : nil
    }
}

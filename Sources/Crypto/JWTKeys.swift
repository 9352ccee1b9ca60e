internal import Foundation

/// A secret that signs tokens, and its name in their headers.
package struct JWTKey: Sendable {
    package let id: String
    fileprivate let secret: [UInt8]

    /// - Parameters:
    ///   - id: the `kid`; by default it is derived from the secret, which it does not reveal.
    ///   - secret: at least 32 bytes.
    /// - Throws: `weakKey` for a shorter secret.
    package init(id: String? = nil, secret: [UInt8]) throws(JWTError) {
        guard secret.count >= 32 else { throw .weakKey }
        self.id = id ?? Hex.encode(HMAC.sha256(key: secret, message: Array("key id".utf8)).prefix(8))
        self.secret = secret
    }
}

extension JWTKey: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String { "key \(id)" }
    package var debugDescription: String { description }
}

/// Signs and verifies tokens: HMAC-SHA-256 (`HS256`) and nothing else, whatever a token's header says.
///
/// To change the secret, make the new one `current` and keep the former among `older` for as long as its
/// tokens live.
package struct JWTKeys: Sendable {
    /// Longer tokens are refused unread; ours have some 300 bytes.
    private static let longest = 8192
    /// Clocks of two machines may differ by so many seconds.
    private static let leeway: Int64 = 30

    private let current: JWTKey
    private let all: [JWTKey]

    package init(current: JWTKey, older: [JWTKey] = []) {
        self.current = current
        all = [current] + older
    }

    /// A token signed with the current key.
    package func sign(_ token: JWT<some Codable & Sendable>) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let header = try encoder.encode(Header(alg: "HS256", typ: "JWT", kid: current.id))
        let input =
            Base64.encodeURLSafe([UInt8](header)) + "." + Base64.encodeURLSafe([UInt8](try encoder.encode(token)))
        return input + "." + Base64.encodeURLSafe(HMAC.sha256(key: current.secret, message: Array(input.utf8)))
    }

    /// What a token says, if it is ours and in force.
    ///
    /// - Parameters:
    ///   - text: the token as it came.
    ///   - custom: the type of the claims that are not registered.
    ///   - issuer: the only accepted `iss`; nil accepts any and none.
    ///   - audience: must be among the token's `aud`; nil accepts any and none.
    ///   - now: seconds since 1970.
    /// - Returns: the claims.
    /// - Throws: the reason why the token counts for nothing.
    package func verify<Custom: Codable & Sendable>(
        _ text: String,
        as custom: Custom.Type = NoClaims.self,
        issuer: String?,
        audience: String?,
        now: Int64
    ) throws(JWTError) -> JWT<Custom> {
        guard text.utf8.count <= Self.longest else { throw .malformed }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = Base64.decodeURLSafe(parts[0]),
            let payload = Base64.decodeURLSafe(parts[1]), let signature = Base64.decodeURLSafe(parts[2])
        else { throw .malformed }
        let header: Header = try Self.decode(headerBytes)
        guard header.isAcceptable else { throw .malformed }
        let input = Array(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        try check(signature, of: input, keyID: header.kid)
        let token: JWT<Custom> = try Self.decode(payload)
        guard now < token.expires + Self.leeway else { throw .expired }
        if let notBefore = token.notBefore, now + Self.leeway < notBefore { throw .notYetValid }
        if let issuer, token.issuer != issuer { throw .wrongIssuer }
        if let audience, !token.audience.contains(audience) { throw .wrongAudience }
        return token
    }

    /// A token without a key's name may be signed by any of ours: other services that share the secret sign so.
    private func check(_ signature: [UInt8], of input: [UInt8], keyID: String?) throws(JWTError) {
        let candidates = all.filter { keyID == nil || $0.id == keyID }
        guard !candidates.isEmpty else { throw .unknownKey }
        for key in candidates
        where ConstantTime.equal(HMAC.sha256(key: key.secret, message: input), signature) {
            return
        }
        throw .wrongSignature
    }

    private static func decode<T: Decodable>(_ json: [UInt8]) throws(JWTError) -> T {
        do {
            return try JSONDecoder().decode(T.self, from: Data(json))
        } catch {
            throw .malformed
        }
    }
}

private struct Header: Codable {
    var alg: String
    var typ: String?
    var kid: String?
    /// Extensions that a reader must understand (RFC 7515 section 4.1.11): we understand none.
    var crit: [String]?

    /// Other types, such as `at+jwt`, are tokens of another purpose.
    var isAcceptable: Bool {
        alg == "HS256" && crit == nil && (typ.map { $0.lowercased() == "jwt" } ?? true)
    }
}

/// What a JSON web token says (RFC 7519): the registered claims, and the caller's own beside them.
///
/// Times are seconds since 1970.
package struct JWT<Custom: Codable & Sendable>: Sendable {
    package var issuer: String?
    package var audience: [String]
    package var subject: String?
    /// The token counts for nothing from this moment on.
    ///
    /// Required: no token lives for ever.
    package var expires: Int64
    package var notBefore: Int64?
    package var issuedAt: Int64?
    package var id: String?
    /// Encoded beside the registered claims, so its keys differ from theirs.
    package var custom: Custom

    package init(
        issuer: String? = nil,
        audience: [String] = [],
        subject: String? = nil,
        expires: Int64,
        notBefore: Int64? = nil,
        issuedAt: Int64? = nil,
        id: String? = nil,
        custom: Custom
    ) {
        self.issuer = issuer
        self.audience = audience
        self.subject = subject
        self.expires = expires
        self.notBefore = notBefore
        self.issuedAt = issuedAt
        self.id = id
        self.custom = custom
    }
}

/// The `custom` of tokens that have only registered claims.
package struct NoClaims: Codable, Hashable, Sendable {
    package init() {}
}

/// Why a token counts for nothing.
///
/// The answer to the client need not tell these apart, except `expired`.
package enum JWTError: Error, Hashable, Sendable {
    /// Not a token, or one of another algorithm, kind or shape than ours.
    case malformed
    case wrongSignature
    case expired
    case notYetValid
    case wrongIssuer
    case wrongAudience
    /// The token names a key that we do not have (any more).
    case unknownKey
    /// A secret of fewer than 32 bytes cannot sign (RFC 7518 section 3.2).
    case weakKey
}

extension JWT: Codable {
    private enum Keys: String, CodingKey {
        case iss, aud, sub, exp, nbf, iat, jti
    }

    package init(from decoder: any Decoder) throws {
        let claims = try decoder.container(keyedBy: Keys.self)
        issuer = try claims.decodeIfPresent(String.self, forKey: .iss)
        if let one = try? claims.decodeIfPresent(String.self, forKey: .aud) {
            audience = [one]
        } else {
            audience = try claims.decodeIfPresent([String].self, forKey: .aud) ?? []
        }
        subject = try claims.decodeIfPresent(String.self, forKey: .sub)
        expires = try claims.decode(NumericDate.self, forKey: .exp).seconds
        notBefore = try claims.decodeIfPresent(NumericDate.self, forKey: .nbf)?.seconds
        issuedAt = try claims.decodeIfPresent(NumericDate.self, forKey: .iat)?.seconds
        id = try claims.decodeIfPresent(String.self, forKey: .jti)
        custom = try Custom(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try custom.encode(to: encoder)
        var claims = encoder.container(keyedBy: Keys.self)
        try claims.encodeIfPresent(issuer, forKey: .iss)
        if audience.count == 1 {
            try claims.encode(audience[0], forKey: .aud)
        } else if !audience.isEmpty {
            try claims.encode(audience, forKey: .aud)
        }
        try claims.encodeIfPresent(subject, forKey: .sub)
        try claims.encode(expires, forKey: .exp)
        try claims.encodeIfPresent(notBefore, forKey: .nbf)
        try claims.encodeIfPresent(issuedAt, forKey: .iat)
        try claims.encodeIfPresent(id, forKey: .jti)
    }
}

/// RFC 7519 section 2: a JSON number of seconds, perhaps with a fraction, which is cut off.
private struct NumericDate: Decodable {
    let seconds: Int64

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let value = try container.decode(Double.self)
        // The year 10000 is beyond every honest token, and sums with it must not overflow.
        guard value >= 0, value < 253_402_300_800 else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no moment before the year 10000")
        }
        seconds = Int64(value)
    }
}

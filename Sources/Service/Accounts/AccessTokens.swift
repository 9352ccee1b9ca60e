internal import Core
internal import Crypto

/// Access tokens: who, as what, in which session, until when.
struct AccessTokens: Sendable {
    /// Our own claims beside the registered ones.
    struct Claims: Codable, Hashable, Sendable {
        let role: String
        let sid: String
    }

    static let issuer = "telecine"
    /// Other tokens of this installation, signed links for one, must never pass for access tokens.
    static let audience = "telecine-api"

    let keys: JWTKeys
    let lifetime: Duration

    func token(for user: UserInfo, sessionID: String, at now: Timestamp) throws -> String {
        try keys.sign(
            JWT(
                issuer: Self.issuer,
                audience: [Self.audience],
                subject: String(user.id.rawValue),
                expires: (now + lifetime).seconds,
                issuedAt: now.seconds,
                custom: Claims(role: user.role.rawValue, sid: sessionID)
            )
        )
    }

    /// - Throws: `ServiceError` with the contract's words.
    func verify(_ token: String, at now: Timestamp) throws(ServiceError) -> (userID: UserID, sessionID: String) {
        do {
            let token = try keys.verify(
                token,
                as: Claims.self,
                issuer: Self.issuer,
                audience: Self.audience,
                now: now.seconds
            )
            guard let number = token.subject.flatMap(Int64.init) else { throw JWTError.malformed }
            return (UserID(rawValue: number), token.custom.sid)
        } catch JWTError.expired {
            throw .tokenExpired
        } catch {
            throw .invalidToken(detail: "\(error)")
        }
    }
}

extension ServiceError {
    static var tokenExpired: ServiceError { ServiceError(.tokenExpired, "Token expired") }

    static func invalidToken(detail: String) -> ServiceError {
        ServiceError(.unauthenticated, "Invalid token", detail: detail)
    }
}

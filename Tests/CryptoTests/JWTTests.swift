import Crypto
import Foundation
import Testing

private struct Role: Codable, Hashable, Sendable {
    var role: String
}

@Suite struct JWTTests {
    private let now: Int64 = 1_800_000_000
    private let secret = Array("0123456789abcdef0123456789abcdef".utf8)
    private let keys: JWTKeys

    init() throws {
        keys = JWTKeys(current: try JWTKey(id: "k2", secret: secret))
    }

    private func token(
        header: String = #"{"alg":"HS256","typ":"JWT","kid":"k2"}"#,
        payload: String,
        secret: [UInt8]? = nil
    ) -> String {
        let input = Base64.encodeURLSafe(Array(header.utf8)) + "." + Base64.encodeURLSafe(Array(payload.utf8))
        let code = HMAC.sha256(key: secret ?? self.secret, message: Array(input.utf8))
        return input + "." + Base64.encodeURLSafe(code)
    }

    private func failure(
        _ text: String,
        issuer: String? = nil,
        audience: String? = nil,
        now: Int64? = nil
    ) -> JWTError? {
        do throws(JWTError) {
            let _: JWT<NoClaims> = try keys.verify(text, issuer: issuer, audience: audience, now: now ?? self.now)
            return nil
        } catch {
            return error
        }
    }

    private var good: String { token(payload: #"{"exp":1800000060,"iss":"a","aud":"b"}"#) }

    @Test("what was signed comes back, with the claims of one's own")
    func roundTrip() throws {
        let token = JWT(
            issuer: "telecine",
            audience: ["api"],
            subject: "12",
            expires: now + 60,
            notBefore: now,
            issuedAt: now,
            id: "j1",
            custom: Role(role: "admin")
        )
        let text = try keys.sign(token)
        let read = try keys.verify(text, as: Role.self, issuer: "telecine", audience: "api", now: now)
        #expect(read.issuer == "telecine" && read.audience == ["api"] && read.subject == "12" && read.id == "j1")
        #expect(read.expires == now + 60 && read.notBefore == now && read.issuedAt == now)
        #expect(read.custom == Role(role: "admin"))
        let payload = try #require(Base64.decodeURLSafe(text.split(separator: ".")[1]))
        #expect(
            String(decoding: payload, as: UTF8.self)
                == #"{"aud":"api","exp":1800000060,"iat":1800000000,"iss":"telecine","jti":"j1","nbf":1800000000,"#
                + #""role":"admin","sub":"12"}"#
        )
    }

    @Test("the token of RFC 7515 A.1 is verified until it expires")
    func published() throws {
        let key =
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
        let text =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
            + "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let keys = JWTKeys(current: try JWTKey(secret: try #require(Base64.decodeURLSafe(key))))
        let token: JWT<NoClaims> = try keys.verify(text, issuer: "joe", audience: nil, now: 1_300_819_379)
        #expect(token.expires == 1_300_819_380)
        #expect(throws: JWTError.expired) {
            let _: JWT<NoClaims> = try keys.verify(text, issuer: "joe", audience: nil, now: 1_300_819_410)
        }
    }

    @Test(
        "every other algorithm is refused, though the signature fits",
        arguments: [
            #"{"alg":"none"}"#, #"{"alg":"None"}"#, #"{"alg":"RS256"}"#, #"{"alg":"HS512"}"#, #"{"alg":"hs256"}"#,
            #"{"alg":"HS256 "}"#, #"{"alg":""}"#, #"{"alg":null}"#, #"{"alg":["HS256"]}"#, #"{"typ":"JWT"}"#, "{}",
            "[]", "", "HS256", #"{"alg":"HS256","typ":"at+jwt"}"#, #"{"alg":"HS256","crit":["exp"]}"#,
            #"{"alg":"HS256","kid":7}"#,
        ]
    )
    func algorithms(header: String) {
        #expect(failure(token(header: header, payload: #"{"exp":1800000060}"#)) == .malformed)
    }

    @Test("an unsigned token is refused with and without its last dot")
    func unsigned() {
        let input = good.split(separator: ".").prefix(2).joined(separator: ".")
        #expect(failure(input) == .malformed)
        #expect(failure(input + ".") == .wrongSignature)
        let none = Base64.encodeURLSafe(Array(#"{"alg":"none"}"#.utf8)) + "." + input.split(separator: ".")[1] + "."
        #expect(failure(none) == .malformed)
    }

    @Test("a token with other parts, letters or padding is refused")
    func shape() {
        for wrong in [
            good + ".", "." + good, good + "=", good + "\n", " " + good, good.replacing(".", with: ".."), "", "..",
            "a.b.c",
            String(repeating: "A", count: 9000),
        ] {
            #expect(failure(wrong) == .malformed, "\(wrong.prefix(80))")
        }
    }

    @Test("the same signature in another text is refused")
    func nonCanonical() throws {
        // 32 bytes leave two bits in the last letter: four letters stand for the same byte, one is canonical.
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(good.last.flatMap { alphabet.firstIndex(of: $0) })
        let twin = good.dropLast() + String(alphabet[last + 1])
        #expect(failure(String(twin)) == .malformed)
    }

    @Test("a changed header, payload or signature is noticed")
    func changed() {
        let parts = good.split(separator: ".").map(String.init)
        let payload = Base64.encodeURLSafe(Array(#"{"exp":1900000000}"#.utf8))
        let header = Base64.encodeURLSafe(Array(#"{"alg":"HS256","kid":"k2"}"#.utf8))
        let signature = Base64.encodeURLSafe([UInt8](repeating: 0, count: 32))
        #expect(failure([parts[0], payload, parts[2]].joined(separator: ".")) == .wrongSignature)
        #expect(failure([header, parts[1], parts[2]].joined(separator: ".")) == .wrongSignature)
        #expect(failure([parts[0], parts[1], signature].joined(separator: ".")) == .wrongSignature)
        #expect(failure([parts[0], parts[1], "AAAA"].joined(separator: ".")) == .wrongSignature)
        #expect(
            failure(token(payload: #"{"exp":1800000060}"#, secret: Array(repeating: 1, count: 32))) == .wrongSignature
        )
    }

    @Test("times count with half a minute of leeway")
    func times() {
        #expect(failure(good, now: 1_800_000_089) == nil)
        #expect(failure(good, now: 1_800_000_090) == .expired)
        let later = token(payload: #"{"exp":1900000000,"nbf":1800000030}"#)
        #expect(failure(later) == nil)
        #expect(failure(later, now: now - 1) == .notYetValid)
        #expect(failure(token(payload: #"{"exp":1800000060.75}"#)) == nil)
    }

    @Test(
        "a payload without an expiry, or with an impossible one, is refused",
        arguments: [
            "{}", "[]", #"{"exp":null}"#, #"{"exp":"1900000000"}"#, #"{"exp":-1}"#, #"{"exp":1e300}"#,
            #"{"exp":9223372036854775807}"#, #"{"exp":1900000000,"nbf":1e18}"#, #"{"exp":1900000000,"aud":7}"#,
        ]
    )
    func impossible(payload: String) {
        #expect(failure(token(payload: payload)) == .malformed)
    }

    @Test("issuer and audience are compared when they are asked for")
    func issuerAndAudience() {
        #expect(failure(good, issuer: "a", audience: "b") == nil)
        #expect(failure(good, issuer: "x") == .wrongIssuer)
        #expect(failure(good, audience: "x") == .wrongAudience)
        #expect(failure(token(payload: #"{"exp":1800000060}"#), issuer: "a") == .wrongIssuer)
        #expect(failure(token(payload: #"{"exp":1800000060}"#), audience: "b") == .wrongAudience)
        #expect(failure(token(payload: #"{"exp":1800000060,"aud":["x","b"]}"#), audience: "b") == nil)
    }

    @Test("an older key verifies until it is dropped, and the new one signs")
    func rotation() throws {
        let next = try JWTKey(secret: Array(repeating: 9, count: 32))
        let both = JWTKeys(current: next, older: [try JWTKey(id: "k2", secret: secret)])
        let old: JWT<NoClaims> = try both.verify(good, issuer: nil, audience: nil, now: now)
        #expect(old.expires == now + 60)
        let new = try both.sign(JWT(expires: now + 60, custom: NoClaims()))
        #expect(failure(new) == .unknownKey)
        // Without a name any key of ours will do; with the wrong name none.
        let unnamed = token(header: #"{"alg":"HS256"}"#, payload: #"{"exp":1800000060}"#)
        let read: JWT<NoClaims> = try both.verify(unnamed, issuer: nil, audience: nil, now: now)
        #expect(read.expires == now + 60)
    }

    @Test("a short secret is refused, and a key does not print its secret")
    func weak() throws {
        #expect(throws: JWTError.weakKey) { try JWTKey(secret: Array(repeating: 1, count: 31)) }
        let key = try JWTKey(secret: secret)
        #expect(String(reflecting: key) == "key \(key.id)" && key.id.count == 16)
    }
}

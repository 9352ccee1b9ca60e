import Core
import Foundation
import HTTP
import SQL
import Service
import Testing

@testable import API

/// The routes of accounts on a database of their own, behind the error middleware.
final class AccountsAPIUnderTest: Sendable {
    let accounts: Accounts
    private let folder: String
    private let handler: Handler

    init(
        publicURL: String? = nil,
        trustedProxies: [String] = [],
        registration: RegistrationPolicy = .open
    ) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/telecine-api-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let database = try SQLiteDatabase(path: folder + "/test.sqlite")
        try await database.migrate([AccountsSchema.migration])
        accounts = try Accounts(
            database: database,
            secret: try TokenSecret(configured: nil, dataDir: folder),
            policy: Accounts.Policy(registration: registration)
        )
        let cookie = SignInCookie(publicURL: publicURL)
        let address = ClientAddress(trustedProxies: trustedProxies.compactMap { AddressRange($0) })
        let authentication = Authentication(accounts: accounts, cookie: cookie)
        var router = Router()
        AccountsAPI(accounts: accounts, cookie: cookie, address: address).add(to: &router)
        router.on(
            .post,
            "/things",
            authentication.required { _, principal in
                .text(principal.user.username)
            }
        )
        router.on(.get, "/admin") { request in .text(try await authentication.administrator(for: request).user.email) }
        let routes = router
        handler = Middlewares.compose(
            [Authentication.challenge, Middlewares.errors(logger: .silent)],
            around: { try await routes.respond(to: $0) }
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func send(
        _ method: HTTPMethod,
        _ path: String,
        _ body: some Encodable = [String: String](),
        headers: Headers = [:],
        peer: String = "192.0.2.1"
    ) async throws -> Answer {
        var headers = headers
        headers["Content-Type"] = "application/json"
        let bytes = method == .get ? [] : [UInt8](try JSONEncoder().encode(body))
        return Answer(
            try await handler(.testing(method, path, headers: headers, body: bytes, peer: peer))
        )
    }

    /// Registers Ann and gives the answer.
    func ann(headers: Headers = [:]) async throws -> Answer {
        try await send(
            .post,
            "/api/auth/register",
            Registration(email: "ann@example.com", password: "password of ann"),
            headers: headers
        )
    }
}

/// A response, read.
struct Answer {
    let response: Response

    init(_ response: Response) { self.response = response }

    var status: Int { response.status.rawValue }
    var bytes: Data {
        guard case .bytes(let bytes) = response.body else { return Data() }
        return Data(bytes)
    }
    func decoded<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: bytes)
    }
    var error: String? { try? decoded(Problem.self).error }
    var setCookie: String? { response.headers["Set-Cookie"] }
    /// `name=value`, as a browser sends it back.
    var cookie: String { String(setCookie?.split(separator: ";").first ?? "") }
}

@Suite struct AccountsAPITests {
    @Test("registering answers 201 with the account and its tokens, and sets the cookie")
    func register() async throws {
        let bench = try await AccountsAPIUnderTest()
        let answer = try await bench.ann()
        #expect(answer.status == 201)
        let session = try answer.decoded(Session.self)
        #expect(
            session.user == UserInfo(id: ID(rawValue: 1), email: "ann@example.com", username: "ann", role: .user)
        )
        #expect(session.expiresIn == 3600)
        #expect(answer.response.headers["Cache-Control"] == "no-store")
        let cookie = try #require(answer.setCookie)
        #expect(cookie.hasPrefix("telecine=") && cookie.contains("; HttpOnly; SameSite=Lax"))
        #expect(!cookie.contains("Secure"))
    }

    @Test("signing in has exactly the contract's three fields")
    func login() async throws {
        let bench = try await AccountsAPIUnderTest()
        _ = try await bench.ann()
        let answer = try await bench.send(
            .post,
            "/api/auth/login",
            Credentials(email: "ann@example.com", password: "password of ann")
        )
        #expect(answer.status == 200)
        #expect(Set(try answer.decoded([String: JSONValue].self).keys) == ["token", "refreshToken", "expiresIn"])
    }

    @Test("the bearer token and the cookie alone each say who asks")
    func whoAsks() async throws {
        let bench = try await AccountsAPIUnderTest()
        let answer = try await bench.ann()
        let token = try answer.decoded(Session.self).token
        for headers: Headers in [["Authorization": "Bearer \(token)"], ["Cookie": "a=b; \(answer.cookie)"]] {
            #expect(
                try await bench.send(.get, "/api/auth/me", headers: headers).decoded(Me.self).user.username == "ann"
            )
            #expect(try await bench.send(.post, "/things", headers: headers).status == 200)
        }
    }

    @Test("asking who one is with the cookie prolongs it in the browser too")
    func prolonged() async throws {
        let bench = try await AccountsAPIUnderTest()
        let cookie = try await bench.ann().cookie
        let answer = try await bench.send(.get, "/api/auth/me", headers: ["Cookie": cookie])
        #expect(answer.cookie == cookie)
        #expect(answer.setCookie?.contains("Max-Age=2592000") == true)
    }

    @Test(
        "what does not authenticate is 401 in the contract's words, with a challenge",
        arguments: [
            ([:] as [String: String], "Authentication is required."), (["Authorization": "Bearer x"], "Invalid token"),
            (["Authorization": "Bearer "], "Authentication is required."), (["Cookie": "telecine=x"], "Invalid token"),
            (["Authorization": "Basic YTpi"], "Authentication is required."),
        ]
    )
    func unauthenticated(_ fields: [String: String], _ message: String) async throws {
        let bench = try await AccountsAPIUnderTest()
        var headers = Headers()
        for (name, value) in fields { headers[name] = value }
        let answer = try await bench.send(.post, "/things", headers: headers)
        #expect(answer.status == 401)
        #expect(answer.error == message)
        #expect(answer.response.headers["WWW-Authenticate"] == "Bearer")
        #expect(answer.response.headers["Content-Type"] == "application/problem+json")
    }

    @Test(
        "a write with the cookie counts only from our own pages",
        arguments: [
            ("http://localhost", 200), ("https://media.example.com", 200), ("http://LOCALHOST:80", 200),
            ("http://localhost:3001", 403), ("https://evil.example", 403), ("null", 403),
            ("https://media.example.com.evil.example", 403), ("https://evil.example#localhost", 403),
            ("file://localhost", 403), ("", 403),
        ]
    )
    func origins(_ origin: String, _ status: Int) async throws {
        let bench = try await AccountsAPIUnderTest(publicURL: "https://media.example.com")
        let cookie = try await bench.ann().cookie
        #expect(cookie.hasPrefix("__Host-telecine="))
        let answer = try await bench.send(.post, "/things", headers: ["Cookie": cookie, "Origin": origin])
        #expect(answer.status == status)
        if status == 403 { #expect(answer.error == "Access denied") }
        let read = try await bench.send(.get, "/api/auth/me", headers: ["Cookie": cookie, "Origin": origin])
        #expect(read.status == 200)
    }

    @Test("the bearer token needs no origin of ours")
    func bearerFromElsewhere() async throws {
        let bench = try await AccountsAPIUnderTest()
        let token = try await bench.ann().decoded(Session.self).token
        let headers: Headers = ["Authorization": "Bearer \(token)", "Origin": "https://app.example.com"]
        #expect(try await bench.send(.post, "/things", headers: headers).status == 200)
    }

    @Test("a page of another origin can sign in, and is given no cookie")
    func foreignSignIn() async throws {
        let bench = try await AccountsAPIUnderTest()
        let answer = try await bench.ann(headers: ["Origin": "https://evil.example"])
        #expect(answer.status == 201)
        #expect(answer.setCookie == nil)
    }

    @Test("behind https the cookie is secure and bound to its host")
    func secureCookie() async throws {
        let bench = try await AccountsAPIUnderTest(publicURL: "https://media.example.com/")
        let cookie = try #require(try await bench.ann().setCookie)
        #expect(cookie.hasPrefix("__Host-telecine="))
        #expect(cookie.contains("; Path=/;") && cookie.hasSuffix("; Secure"))
    }

    @Test("a refresh token rotates; used twice it ends the session")
    func rotation() async throws {
        let bench = try await AccountsAPIUnderTest()
        let first = try await bench.ann().decoded(Session.self)
        let answer = try await bench.send(
            .post,
            "/api/auth/token",
            RefreshRequest(refreshToken: first.refreshToken)
        )
        #expect(answer.status == 200)
        let second = try answer.decoded(Session.self)
        #expect(second.refreshToken != first.refreshToken)
        let again = try await bench.send(
            .post,
            "/api/auth/token",
            RefreshRequest(refreshToken: first.refreshToken)
        )
        #expect(again.status == 401)
        #expect(again.error == "Invalid token")
        let ended = try await bench.send(.get, "/api/auth/me", headers: ["Authorization": "Bearer \(second.token)"])
        #expect(ended.status == 401)
    }

    @Test("too many wrong passwords are 429 with Retry-After")
    func tooMany() async throws {
        let bench = try await AccountsAPIUnderTest()
        let wrong = Credentials(email: "nobody@example.com", password: "guess")
        for _ in 0..<10 { #expect(try await bench.send(.post, "/api/auth/login", wrong).status == 401) }
        let answer = try await bench.send(.post, "/api/auth/login", wrong)
        #expect(answer.status == 429)
        #expect((Int(answer.response.headers["Retry-After"] ?? "") ?? 0) > 0)
    }

    @Test("logging out ends the session, forgets the cookie, and can be repeated")
    func logout() async throws {
        let bench = try await AccountsAPIUnderTest()
        let signedIn = try await bench.ann()
        let session = try signedIn.decoded(Session.self)
        let evil = try await bench.send(
            .post,
            "/api/auth/logout",
            headers: ["Cookie": signedIn.cookie, "Origin": "https://evil.example"]
        )
        #expect(evil.status == 403)
        for _ in 0..<2 {
            let answer = try await bench.send(.post, "/api/auth/logout", headers: ["Cookie": signedIn.cookie])
            #expect(answer.status == 204)
            #expect(answer.setCookie?.hasPrefix("telecine=; Path=/; Max-Age=0;") == true)
        }
        let bearer: Headers = ["Authorization": "Bearer \(session.token)"]
        #expect(try await bench.send(.get, "/api/auth/me", headers: bearer).status == 401)
        let refreshed = try await bench.send(
            .post,
            "/api/auth/token",
            RefreshRequest(refreshToken: session.refreshToken)
        )
        #expect(refreshed.status == 401)
    }

    @Test("the set-up link makes an administrator once; users are denied what is theirs")
    func setUp() async throws {
        let bench = try await AccountsAPIUnderTest(registration: .closed)
        let token = try #require(try await bench.accounts.firstAdminToken())
        let body = ["token": token, "email": "root@example.com", "password": "long enough"]
        let answer = try await bench.send(.post, "/setup", body)
        #expect(answer.status == 201)
        #expect(try answer.decoded(Session.self).user?.role == .admin)
        #expect(try await bench.send(.get, "/admin", headers: ["Cookie": answer.cookie]).status == 200)
        #expect(try await bench.send(.post, "/setup", body).status == 410)
        let user = try await bench.accounts.add(
            Registration(email: "ann@example.com", password: "long enough"),
            role: .user
        )
        let session = try await bench.accounts.open(user).session
        let denied = try await bench.send(.get, "/admin", headers: ["Authorization": "Bearer \(session.token)"])
        #expect(denied.status == 403)
        #expect(denied.error == "Access denied")
    }

    @Test("a body without a field is refused with the field's name")
    func missingField() async throws {
        let bench = try await AccountsAPIUnderTest()
        let answer = try await bench.send(.post, "/api/auth/login", ["email": "ann@example.com"])
        #expect(answer.status == 400)
        #expect(try answer.decoded(Problem.self).field == "password")
    }

    @Test(
        "an address is believed as far as trusted proxies vouch for it",
        arguments: [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"), ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.9.9.9", "198.51.100.1"), ("10.0.0.1", "x, y", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"), ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"), ("10.0.0.1", "", "10.0.0.1"),
        ]
    )
    func clientAddress(_ peer: String, _ forwarded: String, _ expected: String) throws {
        let address = ClientAddress(trustedProxies: [try #require(AddressRange("10.0.0.0/8"))])
        let request = Request.testing(.get, "/", headers: ["X-Forwarded-For": forwarded], peer: peer)
        #expect(address.of(request) == expected)
    }

    @Test("networks hold the addresses of their prefix and no others")
    func ranges() throws {
        let range = try #require(AddressRange("192.168.4.0/22"))
        #expect(range.contains("192.168.7.255") && !range.contains("192.168.8.0") && !range.contains("::1"))
        #expect(try #require(AddressRange("fd00::/7")).contains("fc00::1"))
        for wrong in ["", "x", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0/8", "::/129", "1.2.3.4/"] {
            #expect(AddressRange(wrong) == nil, "\(wrong)")
        }
    }
}

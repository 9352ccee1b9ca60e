import Core
import Foundation
import HTTP
import Service
import Testing

@testable import API

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

    @Test("a page of a listed origin signs in with the cookie and writes with it; others do not")
    func friends() async throws {
        let bench = try await AccountsAPIUnderTest(friends: ["https://app.example.com"])
        let here: Headers = ["Origin": "https://app.example.com"]
        let cookie = try await bench.ann(headers: here).cookie
        #expect(!cookie.isEmpty)
        var headers: Headers = ["Cookie": cookie, "Origin": "https://app.example.com"]
        #expect(try await bench.send(.post, "/things", headers: headers).status == 200)
        headers["Origin"] = "https://app.example.com.evil.example"
        #expect(try await bench.send(.post, "/things", headers: headers).status == 403)
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

    @Test("a key opens what its scope lets it, and never the account itself")
    func keys() async throws {
        let bench = try await AccountsAPIUnderTest()
        let session = try await bench.ann().decoded(Session.self)
        let person: Headers = ["Authorization": "Bearer \(session.token)"]
        func make(_ scope: String) async throws -> Headers {
            let wishes = ["name": .string("a"), "scope": .string(scope), "expiresIn": 86_400] as [String: JSONValue]
            let answer = try await bench.send(.post, "/api/auth/keys", wishes, headers: person)
            #expect(answer.status == 201 && answer.response.headers["Cache-Control"] == "no-store")
            guard case .string(let key)? = try answer.decoded([String: JSONValue].self)["key"] else { return [:] }
            return ["Authorization": "Bearer \(key)"]
        }
        let (reader, writer) = (try await make("read"), try await make("write"))
        #expect(try await bench.send(.get, "/api/auth/me", headers: reader).decoded(Me.self).user.username == "ann")
        #expect(try await bench.send(.post, "/things", headers: writer).status == 200)
        let refused = try await bench.send(.post, "/things", headers: reader)
        #expect(refused.status == 403 && refused.error == "This API key may only read.")
        for (method, path) in [
            (.get, "/api/auth/keys"), (.post, "/api/auth/keys"), (.get, "/api/auth/sessions"),
            (.delete, "/api/auth/sessions"), (.post, "/api/auth/password"),
        ] as [(HTTPMethod, String)] {
            let answer = try await bench.send(method, path, headers: writer)
            #expect(answer.status == 403 && answer.error?.contains("API key") == true, "\(path)")
        }
        let list = try await bench.send(.get, "/api/auth/keys", headers: person)
        #expect(!String(decoding: list.bytes, as: UTF8.self).contains("tk_"))
        for wishes in [["name": "a", "scope": "root"], ["name": "", "scope": "read"]] {
            #expect(try await bench.send(.post, "/api/auth/keys", wishes, headers: person).status == 400)
        }
    }
}

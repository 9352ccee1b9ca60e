import Core
import SQL
import Testing

@testable import Service

@Suite struct AccountsSessionTests {
    private func code(_ work: () async throws -> Void) async -> ServiceError.Code? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? ServiceError)?.code
        }
    }

    @Test("a refresh token gives the next session, and works once")
    func rotation() async throws {
        let bench = try await AccountsUnderTest()
        let first = try await bench.register("ann").session
        let second = try await bench.accounts.refresh(first.refreshToken)
        let third = try await bench.accounts.refresh(second.refreshToken)
        #expect(Set([first, second, third].map(\.refreshToken)).count == 3)
        #expect(try await bench.accounts.principal(bearer: third.token).user.username == "ann")
    }

    @Test("using a refresh token again ends everything of that session, and nothing of another")
    func reuse() async throws {
        let bench = try await AccountsUnderTest()
        let signIn = try await bench.register("ann")
        let other = try await bench.login("ann")
        let next = try await bench.accounts.refresh(signIn.session.refreshToken)
        #expect(await code { _ = try await bench.accounts.refresh(signIn.session.refreshToken) } == .unauthenticated)
        #expect(await code { _ = try await bench.accounts.refresh(next.refreshToken) } == .unauthenticated)
        #expect(await code { _ = try await bench.accounts.principal(bearer: next.token) } == .unauthenticated)
        #expect(await code { _ = try await bench.accounts.principal(cookie: signIn.cookie) } == .unauthenticated)
        _ = try await bench.accounts.principal(bearer: other.session.token)
        _ = try await bench.accounts.refresh(other.session.refreshToken)
    }

    @Test("of two refreshes at once at most one succeeds")
    func concurrentRefresh() async throws {
        let bench = try await AccountsUnderTest()
        let token = try await bench.register("ann").session.refreshToken
        let successes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { (try? await bench.accounts.refresh(token)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(successes == 1)
    }

    @Test("an access token expires with its lifetime, in the contract's words; its refresh token goes on")
    func expiry() async throws {
        let bench = try await AccountsUnderTest()
        let session = try await bench.register("ann").session
        bench.pass(.seconds(3600 + 60))
        let error = await #expect(throws: ServiceError.self) {
            try await bench.accounts.principal(bearer: session.token)
        }
        #expect(error?.code == .tokenExpired)
        #expect(error?.message == "Token expired")
        _ = try await bench.accounts.principal(bearer: try await bench.accounts.refresh(session.refreshToken).token)
    }

    @Test("somebody who does not come back within the session's lifetime is signed out")
    func sessionExpiry() async throws {
        let bench = try await AccountsUnderTest()
        let signIn = try await bench.register("ann")
        bench.pass(.seconds(86_400 * 30))
        #expect(await code { _ = try await bench.accounts.refresh(signIn.session.refreshToken) } == .tokenExpired)
        #expect(await code { _ = try await bench.accounts.principal(cookie: signIn.cookie) } == .tokenExpired)
    }

    @Test("coming back with the cookie prolongs the session")
    func cookieSlides() async throws {
        let bench = try await AccountsUnderTest()
        let cookie = try await bench.register("ann").cookie
        for _ in 0..<3 {
            bench.pass(.seconds(86_400 * 20))
            #expect(try await bench.accounts.principal(cookie: cookie).proof == .cookie)
        }
    }

    @Test(
        "what is no token of ours is invalid",
        arguments: ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", String(repeating: "a", count: 20_000)]
    )
    func forged(_ token: String) async throws {
        let bench = try await AccountsUnderTest()
        try await bench.register("ann")
        let error = await #expect(throws: ServiceError.self) { try await bench.accounts.principal(bearer: token) }
        #expect(error?.message == "Invalid token")
        #expect(await code { _ = try await bench.accounts.principal(cookie: token) } == .unauthenticated)
        #expect(await code { _ = try await bench.accounts.refresh(token) } == .unauthenticated)
    }

    @Test("a token of another installation is invalid here")
    func foreign() async throws {
        let here = try await AccountsUnderTest()
        let there = try await AccountsUnderTest()
        try await here.register("ann")
        let token = try await there.register("ann").session.token
        #expect(await code { _ = try await here.accounts.principal(bearer: token) } == .unauthenticated)
    }

    @Test("logging out ends token, refresh token and cookie at once, whichever of them says so")
    func logout() async throws {
        let bench = try await AccountsUnderTest()
        let first = try await bench.register("ann")
        try await bench.accounts.logout(refreshToken: first.session.refreshToken)
        let second = try await bench.login("ann")
        try await bench.accounts.logout(try await bench.accounts.principal(cookie: second.cookie))
        for signIn in [first, second] {
            #expect(await code { _ = try await bench.accounts.principal(bearer: signIn.session.token) } != nil)
            #expect(await code { _ = try await bench.accounts.refresh(signIn.session.refreshToken) } != nil)
            #expect(await code { _ = try await bench.accounts.principal(cookie: signIn.cookie) } != nil)
        }
        try await bench.accounts.logout(refreshToken: "nothing")
    }

    @Test("a new password signs out everywhere; the old one no longer works")
    func changedPassword() async throws {
        let bench = try await AccountsUnderTest()
        let signIn = try await bench.register("ann")
        try await bench.accounts.changePassword(of: "ANN@example.com", to: "something new")
        #expect(await code { _ = try await bench.accounts.principal(bearer: signIn.session.token) } != nil)
        #expect(await code { try await bench.login("ann") } == .unauthenticated)
        try await bench.login("ann", password: "something new")
    }

    @Test("a disabled account is out at once and cannot come in until it is enabled")
    func disabled() async throws {
        let bench = try await AccountsUnderTest()
        let signIn = try await bench.register("ann")
        try await bench.accounts.setDisabled(true, email: "ann@example.com")
        #expect(await code { _ = try await bench.accounts.principal(bearer: signIn.session.token) } != nil)
        #expect(await code { try await bench.login("ann") } == .forbidden)
        #expect(await code { try await bench.login("ann", password: "wrong") } == .unauthenticated)
        try await bench.accounts.setDisabled(false, email: "ann@example.com")
        #expect(await code { _ = try await bench.accounts.principal(bearer: signIn.session.token) } != nil)
        try await bench.login("ann")
        #expect(await code { try await bench.accounts.setDisabled(true, email: "x@example.com") } == .notFound)
    }

    @Test("an account keeps its newest two hundred sessions")
    func manySessions() async throws {
        let bench = try await AccountsUnderTest()
        let first = try await bench.register("ann")
        let account = try await bench.accounts.user(email: "ann@example.com")
        for _ in 0..<200 {
            bench.pass(.milliseconds(1))
            _ = try await bench.accounts.open(account)
        }
        #expect(await code { _ = try await bench.accounts.principal(bearer: first.session.token) } != nil)
        let count = try await bench.database.read {
            try $0.first("SELECT COUNT(*) AS count FROM sessions")?.get("count", as: Int.self)
        }
        #expect(count == 200)
    }
}

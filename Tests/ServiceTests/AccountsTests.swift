import Core
import SQL
import Testing

@testable import Service

@Suite struct AccountsTests {
    private func code(_ work: () async throws -> Void) async -> ServiceError.Code? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? ServiceError)?.code
        }
    }

    @Test("the first account has the number 1, the name of its address, and is a user")
    func firstAccount() async throws {
        let bench = try await AccountsUnderTest()
        let signIn = try await bench.register("ann.lee")
        #expect(signIn.user.id.rawValue == 1)
        #expect(signIn.session.user?.username == "ann.lee")
        #expect(signIn.session.user?.role == .user)
        #expect(signIn.session.expiresIn == 3600)
        #expect(try await bench.accounts.principal(bearer: signIn.session.token).userID.rawValue == 1)
    }

    @Test("an address is known whatever its case, and a made-up name is made unique")
    func uniqueness() async throws {
        let bench = try await AccountsUnderTest()
        try await bench.register("ann")
        #expect(await code { try await bench.register("ANN") } == .conflict)
        let other = try await bench.accounts.add(
            Registration(email: "ann@elsewhere.example", password: "another one"),
            role: .user
        )
        #expect(other.username == "ann2")
        let taken = await code {
            try await bench.accounts.add(
                Registration(email: "bob@example.com", password: "long enough", username: "Ann"),
                role: .user
            )
        }
        #expect(taken == .conflict)
        #expect(try await bench.accounts.users().map(\.id.rawValue) == [1, 2])
    }

    @Test(
        "a wrong field is refused by name",
        arguments: [
            (Registration(email: "ann", password: "long enough"), "email"),
            (Registration(email: "a@b@c", password: "long enough"), "email"),
            (Registration(email: "a b@c", password: "long enough"), "email"),
            (Registration(email: "a@c\u{0}", password: "long enough"), "email"),
            (Registration(email: String(repeating: "a", count: 300) + "@c", password: "long enough"), "email"),
            (Registration(email: "a@c", password: "short"), "password"),
            (Registration(email: "a@c", password: String(repeating: "x", count: 2000)), "password"),
            (Registration(email: "a@c", password: "long enough", username: "a/b"), "username"),
            (Registration(email: "a@c", password: "long enough", username: "  "), "username"),
        ]
    )
    func wrongFields(_ registration: Registration, _ field: String) async throws {
        let bench = try await AccountsUnderTest()
        let error = await #expect(throws: ServiceError.self) {
            try await bench.accounts.register(registration, from: "192.0.2.1")
        }
        #expect(error?.code == .invalidRequest)
        #expect(error?.field == field)
    }

    @Test("a wrong password and an unknown address are answered alike")
    func wrongPassword() async throws {
        let bench = try await AccountsUnderTest()
        try await bench.register("ann")
        let wrong = await #expect(throws: ServiceError.self) { try await bench.login("ann", password: "wrong") }
        let unknown = await #expect(throws: ServiceError.self) { try await bench.login("bob") }
        #expect(wrong?.code == .unauthenticated)
        #expect(wrong?.message == unknown?.message && wrong?.code == unknown?.code && wrong?.field == unknown?.field)
        let signIn = try await bench.login("Ann", password: "password of ann")
        #expect(signIn.session.user == nil)
    }

    @Test("the eleventh wrong password for an account waits, wherever it comes from, and says how long")
    func limitByAccount() async throws {
        let bench = try await AccountsUnderTest()
        try await bench.register("ann")
        for number in 0..<10 {
            let code = await code { try await bench.login("ann", password: "guess", from: "192.0.2.\(number)") }
            #expect(code == .unauthenticated)
        }
        let error = await #expect(throws: ServiceError.self) { try await bench.login("ann", from: "192.0.2.99") }
        #expect(error?.code == .tooManyRequests)
        #expect(error?.retryAfter == .seconds(30))
        bench.pass(.seconds(30))
        try await bench.login("ann", from: "192.0.2.99")
    }

    @Test("signing in rightly costs nothing, however often")
    func noLimitForGood() async throws {
        let bench = try await AccountsUnderTest()
        try await bench.register("ann")
        for _ in 0..<12 { try await bench.login("ann") }
    }

    @Test("one address guesses thirty times, whatever the accounts")
    func limitByAddress() async throws {
        let bench = try await AccountsUnderTest()
        for number in 0..<30 {
            #expect(await code { try await bench.login("nobody\(number)") } == .unauthenticated)
        }
        #expect(await code { try await bench.login("nobody30") } == .tooManyRequests)
        #expect(await code { try await bench.login("nobody30", from: "192.0.2.2") } == .unauthenticated)
    }

    @Test("one address makes a hundred accounts at once, and a refused form does not count")
    func limitOfRegistrations() async throws {
        let bench = try await AccountsUnderTest()
        func tryOnce(_ password: String) async -> ServiceError.Code? {
            await code {
                _ = try await bench.accounts.register(
                    Registration(email: "ann@example.com", password: password),
                    from: "192.0.2.1"
                )
            }
        }
        #expect(await tryOnce("short") == .invalidRequest)
        #expect(await tryOnce("long enough") == nil)
        for _ in 1..<100 { try bench.accounts.registrationsByAddress.take("192.0.2.1") }
        #expect(await tryOnce("short") == .invalidRequest)
        #expect(await tryOnce("long enough") == .tooManyRequests)
    }

    @Test("the addresses of one IPv6 network count as one")
    func networks() {
        #expect(RateLimiter.network(of: "2001:db8:1:2::1") == RateLimiter.network(of: "2001:db8:1:2:ffff::9"))
        #expect(RateLimiter.network(of: "2001:db8:1:2::1") != RateLimiter.network(of: "2001:db8:1:3::1"))
        #expect(RateLimiter.network(of: "2001:db8::1") == RateLimiter.network(of: "2001:db8::2"))
        #expect(RateLimiter.network(of: "192.0.2.1") == "192.0.2.1")
        #expect(RateLimiter.network(of: "::ffff:192.0.2.1") == "192.0.2.1", "not one network for all of IPv4")
        for local in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            #expect(RateLimiter.network(of: local) == nil)
        }
    }

    @Test("closed registration lets nobody in, and administrators can still make accounts")
    func closed() async throws {
        let bench = try await AccountsUnderTest(.closed)
        #expect(await code { try await bench.register("ann") } == .forbidden)
        try await bench.accounts.add(Registration(email: "ann@example.com", password: "password of ann"), role: .user)
        try await bench.login("ann")
    }

    @Test("an invitation lets one person register, until it expires, and never as an administrator")
    func invitations() async throws {
        let bench = try await AccountsUnderTest(.invite)
        let uninvited = await #expect(throws: ServiceError.self) { try await bench.register("ann") }
        #expect(uninvited?.code == .forbidden && uninvited?.message.contains("invitation is needed") == true)
        let code = try await bench.accounts.invite(validFor: .seconds(60))
        let signIn = try await bench.register("ann", inviteCode: code)
        #expect(signIn.user.role == .user)
        #expect(await self.code { try await bench.register("bob", inviteCode: code) } == .forbidden)
        let late = try await bench.accounts.invite(validFor: .seconds(60))
        bench.pass(.seconds(60))
        #expect(await self.code { try await bench.register("bob", inviteCode: late) } == .forbidden)
        let admin = try await bench.accounts.adminToken()
        #expect(await self.code { try await bench.register("bob", inviteCode: admin) } == .forbidden)
        #expect(try await bench.accounts.users().count == 1)
    }

    @Test("a refused registration leaves its invitation good")
    func refusedRegistration() async throws {
        let bench = try await AccountsUnderTest(.invite)
        try await bench.accounts.add(Registration(email: "ann@example.com", password: "password of ann"), role: .user)
        let code = try await bench.accounts.invite(validFor: .seconds(60))
        #expect(await self.code { try await bench.register("ann", inviteCode: code) } == .conflict)
        try await bench.register("bob", inviteCode: code)
    }

    @Test("the set-up link makes one administrator, once, within its day; a new one replaces it")
    func setUp() async throws {
        let bench = try await AccountsUnderTest(.closed)
        let first = try #require(try await bench.accounts.firstAdminToken())
        let token = try #require(try await bench.accounts.firstAdminToken())
        let registration = Registration(email: "root@example.com", password: "long enough")
        func setUp(_ token: String) async throws -> SignIn {
            try await bench.accounts.setUp(registration, token: token, from: "192.0.2.1")
        }
        #expect(await code { _ = try await setUp(first) } == .gone)
        bench.pass(.seconds(86_400))
        #expect(await code { _ = try await setUp(token) } == .gone)
        let fresh = try #require(try await bench.accounts.firstAdminToken())
        #expect(try await setUp(fresh).user.role == .admin)
        #expect(await code { _ = try await setUp(fresh) } == .gone)
        #expect(try await bench.accounts.firstAdminToken() == nil)
    }

    @Test("no secret that opens anything stands in the database")
    func hashedSecrets() async throws {
        let bench = try await AccountsUnderTest()
        let signIn = try await bench.register("ann")
        let token = try await bench.accounts.adminToken()
        let kept = try await bench.database.read { connection in
            let session = try connection.all("SELECT family_hash, refresh_hash, cookie_hash FROM sessions")
            let codes = try connection.all("SELECT code_hash FROM invitations")
            let users = try connection.all("SELECT password_hash FROM users")
            return try session.map { try $0.get("family_hash", as: String.self) }
                + session.map { try $0.get("refresh_hash", as: String.self) }
                + session.map { try $0.get("cookie_hash", as: String.self) }
                + codes.map { try $0.get("code_hash", as: String.self) }
                + users.map { try $0.get("password_hash", as: String.self) }
        }
        #expect(kept.count == 5)
        for secret in [signIn.cookie, signIn.session.refreshToken, token, "password of ann"] {
            #expect(!kept.contains { $0.contains(secret) })
        }
        #expect(kept.last?.hasPrefix("$argon2id$") == true)
    }
}

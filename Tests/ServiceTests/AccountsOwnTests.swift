import Core
import SQL
import Testing

@testable import Service

@Suite struct AccountsOwnTests {
    private func signedIn(_ bench: AccountsUnderTest, _ signIn: SignIn) async throws -> Principal {
        try await bench.accounts.principal(bearer: signIn.session.token)
    }

    @Test("a new password needs the current one, ends all other sessions and keeps this one and the keys")
    func password() async throws {
        let bench = try await AccountsUnderTest()
        let other = try await bench.register("ann")
        let mine = try await bench.login("ann")
        let stranger = try await bench.register("bob")
        let me = try await signedIn(bench, mine)
        let key = try await bench.accounts.makeKey("cron", scope: .read, lifetime: nil, for: me).text
        func change(_ current: String, _ new: String) async throws -> Int {
            try await bench.accounts.changePassword(of: me, from: current, to: new, at: "192.0.2.1")
        }
        let wrong = await #expect(throws: ServiceError.self) { try await change("password of bob", "a new password") }
        #expect(wrong?.code == .forbidden && wrong?.field == "currentPassword")
        let short = await #expect(throws: ServiceError.self) { try await change("password of ann", "short") }
        #expect(short?.code == .invalidRequest && short?.field == "newPassword")
        _ = try await signedIn(bench, other)

        #expect(try await change("password of ann", "a new password") == 1)
        _ = try await signedIn(bench, mine)
        _ = try await signedIn(bench, stranger)
        _ = try await bench.accounts.principal(bearer: key)
        #expect(await code { _ = try await signedIn(bench, other) } == .unauthenticated)
        #expect(await code { _ = try await bench.accounts.principal(cookie: other.cookie) } == .unauthenticated)
        #expect(await code { _ = try await bench.accounts.refresh(other.session.refreshToken) } == .unauthenticated)
        #expect(await code { try await bench.login("ann") } == .unauthenticated)
        try await bench.login("ann", password: "a new password")
    }

    @Test("whoever has a session cannot try out passwords")
    func guessing() async throws {
        let bench = try await AccountsUnderTest()
        let me = try await signedIn(bench, try await bench.register("ann"))
        var codes: [ServiceError.Code?] = []
        for guess in 0..<11 {
            codes.append(
                await code {
                    _ = try await bench.accounts.changePassword(
                        of: me,
                        from: "guess \(guess)",
                        to: "a new password",
                        at: "192.0.2.1"
                    )
                }
            )
        }
        #expect(codes.prefix(10).allSatisfy { $0 == .forbidden } && codes.last == .tooManyRequests)
    }

    @Test("sessions are listed with what signed in and from which network, and end one by one or together")
    func sessions() async throws {
        let bench = try await AccountsUnderTest()
        _ = try await bench.register("ann")
        let stranger = try await bench.register("bob")
        let credentials = Credentials(email: "ann@example.com", password: "password of ann")
        let phone = try await bench.accounts.login(credentials, from: "2001:db8:7:8::9", agent: "Phone/1")
        bench.pass(.seconds(60))
        let agent = String(repeating: "x", count: 999)
        let mine = try await bench.accounts.login(credentials, from: "192.0.2.77", agent: agent)
        let me = try await signedIn(bench, mine)
        let list = try await bench.accounts.sessions(of: me.userID)
        #expect(list.count == 3 && list[0].id == me.sessionID)
        #expect(list[0].network == "192.0.2.0" && list[0].agent?.count == 300)
        let found = try #require(list.first { $0.agent == "Phone/1" })
        #expect(found.network == "2001:db8:7::")

        let theirs = try await signedIn(bench, stranger)
        #expect(await code { try await bench.accounts.endSession(found.id, of: theirs.userID) } == .notFound)
        _ = try await signedIn(bench, phone)
        try await bench.accounts.endSession(found.id, of: me.userID)
        #expect(await code { _ = try await signedIn(bench, phone) } == .unauthenticated)
        #expect(await code { try await bench.accounts.endSession(found.id, of: me.userID) } == .notFound)
        #expect(try await bench.accounts.endSessions(of: me.userID, except: me.sessionID ?? "") == 1)
        #expect(try await bench.accounts.sessions(of: me.userID).map(\.id) == [me.sessionID ?? ""])
        _ = try await signedIn(bench, stranger)
    }

    @Test(
        "addresses are kept without what tells one household from the next",
        arguments: [
            ("203.0.113.9", "203.0.113.0"), ("::ffff:203.0.113.9", "203.0.113.0"),
            ("2001:db8:1:2:3::4", "2001:db8:1::"), ("2001:db8::4", "2001:db8::"), ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"), ("unix", nil), ("", nil), ("<b>:1", nil),
        ] as [(String, String?)]
    )
    func anonymous(_ address: String, _ network: String?) { #expect(AnonymousAddress.of(address) == network) }
}

@Suite struct APIKeyTests {
    private func person(_ bench: AccountsUnderTest, _ name: String = "ann") async throws -> Principal {
        try await bench.accounts.principal(bearer: try await bench.register(name).session.token)
    }

    @Test("a key acts for its account, says when it was used, and is stored as a hash")
    func use() async throws {
        let bench = try await AccountsUnderTest()
        let me = try await person(bench)
        let (key, text) = try await bench.accounts.makeKey(" Backup ", scope: .write, lifetime: nil, for: me)
        #expect(text.hasPrefix("tk_") && text.count == 62 && key.name == "Backup")
        #expect(try await bench.accounts.keys(of: me.userID).map(\.usedAt) == [nil])
        let program = try await bench.accounts.principal(bearer: text)
        #expect(program.user == me.user && program.isProgram && program.mayWrite)
        let first = try await bench.accounts.keys(of: me.userID)[0].usedAt
        #expect(first != nil)
        bench.pass(.seconds(1800))
        _ = try await bench.accounts.principal(bearer: text)
        #expect(try await bench.accounts.keys(of: me.userID)[0].usedAt == first, "written down once an hour")
        bench.pass(.seconds(1801))
        _ = try await bench.accounts.principal(bearer: text)
        #expect(try await bench.accounts.keys(of: me.userID)[0].usedAt != first)
        let kept = try await bench.database.read {
            try $0.first("SELECT id, secret_hash FROM api_keys")?.get("secret_hash", as: String.self)
        }
        #expect(kept?.count == 64 && !text.contains(kept ?? ""))
    }

    @Test("a key counts no more when it is revoked, expired, changed in one letter, or its account is disabled")
    func refused() async throws {
        let bench = try await AccountsUnderTest()
        let (me, other) = (try await person(bench), try await person(bench, "bob"))
        let accounts = bench.accounts
        let (key, text) = try await accounts.makeKey("a", scope: .read, lifetime: .seconds(86_400), for: me)
        let changed = String(text.dropLast()) + (text.hasSuffix("A") ? "B" : "A")
        for forged in ["tk_", text + "a", String(text.dropLast()), changed, "tk_é"] {
            #expect(await code { _ = try await accounts.principal(bearer: forged) } == .unauthenticated)
        }
        #expect(await code { try await accounts.revokeKey(key.id, of: other.userID) } == .notFound)
        try await accounts.setDisabled(true, email: "ann@example.com")
        #expect(await code { _ = try await accounts.principal(bearer: text) } == .unauthenticated)
        try await accounts.setDisabled(false, email: "ann@example.com")
        _ = try await accounts.principal(bearer: text)
        bench.pass(.seconds(86_400))
        #expect(await code { _ = try await accounts.principal(bearer: text) } == .tokenExpired)
        try await accounts.revokeKey(key.id, of: me.userID)
        #expect(await code { _ = try await accounts.principal(bearer: text) } == .unauthenticated)
        #expect(try await accounts.keys(of: me.userID).isEmpty)
    }

    @Test("a key has a name, an end within ten years, and no more rights than its account")
    func rules() async throws {
        let bench = try await AccountsUnderTest()
        let me = try await person(bench)
        func make(
            _ name: String,
            _ scope: APIKey.Scope = .read,
            _ lifetime: Duration? = nil
        ) async -> ServiceError.Code? {
            await code { _ = try await bench.accounts.makeKey(name, scope: scope, lifetime: lifetime, for: me) }
        }
        #expect(await make("  ") == .invalidRequest)
        #expect(await make(String(repeating: "x", count: 101)) == .invalidRequest)
        #expect(await make("a", .read, .zero) == .invalidRequest)
        #expect(await make("a", .read, .seconds(86_400 * 4000)) == .invalidRequest)
        #expect(await make("a", .admin) == .forbidden)
        for _ in 0..<Accounts.mostKeys { #expect(await make("a") == nil) }
        #expect(await make("a") == .conflict)
    }

    @Test("only an administrator's key of the widest scope administers")
    func administering() async throws {
        let bench = try await AccountsUnderTest()
        let registration = Registration(email: "boss@example.com", password: "password of boss")
        try await bench.accounts.add(registration, role: .admin)
        let boss = try await bench.accounts.principal(bearer: try await bench.login("boss").session.token)
        for (scope, isAdmin) in [(APIKey.Scope.read, false), (.write, false), (.admin, true)] {
            let text = try await bench.accounts.makeKey("a", scope: scope, lifetime: nil, for: boss).text
            #expect(try await bench.accounts.principal(bearer: text).isAdmin == isAdmin)
        }
    }
}

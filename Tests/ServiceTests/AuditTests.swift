import Core
import SQL
import Testing

@testable import Service

@Suite struct AuditTests {
    private func acts(_ log: AuditLog, _ filter: AuditLog.Filter = .init()) async throws -> [String] {
        try await log.entries(filter, after: nil, limit: 100).map { "\($0.act) \($0.object) \($0.actor.name)" }
    }

    @Test("what is done to accounts leaves an entry with who, what and to whom, and never a secret")
    func accounts() async throws {
        let bench = try await AccountsUnderTest()
        let ann = try await bench.accounts.add(
            Registration(email: "ann@example.com", password: "password of ann"),
            role: .admin
        )
        try await bench.accounts.changePassword(of: ann.email, to: "another password")
        try await bench.accounts.setDisabled(true, email: ann.email)
        try await bench.accounts.setDisabled(false, email: ann.email)
        _ = try await bench.accounts.open(ann, by: .commandLine)
        let code = try await bench.accounts.invite(validFor: .seconds(60))
        let token = try await bench.accounts.adminToken()
        let object = "user_\(ann.id)"
        #expect(
            try await acts(bench.accounts.audit) == [
                "invitation.admin invitation command line", "invitation.make invitation command line",
                "user.session \(object) command line", "user.enable \(object) command line",
                "user.disable \(object) command line", "user.password \(object) command line",
                "user.add \(object) command line",
            ]
        )
        let entries = try await bench.accounts.audit.entries(.init(), after: nil, limit: 100)
        #expect(entries.last?.detail == "ann@example.com admin")
        #expect(entries.allSatisfy { $0.outcome == "done" && $0.actor.user == nil })
        for secret in [code, token, "another password", "password of ann"] {
            #expect(!entries.contains { $0.detail.contains(secret) || $0.object.contains(secret) })
        }
    }

    @Test("signing up and signing in are no administrative acts; an act that failed leaves no trace of success")
    func others() async throws {
        let bench = try await AccountsUnderTest()
        try await bench.register("bob")
        try await bench.login("bob")
        await #expect(throws: ServiceError.self) {
            try await bench.accounts.add(
                Registration(email: "bob@example.com", password: "password of bob"),
                role: .admin
            )
        }
        #expect(try await acts(bench.accounts.audit) == [])
    }

    @Test("the administrator who came by the set-up link is entered with the address")
    func setUp() async throws {
        let bench = try await AccountsUnderTest(.closed)
        let token = try #require(try await bench.accounts.firstAdminToken())
        let registration = Registration(email: "boss@example.com", password: "password of boss")
        let boss = try await bench.accounts.setUp(registration, token: token, from: "192.0.2.7").user
        let entries = try await bench.accounts.audit.entries(.init(), after: nil, limit: 100)
        #expect(entries.map(\.actor.name) == ["boss@example.com", "service"])
        #expect(entries.first?.actor.address == "192.0.2.7" && entries.first?.actor.user == boss.id)
    }

    @Test("entries are read in pages, by who, by what and by when, and forgotten when they are old")
    func reading() async throws {
        let bench = try await AccountsUnderTest()
        let log = bench.accounts.audit
        let boss = AuditActor(user: UserID(rawValue: 7), name: "boss@example.com", address: "192.0.2.7")
        let start = Timestamp(seconds: 1_700_000_000)
        for number in 1...5 {
            try await Trace.$requestID.withValue("request-\(number)") {
                try await log.record([.init(.deleteMedium, "asset_\(number)")], by: number == 3 ? .commandLine : boss)
            }
            bench.pass(.seconds(86_400))
        }
        try await log.record([.init(.retryJob, "job_9", detail: "No such job.", outcome: .failed)], by: boss)
        let page = try await log.entries(.init(), after: nil, limit: 2)
        #expect(page.map(\.object) == ["job_9", "asset_5"])
        #expect(page.first?.outcome == "failed" && page.first?.detail == "No such job.")
        #expect(page.last?.requestID == "request-5" && page.last?.at == start + .seconds(4 * 86_400))
        #expect(try await log.entries(.init(), after: page.last?.id, limit: 2).map(\.object) == ["asset_4", "asset_3"])
        var filter = AuditLog.Filter()
        filter.actor = boss.user
        filter.acts = [.deleteMedium]
        filter.from = start + .seconds(86_400)
        filter.before = start + .seconds(4 * 86_400)
        #expect(try await log.entries(filter, after: nil, limit: 9).map(\.object) == ["asset_4", "asset_2"])
        var others = AuditLog.Filter()
        others.actorName = "command line"
        #expect(try await log.entries(others, after: nil, limit: 9).map(\.object) == ["asset_3"])
        #expect(try await log.forget(before: start + .seconds(2 * 86_400)) == 2)
        #expect(try await log.entries(.init(), after: nil, limit: 9).last?.object == "asset_3")
    }
}

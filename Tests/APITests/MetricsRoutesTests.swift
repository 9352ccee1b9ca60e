import Core
import Foundation
import HTTP
import SQL
import Service
import Testing

@testable import API

/// `/metrics`, with a request counted before it.
private struct MetricsUnderTest {
    let metrics = Metrics()
    let accounts: Accounts
    let handler: Handler

    init(allowed: [AddressRange] = MetricsRoutes.near, trusted: [String] = [], in folder: String) async throws {
        let database = try SQLiteDatabase(path: folder + "/test.sqlite")
        try await database.migrate(Schema.migrations)
        accounts = try Accounts(
            database: database,
            secret: try TokenSecret(configured: nil, dataDir: folder),
            policy: Accounts.Policy(registration: .open)
        )
        let cookie = SignInCookie(publicURL: nil)
        var router = Router()
        MetricsRoutes(
            metrics,
            allowed: allowed,
            address: ClientAddress(trustedProxies: trusted.compactMap { AddressRange($0) }),
            authentication: Authentication(accounts: accounts, cookie: cookie)
        ).register(on: &router)
        router.on(.post, "/things/:id") { request in
            _ = try await request.body.collect(upTo: 1000)
            return .text("four")
        }
        let routes = router
        handler = Middlewares.compose(
            [RequestMetrics(metrics).middleware, Middlewares.errors(logger: .silent)],
            around: { try await routes.respond(to: $0) }
        )
    }

    func read(from peer: String, headers: Headers = [:]) async throws -> Answer {
        Answer(try await handler(.testing(.get, "/metrics", headers: headers, peer: peer)))
    }

    func lines() async throws -> [String] {
        String(decoding: try await read(from: "127.0.0.1").bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

@Suite struct MetricsRoutesTests {
    private func withMetrics(
        allowed: [AddressRange] = MetricsRoutes.near,
        trusted: [String] = [],
        _ test: (MetricsUnderTest) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/telecine-metrics-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await test(try await MetricsUnderTest(allowed: allowed, trusted: trusted, in: folder))
    }

    @Test("requests are counted by the route's pattern and the status's class, never by what a client wrote")
    func requests() async throws {
        try await withMetrics { service in
            _ = try await service.handler(.testing(.post, "/things/secret", body: Array("hello".utf8)))
            _ = try await service.handler(.testing(.get, "/no/such/place"))
            _ = try await service.handler(.testing(HTTPMethod(rawValue: "BREW"), "/things/1"))
            let lines = try await service.lines()
            let labels = #"{method="POST",route="/things/:id",status="2xx"}"#
            #expect(lines.contains("telecine_http_requests_total\(labels) 1"))
            #expect(lines.contains("telecine_http_request_duration_seconds_count\(labels) 1"))
            #expect(lines.contains(#"telecine_http_request_bytes_total{route="/things/:id"} 5"#))
            #expect(lines.contains(#"telecine_http_response_bytes_total{route="/things/:id"} 4"#))
            #expect(
                lines.contains(#"telecine_http_requests_total{method="GET",route="none",status="4xx"} 1"#)
            )
            #expect(
                lines.contains(#"telecine_http_requests_total{method="other",route="none",status="4xx"} 1"#)
            )
            #expect(!lines.contains { $0.contains("secret") })
            #expect(lines.contains("# TYPE telecine_http_request_duration_seconds histogram"))
        }
    }

    @Test("text is escaped as the format wants it")
    func escaping() async throws {
        try await withMetrics { service in
            service.metrics.gauge("odd", "A \\ and a\nline.", labels: "name").set(1.5, "a\"b\\c\nd")
            let lines = try await service.lines()
            #expect(lines.contains(#"# HELP odd A \\ and a\nline."#))
            #expect(lines.contains(#"odd{name="a\"b\\c\nd"} 1.5"#))
        }
    }

    @Test("machines that are near read it; others are asked who they are", arguments: MetricsRoutesTests.peers)
    func near(peer: String, status: Int) async throws {
        try await withMetrics { service in
            let answer = try await service.read(from: peer)
            #expect(answer.status == status)
        }
    }

    static let peers = [
        ("127.0.0.1", 200), ("::1", 200), ("10.1.2.3", 200), ("192.168.7.7", 200), ("fd00::1", 200), ("8.8.8.8", 401),
        ("172.32.0.1", 401), ("2001:db8::1", 401),
    ]

    @Test("what came through a proxy that nobody named is not near, nor is a page of another origin")
    func forwarded() async throws {
        try await withMetrics { service in
            for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "Origin"] {
                var headers: Headers = [:]
                headers[header] = "10.0.0.1"
                let answer = try await service.read(from: "127.0.0.1", headers: headers)
                #expect(answer.status == 401, "\(header)")
            }
        }
        try await withMetrics(trusted: ["127.0.0.1"]) { service in
            for (client, status) in [("8.8.8.8", 401), ("10.0.0.1", 200)] {
                let answer = try await service.read(from: "127.0.0.1", headers: ["X-Forwarded-For": client])
                #expect(answer.status == status)
            }
        }
    }

    @Test("an administrator's token reads it from anywhere, a user's does not")
    func administrators() async throws {
        try await withMetrics(allowed: []) { service in
            #expect(try await service.read(from: "127.0.0.1").status == 401)
            for (role, status) in [(UserRole.admin, 200), (.user, 403)] {
                let registration = Registration(email: "\(role)@example.com", password: "a long enough password")
                let account = try await service.accounts.add(registration, role: role)
                let token = try await service.accounts.open(account).session.token
                let headers: Headers = ["Authorization": "Bearer \(token)"]
                #expect(try await service.read(from: "8.8.8.8", headers: headers).status == status)
            }
        }
    }
}

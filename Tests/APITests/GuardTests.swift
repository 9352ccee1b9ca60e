import Core
import HTTP
import Service
import Synchronization
import Testing

@testable import API

@Suite struct GuardTests {
    @Test(
        "what a request asks for decides how often",
        arguments: [
            ("POST", "/api/auth/login", .signIn), ("POST", "/api/auth/token", .signIn), ("POST", "/setup", .signIn),
            ("GET", "/api/auth/me", .reads), ("POST", "/api/auth/logout", .writes), ("GET", "/", .reads),
            ("POST", "/api/uploads/init", .writes), ("POST", "/api/uploads/u1/chunks", nil),
            ("GET", "/api/uploads/u1", .reads), ("POST", "/api/v1/videos/tus", .writes),
            ("PATCH", "/api/v1/videos/tus/u1", nil), ("HEAD", "/api/v1/videos/tus/u1", nil),
            ("POST", "/api/v1/videos/tus/u1", nil), ("DELETE", "/api/v1/videos/tus/u1", .writes),
            ("POST", "/api/v1/videos/tus/", .writes), ("PATCH", "/api/v1/videos/resumable/u1", nil),
            ("GET", "/stream/t/720p/3.m4s", nil), ("GET", "/stream/t/master.m3u8", nil),
            ("GET", "/stream/t/720p.mp4", .media), ("GET", "/images/s/w100/asset_1", .media),
            ("GET", "/media/thumbnails/1_a.jpg", .media), ("GET", "/media/user_1/video/1_a.mp4", .media),
            ("GET", "/media/asset_1/stream", .reads), ("POST", "/media/asset_1/share", .writes),
            ("GET", "/static/style.css", nil), ("GET", "/health", nil), ("GET", "/metrics", nil),
            ("POST", "/media/asset_1/events", .events), ("POST", "/api/media/asset_1/events", .events),
            ("POST", "/stream/t/events", .events), ("GET", "/stream/t/events", nil), ("GET", "/media/1/events", .reads),
            ("GET", "/api/uploads/u1/events", .reads), ("POST", "/api/assets/events", .writes),
            ("DELETE", "/api/assets/asset_1", .writes), ("GET", "/api/assets", .reads),
        ] as [(String, String, RouteClass?)]
    )
    func classes(_ method: String, _ path: String, _ expected: RouteClass?) {
        #expect(RouteClass(.testing(HTTPMethod(rawValue: method), path)) == expected)
    }

    /// Limits, two writes and one sign-in in ten seconds unless told, behind a trusted proxy.
    private struct Bench {
        let clock = Turned()
        let metrics = Metrics()
        let limits: RequestLimits

        init(
            _ limits: [RouteClass: RequestLimits.Limit] = [
                .writes: .init(count: 2, period: .seconds(10)), .signIn: .init(count: 1, period: .seconds(10)),
            ]
        ) {
            let clock = clock
            self.limits = RequestLimits(
                limits,
                clients: ClientAddress(trustedProxies: [AddressRange("127.0.0.1")].compactMap(\.self)),
                metrics: metrics,
                now: { clock.now }
            )
        }

        /// What becomes of a request, of an account where one is named.
        func send(_ path: String = "/api/assets/bulk", from address: String?, as user: Int64? = nil) async throws
            -> Response
        {
            let limits = limits
            let handler = Middlewares.compose([limits.middleware, Middlewares.errors(logger: .silent)]) { _ in
                // As often as it is asked who that is.
                for _ in 0..<3 { if let user { try limits.count(UserID(rawValue: user)) } }
                return .text("done")
            }
            let headers: Headers = address.map { ["X-Forwarded-For": $0] } ?? [:]
            return try await handler(.testing(.post, path, headers: headers))
        }
    }

    private final class Turned: Sendable {
        private let time = Mutex(Timestamp(seconds: 1_700_000_000))
        var now: Timestamp { time.withLock { $0 } }
        func pass(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
    }

    @Test("an address that asks too often is told when to come again, and served then")
    func address() async throws {
        let bench = Bench()
        let first = try await bench.send(from: "192.0.2.1")
        #expect(first.headers["RateLimit-Policy"] == "\"writes\";q=2;w=10")
        #expect(first.headers["RateLimit"] == "\"writes\";r=1")
        #expect(try await bench.send(from: "192.0.2.1").status == .ok)
        let refused = try await bench.send(from: "192.0.2.1")
        #expect(refused.status == .tooManyRequests)
        #expect(refused.headers["Retry-After"] == "5")
        #expect(refused.headers["RateLimit"] == "\"writes\";r=0;t=5")
        #expect(refused.headers["Content-Type"] == "application/problem+json")
        #expect(try await bench.send(from: "192.0.2.2").status == .ok, "others go on")
        #expect(try await bench.send("/api/auth/login", from: "192.0.2.1").status == .ok, "other classes go on")
        bench.clock.pass(.seconds(5))
        #expect(try await bench.send(from: "192.0.2.1").status == .ok)
        let families = await bench.metrics.read().filter { $0.name == "telecine_http_requests_limited_total" }
        let refusals = families.flatMap(\.samples).map { "\($0.labels.map(\.1).joined(separator: " ")) \($0.value)" }
        #expect(refusals == ["sign-in account 0.0", "sign-in address 0.0", "writes account 0.0", "writes address 1.0"])
    }

    @Test("hundreds of viewers behind one address report what they watch, and their host goes on writing")
    func viewers() async throws {
        let bench = Bench(RequestLimits.generous)
        for number in 0..<5000 {
            let path = number.isMultiple(of: 2) ? "/media/asset_1/events" : "/stream/token/events"
            #expect(try await bench.send(path, from: "192.0.2.1").status == .ok)
        }
        #expect(try await bench.send(from: "192.0.2.1").headers["RateLimit"] == "\"writes\";r=2999")
    }

    @Test("a network of IPv6 is one client; this machine is none")
    func networks() async throws {
        let bench = Bench()
        #expect(try await bench.send(from: "2001:db8:1:2::1").status == .ok)
        #expect(try await bench.send(from: "2001:db8:1:2::2").status == .ok)
        #expect(try await bench.send(from: "2001:db8:1:2:3::4").status == .tooManyRequests)
        #expect(try await bench.send(from: "2001:db8:1:3::1").status == .ok)
        for _ in 0..<5 {
            let local = try await bench.send(from: nil)
            #expect(local.status == .ok && local.headers["RateLimit"] == nil)
        }
    }

    @Test("an account is counted over all of its addresses, once a request")
    func account() async throws {
        let bench = Bench()
        #expect(try await bench.send(from: "192.0.2.1", as: 7).headers["RateLimit"] == "\"writes\";r=1")
        #expect(try await bench.send(from: "192.0.2.2", as: 7).status == .ok)
        let refused = try await bench.send(from: "192.0.2.3", as: 7)
        #expect(refused.status == .tooManyRequests && refused.headers["Retry-After"] == "5")
        #expect(refused.headers["RateLimit"] == "\"writes\";r=0;t=5", "the tighter of the two")
        #expect(try await bench.send(from: "192.0.2.4", as: 8).status == .ok)
    }

    @Test("what pages may do is said by default, and a handler's own word stays")
    func securityHeaders() async throws {
        let middleware = SecurityHeaders(publicURL: "https://media.example.com").middleware
        func headers(_ path: String, _ response: Response) async throws -> Headers {
            try await middleware(.testing(.get, path)) { _ in response }.headers
        }
        let json = try await headers("/api/assets", Response(headers: ["Content-Type": "application/json"]))
        #expect(json["X-Content-Type-Options"] == "nosniff" && json["Cross-Origin-Resource-Policy"] == "same-origin")
        #expect(json["Strict-Transport-Security"] == "max-age=31536000" && json["Content-Security-Policy"] == nil)
        let page = try await headers("/", .html("hello"))
        #expect(page["Content-Security-Policy"]?.contains("default-src 'none'") == true)
        #expect(page["Permissions-Policy"]?.contains("camera=()") == true)
        #expect(page["Cross-Origin-Opener-Policy"] == "same-origin")
        for path in ["/stream/t/720p.mp4", "/images/s/w1/asset_1", "/media/large/1_a.jpg", "/embed/t"] {
            #expect(try await headers(path, .text("x"))["Cross-Origin-Resource-Policy"] == "cross-origin")
        }
        #expect(try await headers("/media/asset_1/stream", .text("x"))["Cross-Origin-Resource-Policy"] == "same-origin")
        let own = Response(headers: ["Content-Type": "text/html", "Content-Security-Policy": "frame-ancestors *"])
        #expect(try await headers("/embed/t", own).all("Content-Security-Policy") == ["frame-ancestors *"])
        let plain = try await SecurityHeaders(publicURL: "http://media.example.com").middleware(.testing()) { _ in
            .text("x")
        }
        #expect(plain.headers["Strict-Transport-Security"] == nil)
    }
}

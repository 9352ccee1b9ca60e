import Core
import Testing

@testable import HTTP

@Suite("Middleware")
struct MiddlewareTests {
    @Test("the request's name is in the response, in the log and in what the request causes")
    func requestID() async throws {
        let log = LogLines()
        let handler = Middlewares.compose(
            [Middlewares.requestID(), Middlewares.errors(logger: log.logger)],
            around: { _ in
                #expect(Trace.requestID == "abc-1")
                struct Broken: Error {}
                throw Broken()
            }
        )
        let response = try await handler(.testing(.get, "/", headers: ["X-Request-ID": "abc-1"]))
        #expect(response.status == .internalServerError)
        #expect(response.headers["X-Request-ID"] == "abc-1")
        #expect(log.named("request failed").first?.fields["request_id"] == "abc-1")
    }

    @Test(
        "an incoming name that could harm a log is replaced",
        arguments: ["", "a b", "a\"b", String(repeating: "x", count: 65), "ä"]
    )
    func badIDs(id: String) {
        let request = Request.testing(.get, "/", headers: ["X-Request-ID": id])
        #expect(request.id.utf8.count == 32)
        #expect(request.id != Request.testing().id)
    }

    @Test("the access log has the route and the redacted path, never the query")
    func accessLog() async throws {
        let log = LogLines()
        var router = Router()
        router.on(.get, "/stream/:token/*path") { _ in .text("hello") }
        let handler = Middlewares.compose(
            [Middlewares.accessLog(log.logger) { $0.path.hasPrefix("/stream/") ? "/stream/…" : $0.path }],
            around: router.respond
        )
        _ = try await handler(.testing(.get, "/stream/SECRET/a.m4s?key=HIDDEN"))
        let fields = try #require(log.named("request").first?.fields)
        #expect(fields["route"] == "/stream/:token/*path")
        #expect(fields["path"] == "/stream/…")
        #expect(fields["status"] == 200)
        #expect(fields["bytes"] == 5)
        #expect(fields["method"] == "GET")
        #expect(!"\(fields)".contains("SECRET") && !"\(fields)".contains("HIDDEN"))
    }

    private func cors(_ change: (inout CORS) -> Void = { _ in }, handler: @escaping Handler) -> Handler {
        var cors = CORS()
        cors.exposedHeaders = ["Location", "Upload-Offset"]
        change(&cors)
        return Middlewares.compose([cors.middleware, Middlewares.errors(logger: .silent)], around: handler)
    }

    @Test("a preflight is answered before anything else, with what it asks for")
    func preflight() async throws {
        let handler = cors { _ in throw ServiceError(.unauthenticated, "Who are you?") }
        let response = try await handler(
            .testing(
                .options,
                "/api/x",
                headers: [
                    "Origin": "https://a.example", "Access-Control-Request-Method": "PATCH",
                    "Access-Control-Request-Headers": "authorization, upload-offset",
                ]
            )
        )
        #expect(response.status == .noContent)
        #expect(response.headers["Access-Control-Allow-Origin"] == "*")
        #expect(response.headers["Access-Control-Allow-Credentials"] == nil)
        #expect(response.headers["Access-Control-Allow-Headers"] == "authorization, upload-offset")
        #expect(response.headers["Access-Control-Allow-Methods"]?.contains("PATCH") == true)
    }

    @Test("errors and plain OPTIONS carry the headers too")
    func others() async throws {
        let handler = cors { _ in throw ServiceError(.notFound, "Upload not found") }
        for method in [HTTPMethod.get, .options] {
            let response = try await handler(.testing(method, "/", headers: ["Origin": "https://a.example"]))
            #expect(response.status == .notFound)
            #expect(response.headers["Access-Control-Allow-Origin"] == "*")
            #expect(response.headers["Access-Control-Expose-Headers"] == "Location, Upload-Offset")
        }
        let same = try await handler(.testing())
        #expect(same.headers["Access-Control-Allow-Origin"] == nil)
    }

    @Test("with listed origins only these are let in, with cookies if so configured")
    func listed() async throws {
        let handler = cors({
            $0.origins = .listed(["https://a.example"])
            $0.allowsCredentials = true
        }) { _ in .text("ok") }
        let good = try await handler(.testing(.get, "/", headers: ["Origin": "https://a.example"]))
        #expect(good.headers["Access-Control-Allow-Origin"] == "https://a.example")
        #expect(good.headers["Access-Control-Allow-Credentials"] == "true")
        let bad = try await handler(.testing(.get, "/", headers: ["Origin": "https://b.example"]))
        #expect(bad.headers["Access-Control-Allow-Origin"] == nil)
        #expect(bad.headers["Vary"] == "Origin")
        #expect(bad.headers["Access-Control-Allow-Credentials"] == nil)
    }

    @Test(
        "a preflight says who may send what, by the origins that are configured",
        arguments: [
            (true, "https://a.example", "*", nil, nil),
            (false, "https://a.example", "https://a.example", "true", "Origin"),
            (false, "https://b.example", nil, nil, "Origin"), (false, "https://a.example.evil", nil, nil, "Origin"),
            (false, "null", nil, nil, "Origin"), (true, "null", "*", nil, nil),
        ] as [(Bool, String, String?, String?, String?)]
    )
    func matrix(_ any: Bool, _ origin: String, _ allowed: String?, _ credentials: String?, _ vary: String?) async throws
    {
        let handler = cors({
            $0.origins = any ? .any : .listed(["https://a.example"])
            $0.allowsCredentials = !any
        }) { _ in throw ServiceError(.unauthenticated, "Who are you?") }
        for preflight in [true, false] {
            var headers: Headers = ["Origin": origin]
            if preflight { headers["Access-Control-Request-Method"] = "PATCH" }
            let response = try await handler(.testing(preflight ? .options : .get, "/", headers: headers))
            #expect(response.headers["Access-Control-Allow-Origin"] == allowed)
            #expect(response.headers["Access-Control-Allow-Credentials"] == credentials)
            #expect(response.headers.all("Vary").contains("Origin") == (vary != nil))
            let hasMethods = response.headers["Access-Control-Allow-Methods"] != nil
            #expect(hasMethods == (preflight && allowed != nil))
        }
    }

    @Test("every code has its status", arguments: ServiceError.Code.allCases)
    func codes(code: ServiceError.Code) {
        let response = Response.problem(ServiceError(code, "Words."))
        #expect(response.status == code.status)
        #expect((400...599).contains(code.status.rawValue))
    }
}

import Core
import Testing

@testable import HTTP

@Suite("Router")
struct RouterTests {
    private func answer(_ router: Router, _ method: HTTPMethod, _ target: String) async throws -> (Status, String) {
        let response = try await router.respond(to: .testing(method, target))
        return (response.status, String(decoding: try await response.body.collect(), as: UTF8.self))
    }

    private var router: Router {
        var router = Router()
        for (method, pattern) in [
            (HTTPMethod.get, "/"), (.get, "/media/:id"), (.get, "/media/latest"), (.post, "/media/latest"),
            (.get, "/media/:asset/stream"), (.get, "/stream/*path"), (.put, "/stream/:token/key"),
            (.delete, "/media/:id"), (.get, "/tus/"),
        ] {
            router.on(method, pattern) { request in
                let names = ["id", "asset", "token", "path"]
                let values = names.compactMap { name in request.parameters[name].map { "\(name)=\($0)" } }
                return .text("\(request.route ?? "") \(values.joined(separator: " "))")
            }
        }
        return router
    }

    @Test(
        "a literal beats a parameter, which beats a wildcard",
        arguments: [
            ("/", "/ "), ("/media/12", "/media/:id id=12"), ("/media/latest", "/media/latest "),
            ("/media/latest/stream", "/media/:asset/stream asset=latest"),
            ("/stream/a/b/c.m4s", "/stream/*path path=a/b/c.m4s"), ("/stream/t/key", "/stream/*path path=t/key"),
            ("/media/a%2Fb", "/media/:id id=a/b"), ("/tus/", "/tus/ "), ("/media/12?x=/media/13", "/media/:id id=12"),
        ]
    )
    func precedence(target: String, expected: String) async throws {
        let (status, text) = try await answer(router, .get, target)
        #expect(status == .ok)
        #expect(text == expected)
    }

    @Test(
        "an unknown path is 404, a slash at the end included",
        arguments: ["/x", "/media", "/media/1/", "/tus", "//"]
    )
    func unknown(target: String) async throws {
        #expect(try await answer(router, .get, target).0 == .notFound)
    }

    @Test("a known path with another method is 405 with Allow")
    func notAllowed() async throws {
        let response = try await router.respond(to: .testing(.patch, "/media/latest"))
        #expect(response.status == .methodNotAllowed)
        #expect(response.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, POST")
    }

    @Test("a method that only a lesser route has falls through to it")
    func fallThrough() async throws {
        #expect(try await answer(router, .delete, "/media/latest").1 == "/media/:id id=latest")
    }

    @Test("HEAD falls back to GET, OPTIONS is answered with Allow")
    func automatic() async throws {
        #expect(try await answer(router, .head, "/media/12").0 == .ok)
        let options = try await router.respond(to: .testing(.options, "/media/12"))
        #expect(options.status == .noContent)
        #expect(options.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS")
        #expect(try await router.respond(to: .testing(.options, "*")).status == .noContent)
    }

    @Test("every route is listed in its order")
    func listed() {
        #expect(router.routes.map(\.1).prefix(3) == ["/", "/media/:id", "/media/latest"])
    }
}

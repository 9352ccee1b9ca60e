import Core
import HTTP
import HTTPClient
import Service
import Synchronization
import Testing

@testable import API

@Suite("The gateway")
struct GatewayTests {
    private static let seal = PeerSeal(key: [UInt8](repeating: 3, count: 32))

    @Test(
        "each path belongs to the service that the contracts name",
        arguments: [
            ("/api/uploads/init", "upload-manager"), ("/api/v1/videos/tus/1", "upload-manager"),
            ("/api/media/upload/", "upload-manager"), ("/api/media/", "streaming-engine"),
            ("/api/media/asset_1/stream", "streaming-engine"), ("/media/user_1/image/1.jpg", "streaming-engine"),
            ("/public/stream/abc", "streaming-engine"), ("/stream/a/master.m3u8", "streaming-engine"),
            ("/api/assets", "content-management"), ("/api/assets/1/versions", "content-management"),
            ("/api/admin/jobs", "content-management"), ("/", "api-gateway"), ("/api/auth/login", "api-gateway"),
            ("/watch/1", "api-gateway"), ("/health", "api-gateway"), ("/api/uploadsx", "api-gateway"),
        ]
    )
    func placement(_ path: String, _ service: String) {
        let request = Request.testing(.get, path)
        #expect((ServicePlacement.place(of: request)?.service ?? .gateway).rawValue == service)
        for other in [ServiceName.uploads, .streaming, .content] {
            #expect(ServicePlacement.has(other, request) == (other.rawValue == service || path == "/health"))
        }
    }

    @Test("only the gateway can say whom it speaks for")
    func seal() throws {
        let value = Self.seal.seal("192.0.2.7")
        #expect(Self.seal.peer(in: value) == "192.0.2.7")
        #expect(Self.seal.peer(in: value.replacing("192.0.2.7", with: "192.0.2.8")) == nil)
        #expect(Self.seal.peer(in: "192.0.2.7") == nil)
        #expect(PeerSeal(key: [UInt8](repeating: 4, count: 32)).peer(in: value) == nil)
    }

    @Test("a service answers its own paths, for the gateway's client as for its own")
    func admission() async throws {
        let role = ServiceRole(.content, seal: Self.seal, gatewayPort: 3000)
        let show: Handler = { request in
            .text("\(request.peer) \(request.headers["Host"] ?? "") \(request.headers[PeerSeal.header] ?? "none")")
        }
        func answer(_ path: String, _ headers: Headers) async throws -> (Status, String) {
            let response = try await role.admission(.testing(.get, path, headers: headers, peer: "10.0.0.1"), show)
            return (response.status, String(decoding: try await response.body.collect(), as: UTF8.self))
        }
        let direct: Headers = ["Host": "media.example:3003", PeerSeal.header: "192.0.2.7 invented"]
        let past = try await answer("/api/assets", direct)
        #expect(past.1 == "10.0.0.1 media.example:3000 none")
        let through: Headers = ["Host": "media.example", PeerSeal.header: Self.seal.seal("192.0.2.7")]
        let sent = try await answer("/api/assets", through)
        #expect(sent.1 == "192.0.2.7 media.example none")
        let (status, text) = try await answer("/api/uploads/init", through)
        #expect(status == .notFound)
        #expect(text.contains("ask the upload-manager"))
    }

    @Test("what passes is what came, but for what belongs to one connection")
    func forwarding() async throws {
        let seen = Seen()
        try await withBackend({ request in
            seen.state.withLock { $0 = (request.target, request.headers) }
            var response = Response.text("answer", status: .created)
            response.headers["Keep-Alive"] = "timeout=5"
            response.headers.add("Set-Cookie", "a=1")
            response.headers.add("Set-Cookie", "b=2")
            return response
        }) { gateway in
            let headers: Headers = [
                "Host": "media.example", "Connection": "close, X-Mine", "X-Mine": "1", "TE": "trailers",
                "X-Forwarded-For": "192.0.2.9", PeerSeal.header: "invented", "Range": "bytes=0-",
                "X-Request-ID": "abc",
            ]
            let request = Request.testing(.get, "/stream/a%2Fb?x=%20", headers: headers, peer: "192.0.2.7")
            guard case .answer(let response) = try await gateway.forward(request, to: .streaming) else {
                Issue.record("no answer")
                return
            }
            #expect(response.status == .created)
            #expect(response.headers["Keep-Alive"] == nil)
            #expect(response.headers.all("Set-Cookie") == ["a=1", "b=2"])
            let body = try await response.body.collect()
            #expect(body == Array("answer".utf8))
        }
        let (target, headers) = seen.state.withLock { $0 }
        #expect(target == "/stream/a%2Fb?x=%20")
        #expect(headers["Host"] == "media.example")
        #expect(headers["Range"] == "bytes=0-")
        #expect(headers["X-Request-ID"] == "abc")
        #expect(headers["X-Forwarded-For"] == "192.0.2.9")
        #expect(headers["X-Mine"] == nil && headers["TE"] == nil)
        #expect(headers.all(PeerSeal.header) == [Self.seal.seal("192.0.2.7")])
    }

    @Test("a service that is not there is named")
    func absence() async throws {
        let gateway = Gateway(
            client: Gateway.makeClient(),
            addresses: [.uploads: "http://127.0.0.1:1"],
            seal: Self.seal,
            logger: .silent
        )
        guard
            case .failure(let response) = try await gateway.forward(.testing(.get, "/api/uploads/1"), to: .uploads)
        else {
            Issue.record("port 1 answers")
            return
        }
        #expect(response.status == .badGateway)
        #expect(response.headers["Retry-After"] != nil)
        let text = String(decoding: try await response.body.collect(), as: UTF8.self)
        #expect(text.contains("The upload-manager cannot be reached"))
    }

    private final class Seen: Sendable {
        let state = Mutex<(target: String, headers: Headers)>(("", [:]))
    }

    private func withBackend(_ handler: @escaping Handler, _ body: (Gateway) async throws -> Void) async throws {
        var configuration = ServerConfiguration()
        configuration.host = "127.0.0.1"
        configuration.ports = [0]
        configuration.headDeadline = .seconds(600)
        configuration.stall = .seconds(600)
        let server = Server(configuration: configuration, logger: .silent, handler: handler)
        let port = try server.start()[0]
        let gateway = Gateway(
            client: Gateway.makeClient(),
            addresses: [.streaming: "http://127.0.0.1:\(port)"],
            seal: Self.seal,
            logger: .silent
        )
        do {
            try await body(gateway)
        } catch {
            await server.shutdown(deadline: .zero)
            throw error
        }
        await server.shutdown(deadline: .zero)
    }
}

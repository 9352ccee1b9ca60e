import Core
import Testing

@testable import HTTP

@Suite("Trailers")
struct TrailerTests {
    /// Receives the body and tells what came after it.
    private static let handler: Handler = { request in
        let before = request.body.trailers.count
        let bytes = try await request.body.collect(upTo: 1 << 20)
        let after = request.body.trailers.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        return .text("\(before) \(bytes.count) \(after) \(request.headers["X-Sum"] ?? "-")")
    }

    private static func chunked(_ trailers: String) -> String {
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\(trailers)\r\n"
    }

    @Test("fields after a body are read after it, apart from the head, and the connection goes on")
    func read() async throws {
        try await withServer(handler: Self.handler) { server in
            try await offPool {
                let client = try server.client()
                for _ in 0..<2 {
                    try client.send(Self.chunked("X-Sum: 1\r\nContent-Length: 99\r\n"))
                    #expect(try client.reply().text == "0 3 X-Sum=1,Content-Length=99 -")
                }
                try client.send(Self.chunked(""))
                #expect(try client.reply().text == "0 3  -")
                try client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc")
                #expect(try client.reply().text == "0 3  -")
            }
        }
    }

    @Test(
        "they have the limits and the rules of a head",
        arguments: [
            "X: " + String(repeating: "y", count: 40_000) + "\r\n",
            (0..<200).map { "X\($0): y\r\n" }.joined(),
            "Bad name: y\r\n",
            "X: y\r\n folded\r\n",
        ]
    )
    func refused(_ trailers: String) async throws {
        try await withServer(handler: Self.handler) { server in
            try await offPool {
                let client = try server.client()
                try client.send(Self.chunked(trailers))
                let reply = try? client.reply()
                // The engine itself ends a connection whose fields it cannot hold.
                #expect(reply == nil || reply?.status == 400 || reply?.status == 413 || reply?.status == 431)
            }
        }
    }
}

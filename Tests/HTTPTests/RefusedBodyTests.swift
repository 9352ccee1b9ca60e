import Core
import Testing

@testable import HTTP

@Suite("Bodies that nobody wants")
struct RefusedBodyTests {
    private static let refusing: Handler = { _ in throw ServiceError(.forbidden, "Not you.") }

    @Test("with Expect: 100-continue a refusal costs the client nothing")
    func expectRefused() async throws {
        try await withServer(handler: { request in
            try await Task.sleep(for: .milliseconds(20))
            return try await Self.refusing(request)
        }) { server in
            try await offPool {
                let client = try server.client()
                try client.request("PUT", "/", ["Content-Length: 1000000000", "Expect: 100-continue"])
                let reply = try client.reply()
                #expect(reply.status == 403)
                #expect(try client.readToEnd().isEmpty)
            }
        }
    }

    @Test("with Expect: 100-continue an accepted body is asked for when the handler wants it")
    func expectAccepted() async throws {
        try await withServer(handler: { request in
            try await Task.sleep(for: .milliseconds(10))
            return .text("\(try await request.body.collect(upTo: 100).count)")
        }) { server in
            try await offPool {
                let client = try server.client()
                try client.request("PUT", "/", ["Content-Length: 5", "Expect: 100-continue"])
                #expect(try client.reply().status == 100)
                try client.send("12345")
                #expect(try client.reply().text == "5")
            }
        }
    }

    @Test("a small body that the handler did not read leaves the connection usable")
    func smallBody() async throws {
        try await withServer(handler: Self.refusing) { server in
            try await offPool {
                let client = try server.client()
                for _ in 0..<3 {
                    try client.request("POST", "/", body: String(repeating: "x", count: 100_000))
                    #expect(try client.reply().status == 403)
                }
            }
        }
    }

    @Test("a client that pushes a large refused body still reads the refusal", arguments: [true, false])
    func pushing(chunked: Bool) async throws {
        try await withServer(handler: Self.refusing) { server in
            let reply = try await offPool {
                let client = try server.client()
                let length = chunked ? "Transfer-Encoding: chunked" : "Content-Length: 50000000"
                try client.request("PUT", "/", [length])
                if chunked { try client.send("\(String(50_000_000, radix: 16))\r\n") }
                // The server goes on reading for a while, so that no reset destroys the response.
                try client.send(count: 20_000_000)
                return try client.reply()
            }
            #expect(reply.status == 403)
            #expect(reply.headers["Connection"] == "close")
        }
    }

    @Test("a sink that fails in mid-body ends it with the handler's words", arguments: [true, false])
    func failingSink(large: Bool) async throws {
        try await withServer(handler: { request in
            _ = try await request.body.receive(into: CountingSink(failAt: 50_000))
            return .text("never")
        }) { server in
            let reply = try await offPool {
                let client = try server.client()
                let length = large ? 30_000_000 : 200_000
                try client.request("PUT", "/", ["Content-Length: \(length)"])
                try client.send(count: length / 2)
                if !large { try client.send([UInt8](repeating: 1, count: length / 2)) }
                let reply = try client.reply()
                if !large {
                    // So little was left that it was read, and the connection lives.
                    try client.request("PUT", "/", ["Content-Length: 3"])
                    try client.send("abc")
                    #expect(try client.reply().status == 200)
                }
                return reply
            }
            #expect(reply.status == 507)
            #expect(reply.text.contains("The disk is full."))
        }
    }

    @Test("a body longer than the limit is refused by its length, or where it passes it", arguments: [true, false])
    func tooLong(chunked: Bool) async throws {
        try await withServer(handler: { request in
            .text("\(try await request.body.collect(upTo: 1000).count)")
        }) { server in
            let reply = try await offPool {
                let client = try server.client()
                let block = String(repeating: "x", count: 1001)
                if chunked {
                    try client.request("POST", "/", ["Transfer-Encoding: chunked"])
                    try client.send("3e9\r\n\(block)\r\n0\r\n\r\n")
                } else {
                    try client.request("POST", "/", body: block)
                }
                return try client.reply()
            }
            #expect(reply.status == 413)
            #expect(reply.text.contains("too_large"))
        }
    }

    @Test("a body is read once")
    func once() async throws {
        try await withServer(handler: { request in
            _ = try await request.body.collect(upTo: 100)
            do {
                _ = try await request.body.collect(upTo: 100)
            } catch BodyError.alreadyRead {
                return .text("once")
            }
            return .text("twice")
        }) { server in
            let reply = try await server.ask("POST", "/", body: "abc")
            #expect(reply.text == "once")
        }
    }
}

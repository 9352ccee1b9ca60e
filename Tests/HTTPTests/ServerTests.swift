import Core
import Testing

@testable import HTTP

@Suite("Server over a socket")
struct ServerTests {
    private static let echo: Handler = { request in
        switch request.path {
        case "/echo": return .bytes(try await request.body.collect(upTo: 1 << 20), contentType: "text/plain")
        case "/slow":
            try await Task.sleep(for: .milliseconds(20))
            return .text("slow")
        default: return .text("\(request.method) \(request.path) \(request.query.first("q") ?? "-")")
        }
    }

    @Test("a request gets its response, and the connection is used again")
    func keepAlive() async throws {
        try await withServer(handler: Self.echo) { server in
            try await offPool {
                let client = try server.client()
                for index in 0..<50 {
                    try client.request("GET", "/a%20b?q=\(index)")
                    let reply = try client.reply()
                    #expect(reply.status == 200)
                    #expect(reply.text == "GET /a b \(index)")
                }
                try client.request("GET", "/slow")
                #expect(try client.reply().text == "slow")
                try client.request("POST", "/echo", body: "hello")
                #expect(try client.reply().text == "hello")
            }
        }
    }

    @Test("pipelined requests are answered in their order, bodies among them")
    func pipelining() async throws {
        try await withServer(handler: Self.echo) { server in
            try await offPool {
                let client = try server.client()
                try client.send(
                    "GET /1 HTTP/1.1\r\nHost: t\r\n\r\nPOST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc"
                        + "GET /slow HTTP/1.1\r\nHost: t\r\n\r\nGET /2 HTTP/1.1\r\nHost: t\r\n\r\n"
                )
                let texts = try (0..<4).map { _ in try client.reply().text }
                #expect(texts == ["GET /1 -", "abc", "slow", "GET /2 -"])
            }
        }
    }

    @Test("a request that comes byte by byte is understood")
    func byteByByte() async throws {
        try await withServer(handler: Self.echo) { server in
            try await offPool {
                let client = try server.client()
                for byte in Array("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
                    + Array("3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n".utf8)
                {
                    try client.send([byte])
                }
                #expect(try client.reply().text == "abcde")
            }
        }
    }

    @Test("HEAD has the headers of GET and no body")
    func head() async throws {
        try await withServer(handler: { _ in .text("hello") }) { server in
            try await offPool {
                let client = try server.client()
                try client.request("HEAD", "/")
                let reply = try client.reply(toHead: true)
                #expect(reply.headers["Content-Length"] == "5")
                try client.request("GET", "/")
                #expect(try client.reply().text == "hello")
            }
        }
    }

    @Test("a body of chunks or with a length reaches a sink whole", arguments: [true, false])
    func bodies(chunked: Bool) async throws {
        try await withServer(handler: { request in
            let sink = KeepingSink()
            let count = try await request.body.receive(into: sink)
            return .text("\(count) \(sink.all.count) \(request.body.received)")
        }) { server in
            let reply = try await offPool {
                let client = try server.client()
                let block = [UInt8](repeating: 7, count: 200_000)
                if chunked {
                    try client.request("PUT", "/", ["Transfer-Encoding: chunked"])
                    for _ in 0..<5 {
                        try client.send("\(String(block.count, radix: 16))\r\n")
                        try client.send(block)
                        try client.send("\r\n")
                    }
                    try client.send("0\r\n\r\n")
                } else {
                    try client.request("PUT", "/", ["Content-Length: 1000000"])
                    for _ in 0..<5 { try client.send(block) }
                }
                return try client.reply()
            }
            #expect(reply.text == "1000000 1000000 1000000")
        }
    }

    @Test("a handler's error is a problem document that leaks nothing")
    func errors() async throws {
        struct Secret: Error { let password = "hunter2" }
        try await withServer(handler: { request in
            if request.path == "/known" {
                throw ServiceError(.tooManyRequests, "Slow down.", detail: "row 7", retryAfter: .milliseconds(1500))
            }
            throw Secret()
        }) { server in
            let known = try await server.ask("GET", "/known")
            #expect(known.status == 429)
            #expect(known.headers["Retry-After"] == "2")
            #expect(known.headers["Content-Type"] == "application/problem+json")
            #expect(known.text.contains(#""error":"Slow down.""#))
            #expect(known.text.contains(#""code":"too_many_requests""#))
            #expect(!known.text.contains("row 7"))
            let unknown = try await server.ask("GET", "/")
            #expect(unknown.status == 500)
            #expect(!unknown.text.contains("hunter2"))
            #expect(server.log.named("request failed").count == 1)
        }
    }

    @Test("IPv6 and IPv4 are both served where no host is named, or all of them are", arguments: [nil, "::"])
    func dualStack(named: String?) async throws {
        try await withServer({ $0.host = named }, handler: { .text("\($0.peer) \($0.localPort)") }) { server in
            for (host, peer) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1")] {
                let text = try await offPool {
                    guard let client = try? RawClient(port: server.port, host: host) else { return "" }
                    try client.request("GET", "/")
                    return try client.reply().text
                }
                // A machine without IPv6 answers on IPv4 alone.
                if !text.isEmpty || host == "127.0.0.1" { #expect(text == "\(peer) \(server.port)") }
            }
        }
    }

    @Test("a taken port is named in the error; an optional one is only warned about")
    func takenPorts() async throws {
        try await withServer(handler: Self.echo) { server in
            var configuration = ServerConfiguration()
            configuration.host = "127.0.0.1"
            configuration.ports = [server.port]
            let blocked = Server(configuration: configuration, logger: .silent, handler: Self.echo)
            #expect { try blocked.start() } throws: { "\($0)".contains("port \(server.port)") }
            configuration.ports = [0]
            configuration.optionalPorts = [server.port]
            let log = LogLines()
            let second = Server(configuration: configuration, logger: log.logger, handler: Self.echo)
            let ports = try second.start()
            #expect(ports.count == 1)
            #expect(log.named("port left out").count == 1)
            await second.shutdown(deadline: .seconds(1))
        }
    }

    @Test("an interim response comes before the final one")
    func interim() async throws {
        try await withServer(handler: { request in
            request.sendInterim(Status(rawValue: 104), ["Location": "/u/1"])
            _ = try await request.body.collect(upTo: 100)
            return Response(.created)
        }) { server in
            try await offPool {
                let client = try server.client()
                try client.request("POST", "/", body: "abc")
                let interim = try client.reply()
                #expect(interim.status == 104)
                #expect(interim.headers["Location"] == "/u/1")
                #expect(try client.reply().status == 201)
            }
        }
    }

    @Test("a handler may take longer before it reads the body than a head may take")
    func thinking() async throws {
        let (began, gate, clock) = (Box(false), Gate(), TestClock())
        try await withServer { configuration in
            configuration.headDeadline = .milliseconds(100)
            configuration.idle = .milliseconds(100)
            configuration.now = clock.now
        } handler: { request in
            began.value = true
            await gate.wait()
            return .text("\(try await request.body.collect(upTo: 100).count)")
        } _: { server in
            async let reply = server.ask("POST", "/", body: "abc")
            await eventually { began.value }
            // Who says nothing is cut meanwhile.
            _ = try await offPool { try server.client().readToEnd { clock.advance(by: .milliseconds(50)) } }
            gate.open()
            #expect(try await reply.text == "3")
        }
    }

    @Test("headers that frame a response are the server's alone")
    func framingHeaders() async throws {
        try await withServer(handler: { _ in
            var response = Response.text("hello")
            response.headers["Content-Length"] = "3"
            response.headers["Transfer-Encoding"] = "chunked"
            response.headers["Connection"] = "close"
            return response
        }) { server in
            try await offPool {
                let client = try server.client()
                for _ in 0..<2 {
                    try client.request("GET", "/")
                    let reply = try client.reply()
                    #expect(reply.text == "hello")
                    #expect(reply.headers.all("Content-Length") == ["5"])
                }
            }
        }
    }

    @Test("many clients at once are all answered")
    func crowd() async throws {
        try await withServer(handler: Self.echo) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        try await offPool {
                            let client = try server.client()
                            for index in 0..<50 {
                                let body = "\(number)-\(index)"
                                try client.request("POST", index % 2 == 0 ? "/echo" : "/slow", body: body)
                                let text = try client.reply().text
                                #expect(text == (index % 2 == 0 ? body : "slow"))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}

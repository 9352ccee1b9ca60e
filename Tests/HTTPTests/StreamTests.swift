import Core
import Synchronization
import Testing

@testable import HTTP

@Suite("Streams")
struct StreamTests {
    @Test("a stream is sent as it is written, and the connection is used again")
    func stream() async throws {
        try await withServer(handler: { _ in
            .stream(contentType: "text/plain") { writer in
                for index in 0..<1000 {
                    try await writer.write("line \(index)\n")
                    if index % 100 == 0 { await Task.yield() }
                }
            }
        }) { server in
            try await offPool {
                let client = try server.client()
                let expected = (0..<1000).map { "line \($0)\n" }.joined()
                for _ in 0..<3 {
                    try client.request("GET", "/")
                    #expect(try client.reply().text == expected)
                }
                // A HEAD of what has no length ends the connection, with nothing behind its head.
                try client.request("HEAD", "/")
                let head = try client.reply(toHead: true)
                #expect(head.status == 200)
                #expect(head.headers["Content-Length"] == nil)
                #expect(try client.readToEnd().isEmpty)
            }
        }
    }

    @Test("a writer waits for a client that does not read")
    func backPressure() async throws {
        let written = Box(0)
        try await withServer(handler: { _ in
            .stream(contentType: "application/octet-stream") { writer in
                let block = [UInt8](repeating: 1, count: 64 << 10)
                for _ in 0..<1000 {
                    try await writer.write(block)
                    written.value += block.count
                }
            }
        }) { server in
            let client = try await offPool {
                let client = try server.client()
                try client.request("GET", "/", ["Connection: close"])
                return client
            }
            // Written until every buffer on the way is full; then nothing more.
            let last = Box(-1)
            await eventually {
                let now = written.value
                defer { last.value = now }
                try? await Task.sleep(for: .milliseconds(100))
                return now > 0 && now == last.value
            }
            #expect(written.value < 30 << 20)
            let count = try await offPool { try client.countToEnd() }
            #expect(count > 64_000 << 10)
        }
    }

    @Test("a writer is cancelled when its client leaves, also while it has nothing to say")
    func leaving() async throws {
        let outcome = Box("")
        try await withServer(handler: { _ in
            .events(heartbeat: .seconds(600)) { events in
                try await events.send("hello\nworld", event: "greeting", id: "1")
                do {
                    try await Task.sleep(for: .seconds(600))
                } catch {
                    outcome.value = "cancelled"
                    throw error
                }
            }
        }) { server in
            let client = try await offPool {
                let client = try server.client()
                try client.request("GET", "/events")
                let text = String(decoding: try client.read(atLeast: 200), as: UTF8.self)
                #expect(text.contains("text/event-stream"))
                #expect(text.contains("event: greeting\nid: 1\ndata: hello\ndata: world\n\n"))
                return client
            }
            client.finish()
            await eventually { outcome.value == "cancelled" }
        }
    }

    @Test("a heartbeat keeps a silent stream alive")
    func heartbeat() async throws {
        try await withServer(handler: { _ in
            .events(heartbeat: .milliseconds(20)) { _ in try await Task.sleep(for: .seconds(600)) }
        }) { server in
            try await offPool {
                let client = try server.client()
                try client.request("GET", "/events")
                var text = ""
                while !text.contains(":\n\n") { text += String(decoding: try client.read(atLeast: 1), as: UTF8.self) }
            }
        }
    }

    @Test("a writer that fails breaks the connection, so that no client takes the part for the whole")
    func failing() async throws {
        struct Broken: Error {}
        try await withServer(handler: { _ in
            .stream(contentType: "text/plain") { writer in
                try await writer.write("part")
                throw Broken()
            }
        }) { server in
            await #expect(throws: ClientError.self) {
                try await offPool {
                    let client = try server.client()
                    try client.request("GET", "/")
                    _ = try client.reply()
                }
            }
        }
    }

    @Test("a cached response is sent by many connections, with other headers added when there are any")
    func cached() async throws {
        let cached = CachedResponse(.text("hot"))
        try await withServer(handler: { request in
            var response = cached.reused
            if request.path == "/more" { response.headers["X-More"] = "1" }
            return response
        }) { server in
            for path in ["/", "/more", "/"] {
                let reply = try await server.ask("GET", path)
                #expect(reply.text == "hot")
                #expect(reply.headers["Content-Type"] == "text/plain; charset=utf-8")
                #expect(reply.headers["X-More"] == (path == "/more" ? "1" : nil))
            }
        }
    }
}

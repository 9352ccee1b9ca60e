import Core
import Testing

@testable import HTTP

@Suite("A rude network")
struct RudeNetworkTests {
    /// How a body ended, told by a handler that counts it.
    private static func counting(_ outcome: Box<String>, _ sink: CountingSink = CountingSink()) -> Handler {
        { request in
            do {
                outcome.value = "whole \(try await request.body.receive(into: sink))"
            } catch BodyError.disconnected(let received) {
                outcome.value = "cut \(received) \(sink.total)"
                throw BodyError.disconnected(received: received)
            }
            return .text("ok")
        }
    }

    @Test("a client that leaves in mid-body: every byte that arrived is in the sink")
    func halfBody() async throws {
        let outcome = Box("")
        try await withServer(handler: Self.counting(outcome)) { server in
            try await offPool {
                let client = try server.client()
                try client.request("PUT", "/", ["Content-Length: 1000000"])
                try client.send(count: 300_000)
                client.finish()
            }
            await eventually { !outcome.value.isEmpty }
            #expect(outcome.value == "cut 300000 300000")
        }
    }

    @Test("a client that resets in mid-body ends the body")
    func reset() async throws {
        let outcome = Box("")
        let sink = CountingSink()
        try await withServer(handler: Self.counting(outcome, sink)) { server in
            let client = try await offPool {
                let client = try server.client()
                try client.request("PUT", "/", ["Content-Length: 1000000"])
                try client.send(count: 70_000)
                return client
            }
            await eventually { sink.total == 70_000 }
            client.reset()
            await eventually { outcome.value == "cut 70000 70000" }
        }
    }

    @Test("half a head, and a client that leaves at once, disturb nobody")
    func halfHead() async throws {
        try await withServer(handler: { _ in .text("ok") }) { server in
            try await offPool {
                for text in ["", "GE", "GET / HTTP/1.1\r\nHo", "GET / HTTP/1.1\r\nHost: t\r\n"] {
                    let client = try server.client()
                    try client.send(text)
                    client.reset()
                    let other = try server.client()
                    try other.send(text)
                    other.finish()
                }
            }
            #expect(try await server.ask("GET", "/").status == 200)
        }
    }

    @Test("a head that never ends is cut by the clock, however steadily it drips")
    func slowHead() async throws {
        let clock = TestClock()
        try await withServer(
            {
                $0.headDeadline = .milliseconds(600)
                $0.now = clock.now
            },
            handler: { _ in .text("ok") }
        ) { server in
            let isCut = try await offPool {
                let client = try server.client()
                try client.send("GET / HTTP/1.1\r\nX: ")
                // The header's own limit is 32 KiB: only the clock ends so slow a head.
                for _ in 0..<3000 {
                    do { try client.send("y") } catch { return true }
                    clock.advance(by: .milliseconds(20))
                    Threads.pause(milliseconds: 20)
                }
                return false
            }
            #expect(isCut)
        }
    }

    @Test("a body that drips below the minimum rate is cut; what arrived counts")
    func slowBody() async throws {
        let outcome = Box("")
        let clock = TestClock()
        try await withServer(
            {
                $0.bodyPatience = .milliseconds(600)
                $0.bodyMinimumRate = 10_000
                $0.now = clock.now
            },
            handler: Self.counting(outcome)
        ) { server in
            let sent = try await offPool {
                let client = try server.client()
                try client.request("PUT", "/", ["Content-Length: 100000"])
                var sent = 0
                while outcome.value.isEmpty, sent < 3000 {
                    if (try? client.send("y")) != nil { sent += 1 }
                    clock.advance(by: .milliseconds(20))
                    Threads.pause(milliseconds: 20)
                }
                return sent
            }
            #expect(outcome.value.hasPrefix("cut "))
            #expect(sent < 3000)
        }
    }

    @Test("a body that keeps the minimum rate may take longer than the patience")
    func steadyBody() async throws {
        let outcome = Box("")
        let sink = CountingSink()
        let clock = TestClock()
        try await withServer(
            {
                $0.headDeadline = .seconds(3)
                $0.bodyPatience = .milliseconds(500)
                $0.bodyMinimumRate = 1000
                $0.now = clock.now
            },
            handler: Self.counting(outcome, sink)
        ) { server in
            let (reply, sent) = try await offPool {
                let client = try server.client()
                try client.request("PUT", "/", ["Transfer-Encoding: chunked"])
                var sent = 0
                // Until one who says nothing is cut: every deadline has been looked at by then, and three seconds are
                // over on the server's clock.
                _ = try server.client().readToEnd {
                    try client.send("64\r\n" + String(repeating: "y", count: 100) + "\r\n")
                    sent += 100
                    while sink.total < sent, outcome.value.isEmpty { Threads.pause(milliseconds: 1) }
                    clock.advance(by: .milliseconds(50))
                }
                try client.send("0\r\n\r\n")
                return (try client.reply(), sent)
            }
            #expect(reply.status == 200)
            #expect(outcome.value == "whole \(sent)")
        }
    }

    @Test("an idle connection is closed after its time")
    func idle() async throws {
        let clock = TestClock()
        try await withServer(
            {
                $0.idle = .milliseconds(200)
                $0.headDeadline = .milliseconds(300)
                $0.now = clock.now
            },
            handler: { _ in .text("ok") }
        ) { server in
            try await offPool {
                let client = try server.client()
                try client.request("GET", "/")
                #expect(try client.reply().status == 200)
                let rest = try client.readToEnd { clock.advance(by: .milliseconds(100)) }
                #expect(rest.isEmpty)
            }
        }
    }

    @Test("a handler learns that its client left while it waits")
    func leftWhileWaiting() async throws {
        let outcome = Box("")
        try await withServer(handler: { request in
            outcome.value = "waiting"
            while request.isClientConnected() { try await Task.sleep(for: .milliseconds(5)) }
            outcome.value = "left"
            return .text("late")
        }) { server in
            let client = try await offPool {
                let client = try server.client()
                try client.request("GET", "/")
                return client
            }
            await eventually { outcome.value == "waiting" }
            client.finish()
            await eventually { outcome.value == "left" }
        }
    }

    @Test("a reader that is cancelled lets go at once of a client that has fallen silent")
    func cancelledReader() async throws {
        let sink = CountingSink()
        let outcome = Box("")
        try await withServer(handler: { request in
            let reading = Task { try await request.body.receive(into: sink) }
            while sink.total < 5000 { try await Task.sleep(for: .milliseconds(2)) }
            reading.cancel()
            do {
                _ = try await reading.value
            } catch is CancellationError {
                outcome.value = "let go after \(sink.total)"
            }
            throw ServiceError(.locked, "Another request goes on.")
        }) { server in
            let reply = try await offPool {
                let client = try server.client()
                try client.request("PATCH", "/", ["Content-Length: 900000"])
                try client.send(count: 5000)
                let reply = try client.reply()
                #expect(try client.readToEnd().isEmpty)
                return reply
            }
            #expect(reply.status == 423)
            #expect(outcome.value == "let go after 5000")
        }
    }
}

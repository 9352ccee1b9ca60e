import Core
import Testing

@testable import HTTP

@Suite("Shutdown")
struct ShutdownTests {
    @Test("an upload in flight is let through, idle connections close, new ones are refused")
    func graceful() async throws {
        let sink = CountingSink()
        try await withServer(handler: { request in
            if request.method == .get { return .text("ok") }
            return .text("\(try await request.body.receive(into: sink))")
        }) { server in
            let (idle, upload) = try await offPool {
                let idle = try server.client()
                try idle.request("GET", "/")
                #expect(try idle.reply().status == 200)
                let upload = try server.client()
                try upload.request("PUT", "/", ["Content-Length: 200000"])
                try upload.send([UInt8](repeating: 1, count: 100_000))
                return (idle, upload)
            }
            await eventually { sink.total == 100_000 }
            async let stopped: Void = server.server.shutdown(deadline: .seconds(300))
            let rest = try await offPool { try idle.readToEnd() }
            #expect(rest.isEmpty)
            await eventually { (try? server.client()) == nil }
            let reply = try await offPool {
                try upload.send([UInt8](repeating: 1, count: 100_000))
                return try upload.reply()
            }
            #expect(reply.text == "200000")
            #expect(reply.headers["Connection"] == "close")
            await stopped
        }
    }

    @Test("a request that is ended while its handler begins is cancelled")
    func endedAtItsBeginning() async throws {
        let (hasBegun, received) = (Box(false), Box<Int64?>(nil))
        try await withServer(handler: { request in
            await withTaskCancellationHandler {
                hasBegun.value = true
                // Until the patience has ended: nothing waits before that.
                while request.isClientConnected() {}
                try? await Task.sleep(for: .seconds(600))
            } onCancel: {
                // Asks the exchange, as who reads a body does.
                received.value = request.body.received
            }
            return .text("late")
        }) { server in
            let client = try await offPool {
                let client = try server.client()
                try client.request("PUT", "/", ["Content-Length: 1000"])
                return client
            }
            await eventually { hasBegun.value }
            await server.server.shutdown(deadline: .zero, grace: .seconds(300))
            #expect(received.value == 0)
            client.finish()
        }
    }

    @Test("what outlives the deadline is cut: a body, a waiting handler, a stream")
    func deadline() async throws {
        let begun = Box<Set<String>>([])
        let outcome = Box<[String]>([])
        try await withServer(handler: { request in
            begun.insert(request.path)
            switch request.path {
            case "/stream":
                return .events { _ in
                    defer { outcome.append("stream") }
                    try await Task.sleep(for: .seconds(600))
                }
            case "/wait":
                defer { outcome.append("wait") }
                try await Task.sleep(for: .seconds(600))
            case "/unread":
                defer { outcome.append("unread") }
                while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
            default:
                defer { outcome.append("body") }
                _ = try await request.body.receive(into: CountingSink())
            }
            return .text("late")
        }) { server in
            let clients = try await offPool {
                try ["/stream", "/wait", "/unread", "/body"].map { path in
                    let client = try server.client()
                    let isRead = path == "/stream" || path == "/wait"
                    try client.request("POST", path, isRead ? [] : ["Content-Length: 1000000"])
                    if path == "/stream" { _ = try client.read(atLeast: 50) }
                    return client
                }
            }
            await eventually { begun.value.count == 4 }
            await server.server.shutdown(deadline: .milliseconds(200), grace: .seconds(300))
            // It returned: what waits 600 seconds was not waited for.
            await eventually { Set(outcome.value) == ["stream", "wait", "unread", "body"] }
            clients.forEach { $0.finish() }
        }
    }
}

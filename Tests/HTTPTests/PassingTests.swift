import Core
import Synchronization
import Testing

@testable import HTTP

/// What a proxy needs: bodies that wait for room without a thread, and streams whose length is known.
@Suite("Passing bodies on")
struct PassingTests {
    /// Has room for one block at a time, when the test says so.
    private final class NarrowSink: BodySink {
        let received = Atomic<Int64>(0)
        private let state = Mutex<(room: Bool, resume: (@Sendable () -> Void)?)>((true, nil))

        func write(_ bytes: UnsafeRawBufferPointer) throws {
            received.add(Int64(bytes.count), ordering: .relaxed)
            state.withLock { $0.room = false }
        }

        func hasRoom(orCall resume: @escaping @Sendable () -> Void) -> Bool {
            state.withLock { state in
                if !state.room { state.resume = resume }
                return state.room
            }
        }

        func makeRoom() {
            let resume = state.withLock { state in
                defer { state = (true, nil) }
                return state.resume
            }
            resume?()
        }
    }

    @Test("a sink without room holds its client back, and no thread: others are served meanwhile")
    func room() async throws {
        let sinks = (0..<8).map { _ in NarrowSink() }
        let size = 4 << 20
        try await withServer(handler: { request in
            guard let number = Int(request.headers["X-Number"] ?? "") else { return .text("served") }
            return .text("\(try await request.body.receive(into: sinks[number]))")
        }) { server in
            let uploads = (0..<sinks.count).map { number in
                Task {
                    try await offPool {
                        let client = try server.client()
                        let head = "PUT / HTTP/1.1\r\nHost: a\r\nX-Number: \(number)\r\nContent-Length: \(size)\r\n\r\n"
                        try client.send(head)
                        try client.send(count: size)
                        return try client.reply().text
                    }
                }
            }
            await eventually { sinks.allSatisfy { $0.received.load(ordering: .relaxed) > 0 } }
            // More wait than the server has threads.
            let other = try await server.ask("GET", "/")
            #expect(other.text == "served")
            #expect(sinks.allSatisfy { $0.received.load(ordering: .relaxed) < size / 2 })
            let opening = Task {
                while !Task.isCancelled {
                    sinks.forEach { $0.makeRoom() }
                    // Not at once: it would take the processor from those it lets go on.
                    do { try await Task.sleep(for: .milliseconds(1)) } catch { break }
                }
            }
            for upload in uploads {
                let received = try await upload.value
                #expect(received == "\(size)")
            }
            opening.cancel()
        }
    }

    @Test("a stream of a known length states it, also to HEAD, and a shorter one breaks")
    func sized() async throws {
        try await withServer(handler: { request in
            Response(
                .ok,
                body: .sized(100_000) { writer in
                    for _ in 0..<(request.path == "/short" ? 3 : 10) {
                        try await writer.write([UInt8](repeating: 1, count: 10_000))
                    }
                }
            )
        }) { server in
            try await offPool {
                let client = try server.client()
                try client.request("HEAD", "/")
                #expect(try client.reply(toHead: true).headers["Content-Length"] == "100000")
                for _ in 0..<2 {
                    try client.request("GET", "/")
                    let reply = try client.reply()
                    #expect(reply.headers["Content-Length"] == "100000")
                    #expect(reply.headers["Transfer-Encoding"] == nil)
                    #expect(reply.body.count == 100_000)
                }
                try client.request("GET", "/short")
                #expect(throws: ClientError.self) { try client.reply() }
            }
        }
    }
}

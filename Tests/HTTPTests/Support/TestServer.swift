import Core
import Synchronization
import Testing

@testable import HTTP

/// A server on a free port of the loopback, for the time of one closure.
struct TestServer: Sendable {
    let server: Server
    let port: UInt16
    let log: LogLines

    func client() throws -> RawClient { try RawClient(port: port) }

    /// One request on a connection of its own.
    func ask(
        _ method: String,
        _ target: String,
        _ headers: [String] = [],
        body: String = ""
    ) async throws -> RawReply {
        try await offPool {
            let client = try client()
            try client.request(method, target, headers, body: body)
            return try client.reply(toHead: method == "HEAD")
        }
    }
}

/// What was logged.
final class LogLines: Sendable {
    private let entries = Mutex<[Logger.Entry]>([])

    var logger: Logger { Logger(minimum: .debug) { entry in self.entries.withLock { $0.append(entry) } } }
    var all: [Logger.Entry] { entries.withLock { $0 } }
    func named(_ message: String) -> [Logger.Entry] { all.filter { $0.message == message } }
}

func withServer(
    _ configure: (inout ServerConfiguration) -> Void = { _ in },
    handler: @escaping Handler,
    shortcut: @escaping Shortcut = { _ in nil },
    _ body: (TestServer) async throws -> Void
) async throws {
    var configuration = ServerConfiguration()
    configuration.host = "127.0.0.1"
    configuration.ports = [0]
    configuration.threads = 4
    // Other tests keep the processors busy: no client is late here unless its test says so.
    configuration.headDeadline = .seconds(600)
    configuration.bodyPatience = .seconds(600)
    configuration.stall = .seconds(600)
    configuration.linger = .seconds(300)
    configure(&configuration)
    let log = LogLines()
    let server = Server(configuration: configuration, logger: log.logger, handler: handler, shortcut: shortcut)
    let ports = try server.start()
    do {
        try await body(TestServer(server: server, port: ports[0], log: log))
    } catch {
        await server.shutdown(deadline: .zero, grace: .seconds(300))
        throw error
    }
    await server.shutdown(deadline: .seconds(5), grace: .seconds(300))
}

/// The clock of a server, which stands still until the test turns it forward.
final class TestClock: Sendable {
    private let nanoseconds = Atomic<UInt64>(1 << 40)

    var now: @Sendable () -> UInt64 { { self.nanoseconds.load(ordering: .relaxed) } }

    func advance(by time: Duration) { nanoseconds.add(time.nanoseconds, ordering: .relaxed) }
}

/// Waits until something holds.
func eventually(
    within limit: Duration = .seconds(300),
    _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: @Sendable () async throws -> Bool
) async rethrows {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return }
        try? await Task.sleep(for: .milliseconds(5))
    }
    Issue.record(comment ?? "it never came true", sourceLocation: sourceLocation)
}

/// Counts what it gets; fails when told.
final class CountingSink: BodySink {
    let received = Atomic<Int64>(0)
    let failAt: Int64
    private let sum = Atomic<UInt64>(0)

    init(failAt: Int64 = .max) { self.failAt = failAt }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        let total = received.add(Int64(bytes.count), ordering: .relaxed).newValue
        if total > failAt { throw ServiceError(.insufficientStorage, "The disk is full.") }
    }

    var total: Int64 { received.load(ordering: .relaxed) }
}

/// Keeps what it gets.
final class KeepingSink: BodySink {
    private let bytes = Mutex<[UInt8]>([])
    func write(_ block: UnsafeRawBufferPointer) throws { bytes.withLock { $0.append(contentsOf: block) } }
    var all: [UInt8] { bytes.withLock { $0 } }
    var text: String { String(decoding: all, as: UTF8.self) }
}

/// A gate that a handler waits at until the test opens it.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiters = state.withLock { state in
            defer { state = (true, []) }
            return state.waiters
        }
        waiters.forEach { $0.resume() }
    }
}

/// A value that a handler leaves for the test.
final class Box<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

extension Box {
    func insert<Element>(_ element: Element) where Value == Set<Element> { state.withLock { _ = $0.insert(element) } }
    func append<Element>(_ element: Element) where Value == [Element] { state.withLock { $0.append(element) } }
}

import Core
import HTTP
import Synchronization
import Testing

@testable import HTTPClient

/// Runs a server of ours on a free port of the loopback, and a client that may go there.
func withServed(
    _ handler: @escaping Handler,
    _ configure: (inout HTTPClient.Configuration) -> Void = { _ in },
    _ body: (String, HTTPClient) async throws -> Void
) async throws {
    var configuration = ServerConfiguration()
    configuration.host = "127.0.0.1"
    configuration.ports = [0]
    configuration.threads = 4
    configuration.headDeadline = .seconds(600)
    configuration.bodyPatience = .seconds(600)
    configuration.stall = .seconds(600)
    let server = Server(configuration: configuration, logger: .silent, handler: handler)
    let port = try server.start()[0]
    var outgoing = HTTPClient.Configuration()
    outgoing.allowsPrivateAddresses = true
    // Other tests keep the processors busy.
    outgoing.connectTimeout = .seconds(300)
    outgoing.idleTimeout = .seconds(600)
    configure(&outgoing)
    do {
        try await body("http://127.0.0.1:\(port)", HTTPClient(outgoing))
    } catch {
        await server.shutdown(deadline: .zero)
        throw error
    }
    await server.shutdown(deadline: .zero)
}

/// Counts what it gets.
final class Count: BodySink {
    private let received = Atomic<Int64>(0)
    var total: Int64 { received.load(ordering: .relaxed) }
    func write(_ bytes: UnsafeRawBufferPointer) throws { received.add(Int64(bytes.count), ordering: .relaxed) }
}

/// A value that one side leaves for the other.
final class Kept<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// Waits until something holds.
func eventually(_ condition: @Sendable () -> Bool) async {
    let end = ContinuousClock.now + .seconds(300)
    while ContinuousClock.now < end {
        if condition() { return }
        try? await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("it never came true")
}

extension OutgoingStream {
    /// Writes as somebody does who can wait.
    func send(_ block: [UInt8]) async throws {
        while true {
            let isRoom = await withCheckedContinuation { continuation in
                if hasRoom(orCall: { continuation.resume(returning: false) }) { continuation.resume(returning: true) }
            }
            if isRoom { return try write(block) }
        }
    }
}

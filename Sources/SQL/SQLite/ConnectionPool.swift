internal import Core
internal import Dispatch
internal import Synchronization

/// Connections of one kind and the calls that wait for one, first come, first served.
///
/// Each connection has a serial queue, so that SQLite never blocks a thread of Swift's own pool.
final class ConnectionPool: Sendable {
    /// `@unchecked`: the connection is touched only on `queue`, by the one call that took the worker out of
    /// `State.idle`.
    private final class Worker: @unchecked Sendable {
        let connection: SQLiteConnection
        let queue: DispatchQueue

        init(_ connection: SQLiteConnection, label: String) {
            self.connection = connection
            queue = DispatchQueue(label: label)
        }
    }

    private typealias Call = @Sendable (SQLiteConnection) -> Void

    private struct State {
        var idle: [Worker]
        var waiting: [Call] = []
        var running = 0
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(label: String, _ connections: sending [SQLiteConnection]) {
        state = Mutex(State(idle: connections.map { Worker($0, label: label) }))
    }

    /// Runs `body` with a connection that nobody else has meanwhile, on that connection's thread.
    func run<T: Sendable>(_ body: @escaping @Sendable (SQLiteConnection) throws -> T) async throws -> T {
        // Thread and task end here; what the request's name is known by goes along.
        let requestID = Trace.requestID
        return try await withCheckedThrowingContinuation { continuation in
            let isAccepted = submit { connection in
                let result = Trace.$requestID.withValue(requestID) {
                    Result { try body(connection) }
                }
                continuation.resume(with: result)
            }
            if !isAccepted { continuation.resume(throwing: SQLError(.closed, "the database is closed")) }
        }
    }

    /// Refuses new calls, waits for those that were accepted, then closes the connections.
    func close() async {
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                state.isClosed = true
                if state.running > 0 { state.closers.append(continuation) }
                return state.running == 0
            }
            if isQuiet { continuation.resume() }
        }
        let workers = state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        for worker in workers {
            await withCheckedContinuation { continuation in
                worker.queue.async {
                    worker.connection.close()
                    continuation.resume()
                }
            }
        }
    }

    private func submit(_ call: @escaping Call) -> Bool {
        let (isAccepted, worker) = state.withLock { state -> (Bool, Worker?) in
            guard !state.isClosed else { return (false, nil) }
            guard let worker = state.idle.popLast() else {
                state.waiting.append(call)
                return (true, nil)
            }
            state.running += 1
            return (true, worker)
        }
        if let worker {
            worker.queue.async { self.serve(call, on: worker) }
        }
        return isAccepted
    }

    /// Runs a call and then those that wait, on the worker's queue.
    private func serve(_ first: @escaping Call, on worker: Worker) {
        var next: Call? = first
        while let call = next {
            call(worker.connection)
            next = nextCall(for: worker)
        }
    }

    /// The call that waited longest; nil when none waits, and then the worker is laid down.
    private func nextCall(for worker: Worker) -> Call? {
        let (call, closers) = state.withLock { state -> (Call?, [CheckedContinuation<Void, Never>]) in
            guard state.waiting.isEmpty else { return (state.waiting.removeFirst(), []) }
            state.idle.append(worker)
            state.running -= 1
            guard state.running == 0 else { return (nil, []) }
            defer { state.closers = [] }
            return (nil, state.closers)
        }
        for closer in closers { closer.resume() }
        return call
    }
}

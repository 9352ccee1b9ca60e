internal import Dispatch
internal import Synchronization

/// Threads for calls that wait for the disk, so that they never hold one of Swift's own.
final class BlockingPool: Sendable {
    private typealias Call = @Sendable () -> Void

    private struct State {
        var idle: [DispatchQueue]
        var waiting: [Call] = []
    }

    private let state: Mutex<State>

    /// - Parameter width: how many calls run at once; others wait their turn.
    init(width: Int) {
        // Serial queues get a thread each; a concurrent one would take as many as there are calls.
        state = Mutex(State(idle: (0..<width).map { DispatchQueue(label: "telecine.disk.\($0)") }))
    }

    /// Runs `body` on a thread of the pool.
    @discardableResult
    func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            submit { continuation.resume(with: Result { try body() }) }
        }
    }

    private func submit(_ call: @escaping Call) {
        let queue = state.withLock { state -> DispatchQueue? in
            guard let queue = state.idle.popLast() else {
                state.waiting.append(call)
                return nil
            }
            return queue
        }
        guard let queue else { return }
        queue.async {
            var next: Call? = call
            while let call = next {
                call()
                next = self.nextCall(for: queue)
            }
        }
    }

    /// The call that waited longest; nil when none waits, and then the queue is laid down.
    private func nextCall(for queue: DispatchQueue) -> Call? {
        state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.idle.append(queue)
            return nil
        }
    }
}

internal import CMicroHTTP
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Between a stream's writer and the engine: a bounded buffer.
///
/// The engine's thread takes what is there, and suspends the connection when nothing is; the writer adds, wakes it, and
/// waits itself while the buffer is full. As in ``Exchange``, flag and call change together under the lock.
final class StreamPipe: Sendable {
    /// A writer waits from here on: the memory of one stream.
    private static let highWater = 128 << 10
    private static let blockSize = 32 << 10

    private enum End { case open, finished, broken }

    private struct State {
        var handle: EngineHandle?
        var isSuspended = false
        var buffer: [UInt8] = []
        var taken = 0
        var end = End.open
        var waiters: [(id: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
        var task: Task<Void, Never>?

        var pending: Int { buffer.count - taken }

        mutating func resume() {
            guard isSuspended, let handle else { return }
            isSuspended = false
            handle.resume()
        }
    }

    private let state: Mutex<State>
    private let body: @Sendable (StreamWriter) async throws -> Void

    init(handle: EngineHandle?, _ body: @escaping @Sendable (StreamWriter) async throws -> Void) {
        state = Mutex(State(handle: handle))
        self.body = body
    }

    /// Starts the writer; the response is the engine's by now.
    func start() {
        let task = Task {
            do {
                try await body(StreamWriter(pipe: self))
                end(.finished)
            } catch {
                end(.broken)
            }
        }
        let isOver = state.withLock { state in
            if state.end == .open { state.task = task }
            return state.end == .broken
        }
        if isOver { task.cancel() }
    }

    /// The client is gone or must go: the writer is cancelled, the engine breaks the connection.
    func abort() {
        let task = state.withLock { state in
            defer { state.task = nil }
            return state.task
        }
        end(.broken, forgetting: true)
        task?.cancel()
    }

    /// Breaks the stream when the client has left while nothing is being sent: nobody else notices.
    func abortIfClientLeft() {
        let hasLeft = state.withLock { state in
            guard state.isSuspended, let handle = state.handle else { return false }
            return Sockets.peerLeft(handle.descriptor)
        }
        if hasLeft { abort() }
    }

    var isBroken: Bool { state.withLock { $0.end == .broken } }

    private func end(_ end: End, forgetting: Bool = false) {
        let waiters = state.withLock { state in
            if state.end == .open || forgetting { state.end = end }
            state.resume()
            state.task = nil
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume() }
    }

    // MARK: The writer's side

    /// Adds bytes, once there is room for them.
    func write(_ bytes: [UInt8]) async throws {
        while true {
            try Task.checkCancellation()
            let isWritten = try state.withLock { state in
                guard state.end == .open else { throw StreamError.closed }
                guard state.pending < Self.highWater else { return false }
                if state.pending == 0 {
                    state.buffer.removeAll(keepingCapacity: true)
                    state.taken = 0
                }
                state.buffer.append(contentsOf: bytes)
                state.resume()
                return true
            }
            if isWritten { return }
            await waitForRoom()
        }
    }

    private func waitForRoom() async {
        var generator = SystemRandomNumberGenerator()
        let id = generator.next()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.end != .open || state.pending < Self.highWater || Task.isCancelled { return true }
                    state.waiters.append((id, continuation))
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let index = state.waiters.firstIndex { $0.id == id }
                return index.map { state.waiters.remove(at: $0).continuation }
            }
            waiter?.resume()
        }
    }

    // MARK: The engine's side

    /// `length`: in bytes, or the engine's mark for one that nobody knows.
    func makeEngineResponse(length: UInt64) -> OpaquePointer? {
        let owner = Unmanaged.passRetained(self)
        let response = MHD_create_response_from_callback(
            length,
            Self.blockSize,
            { owner, _, target, count in
                guard let owner, let target else { return cmhd_end_with_error() }
                let block = UnsafeMutableRawBufferPointer(start: target, count: count)
                return Unmanaged<StreamPipe>.fromOpaque(owner).takeUnretainedValue().read(into: block)
            },
            owner.toOpaque(),
            { owner in
                guard let owner else { return }
                Unmanaged<StreamPipe>.fromOpaque(owner).takeRetainedValue().released()
            }
        )
        if response == nil { owner.release() }
        return response
    }

    private func read(into block: UnsafeMutableRawBufferPointer) -> Int {
        // The lock's closure may not capture the buffer: an address may.
        let target = UInt(bitPattern: block.baseAddress)
        let limit = block.count
        let (result, waiters) = state.withLock { state -> (Int, [CheckedContinuation<Void, Never>]) in
            if state.end == .broken { return (cmhd_end_with_error(), []) }
            let count = min(limit, state.pending)
            if count > 0 {
                state.buffer.withUnsafeBytes { source in
                    guard let base = source.baseAddress, let target = UnsafeMutableRawPointer(bitPattern: target) else {
                        return
                    }
                    memcpy(target, base + state.taken, count)
                }
                state.taken += count
                guard state.pending < Self.highWater else { return (count, []) }
                defer { state.waiters = [] }
                return (count, state.waiters.map(\.continuation))
            }
            if state.end == .finished { return (cmhd_end_of_stream(), []) }
            if !state.isSuspended, let handle = state.handle {
                state.isSuspended = true
                handle.suspend()
            }
            return (0, [])
        }
        for waiter in waiters { waiter.resume() }
        return result
    }

    /// The engine has let the response go: there is no connection any more.
    private func released() {
        state.withLock { state in
            state.handle = nil
            state.isSuspended = false
        }
        abort()
    }
}

/// A stream that cannot be written any more.
package enum StreamError: Error, Sendable {
    /// The client left, or the server is shutting down.
    case closed
}

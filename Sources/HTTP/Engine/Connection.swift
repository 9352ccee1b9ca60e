internal import Synchronization

/// One TCP connection: what the housekeeper must know of it.
///
/// The engine closes the descriptor right after ``end()``, so every use of it from another thread happens under the
/// lock here.
final class Connection: Sendable {
    let address: SocketAddress
    let peer: String
    let localPort: UInt16

    private struct State {
        var descriptor: Int32
        var exchange: Exchange?
        var lingers = false
    }

    private let state: Mutex<State>
    /// Monotonic nanoseconds after which the connection is cut.
    private let deadline: Atomic<UInt64>

    private let now: @Sendable () -> UInt64

    init(descriptor: Int32, address: SocketAddress, _ configuration: ServerConfiguration) {
        self.address = address
        peer = address.text
        localPort = SocketAddress(localEndOf: descriptor)?.port ?? 0
        state = Mutex(State(descriptor: descriptor))
        now = configuration.now
        deadline = Atomic(configuration.now() + configuration.headDeadline.nanoseconds)
    }

    // MARK: Deadlines

    func setDeadline(in time: UInt64) { deadline.store(now() + time, ordering: .relaxed) }

    func clearDeadline() { deadline.store(.max, ordering: .relaxed) }

    /// Stops the clock; the engine's thread alone sets deadlines while a body comes.
    ///
    /// - Returns: the time that was left.
    func pauseDeadline() -> UInt64 {
        let limit = deadline.exchange(.max, ordering: .relaxed)
        let now = now()
        return limit > now ? limit - now : 0
    }

    func extendDeadline(by nanoseconds: UInt64, atMost patience: UInt64) {
        let limit = deadline.load(ordering: .relaxed)
        deadline.store(min(limit + min(nanoseconds, patience), now() + patience), ordering: .relaxed)
    }

    /// A request's first line is here: the rest of the head has this long, and never longer than it had before.
    func headBegan(_ exchange: Exchange, within time: Duration) {
        state.withLock { $0.exchange = exchange }
        let limit = now() + time.nanoseconds
        if limit < deadline.load(ordering: .relaxed) { deadline.store(limit, ordering: .relaxed) }
    }

    /// A request is over: the next one's head must be whole after the idle time and the time for a head.
    func requestEnded(_ configuration: ServerConfiguration) {
        state.withLock { $0.exchange = nil }
        setDeadline(in: configuration.idle.nanoseconds + configuration.headDeadline.nanoseconds)
    }

    /// Cuts the connection when its time is over.
    ///
    /// A sleeping exchange is never late: only what the client owes counts.
    func reap() {
        guard now() > deadline.load(ordering: .relaxed) else { return }
        withDescriptor { Sockets.shutdownBoth($0) }
    }

    // MARK: Ends

    /// Lets what the client still sends be read for a while after the close, so that no reset eats the response.
    func linger() { state.withLock { $0.lingers = true } }

    /// Tells the client, when nothing is being answered, that nothing more will be.
    func closeIfIdle() {
        state.withLock { state in
            guard state.descriptor >= 0, state.exchange?.isStarted != true else { return }
            Sockets.shutdownReading(state.descriptor)
        }
    }

    /// Ends whatever goes on; the request's handler is cancelled.
    func abort() {
        let exchange = state.withLock { state in
            if state.descriptor >= 0 { Sockets.shutdownBoth(state.descriptor) }
            return state.exchange
        }
        exchange?.abort()
    }

    var exchange: Exchange? { state.withLock { $0.exchange } }

    /// Calls with the descriptor while it is sure to be this connection's; not at all afterwards.
    func withDescriptor(_ body: (Int32) -> Void) {
        state.withLock { if $0.descriptor >= 0 { body($0.descriptor) } }
    }

    /// The engine is about to close the descriptor.
    ///
    /// - Returns: a second descriptor to read out, or -1.
    func end() -> Int32 {
        state.withLock { state in
            defer { state.descriptor = -1 }
            return state.lingers ? Sockets.duplicate(state.descriptor) : -1
        }
    }
}

internal import Core
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One thread beside the engine's: accepts connections, cuts late ones, reads out refused ones.
final class Housekeeper: Sendable {
    /// How often deadlines are looked at.
    private static let tick: Int32 = 250
    private static let lingerLimit = 256

    /// Longer than a player takes to ask for the next segment that another viewer also watches.
    private static let cacheTime: Duration = .seconds(30)

    private struct State {
        var isAccepting = true
        var isStopping = false
        var lingering: [(descriptor: Int32, until: UInt64)] = []
    }

    private let core: EngineCore
    private let pools: DaemonPools
    private let listeners: [Int32]
    private let state = Mutex(State())
    private let wakeRead: Int32
    private let wakeWrite: Int32
    private let closed = Atomic<Bool>(false)
    private let ended = Atomic<Bool>(false)

    init(_ core: EngineCore, _ pools: DaemonPools, listeners: [Int32]) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw ServiceError(.internalFailure, "The server has no descriptor left.", detail: "errno \(errno)")
        }
        for end in ends { Sockets.makePrivate(end) }
        (wakeRead, wakeWrite) = (ends[0], ends[1])
        self.core = core
        self.pools = pools
        self.listeners = listeners
    }

    /// Not when the thread ends: who wakes it may be a moment late.
    deinit {
        Sockets.close(wakeRead)
        Sockets.close(wakeWrite)
    }

    func start() {
        Threads.run { self.run() }
    }

    /// Closes the listening sockets.
    func stopAccepting() {
        state.withLock { $0.isAccepting = false }
        wake()
    }

    /// Ends the thread; ``hasEnded`` follows.
    func stop() {
        state.withLock { $0.isStopping = true }
        wake()
    }

    /// Whether the listening sockets are closed: nothing is accepted from then on.
    var hasClosed: Bool { closed.load(ordering: .acquiring) }

    var hasEnded: Bool { ended.load(ordering: .acquiring) }

    /// Reads a descriptor out for a while and closes it.
    func linger(_ descriptor: Int32) {
        let until = Monotonic.now + core.configuration.linger.nanoseconds
        let isTaken = state.withLock { state in
            guard !state.isStopping, state.lingering.count < Self.lingerLimit else { return false }
            state.lingering.append((descriptor, until))
            return true
        }
        guard isTaken else { return Sockets.close(descriptor) }
        wake()
    }

    private func wake() { _ = write(wakeWrite, [0], 1) }

    private func run() {
        var open = listeners
        var lastReaped: UInt64 = 0
        var pause = false
        while !state.withLock({ $0.isStopping }) {
            if !open.isEmpty, !state.withLock({ $0.isAccepting }) {
                open.forEach(Sockets.close)
                open = []
                closed.store(true, ordering: .releasing)
            }
            let ready = wait(for: pause ? [] : open)
            pause = false
            for listener in ready where !accept(listener) { pause = true }
            readOut()
            let now = Monotonic.now
            guard now - lastReaped >= UInt64(Self.tick) * 1_000_000 else { continue }
            lastReaped = now
            reap()
            FileCache.shared.drop(unusedFor: Self.cacheTime)
        }
        open.forEach(Sockets.close)
        for entry in state.withLock({ $0.lingering }) { Sockets.close(entry.descriptor) }
        ended.store(true, ordering: .releasing)
    }

    /// Waits for a connection, a wake-up, bytes to read out, or the next tick.
    private func wait(for listeners: [Int32]) -> [Int32] {
        let lingering = state.withLock { $0.lingering.map(\.descriptor) }
        var entries = ([wakeRead] + listeners + lingering).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&entries, nfds_t(entries.count), Self.tick) > 0 else { return [] }
        if entries[0].revents != 0 {
            var bytes = [UInt8](repeating: 0, count: 64)
            _ = read(wakeRead, &bytes, bytes.count)
        }
        return entries[1..<(1 + listeners.count)].filter { $0.revents != 0 }.map(\.fd)
    }

    /// Takes what waits at a listener.
    ///
    /// - Returns: false when the process has no descriptor left, so that the caller does not spin.
    private func accept(_ listener: Int32) -> Bool {
        for _ in 0..<64 {
            let (descriptor, address) = Sockets.acceptNext(listener)
            guard descriptor >= 0 else {
                guard errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM else { return true }
                core.logger.warning("no descriptor left for a connection", [:])
                return false
            }
            guard core.admission.admit(address) else {
                refuse(descriptor)
                continue
            }
            if !pools.add(descriptor, address) { core.admission.release(address) }
        }
        return true
    }

    private func refuse(_ descriptor: Int32) {
        var response = Response.problem(
            .serviceUnavailable,
            code: "too_many_connections",
            "There are too many connections."
        )
        response.headers["Retry-After"] = "1"
        Sockets.sendNow(descriptor, RawResponse.bytes(of: response))
        Sockets.shutdownWriting(descriptor)
        linger(descriptor)
    }

    private func readOut() {
        let entries = state.withLock { $0.lingering }
        guard !entries.isEmpty else { return }
        let now = Monotonic.now
        let over = entries.filter { $0.until < now || Sockets.drain($0.descriptor) }.map(\.descriptor)
        guard !over.isEmpty else { return }
        state.withLock { state in state.lingering.removeAll { over.contains($0.descriptor) } }
        over.forEach(Sockets.close)
    }

    private func reap() {
        for connection in core.all {
            connection.reap()
            connection.exchange?.abortStreamIfClientLeft()
        }
    }
}

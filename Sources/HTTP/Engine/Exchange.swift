internal import CMicroHTTP
internal import Core
internal import Synchronization

/// One request and its response, between the engine's thread and the handler's task.
///
/// The engine calls: the head has come (again after each resume), bytes of the body, the request is whole (again after
/// each resume), completed. The handler's side asks for the body and hands over the response. Both meet in ``State``;
/// suspending and resuming happens under its lock, together with the flag that remembers it, so that no wake-up is
/// lost and none is sent twice.
final class Exchange: Sendable {
    /// Up to this size a body that nobody wants is read to its end, and the connection lives on.
    static let discardLimit: Int64 = 256 << 10

    enum Phase {
        /// The head has come; a response queued now ends the connection without reading the body.
        case head
        /// The body is coming; no response can be queued.
        case body
        /// Everything has come.
        case whole
        /// The response is the engine's.
        case answered
    }

    enum Body {
        case untouched
        case receiving(any BodySink, CheckedContinuation<Int64, any Error>)
        /// Nobody takes it any more: a sink failed or the reader was cancelled.
        case abandoned
        /// The handler answered without it; it is read and thrown away.
        case discarding
        case complete
    }

    struct State {
        /// Nil once the engine has forgotten the request.
        var handle: EngineHandle?
        var isSuspended = false
        var isAborting = false
        var phase = Phase.head
        var body = Body.untouched
        /// The reader's task was cancelled.
        var isReaderCancelled = false
        /// The sink is being called.
        var isWriting = false
        /// What was left of the body's time when the sink had no room: that is not the client's fault.
        var timeLeft: UInt64?
        var received: Int64 = 0
        /// What came after a chunked body.
        var trailers = Headers()
        var framing = Framing.none
        var isHead = false
        var isOld = false
        /// The request, until its handler starts.
        var request: Request?
        var response: Response?
        var task: Task<Void, Never>?
        var isHandled = false
        var stream: StreamPipe?

        /// On the engine's thread.
        mutating func suspend() {
            guard !isSuspended, let handle else { return }
            isSuspended = true
            handle.suspend()
        }

        mutating func resume() {
            guard isSuspended, let handle else { return }
            isSuspended = false
            handle.resume()
        }
    }

    let core: EngineCore
    let connection: Connection
    /// The raw request target; nil when it is not UTF-8.
    let target: String?
    private let started = Atomic<Bool>(false)
    let state: Mutex<State>

    init(core: EngineCore, connection: Connection, handle: EngineHandle, target: String?) {
        self.core = core
        self.connection = connection
        self.target = target
        state = Mutex(State(handle: handle))
        core.requests.add(1, ordering: .relaxed)
    }

    /// Whether a handler was started: from then on the request is worth waiting for.
    var isStarted: Bool { started.load(ordering: .relaxed) }

    var receivedBytes: Int64 { state.withLock { $0.received } }

    var trailers: Headers { state.withLock { $0.trailers } }

    func isClientConnected() -> Bool {
        state.withLock { state in
            guard let handle = state.handle, !state.isAborting else { return false }
            return !Sockets.peerLeft(handle.descriptor)
        }
    }

    func sendInterim(_ status: Status, _ headers: Headers) {
        let bytes = RawResponse.head(status, headers, extra: "")
        state.withLock { state in
            // Once the response is the engine's, its bytes must not mix with ours.
            guard let handle = state.handle, !state.isAborting, !state.isOld, state.phase != .answered else { return }
            let count = Sockets.sendSome(handle.descriptor, bytes)
            // None is no harm. Half of it would be read as the beginning of whatever is sent next.
            if count > 0, count < bytes.count { Sockets.shutdownBoth(handle.descriptor) }
        }
    }

    // MARK: The handler's side

    /// Runs the handler on this thread up to where it first waits, and from there on in the pool.
    func start(_ request: Request) {
        started.store(true, ordering: .relaxed)
        core.handlers.add(1, ordering: .relaxed)
        let task = Self.immediateTask { [core] in
            let response: Response
            do {
                response = try await core.handler(request)
            } catch {
                response = Trace.$requestID.withValue(request.id) { .rendering(error, logger: core.logger) }
            }
            self.answer(response)
            core.handlers.subtract(1, ordering: .relaxed)
        }
        let isAborting = state.withLock { state in
            if !state.isHandled { state.task = task }
            return state.isAborting
        }
        // Not under the lock, which what is cancelled may take.
        if isAborting { task.cancel() }
    }

    private static func immediateTask(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        if #available(macOS 26, iOS 26, *) {
            // Saves a hop to the pool when the handler does not wait, and one more when it does.
            return Task.immediate { await body() }
        }
        return Task { await body() }
    }

    /// Takes the handler's response; drops it when the client is gone.
    private func answer(_ response: Response) {
        state.withLock { state in
            state.isHandled = true
            state.task = nil
            guard state.handle != nil, !state.isAborting else { return }
            state.response = response
            if state.phase == .body, case .abandoned = state.body, !state.isSuspended {
                refuseSilentClient(&state)
            }
            state.resume()
        }
    }

    /// In mid-body no response can be queued, and no byte need ever come that would call us: say it on the descriptor
    /// and end the connection.
    private func refuseSilentClient(_ state: inout State) {
        guard let handle = state.handle, let response = state.response else { return }
        Sockets.sendNow(handle.descriptor, RawResponse.bytes(of: response))
        state.response = nil
        state.isAborting = true
        Sockets.shutdownReading(handle.descriptor)
    }

    /// Ends the exchange from outside: at the end of a shutdown's patience.
    func abort() {
        let (task, stream) = state.withLock { state in
            state.isAborting = true
            state.resume()
            return (state.task, state.stream)
        }
        task?.cancel()
        stream?.abort()
    }

    /// Nobody else notices that a client left while a stream has nothing to send.
    func abortStreamIfClientLeft() {
        let stream = state.withLock { $0.stream }
        stream?.abortIfClientLeft()
    }

    /// The engine has forgotten the request; every wait ends.
    func completed() {
        let (waiter, stream, received) = state.withLock { state in
            var waiter: CheckedContinuation<Int64, any Error>?
            if case .receiving(_, let waiting) = state.body { waiter = waiting }
            state.handle = nil
            state.isSuspended = false
            if case .complete = state.body {} else { state.body = .abandoned }
            state.request = nil
            state.response = nil
            defer { state.stream = nil }
            return (waiter, state.stream, state.received)
        }
        waiter?.resume(throwing: BodyError.disconnected(received: received))
        stream?.abort()
        connection.requestEnded(core.configuration)
        core.requests.subtract(1, ordering: .relaxed)
    }
}

extension Framing {
    static let none = Framing(hasBody: false, declaredLength: 0, expectsContinue: false)

    private init(hasBody: Bool, declaredLength: Int64?, expectsContinue: Bool) {
        self.hasBody = hasBody
        self.declaredLength = declaredLength
        self.expectsContinue = expectsContinue
    }
}

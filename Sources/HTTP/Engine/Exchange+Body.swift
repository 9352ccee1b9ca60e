internal import Synchronization

/// The body: from the engine's thread to the sink.
extension Exchange {
    // MARK: The handler's side

    func beginBody(_ sink: any BodySink, waiter: CheckedContinuation<Int64, any Error>) {
        let failure: (any Error)? = state.withLock { state in
            guard case .untouched = state.body else {
                return state.handle == nil ? BodyError.disconnected(received: state.received) : BodyError.alreadyRead
            }
            if state.isReaderCancelled { return CancellationError() }
            guard state.handle != nil, !state.isAborting else { return BodyError.disconnected(received: 0) }
            state.body = .receiving(sink, waiter)
            state.resume()
            return nil
        }
        if let failure { waiter.resume(throwing: failure) }
    }

    /// The reader was cancelled: the sink gets nothing more, a write under way excepted.
    func abandonBody() {
        let waiter = state.withLock { state -> CheckedContinuation<Int64, any Error>? in
            state.isReaderCancelled = true
            // The thread that is writing ends the wait itself: only then is the sink out of use.
            guard case .receiving(_, let waiter) = state.body, !state.isWriting else { return nil }
            state.body = .abandoned
            return waiter
        }
        waiter?.resume(throwing: CancellationError())
    }

    // MARK: The engine's side

    enum Step {
        case proceed
        case close
        case queue(Response, closing: Bool)
        case start(Request)
        case write(any BodySink, CheckedContinuation<Int64, any Error>)
        case keep
    }

    /// The body may flow: from now on the client owes bytes.
    func openBody(_ state: inout State) {
        state.phase = .body
        connection.setDeadline(in: core.configuration.bodyPatience.nanoseconds)
    }

    /// Takes the next bytes of the body.
    ///
    /// - Returns: how many were taken, or nil to end the connection.
    func bodyArrived(_ bytes: UnsafeRawBufferPointer) -> Int? {
        switch state.withLock({ nextForBody(&$0, count: bytes.count) }) {
        case .write(let sink, let waiter): return write(bytes, to: sink, waiter)
        case .proceed: return bytes.count
        case .keep: return 0
        default: return nil
        }
    }

    private func nextForBody(_ state: inout State, count: Int) -> Step {
        if state.isAborting { return .close }
        if let left = state.timeLeft {
            connection.setDeadline(in: left)
            state.timeLeft = nil
        }
        switch state.body {
        case .receiving(let sink, let waiter):
            // Called back from another thread, which waits for this lock until the connection is suspended.
            guard sink.hasRoom(orCall: { self.resumeBody() }) else {
                state.timeLeft = connection.pauseDeadline()
                state.suspend()
                return .keep
            }
            state.isWriting = true
            return .write(sink, waiter)
        case .discarding:
            state.received += Int64(count)
            credit(count)
            return .proceed
        case .untouched, .abandoned, .complete:
            guard let response = state.response else {
                // Keeping the bytes back makes the engine offer them again when the response is here.
                connection.clearDeadline()
                state.suspend()
                return .keep
            }
            return giveUp(&state, response, count: count)
        }
    }

    private func resumeBody() { state.withLock { $0.resume() } }

    /// Answers in the middle of a body that nobody takes.
    private func giveUp(_ state: inout State, _ response: Response, count: Int) -> Step {
        if let length = state.framing.declaredLength, length - state.received <= Self.discardLimit {
            state.body = .discarding
            state.received += Int64(count)
            connection.setDeadline(in: core.configuration.bodyPatience.nanoseconds)
            return .proceed
        }
        if let handle = state.handle { Sockets.sendNow(handle.descriptor, RawResponse.bytes(of: response)) }
        state.response = nil
        connection.linger()
        return .close
    }

    private func write(
        _ bytes: UnsafeRawBufferPointer,
        to sink: any BodySink,
        _ waiter: CheckedContinuation<Int64, any Error>
    ) -> Int? {
        // A slow disk is not the client's fault.
        let before = connection.pauseDeadline()
        var failure: (any Error)?
        do {
            try sink.write(bytes)
        } catch {
            failure = error
        }
        let (taken, ending) = state.withLock { state -> (Int, (any Error)?) in
            state.isWriting = false
            if let failure {
                state.body = .abandoned
                state.suspend()
                return (0, failure)
            }
            state.received += Int64(bytes.count)
            guard state.isReaderCancelled else { return (bytes.count, nil) }
            state.body = .abandoned
            return (bytes.count, CancellationError())
        }
        if let ending {
            connection.clearDeadline()
            waiter.resume(throwing: ending)
        } else {
            connection.setDeadline(in: before)
            credit(bytes.count)
        }
        return taken
    }

    /// Received bytes buy time at the minimum rate, up to the whole patience.
    private func credit(_ count: Int) {
        let configuration = core.configuration
        let nanoseconds = UInt64(count) * 1_000_000_000 / UInt64(max(1, configuration.bodyMinimumRate))
        connection.extendDeadline(by: nanoseconds, atMost: configuration.bodyPatience.nanoseconds)
    }
}

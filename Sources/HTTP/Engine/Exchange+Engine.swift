internal import CMicroHTTP
internal import Core
internal import Synchronization

/// What the engine's callbacks lead to. All of it runs on the engine's thread of this connection.
extension Exchange {
    /// The head has come, or the connection was resumed before its body.
    func headArrived(_ pointer: OpaquePointer, method: HTTPMethod, isOld: Bool) -> MHD_Result {
        // The head is here; the handler may take its time before it wants the body.
        connection.clearDeadline()
        if !isPrepared {
            do {
                try prepare(pointer, method: method, isOld: isOld)
            } catch {
                return refuse(pointer, error.response)
            }
        }
        // A head without a body waits for the second call: a response queued in the first would end the connection.
        guard let request = takeRequestWithBody() else { return continueHead(pointer) }
        start(request)
        return continueHead(pointer)
    }

    private var isPrepared: Bool { state.withLock { $0.request != nil } || isStarted }

    private func takeRequestWithBody() -> Request? {
        state.withLock { state in
            guard state.framing.hasBody else { return nil }
            defer { state.request = nil }
            return state.request
        }
    }

    private func continueHead(_ pointer: OpaquePointer) -> MHD_Result {
        let step = state.withLock { state -> Step in
            if state.isAborting { return .close }
            guard state.framing.hasBody else {
                state.phase = .whole
                return .proceed
            }
            if let response = state.response { return answerEarly(&state, response) }
            if case .receiving = state.body {
                openBody(&state)
                return .proceed
            }
            state.suspend()
            return .proceed
        }
        return perform(step, pointer)
    }

    /// The handler answered without its body: a small one that is on its way is read first, so that the connection
    /// can be used again; otherwise the response goes out now, before any `100 Continue`, and the connection ends.
    private func answerEarly(_ state: inout State, _ response: Response) -> Step {
        if !state.framing.expectsContinue, let length = state.framing.declaredLength, length <= Self.discardLimit {
            state.body = .discarding
            openBody(&state)
            return .proceed
        }
        state.response = nil
        state.phase = .answered
        connection.linger()
        return .queue(response, closing: true)
    }

    /// The request is whole, or the connection was resumed after that.
    func requestArrived(_ pointer: OpaquePointer) -> MHD_Result {
        connection.clearDeadline()
        let trailers = trailersOfReceivedBody(pointer)
        let request = state.withLock { state in
            defer { state.request = nil }
            return state.isAborting ? nil : state.request
        }
        if let request, !answerAtOnce(request) { start(request) }
        let (step, waiter, received) = state.withLock { state in
            var waiter: CheckedContinuation<Int64, any Error>?
            if case .receiving(_, let waiting) = state.body { waiter = waiting }
            state.phase = .whole
            state.body = .complete
            if case .success(let trailers) = trailers { state.trailers = trailers }
            return (finalStep(&state), waiter, state.received)
        }
        if case .failure(let refusal) = trailers {
            waiter?.resume(throwing: ServiceError(.invalidRequest, "After the body: \(refusal.message)"))
        } else {
            waiter?.resume(returning: received)
        }
        return perform(step, pointer)
    }

    private func answerAtOnce(_ request: Request) -> Bool {
        guard request.body.isEmpty, let response = core.shortcut(request) else { return false }
        state.withLock { state in
            state.isHandled = true
            state.response = response
        }
        return true
    }

    private func finalStep(_ state: inout State) -> Step {
        if state.isAborting { return .close }
        guard let response = state.response else {
            state.suspend()
            return .proceed
        }
        state.response = nil
        state.phase = .answered
        return .queue(response, closing: false)
    }

    private func perform(_ step: Step, _ pointer: OpaquePointer) -> MHD_Result {
        switch step {
        case .queue(let response, let closing): queue(pointer, response, closing: closing)
        case .close: .NO
        default: .YES
        }
    }

    /// Refuses a head that broke the rules; the connection ends.
    private func refuse(_ pointer: OpaquePointer, _ response: Response) -> MHD_Result {
        state.withLock { $0.phase = .answered }
        connection.linger()
        return queue(pointer, response, closing: true)
    }

    private func queue(_ pointer: OpaquePointer, _ response: Response, closing: Bool) -> MHD_Result {
        connection.clearDeadline()
        let closes = closing || core.isDraining.load(ordering: .relaxed)
        let isHead = state.withLock { $0.isHead }
        guard
            let prepared = EngineResponse.make(
                response,
                handle: EngineHandle(pointer: pointer),
                isHead: isHead,
                closes: closes
            )
        else {
            core.logger.error("response cannot be sent", ["reason": "no memory, no descriptor, or a file sent twice"])
            return .NO
        }
        let result = MHD_queue_response(pointer, UInt32(prepared.status.rawValue), prepared.object.pointer)
        guard result == .YES, let stream = prepared.stream else { return result }
        let isAborting = state.withLock { state in
            state.stream = stream
            return state.isAborting
        }
        stream.start()
        if isAborting { stream.abort() }
        return result
    }
}

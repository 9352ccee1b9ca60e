internal import Synchronization

/// A request's body that is written while it is sent, through at most 256 KiB and one block of memory.
///
/// One writer. It asks ``hasRoom(orCall:)`` before each block; then memory stays bounded without a thread that waits.
package final class OutgoingStream: Sendable {
    /// What the sender finds.
    enum Supply {
        case bytes([UInt8], from: Int, count: Int)
        case none
        case end
        case failure
    }

    fileprivate enum Ending {
        case open
        /// Everything is there, and what comes after it.
        case finished([HeaderField])
        /// It ends before its end, after the bytes that are there.
        case failed
        /// The response is here, or never will be: nobody takes the rest.
        case over
    }

    fileprivate struct State {
        var blocks: [[UInt8]] = []
        /// Bytes of the first block that are gone.
        var taken = 0
        var pending = 0
        var written: Int64 = 0
        var ending = Ending.open
        var isWanted = false
        var wanted: CheckedContinuation<Bool, Never>?
        var onRoom: (@Sendable () -> Void)?
        /// Wakes the sender when it has found nothing.
        var wake: (@Sendable () -> Void)?
        var isStarved = false
    }

    private static let highWater = 256 << 10

    /// Bytes to come; nil when nobody knows, and then the body is sent in chunks.
    package let length: Int64?
    private let state = Mutex(State())

    package init(length: Int64?) {
        self.length = length
    }

    // MARK: The writer's side

    /// Waits until the other side wants the body.
    ///
    /// - Returns: false when it has answered, or is gone, without it.
    package func waitUntilWanted() async -> Bool {
        await withCheckedContinuation { continuation in
            let isWanted = state.withLock { state -> Bool? in
                if case .over = state.ending { return false }
                if state.isWanted { return true }
                state.wanted = continuation
                return nil
            }
            if let isWanted { continuation.resume(returning: isWanted) }
        }
    }

    /// Whether a block may be written; when not, `resume` is called once it may, or when nobody takes it any more.
    package func hasRoom(orCall resume: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard case .open = state.ending, state.pending >= Self.highWater else { return true }
            state.onRoom = resume
            return false
        }
    }

    /// Adds bytes, whether there is room or not.
    ///
    /// - Throws: `HTTPClientError.broken` when nobody takes them any more.
    package func write(_ block: [UInt8]) throws(HTTPClientError) {
        guard !block.isEmpty else { return }
        let (isTaken, wake) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard case .open = state.ending else { return (false, nil) }
            state.blocks.append(block)
            state.pending += block.count
            state.written += Int64(block.count)
            return (true, state.starvedWake())
        }
        guard isTaken else { throw .broken("the request is over") }
        wake?()
    }

    /// The body is whole.
    ///
    /// `trailers`: sent after it when it goes in chunks.
    package func finish(trailers: [HeaderField] = []) { end(.finished(trailers)) }

    /// The body ends here, before its end: the other side gets what was written and then no more.
    package func fail() { end(.failed) }

    private func end(_ ending: Ending) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard case .open = state.ending else { return nil }
            state.ending = ending
            return state.starvedWake()
        }
        wake?()
    }

    // MARK: The sender's side

    func begin(wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

    /// The next bytes of at most a count; ``Supply/none`` promises a wake-up.
    func take(atMost limit: Int) -> Supply {
        let (supply, wanted, onRoom) = state.withLock { state in
            state.isWanted = true
            let supply = state.take(atMost: limit)
            defer { state.wanted = nil }
            guard state.pending < Self.highWater else { return (supply, state.wanted, nil as (@Sendable () -> Void)?) }
            defer { state.onRoom = nil }
            return (supply, state.wanted, state.onRoom)
        }
        wanted?.resume(returning: true)
        onRoom?()
        return supply
    }

    var trailers: [HeaderField] {
        state.withLock { state in
            if case .finished(let trailers) = state.ending { return trailers }
            return []
        }
    }

    /// Nobody takes the rest.
    ///
    /// - Returns: whether there would have been a rest.
    @discardableResult
    func close() -> Bool {
        let (wanted, onRoom, hadRest) = state.withLock { state in
            var isWhole = state.written == length
            if case .finished = state.ending { isWhole = true }
            let hadRest = !isWhole || state.pending > 0
            // What is whole may still be on its way.
            if hadRest { state.ending = .over }
            defer { (state.wanted, state.onRoom, state.wake) = (nil, nil, nil) }
            return (state.wanted, state.onRoom, hadRest)
        }
        wanted?.resume(returning: false)
        onRoom?()
        return hadRest
    }
}

extension OutgoingStream.State {
    fileprivate mutating func starvedWake() -> (@Sendable () -> Void)? {
        defer { isStarved = false }
        return isStarved ? wake : nil
    }

    fileprivate mutating func take(atMost limit: Int) -> OutgoingStream.Supply {
        if case .over = ending { return .end }
        if let first = blocks.first {
            let count = min(limit, first.count - taken)
            let from = taken
            taken += count
            pending -= count
            if taken == first.count {
                blocks.removeFirst()
                taken = 0
            }
            return .bytes(first, from: from, count: count)
        }
        switch ending {
        case .finished, .over: return .end
        case .failed: return .failure
        case .open:
            isStarved = true
            return .none
        }
    }
}

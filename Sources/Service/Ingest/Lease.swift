internal import Core
internal import Synchronization

/// One writer at a time: who holds an upload, and whether his connection has gone silent.
///
/// Leases live in the process that receives; a data folder is served by one.
final class LeaseTable: Sendable {
    /// A connection that has brought nothing for this long lets go when somebody else asks.
    private let silence: Duration
    /// How long a request waits for a holder that is still receiving: with the silence it stays within 500 ms.
    static let patience = Duration.milliseconds(400)
    /// How long a holder that was told to let go may take for it.
    private let departure: Duration
    /// Between two looks at a holder.
    private static let step = Duration.milliseconds(10)

    private let held = Mutex<[UploadID: Lease]>([:])

    init(silence: Duration, departure: Duration) {
        self.silence = silence
        self.departure = departure
    }

    /// Takes the upload, from a silent holder too.
    ///
    /// `force`: from one that is receiving too, for the end of an upload.
    ///
    /// - Returns: nil when its holder went on receiving, or finishing what it received, for all the time given.
    func acquire(_ id: UploadID, within patience: Duration = LeaseTable.patience, force: Bool = false) async throws
        -> Lease?
    {
        let lease = Lease(id)
        let isFree = try await wait(for: id, within: patience, force: force) {
            self.held.withLock { table in
                guard table[id] == nil else { return false }
                table[id] = lease
                return true
            }
        }
        return isFree ? lease : nil
    }

    /// Waits until nobody is sending, so that the offset stands still; not longer than the patience.
    ///
    /// `force`: ends also what is receiving.
    ///
    /// - Returns: whether nobody is sending.
    @discardableResult
    func settle(
        _ id: UploadID,
        within patience: Duration = LeaseTable.patience,
        force: Bool = false
    ) async throws -> Bool {
        try await wait(for: id, within: patience, force: force) { self.held.withLock { $0[id] == nil } }
    }

    private func wait(
        for id: UploadID,
        within patience: Duration,
        force: Bool,
        _ isDone: @Sendable () -> Bool
    ) async throws -> Bool {
        var end = ContinuousClock.now + patience
        var isDeparting = false
        while !isDone() {
            let holder = held.withLock { $0[id] }
            holder?.evict(afterSilenceOf: force ? .zero : silence)
            if !isDeparting, holder?.isEvicted == true {
                // One that lets go is waited for: what it received is being brought in order.
                isDeparting = true
                end = max(end, .now + departure)
            }
            guard ContinuousClock.now < end else { return false }
            try await Task.sleep(for: Self.step)
        }
        return true
    }

    func release(_ lease: Lease) {
        held.withLock { if $0[lease.upload] === lease { $0[lease.upload] = nil } }
    }
}

/// The right to write to one upload.
final class Lease: Sendable {
    private enum Phase {
        /// Nothing to cancel: it finishes by itself.
        case working
        case receiving(since: ContinuousClock.Instant, cancel: @Sendable () -> Void)
        case evicted
    }

    let upload: UploadID
    private let phase = Mutex<Phase>(.working)

    init(_ upload: UploadID) {
        self.upload = upload
    }

    /// From here on silence counts.
    func beginReceiving(_ cancel: @escaping @Sendable () -> Void) {
        phase.withLock { $0 = .receiving(since: .now, cancel: cancel) }
    }

    /// Bytes came.
    func touch() {
        phase.withLock { phase in
            if case .receiving(_, let cancel) = phase { phase = .receiving(since: .now, cancel: cancel) }
        }
    }

    /// No byte comes any more.
    func endReceiving() {
        phase.withLock { phase in
            if case .receiving = phase { phase = .working }
        }
    }

    var isEvicted: Bool {
        phase.withLock { phase in
            if case .evicted = phase { true } else { false }
        }
    }

    /// Ends what is being received when nothing has come for a while.
    func evict(afterSilenceOf silence: Duration) {
        let cancel = phase.withLock { phase -> (@Sendable () -> Void)? in
            guard case .receiving(let since, let cancel) = phase, since + silence <= .now else { return nil }
            phase = .evicted
            return cancel
        }
        cancel?()
    }
}

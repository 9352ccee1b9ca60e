internal import Core
internal import ObjectStorage
internal import SQL

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A segment, or an init, that somebody asks for.
struct WantedFile: Hashable, Sendable {
    let asset: AssetID
    let version: Int
    let rendition: String
    /// nil: `init.mp4`.
    let number: Int?

    init(asset: AssetID, version: Int, rendition: String, number: Int?) {
        self.asset = asset
        self.version = version
        self.rendition = rendition
        self.number = number
    }

    /// nil for a name that no file of a rendition has.
    init?(_ file: String, rendition: String, _ token: StreamToken) {
        let number = Self.number(of: file)
        guard number != nil || file == "init.mp4" else { return nil }
        self.init(asset: token.asset, version: token.version, rendition: rendition, number: number)
    }

    /// Which segment a name is; nil for any other file.
    static func number(of file: String) -> Int? {
        guard file.hasSuffix(".m4s"), let value = Int(file.dropLast(4)), value >= 0, file == "\(value).m4s" else {
            return nil
        }
        return value
    }

    var key: ObjectKey? {
        let name = number.map { "\($0).m4s" } ?? "init.mp4"
        return try? AssetKeys.file(asset, version: version, rendition: rendition, name: name)
    }
}

/// Holds requests until what they ask for exists.
///
/// Requests for one file share one order; one watch serves all, woken by the database's changes. A thousand viewers
/// who wait cost what one costs.
actor SegmentWaits {
    private struct Waiter {
        let isWanted: @Sendable () -> Bool
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// Players have been seen to wait this long (MEDIA rule 8).
    static let patience = Duration.seconds(90)
    /// How long a job that makes more than what is waited for is waited for.
    private static let goodwill = Duration.seconds(4)
    private static let tick = Duration.milliseconds(20)

    private let database: any Database
    private let store: any ObjectStore
    private let logger: Logger
    private var waiters: [WantedFile: [Waiter]] = [:]
    private var isWatching = false

    private let seconds: Histogram
    private let waiting: MetricSeries

    init(database: any Database, store: any ObjectStore, metrics: Metrics = Metrics(), logger: Logger = .silent) {
        self.database = database
        self.store = store
        seconds = metrics.histogram(
            "telecine_segment_wait_seconds",
            "How long requests for segments that were not there yet were held.",
            labels: "outcome"
        )
        for outcome in ["arrived", "never", "given_up"] { _ = seconds.series(outcome) }
        waiting = metrics.gauge("telecine_segment_waits", "Requests that are held for a segment.").series()
        self.logger = logger
    }

    /// Returns when the file exists.
    ///
    /// Throws `.notFound` for what will never be, `.unavailable` when the client has left or the patience has ended.
    func wait(for wanted: WantedFile, isWanted: @escaping @Sendable () -> Bool) async throws {
        let begin = ContinuousClock.now
        waiting.add(1)
        defer { waiting.add(-1) }
        do {
            try await arrival(of: wanted, isWanted)
            seconds.observe((ContinuousClock.now - begin).inSeconds, "arrived")
        } catch {
            let outcome = (error as? ServiceError)?.code == .notFound ? "never" : "given_up"
            seconds.observe((ContinuousClock.now - begin).inSeconds, outcome)
            throw error
        }
    }

    private func arrival(of wanted: WantedFile, _ isWanted: @escaping @Sendable () -> Bool) async throws {
        if waiters[wanted] == nil {
            switch try await order([wanted: false])[wanted] {
            case .there where exists(wanted): return
            case .never: throw Delivery.nothing
            case .there, .coming, nil: break
            }
        }
        try await withCheckedThrowingContinuation { continuation in
            let deadline = ContinuousClock.now + Self.patience
            waiters[wanted, default: []].append(
                Waiter(isWanted: isWanted, deadline: deadline, continuation: continuation)
            )
            guard !isWatching else { return }
            isWatching = true
            // Lives as long as somebody waits.
            Task { await watch() }
        }
    }

    private func watch() async {
        var (last, round): (Int64?, Int) = (nil, 0)
        while !waiters.isEmpty {
            let counter = try? await database.changeCounter()
            // Now and then without a change, too: a file can be seen before the change that announces it.
            if counter == nil || counter != last || round % 25 == 0 { serve() }
            last = counter
            if round % 10 == 9 { await dismiss() }
            if round % 50 == 49 { await orderAgain() }
            round += 1
            try? await Task.sleep(for: Self.tick)
        }
        isWatching = false
    }

    private func serve() {
        for wanted in waiters.keys where exists(wanted) {
            for waiter in waiters.removeValue(forKey: wanted) ?? [] { waiter.continuation.resume() }
        }
    }

    /// Lets go of those who have left or have waited too long.
    private func dismiss() async {
        let now = ContinuousClock.now
        for (wanted, list) in waiters {
            var staying: [Waiter] = []
            for waiter in list {
                if now < waiter.deadline, waiter.isWanted() {
                    staying.append(waiter)
                } else {
                    waiter.continuation.resume(throwing: Self.tooLate)
                }
            }
            waiters[wanted] = staying.isEmpty ? nil : staying
        }
        // What nobody waits for any more yields to what somebody does.
        for wanted in abandoned() {
            do {
                _ = try await database.write { try SegmentOrder.giveUp(wanted, in: $0) }
            } catch {
                tell("a segment that nobody waits for keeps its priority", error)
            }
        }
    }

    private var ordered: Set<WantedFile> = []

    private func abandoned() -> [WantedFile] {
        let gone = ordered.filter { waiters[$0] == nil }
        ordered.subtract(gone)
        return gone.filter { !exists($0) }
    }

    /// A worker may have died with it, or the asset been deleted; and who makes it may be slow.
    private func orderAgain() async {
        let now = ContinuousClock.now
        let urgent = waiters.mapValues { list in
            list.contains { $0.deadline - now < Self.patience - Self.goodwill }
        }
        let answers: [WantedFile: SegmentOrder.Answer]
        do {
            answers = try await order(urgent)
        } catch {
            return tell("segments that are waited for could not be ordered again", error)
        }
        for (wanted, answer) in answers where answer == .never {
            for waiter in waiters.removeValue(forKey: wanted) ?? [] {
                waiter.continuation.resume(throwing: Delivery.nothing)
            }
        }
    }

    /// Who waits goes on waiting: the next round asks again.
    private func tell(_ what: String, _ error: any Error) {
        logger.warning(what, ["error": .string(String(reflecting: error))])
    }

    /// All in one transaction, however many they are; each with whether it is urgent.
    private func order(_ wanted: [WantedFile: Bool]) async throws -> [WantedFile: SegmentOrder.Answer] {
        let answers = try await database.write { transaction in
            var answers: [WantedFile: SegmentOrder.Answer] = [:]
            for (file, isUrgent) in wanted {
                answers[file] = try SegmentOrder.place(file, isUrgent: isUrgent, in: transaction)
            }
            return answers
        }
        for (file, answer) in answers where answer == .coming { ordered.insert(file) }
        return answers
    }

    private func exists(_ wanted: WantedFile) -> Bool {
        guard let key = wanted.key, let path = store.localPath(key) else { return false }
        return access(path, R_OK) == 0
    }

    static let tooLate = ServiceError(
        .unavailable,
        "This part of the recording is not ready yet. Try again.",
        retryAfter: .seconds(2)
    )
}

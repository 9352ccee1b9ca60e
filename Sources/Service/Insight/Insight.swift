package import Core
package import SQL

/// Records what players report, and says what it adds up to.
///
/// What comes is held in memory for about a second and written in batches, so that no player waits for the database.
package struct Insight: Sendable {
    package struct Configuration: Sendable {
        /// What of an address goes into a viewer's key; the address itself is never stored.
        package enum Addresses: String, Sendable, CaseIterable {
            /// Its network alone: /24 of IPv4, /48 of IPv6.
            case anonymised
            case full
            /// Nothing: only viewers with an account are told apart.
            case none
        }

        /// How long single events are kept; what they add up to stays with the asset.
        package var retention: Duration
        package var addresses: Addresses

        package init(retention: Duration = .seconds(90 * 86_400), addresses: Addresses = .anonymised) {
            self.retention = retention
            self.addresses = addresses
        }
    }

    let database: any Database
    let configuration: Configuration
    let queue: ReportQueue
    let metrics: InsightMetrics
    let logger: Logger
    private let writer: InsightWriter
    /// A player reports every ten seconds; one that seeks wildly is allowed more for a while.
    ///
    /// For players that name their session: without a name those of one address cannot be told apart, and may be many.
    private let sessionRate: RateLimiter

    /// Events of one request.
    package static let mostEvents = 100
    /// Of those that are sent together, how old one may be; an older one counts as so old.
    static let oldest = Duration.seconds(3600)

    package init(
        database: any Database,
        configuration: Configuration = Configuration(),
        metrics: Metrics = Metrics(),
        capacity: Int = 20_000,
        logger: Logger = .silent
    ) {
        self.database = database
        self.configuration = configuration
        self.logger = logger
        let queue = ReportQueue(capacity: capacity)
        self.queue = queue
        self.metrics = InsightMetrics(metrics, queue: queue)
        writer = InsightWriter()
        sessionRate = RateLimiter(.init(burst: 60, interval: .seconds(1)), capacity: 20_000) { .now }
    }

    /// Takes what a player reports; written within about a second.
    ///
    /// What there is no room for is dropped and counted: playback goes before statistics.
    ///
    /// - Throws: `.invalidRequest` for too many at once, `.tooManyRequests`.
    package func record(_ events: [PlaybackEvent], from source: PlaybackSource, at now: Timestamp = .now) throws {
        guard events.count <= Self.mostEvents else {
            throw ServiceError(
                .invalidRequest,
                "events must have at most \(Self.mostEvents) in one request.",
                field: "events"
            )
        }
        try sessionRate.take(source.session.map { "\(source.asset) \($0)" })
        add(
            events.map { event in
                PlaybackReport(source: source, content: .event(event), time: now - min(event.age, Self.oldest))
            }
        )
        metrics.received.add(Double(events.count), "event")
    }

    /// Takes what a player's request for a segment says; never waits, never refuses.
    package func record(_ segment: FetchedSegment, from source: PlaybackSource, at now: Timestamp = .now) {
        metrics.received.add(1, "cmcd")
        add([PlaybackReport(source: source, content: .segment(segment), time: now)])
    }

    private func add(_ reports: [PlaybackReport]) {
        let dropped = reports.count - queue.add(reports)
        if dropped > 0 { metrics.dropped.add(Double(dropped), "queue_full") }
    }

    /// Writes what comes until its task is cancelled; ``flush()`` writes the rest.
    package func run() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
            await flush()
        }
    }

    /// Returns when what had come before the call is written, or could not be.
    package func flush() async {
        await writer.turn { await writeAll() }
    }

    /// Reports of one transaction: others write in between.
    private static let batch = 500

    private func writeAll() async {
        for _ in 0...(queue.capacity / Self.batch) {
            let batch = queue.take(Self.batch)
            guard !batch.isEmpty else { return }
            do {
                let unnamed = try await write(batch)
                metrics.written.add(Double(batch.count - unnamed))
                if unnamed > 0 { metrics.dropped.add(Double(unnamed), "unnamed") }
            } catch let error as SQLError where error.kind == .busy {
                let lost = batch.count - queue.putBack(batch)
                if lost > 0 { metrics.dropped.add(Double(lost), "queue_full") }
                return
            } catch {
                metrics.dropped.add(Double(batch.count), "failed")
                logger.error(
                    "playback events could not be written",
                    ["events": .integer(Int64(batch.count)), "error": .string(String(reflecting: error))]
                )
            }
        }
    }
}

/// Lets one writing follow another, so that a playback's words stay in their order.
private actor InsightWriter {
    private var last: Task<Void, Never>?

    /// Not ended by the caller's cancellation: what was taken from the queue is written.
    func turn(_ body: @escaping @Sendable () async -> Void) async {
        let before = last
        let task = Task {
            await before?.value
            await body()
        }
        last = task
        await task.value
    }
}

/// What is counted of the counting.
struct InsightMetrics: Sendable {
    let received: Counter
    let written: Counter
    let dropped: Counter

    init(_ metrics: Metrics, queue: ReportQueue) {
        received = metrics.counter(
            "telecine_playback_events_received_total",
            "What players reported: events, and segments that were asked for with CMCD.",
            labels: "source"
        )
        written = metrics.counter("telecine_playback_events_written_total", "Playback events that were counted.")
        dropped = metrics.counter(
            "telecine_playback_events_dropped_total",
            "Playback events that were not counted: no room in memory, no session to tell them apart, or a failure.",
            labels: "reason"
        )
        let waiting = metrics.gauge("telecine_playback_events_queued", "Playback events that wait to be written.")
        metrics.beforeReading { waiting.set(Double(queue.count)) }
        // Zero is a value too: a rate begins with it.
        for source in ["event", "cmcd"] { received.add(0, source) }
        for reason in ["queue_full", "unnamed", "failed"] { dropped.add(0, reason) }
    }
}

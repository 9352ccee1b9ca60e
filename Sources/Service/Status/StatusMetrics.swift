package import Core

/// What is looked up when somebody reads the metrics: the queue, the workers, what they have done, and the disk.
package struct StatusMetrics: Sendable {
    private let jobs: Gauge
    private let oldest: Gauge
    private let ended: Counter
    private let runTime: Counter
    private let workers: Gauge
    private let media: Counter
    private let encodeTime: Counter
    private let stored: Gauge
    private let free: Gauge
    private let size: Gauge

    private init(_ metrics: Metrics) {
        jobs = metrics.gauge("telecine_jobs", "Jobs in the queue; a dead one has failed.", labels: "kind", "state")
        oldest = metrics.gauge(
            "telecine_jobs_oldest_waiting_seconds",
            "How long the oldest job that could run has waited, by lane.",
            labels: "lane"
        )
        ended = metrics.counter(
            "telecine_jobs_ended_total",
            "Runs of jobs: done, failed (and tried again), buried (and dead), crashed (with their worker).",
            labels: "kind",
            "outcome"
        )
        runTime = metrics.counter("telecine_job_run_seconds_total", "Time that jobs ran.", labels: "kind")
        workers = metrics.gauge("telecine_workers_alive", "Worker processes that were heard of lately.")
        media = metrics.counter("telecine_encode_media_seconds_total", "Media that was made.", labels: "rung")
        encodeTime = metrics.counter(
            "telecine_encode_seconds_total",
            "Time that making it took; media seconds divided by it is the speed.",
            labels: "rung"
        )
        stored = metrics.gauge(
            "telecine_storage_bytes",
            "Bytes that are stored; what is in the trash counts.",
            labels: "kind"
        )
        free = metrics.gauge("telecine_storage_free_bytes", "Bytes that are free on the data folder's disk.")
        size = metrics.gauge("telecine_storage_size_bytes", "Bytes of the data folder's disk.")
    }

    /// Shows what the reader finds; what cannot be read is told to the log, and the last values stay.
    package static func show(_ reader: StatusReader, in metrics: Metrics, logger: Logger) {
        let own = StatusMetrics(metrics)
        metrics.gauge("telecine_build_info", "1; the label says which release runs.", labels: "version")
            .set(1, Release.version)
        for kind in JobKinds.all {
            for outcome in Statistics.Outcome.allCases { own.ended.record(total: 0, kind.kind, outcome.rawValue) }
        }
        metrics.beforeReading {
            do {
                own.set(try await reader.read())
            } catch {
                logger.warning("where things stand could not be read", ["error": .string(String(reflecting: error))])
            }
        }
    }

    /// No job of any kind in any state.
    private static let none = Dictionary(
        uniqueKeysWithValues: JobKinds.all.flatMap { kind in
            ["queued", "running", "dead"].map { ([kind.kind, $0], 0.0) }
        }
    )

    private func set(_ standing: Standing) {
        // Zero is a value too: an alert compares with it, and a rate begins with it.
        var counts = Self.none
        for count in standing.jobs { counts[[count.kind, count.state]] = Double(count.count) }
        jobs.replace(with: counts)
        for lane in Lane.allCases { oldest.set(standing.oldest[lane.rawValue]?.inSeconds ?? 0, lane.rawValue) }
        var times: [String: Double] = [:]
        for one in standing.ended {
            ended.record(total: Double(one.count), one.kind, one.outcome)
            times[one.kind, default: 0] += one.time.inSeconds
        }
        for (kind, time) in times { runTime.record(total: time, kind) }
        workers.set(Double(standing.workers.count))
        for encoding in standing.encodings {
            media.record(total: encoding.media.inSeconds, encoding.rung)
            encodeTime.record(total: encoding.time.inSeconds, encoding.rung)
        }
        for (kind, bytes) in standing.storage { stored.set(Double(bytes), kind) }
        if let disk = standing.disk {
            free.set(Double(disk.free))
            size.set(Double(disk.size))
        }
    }
}

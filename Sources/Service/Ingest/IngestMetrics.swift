internal import Core
internal import SQL

/// What ingest counts.
struct IngestMetrics: Sendable {
    let begun: Counter
    let completed: Counter
    let failed: Counter
    let expired: Counter
    let received: Counter
    let refused: Counter
    let open: Gauge
    let openBytes: Gauge
    let sweeps: Counter
    let swept: Counter
    let sweptBytes: Counter
    let lastSweep: Gauge

    init(_ metrics: Metrics) {
        begun = metrics.counter("telecine_uploads_begun_total", "Uploads begun.", labels: "door")
        completed = metrics.counter("telecine_uploads_completed_total", "Uploads that became assets.", labels: "door")
        failed = metrics.counter("telecine_uploads_failed_total", "Uploads that failed on receipt.", labels: "door")
        expired = metrics.counter("telecine_uploads_expired_total", "Uploads never finished, swept.", labels: "door")
        received = metrics.counter(
            "telecine_upload_received_bytes_total",
            "Bytes of uploads, those that were refused after they had come included.",
            labels: "door"
        )
        refused = metrics.counter(
            "telecine_uploads_refused_total",
            "Uploads refused because their owner had too much under way."
        )
        open = metrics.gauge("telecine_uploads_open", "Unfinished uploads.", labels: "door", "state")
        openBytes = metrics.gauge("telecine_uploads_open_bytes", "Bytes that they announce.", labels: "door", "state")
        sweeps = metrics.counter("telecine_sweeps_total", "Sweeps of expired uploads.", labels: "outcome")
        swept = metrics.counter("telecine_sweep_removed_total", "What sweeps removed.", labels: "kind")
        sweptBytes = metrics.counter("telecine_sweep_removed_bytes_total", "Bytes of files that sweeps removed.")
        lastSweep = metrics.gauge(
            "telecine_sweep_last_success_timestamp_seconds",
            "When a sweep last ended well, in seconds since 1970."
        )
    }

    /// The other ends begin at zero, so that the first of them is seen as a change.
    func noteBeginning(at door: String) {
        begun.add(1, door)
        for other in [completed, failed, expired, received] { other.add(0, door) }
    }

    func note(_ report: SweepReport, at time: Timestamp) {
        sweeps.add(1, "done")
        for (kind, count) in report.counts { swept.add(Double(count), kind) }
        sweptBytes.add(Double(report.bytes))
        lastSweep.set(Double(time.seconds))
    }
}

extension Ingest {
    /// Looked up when somebody reads: counting along would drift when a process is killed.
    func countOpenUploads(when metrics: Metrics) {
        let (database, own, logger) = (database, self.metrics, logger)
        metrics.beforeReading {
            do {
                let rows = try await database.read { connection in
                    try connection.all(
                        """
                        SELECT door, state, COUNT(*) AS count, CAST(SUM(size) AS BIGINT) AS bytes FROM uploads
                        WHERE state IN ('created', 'receiving', 'validating', 'hashing') GROUP BY door, state
                        """
                    ).map { row in
                        (
                            [try row.get("door", as: String.self), try row.get("state", as: String.self)],
                            try row.get("count", as: Int64.self), try row.get("bytes", as: Int64.self)
                        )
                    }
                }
                own.open.replace(with: Dictionary(uniqueKeysWithValues: rows.map { ($0.0, Double($0.1)) }))
                own.openBytes.replace(with: Dictionary(uniqueKeysWithValues: rows.map { ($0.0, Double($0.2)) }))
            } catch {
                logger.warning("open uploads could not be counted", ["error": .string(String(reflecting: error))])
            }
        }
    }
}

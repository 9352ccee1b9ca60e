package import Core
package import Foundation
package import SQL

/// The daily clean-up.
///
/// Safe for any number of processes that run it on one database.
package struct Upkeep: Sendable {
    package struct Configuration: Sendable {
        /// The local time of day at which it is due.
        package var hour: Int
        package var minute: Int
        /// How long what failed is kept with its reason.
        package var keepFailed: Duration
        /// How long it is known who did what.
        package var keepAudit: Duration
        package var timeZone: TimeZone

        package init(
            hour: Int = 2,
            minute: Int = 0,
            keepFailed: Duration = .seconds(7 * 86_400),
            keepAudit: Duration = .seconds(365 * 86_400),
            timeZone: TimeZone = .current
        ) {
            self.hour = hour
            self.minute = minute
            self.keepFailed = keepFailed
            self.keepAudit = keepAudit
            self.timeZone = timeZone
        }
    }

    /// What a run has removed.
    package struct Counts: Sendable, Equatable {
        package var uploads = 0
        package var media = 0
        /// Media that were in the trash for long enough.
        package var trash = 0
        /// Entries of the audit log.
        package var audit = 0
        /// Playback events that were kept for long enough.
        package var events = 0
    }

    private let database: any Database
    private let ingest: Ingest
    private let catalog: Catalog
    private let insight: Insight
    private let configuration: Configuration
    private let logger: Logger

    private static let duty = "cleanup"
    /// How long a process may take before another thinks it dead.
    private static let claim = Duration.seconds(600)
    private static let interval = Duration.seconds(30)
    /// Assets removed in one transaction, so that others can write in between.
    private static let batch = 100

    package init(
        database: any Database,
        ingest: Ingest,
        catalog: Catalog,
        insight: Insight,
        configuration: Configuration,
        logger: Logger
    ) {
        self.database = database
        self.ingest = ingest
        self.catalog = catalog
        self.insight = insight
        self.configuration = configuration
        self.logger = logger
    }

    /// Does what is due until its task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do {
                try await runIfDue(at: .now)
            } catch {
                logger.error(
                    "the daily clean-up failed and is tried again",
                    ["error": .string(String(reflecting: error))]
                )
            }
            do { try await Task.sleep(for: Self.interval) } catch { return }
        }
    }

    /// Cleans up when that is due and nobody else does.
    ///
    /// - Returns: nil when there was nothing to do.
    @discardableResult
    package func runIfDue(at now: Timestamp) async throws -> Counts? {
        guard let slot = lastSlot(before: now), try await takeSlot(slot, now) else { return nil }
        var counts = Counts()
        // Nil: another sweep is at it.
        let swept = try await ingest.sweep(at: now)
        counts.uploads = swept.map { $0.expired + $0.failed + $0.finished } ?? 0
        while !Task.isCancelled {
            let removed = try await catalog.removeFailed(before: now - configuration.keepFailed, limit: Self.batch)
            counts.media += removed
            if removed < Self.batch { break }
        }
        counts.trash = try await catalog.emptyExpiredTrash(at: now)
        counts.audit = try await AuditLog(database: database).forget(before: now - configuration.keepAudit)
        counts.events = try await insight.forget(at: now)
        try Task.checkCancellation()
        try await database.write {
            try $0.run(
                "UPDATE schedules SET done_slot = \(slot), claimed_until = 0 WHERE name = \(Self.duty)"
            )
        }
        logger.info(
            "daily clean-up done",
            [
                "uploads": .integer(Int64(counts.uploads)), "media": .integer(Int64(counts.media)),
                "trash": .integer(Int64(counts.trash)), "audit": .integer(Int64(counts.audit)),
                "events": .integer(Int64(counts.events)),
            ]
        )
        return counts
    }

    /// The latest moment at which it was due.
    func lastSlot(before now: Timestamp) -> Timestamp? {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = configuration.timeZone
        let date = Date(timeIntervalSince1970: Double(now.seconds) + 1)
        let slot = calendar.nextDate(
            after: date,
            matching: DateComponents(hour: configuration.hour, minute: configuration.minute, second: 0),
            matchingPolicy: .nextTime,
            direction: .backward
        )
        return slot.map { Timestamp(seconds: Int64($0.timeIntervalSince1970)) }
    }

    private func takeSlot(_ slot: Timestamp, _ now: Timestamp) async throws -> Bool {
        let row = try await database.read {
            try $0.first("SELECT done_slot FROM schedules WHERE name = \(Self.duty)")
        }
        // Looking first keeps the write lock free: nearly always it is done.
        if let row, try row.get("done_slot", as: Timestamp.self) >= slot { return false }
        return try await database.write { transaction in
            try transaction.run(
                """
                INSERT INTO schedules (name, done_slot, claimed_until) VALUES (\(Self.duty), 0, 0)
                ON CONFLICT DO NOTHING
                """
            )
            return try transaction.run(
                """
                UPDATE schedules SET claimed_until = \(now + Self.claim)
                WHERE name = \(Self.duty) AND done_slot < \(slot) AND claimed_until < \(now)
                """
            ) == 1
        }
    }
}

package import Core
internal import Foundation
internal import SQL
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What a sweep removed.
package struct SweepReport: Sendable, Equatable, Encodable {
    /// Uploads that were not finished in time, with what they had received.
    package var expired = 0
    /// Records of uploads that failed, whose reasons were kept long enough.
    package var failed = 0
    /// Records of uploads that were finished long ago; their assets stay.
    package var finished = 0
    /// Staged files that belong to no upload.
    package var orphans = 0
    /// Bytes of the files that were removed.
    package var bytes: Int64 = 0

    package init() {}

    package var isEmpty: Bool { counts.allSatisfy { $0.count == 0 } }

    var counts: [(kind: String, count: Int)] {
        [("expired", expired), ("failed", failed), ("finished", finished), ("orphan", orphans)]
    }
}

/// What nobody will ask for any more goes.
extension Ingest {
    /// A file that was written to within this time is being received: a connection that brings nothing is cut sooner
    /// (the server's `stall` and `bodyPatience`), whichever process holds it.
    private static let receivingGrace = Duration.seconds(120)
    /// A file of no upload may belong to one that is just being recorded, or placed.
    private static let orphanAge = Duration.seconds(3600)
    /// Records that are looked at in one transaction.
    private static let page = 500

    func sweepHourly() async {
        while !Task.isCancelled {
            do {
                if let report = try await sweep(), !report.isEmpty {
                    logger.info(
                        "swept",
                        [
                            "expired": .integer(Int64(report.expired)), "failed": .integer(Int64(report.failed)),
                            "finished": .integer(Int64(report.finished)), "orphans": .integer(Int64(report.orphans)),
                            "bytes": .integer(report.bytes),
                        ]
                    )
                }
            } catch {
                metrics.sweeps.add(1, "failed")
                logger.error("expired uploads could not be swept", ["error": .string(String(reflecting: error))])
            }
            do { try await Task.sleep(for: .seconds(3600)) } catch { return }
        }
    }

    /// Removes uploads that expired, records that were kept long enough, and staged files of nobody.
    ///
    /// One whose last part is there is about to become an asset, and one that is receiving is somebody's: they stay.
    /// Any process may call it; one sweeps at a time.
    ///
    /// - Returns: nil when another is sweeping.
    package func sweep(at time: Timestamp = .now) async throws -> SweepReport? {
        guard let lock = try SweepLock(beside: configuration.stagingDirectory) else { return nil }
        defer { lock.release() }
        let staged = try await disk.run { [folder = configuration.stagingDirectory] in
            try StagedListing(folder)
        }
        var report = SweepReport()
        try await sweepRecords(at: time, staged, &report)
        try await sweepOrphans(before: time - Self.orphanAge, staged, &report)
        forgetExpired(before: time - Self.receivingGrace)
        metrics.note(report, at: time)
        return report
    }

    private struct Candidate: Sendable {
        let id: UploadID
        let door: String
        let state: String
        let isPartial: Bool
    }

    private func sweepRecords(at time: Timestamp, _ staged: StagedListing, _ report: inout SweepReport) async throws {
        var last = ""
        while !Task.isCancelled {
            let after = last
            let candidates = try await database.read { connection in
                try connection.all(
                    """
                    SELECT id, door, state, form FROM uploads WHERE (\(sql: self.isOver(at: time))) AND id > \(after)
                    ORDER BY id LIMIT \(Self.page)
                    """
                ).map { row in
                    Candidate(
                        id: try row.get("id"),
                        door: try row.get("door"),
                        state: try row.get("state"),
                        isPartial: try row.get("form", as: String.self) == "partial"
                    )
                }
            }
            guard let end = candidates.last else { return }
            last = end.id.rawValue
            for candidate in candidates
            where staged.lastWrite(of: candidate.id).map({ $0 < time - Self.receivingGrace }) ?? true {
                try await remove(candidate, at: time, staged, &report)
            }
        }
    }

    /// What a finished upload's asset needs is known by then: its hash was taken from the record's file.
    private func isOver(at time: Timestamp) -> Query {
        """
        (state IN ('created', 'receiving') AND expires_at < \(time) AND (received < parts OR form <> 'numbered'))
            OR (state = 'complete' AND form = 'partial' AND expires_at < \(time))
            OR (state = 'failed' AND created_at < \(time - configuration.keepFailed))
            OR (state = 'complete' AND form <> 'partial' AND expires_at < \(time - configuration.keepFinished)
                AND NOT EXISTS (SELECT 1 FROM versions v
                    WHERE v.asset_id = uploads.asset_id AND v.number = uploads.version AND v.sha256 IS NULL))
        """
    }

    private func remove(
        _ candidate: Candidate,
        at time: Timestamp,
        _ staged: StagedListing,
        _ report: inout SweepReport
    ) async throws {
        // It may have changed since it was looked at.
        let removed = try await database.write { transaction in
            try transaction.run("DELETE FROM uploads WHERE id = \(candidate.id) AND (\(sql: self.isOver(at: time)))")
        }
        guard removed == 1 else { return }
        switch candidate.state {
        case "failed": report.failed += 1
        case "complete" where !candidate.isPartial: report.finished += 1
        default:
            report.expired += 1
            metrics.expired.add(1, candidate.door)
        }
        report.bytes += staged.bytes(of: candidate.id)
        await forgetFile(of: candidate.id)
        guard candidate.isPartial else { return }
        for final in try await waitingFinals(of: candidate.id) { await assembleOrRetry(final) }
    }

    private func sweepOrphans(before limit: Timestamp, _ staged: StagedListing, _ report: inout SweepReport)
        async throws
    {
        let folder = configuration.stagingDirectory
        for file in staged.files where file.modified < limit && !Task.isCancelled {
            guard try await belongsToNobody(file.name) else { continue }
            // Gone already when its upload was swept just now.
            if try await disk.run({ unlink("\(folder)/\(file.name)") == 0 }) {
                report.orphans += 1
                report.bytes += file.bytes
            }
        }
    }

    /// Another process may have swept what this one keeps in memory.
    private func forgetExpired(before limit: Timestamp) {
        active.withLock { table in
            let kept = table.entries.filter { _, entry in
                entry.upload.expiresAt > limit || !entry.writing.isEmpty || !entry.settling.isEmpty
            }
            guard kept.count < table.entries.count else { return }
            table.entries = kept
            table.retirements += 1
        }
    }
}

package import Core
internal import SQL

/// Ends that are told, waited for, or brought about by a client's mistake.
extension Ingest {
    /// Completes an upload whose bytes are all here, for a client that goes by the length.
    ///
    /// It was begun, or last sent, through a protocol that tells the end, and that did not.
    package func endAtLength(_ progress: UploadProgress) async throws -> UploadProgress {
        let (id, owner) = (progress.upload.id, progress.upload.owner)
        guard isWholeButOpen(progress), let lease = try await leases.acquire(id) else { return progress }
        defer { leases.release(lease) }
        let now = try await look(id, for: owner)
        guard isWholeButOpen(now) else { return now }
        try await reachEnd(now.upload)
        return try await look(id, for: owner)
    }

    private func isWholeButOpen(_ progress: UploadProgress) -> Bool {
        let upload = progress.upload
        guard upload.form == .appended || upload.form == .partial, upload.acceptsParts, upload.isLengthKnown else {
            return false
        }
        return progress.offset == upload.size
    }

    /// Waits while the upload is brought to its end: verified and stored.
    ///
    /// - Returns: it as it is then, or as it still is when the patience is over; a failed one too.
    package func settled(_ id: UploadID, for owner: UserID, within patience: Duration) async throws -> Upload {
        let start = ContinuousClock.now
        var pause = Duration.milliseconds(2)
        while true {
            let upload = try await find(id, for: owner)
            let isUnderWay = upload.state == .validating || upload.state == .hashing
            guard isUnderWay, ContinuousClock.now < start + patience else { return upload }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(200))
        }
    }

    /// Ends an upload that its client has spoilt: its bytes go, the reason stays.
    ///
    /// - Throws: `.notFound`, `.forbidden`, `.gone`, `.conflict` while it is being completed.
    package func spoil(_ id: UploadID, for owner: UserID, reason: String) async throws {
        _ = try await find(id, for: owner)
        guard let lease = try await leases.acquire(id, within: .seconds(30), force: true) else {
            throw ServiceError(.conflict, "This upload is being completed. Try again.", retryAfter: .seconds(1))
        }
        defer { leases.release(lease) }
        let changed = try await database.write { transaction in
            try transaction.run("DELETE FROM upload_parts WHERE upload_id = \(id)")
            return try transaction.run(
                """
                UPDATE uploads SET state = 'failed', error = \(reason)
                WHERE id = \(id) AND state IN ('created', 'receiving')
                """
            )
        }
        guard changed == 1 else { return }
        await forgetFile(of: id)
        logger.info("upload spoilt", ["upload": .string(id.rawValue), "reason": .string(reason)])
        for final in try await waitingFinals(of: id) { await assembleOrRetry(final) }
    }
}

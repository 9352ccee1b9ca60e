package import Core
internal import SQL

extension Ingest {
    /// Ends an upload: its record and its bytes go; what became of a finished one stays.
    ///
    /// Whoever is sending lets go.
    ///
    /// - Throws: `.notFound`, `.forbidden`, `.gone`, `.conflict` while it is being completed.
    package func terminate(_ id: UploadID, for owner: UserID) async throws {
        _ = try await find(id, for: owner)
        guard let lease = try await leases.acquire(id, within: .seconds(30), force: true) else {
            throw ServiceError(.conflict, "This upload is being completed. Try again.", retryAfter: .seconds(1))
        }
        defer { leases.release(lease) }
        while try await !remove(try await find(id, for: owner)) {}
        await forgetFile(of: id)
        logger.info("upload terminated", ["upload": .string(id.rawValue)])
        for final in try await waitingFinals(of: id) { await assembleOrRetry(final) }
    }

    /// False when it has gone on since it was looked at: numbered parts hold no lease, and one may be the last.
    private func remove(_ upload: Upload) async throws -> Bool {
        guard upload.state != .validating, upload.state != .hashing else {
            throw ServiceError(.conflict, "This upload is being completed. Try again.", retryAfter: .seconds(1))
        }
        if upload.state == .complete { try await keepHash(of: upload) }
        let removed = try await database.write {
            try $0.run("DELETE FROM uploads WHERE id = \(upload.id) AND state = \(upload.state.rawValue)")
        }
        return removed == 1
    }

    /// The asset's hash is known before the upload, by which it is found, is gone.
    private func keepHash(of upload: Upload) async throws {
        guard let asset = upload.assetID else { return }
        let isMissing = try await database.read { connection in
            try connection.first(
                "SELECT number FROM versions WHERE asset_id = \(asset) AND number = \(upload.version) AND sha256 IS NULL"
            ) != nil
        }
        if isMissing { try await recordHash(of: upload) }
    }
}

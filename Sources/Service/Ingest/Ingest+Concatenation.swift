package import Core
internal import SQL

/// Uploads that are made of others.
extension Ingest {
    /// Of one `final`; each is a row.
    private static let maximumSources = 10_000

    /// Makes an upload of partial ones, in their order, now or when the last of them is complete.
    ///
    /// A partial may stand in it twice, and in several.
    ///
    /// - `file`: its size is nil: it is the sum.
    /// - `written`: the client's own words, to be echoed.
    /// - Throws: `.invalidRequest` for what is no partial upload of the owner's, `.tooLarge`.
    package func concatenate(
        _ sources: [UploadID],
        into file: AppendedFile,
        written: String,
        owner: UserID
    ) async throws -> UploadProgress {
        let limits = configuration.limits(of: file.door)
        try file.check(limits)
        guard (1...Self.maximumSources).contains(sources.count) else {
            throw ServiceError(.invalidRequest, "A final upload is made of 1 to \(Self.maximumSources) others.")
        }
        var known: Int64? = 0
        var seen: [UploadID: Upload] = [:]
        for source in sources {
            let partial: Upload
            if let there = seen[source] { partial = there } else { partial = try await self.partial(source, owner) }
            seen[source] = partial
            known = partial.isLengthKnown ? known.map { $0 + partial.size } : nil
            if let known { try limits.check(size: known) }
        }
        var upload = newUpload(file, owner: owner, limits: limits)
        upload.form = .final
        upload.writtenConcat = written
        upload.isLengthKnown = known != nil
        upload.size = known ?? 0
        try await insert(upload, of: sources, file)
        metrics.noteBeginning(at: upload.door)
        do {
            try await keepRecords()
            try await assemble(upload.id)
        } catch {
            // The client will not hear of this final: it must not appear later.
            try await discard(upload.id)
            throw error
        }
        return try await look(upload.id, for: owner)
    }

    private func discard(_ id: UploadID) async throws {
        let discarded = try await database.write {
            try $0.run("DELETE FROM uploads WHERE id = \(id) AND state IN ('created', 'receiving')")
        }
        if discarded == 1 { await forgetFile(of: id) }
    }

    private func insert(_ upload: Upload, of sources: [UploadID], _ file: AppendedFile) async throws {
        try await database.write { transaction in
            if let session = file.session { try Self.claim(session: session, for: upload.owner, in: transaction) }
            try self.admit(upload, in: transaction)
            for (position, source) in sources.enumerated() {
                try transaction.run(
                    """
                    INSERT INTO upload_sources (final_id, position, partial_id)
                    VALUES (\(upload.id), \(position), \(source))
                    """
                )
            }
        }
    }

    private func partial(_ id: UploadID, _ owner: UserID) async throws -> Upload {
        let upload = try await find(id, for: owner)
        guard upload.form == .partial else {
            throw ServiceError(.invalidRequest, "The upload \(id) is not a partial one: it cannot be concatenated.")
        }
        return upload
    }

    /// The sum of the sources' lengths, when all are known.
    func lengthOfSources(_ id: UploadID) async throws -> Int64? {
        let sources = try await sources(of: id)
        guard sources.allSatisfy({ $0?.isLengthKnown == true }) else { return nil }
        return sources.reduce(0) { $0 + ($1?.size ?? 0) }
    }

    private func sources(of id: UploadID) async throws -> [Upload?] {
        try await database.read { connection in
            let ids = try connection.all(
                "SELECT partial_id FROM upload_sources WHERE final_id = \(id) ORDER BY position"
            ).map { try $0.get("partial_id", as: UploadID.self) }
            var found: [UploadID: Upload] = [:]
            for id in Set(ids) { found[id] = try Upload.find(id, in: connection) }
            return ids.map { found[$0] }
        }
    }

    /// Makes the finals that waited for a partial.
    func assembleFinals(of partial: UploadID) async throws {
        for id in try await waitingFinals(of: partial) { await assembleOrRetry(id) }
    }

    /// One that cannot be made now (a full disk) is tried again in the background.
    func assembleOrRetry(_ id: UploadID) async {
        do { try await assemble(id) } catch { retryLater(id, error) }
    }

    func waitingFinals(of partial: UploadID) async throws -> [UploadID] {
        try await database.read { connection in
            try connection.all(
                """
                SELECT DISTINCT u.id AS id FROM upload_sources s JOIN uploads u ON u.id = s.final_id
                WHERE s.partial_id = \(partial) AND u.form = 'final' AND u.state IN ('created', 'receiving')
                """
            ).map { try $0.get("id", as: UploadID.self) }
        }
    }

    /// Makes a final when all of its sources are complete; can be repeated.
    func assemble(_ id: UploadID) async throws {
        guard let lease = try await leases.acquire(id, within: .seconds(600)) else { return }
        defer { leases.release(lease) }
        guard let upload = try await database.read({ try Upload.find(id, in: $0) }), upload.acceptsParts else { return }
        let sources = try await sources(of: id)
        guard !sources.contains(where: { $0 == nil || $0?.state == .failed }) else {
            return try await giveUp(upload, "An upload that it is made of was removed. Send it again.")
        }
        guard sources.allSatisfy({ $0?.state == .complete }) else { return }
        for case let source? in sources where try StagedFile.length(stagedPath(source.id)) != source.size {
            // Otherwise it would go on to say that it is complete, and be sent for ever.
            try await giveUp(source, Self.lostFile)
            return try await giveUp(upload, "An upload that it is made of was lost on the disk. Send it again.")
        }
        let size = sources.reduce(0) { $0 + ($1?.size ?? 0) }
        guard size <= upload.sizeLimit ?? .max else {
            return try await giveUp(upload, "File size exceeds maximum allowed size: \(size) bytes.")
        }
        let paths = sources.compactMap { $0.map { stagedPath($0.id) } }
        let target = stagedPath(id)
        do {
            try await assembling.run { try StagedFile.concatenate(paths, into: target) }
        } catch {
            // What there is of it would only keep others from finding room.
            await forgetFile(of: id)
            throw error
        }
        let parts = Int((size + upload.partSize - 1) / upload.partSize)
        try await database.write {
            try $0.run("UPDATE uploads SET size = \(size), parts = \(parts), length_known = 1 WHERE id = \(id)")
        }
        await completeOrRetry(id)
    }

    private func giveUp(_ upload: Upload, _ reason: String) async throws {
        try await database.write {
            try $0.run(
                """
                UPDATE uploads SET state = 'failed', error = \(reason)
                WHERE id = \(upload.id)
                    AND (state IN ('created', 'receiving') OR state = 'complete' AND form = 'partial')
                """
            )
        }
        await forgetFile(of: upload.id)
        metrics.failed.add(1, upload.door)
        logger.warning("upload failed", ["upload": .string(upload.id.rawValue), "reason": .string(reason)])
    }
}

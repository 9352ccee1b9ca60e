internal import Core
internal import Crypto
internal import ObjectStorage
internal import SQL
internal import Synchronization
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// From the last byte to an asset, or to a reason why there is none.
///
/// Every step can be repeated: the state in the database says what is left to do.
extension Ingest {
    /// Called when the last part is safe.
    ///
    /// Without a stated hash the upload is complete when this returns; with one, its verification goes on in the
    /// background and the status says so. A step that fails (a full disk) is tried again in the background: the
    /// parts are safe, and nobody needs to send one again.
    func completeOrRetry(_ id: UploadID) async {
        do { try await complete(id) } catch { retryLater(id, error) }
    }

    private func complete(_ id: UploadID) async throws {
        let random = SecureRandom.bytes(2)
        let asset = AssetID.make(at: .now, random: UInt16(random[0]) << 8 | UInt16(random[1]))
        let upload = try await database.write { transaction -> Upload? in
            // Only one caller makes this step.
            let changed = try transaction.run(
                """
                UPDATE uploads SET asset_id = COALESCE(target_asset, \(asset)),
                    state = CASE WHEN COALESCE(stated_hash, stated_sha512) IS NULL THEN 'validating' ELSE 'hashing' END
                WHERE id = \(id) AND (state = 'receiving' AND received = parts
                    OR form IN ('appended', 'final') AND state IN ('created', 'receiving'))
                """
            )
            guard changed == 1, var upload = try Upload.find(id, in: transaction) else { return nil }
            if let target = upload.target {
                upload.version = try Catalog.takeVersionNumber(of: target, in: transaction)
                try transaction.run("UPDATE uploads SET version = \(upload.version) WHERE id = \(id)")
            }
            return upload
        }
        guard let upload else { return }
        if upload.stated.isEmpty {
            try await store(upload, sha256: nil)
        } else {
            await retire(id)
        }
        bringToEnd.yield(id)
    }

    /// Moves the staged file into the object store and makes the asset, or its new version, with its first job, in one
    /// transaction.
    func store(_ upload: Upload, sha256: String?) async throws {
        guard let asset = upload.assetID else { return }
        let key = try AssetKeys.original(asset, version: upload.version)
        let staged = stagedPath(upload.id)
        let isStaged = try await disk.run { access(staged, F_OK) == 0 }
        let content = try await content(of: isStaged ? staged : store.localPath(key))
        if isStaged { _ = try await store.put(key, file: staged, consuming: true) }
        guard let stored = try await store.head(key), stored.size == upload.size else {
            return try await fail(upload, Self.lostFile)
        }
        let isFirst = try await database.write { transaction in
            let changed = try transaction.run(
                """
                UPDATE uploads SET state = 'complete' WHERE id = \(upload.id) AND state IN ('validating', 'hashing')
                """
            )
            guard changed == 1 else { return false }
            try transaction.run("DELETE FROM upload_parts WHERE upload_id = \(upload.id)")
            try Self.settle(upload, as: asset, sha256: sha256, content: content, in: transaction)
            return true
        }
        if isFirst { metrics.completed.add(1, upload.door) }
        await retire(upload.id)
        logger.info(
            "upload complete",
            ["upload": .string(upload.id.rawValue), "asset": .integer(asset.rawValue), "size": .integer(upload.size)]
        )
        // Nobody is told before.
        if configuration.sync != .system { try await database.sync() }
    }

    /// What the first bytes of a file say it is; nil when they say nothing, or there is no file.
    private func content(of path: String?) async throws -> FileContent? {
        guard let path else { return nil }
        return try await disk.run {
            guard let head = try StagedFile.head(path, count: FileContent.headLength) else { return nil }
            return FileContent(head: head)
        }
    }

    /// The asset or version that an upload has become, with its first job.
    private static func settle(
        _ upload: Upload,
        as asset: AssetID,
        sha256: String?,
        content: FileContent?,
        in transaction: any Connection
    ) throws {
        let version = upload.version
        if upload.target == nil {
            try Catalog.create(asset, from: upload, sha256: sha256, content: content, in: transaction)
        } else if try transaction.first("SELECT id FROM assets WHERE id = \(asset)") != nil {
            try Catalog.addVersion(
                version,
                of: asset,
                from: upload,
                sha256: sha256,
                content: content,
                in: transaction
            )
        } else {
            try transaction.run(
                "UPDATE uploads SET state = 'failed', error = \(targetDeleted) WHERE id = \(upload.id)"
            )
            return try JobQueue.enqueue(DeleteObjects(asset: asset), in: transaction)
        }
        if upload.size == 0 {
            let reason = "The file is empty: there is nothing to play."
            try VersionState.fail(asset, version, reason: reason, in: transaction)
        } else {
            try JobQueue.enqueue(PrepareAsset(asset: asset, version: version), priority: .soon, in: transaction)
        }
    }

    private static let targetDeleted = "The recording that this was a new version of was deleted meanwhile."
    static let lostFile = "The received file was removed or cut on the server's disk. Upload it again."

    func fail(_ upload: Upload, _ reason: String) async throws {
        let changed = try await database.write { transaction in
            try transaction.run("DELETE FROM upload_parts WHERE upload_id = \(upload.id)")
            return try transaction.run(
                """
                UPDATE uploads SET state = 'failed', error = \(reason)
                WHERE id = \(upload.id) AND state IN ('validating', 'hashing')
                """
            )
        }
        guard changed == 1 else { return }
        metrics.failed.add(1, upload.door)
        logger.warning("upload failed", ["upload": .string(upload.id.rawValue), "reason": .string(reason)])
        await forgetFile(of: upload.id)
        // A file that was cut after it had been moved.
        if let asset = upload.assetID {
            _ = try await store.delete(prefix: AssetKeys.prefix(asset, version: upload.version))
        }
    }

    /// Removes what an upload that has ended without an asset holds in memory and on disk.
    func forgetFile(of id: UploadID) async {
        await retire(id)
        forgetHash(of: id)
        await removeFile(stagedPath(id))
    }

    /// Gone already is as good: a sweep may have been faster.
    func removeFile(_ path: String) async {
        await disk.run { [logger] in
            if unlink(path) != 0, errno != ENOENT {
                logger.warning("a staged file could not be removed", ["path": .string(path)])
            }
        }
    }

    // MARK: - In the background

    /// Verifies hashes and sweeps expired uploads until its task is cancelled.
    ///
    /// `telecine serve` runs it once.
    package func runBackground() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.endAll() }
            group.addTask { await self.sweepHourly() }
        }
    }

    private func endAll() async {
        await withDiscardingTaskGroup { group in
            // Each waits in queues of its own: a hash that nobody waits for holds up none that somebody does.
            for await id in endings {
                group.addTask {
                    do { try await self.advance(id) } catch { self.retryLater(id, error) }
                }
            }
        }
    }

    /// In the background, after a while.
    func retryLater(_ id: UploadID, _ error: any Error) {
        logger.error(
            "an upload could not be brought to its end and is tried again",
            ["upload": .string(id.rawValue), "error": .string(String(reflecting: error))]
        )
        // Not a child of anybody: if the process ends first, `recover` takes the upload up at the next start.
        Task { [bringToEnd, configuration] in
            try await Task.sleep(for: configuration.retryAfter)
            bringToEnd.yield(id)
        }
    }

    /// Does whatever the upload's state says is left to do.
    private func advance(_ id: UploadID) async throws {
        guard let upload = try await database.read({ try Upload.find(id, in: $0) }) else { return }
        switch upload.state {
        case .failed: return
        case .created, .receiving: try await goOn(upload)
        case .validating:
            try await store(upload, sha256: nil)
            try await recordHash(of: upload)
        case .hashing:
            try await verify(upload)
            if upload.stated.sha256 == nil { try await recordHash(of: upload) }
        case .complete: try await recordHash(of: upload)
        }
    }

    /// What could not be brought to its end at once, if its bytes are still there.
    private func goOn(_ upload: Upload) async throws {
        switch upload.form {
        case .numbered: try await complete(upload.id)
        case .final:
            // The first try needs no room where files share their blocks; one after another would fill the disk.
            try checkRoom(for: try await lengthOfSources(upload.id))
            try await assemble(upload.id)
        case .appended, .partial:
            if upload.isLengthKnown, try stagedOffset(of: upload) == upload.size { try await reachEnd(upload) }
        }
    }
}

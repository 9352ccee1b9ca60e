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
                UPDATE uploads SET asset_id = \(asset),
                    state = CASE WHEN stated_hash IS NULL THEN 'validating' ELSE 'hashing' END
                WHERE id = \(id) AND (state = 'receiving' AND received = parts
                    OR form IN ('appended', 'final') AND state IN ('created', 'receiving'))
                """
            )
            return changed == 1 ? try Upload.find(id, in: transaction) : nil
        }
        guard let upload else { return }
        if upload.statedHash == nil {
            try await store(upload, sha256: nil)
        } else {
            await retire(id)
        }
        bringToEnd.yield(id)
    }

    /// Moves the staged file into the object store and makes the asset, with its first job, in one transaction.
    private func store(_ upload: Upload, sha256: String?) async throws {
        guard let asset = upload.assetID else { return }
        let key = try AssetKeys.original(asset, version: 1)
        let staged = stagedPath(upload.id)
        if try await disk.run({ access(staged, F_OK) == 0 }) {
            _ = try await store.put(key, file: staged, consuming: true)
        }
        guard let stored = try await store.head(key), stored.size == upload.size else {
            return try await fail(upload, Self.lostFile)
        }
        try await database.write { transaction in
            let changed = try transaction.run(
                """
                UPDATE uploads SET state = 'complete' WHERE id = \(upload.id) AND state IN ('validating', 'hashing')
                """
            )
            guard changed == 1 else { return }
            try transaction.run("DELETE FROM upload_parts WHERE upload_id = \(upload.id)")
            try Catalog.create(asset, from: upload, sha256: sha256, in: transaction)
            if upload.size == 0 {
                let reason = "The file is empty: there is nothing to play."
                try VersionState.fail(asset, 1, reason: reason, in: transaction)
            } else {
                try JobQueue.enqueue(PrepareAsset(asset: asset, version: 1), priority: .soon, in: transaction)
            }
        }
        await retire(upload.id)
        logger.info(
            "upload complete",
            ["upload": .string(upload.id.rawValue), "asset": .integer(asset.rawValue), "size": .integer(upload.size)]
        )
    }

    private static let lostFile = "The received file was removed or cut on the server's disk. Upload it again."

    private func fail(_ upload: Upload, _ reason: String) async throws {
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
        logger.warning("upload failed", ["upload": .string(upload.id.rawValue), "reason": .string(reason)])
        await forgetFile(of: upload.id)
        // A file that was cut after it had been moved.
        if let asset = upload.assetID { _ = try await store.delete(prefix: AssetKeys.prefix(asset)) }
    }

    /// Removes what an upload that has ended without an asset holds in memory and on disk.
    func forgetFile(of id: UploadID) async {
        await retire(id)
        forgetHash(of: id)
        let path = stagedPath(id)
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
        for await id in endings {
            do {
                try await advance(id)
            } catch {
                retryLater(id, error)
            }
        }
    }

    private func retryLater(_ id: UploadID, _ error: any Error) {
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
        case .created, .failed: return
        case .receiving: try await complete(id)
        case .validating:
            try await store(upload, sha256: nil)
            try await recordHash(of: upload)
        case .hashing: try await verify(upload)
        case .complete: try await recordHash(of: upload)
        }
    }

    private func verify(_ upload: Upload) async throws {
        guard let stated = upload.statedHash else { return }
        guard let path = try await receivedFile(of: upload) else { return try await fail(upload, Self.lostFile) }
        let hash = try await hasher(of: upload).finish(upload.id, path: path, size: upload.size)
        if ConstantTime.equal(Array(hash.utf8), Array(stated.utf8)) {
            try await store(upload, sha256: hash)
        } else {
            try await fail(
                upload,
                "The hash is wrong: the file's SHA-256 is \(hash), but \(stated) was stated. It was changed on the way."
            )
        }
    }

    func recordHash(of upload: Upload) async throws {
        // Gone when its asset was deleted, or lost: then delivery says so.
        guard let asset = upload.assetID, let path = try await receivedFile(of: upload) else { return }
        let hash = try await hasher(of: upload).finish(upload.id, path: path, size: upload.size)
        try await database.write { transaction in
            try transaction.run(
                "UPDATE versions SET sha256 = \(hash) WHERE asset_id = \(asset) AND number = 1 AND sha256 IS NULL"
            )
        }
    }

    /// The whole file, staged or stored; nil when it is neither.
    private func receivedFile(of upload: Upload) async throws -> String? {
        guard let asset = upload.assetID else { return nil }
        let stored = store.localPath(try AssetKeys.original(asset, version: 1))
        let paths = [stagedPath(upload.id), stored].compactMap(\.self)
        return try await disk.run {
            paths.first { path in
                var status = stat()
                return stat(path, &status) == 0 && Int64(status.st_size) == upload.size
            }
        }
    }
}

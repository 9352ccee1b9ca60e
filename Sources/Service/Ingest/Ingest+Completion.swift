package import Core
internal import Crypto
internal import Foundation
internal import ObjectStorage
internal import SQL
internal import Synchronization

extension Ingest {
    /// Called when the last part is safe.
    ///
    /// Without a stated hash the upload is complete when this returns; with one, its verification goes on in the
    /// background and the status says so.
    ///
    /// Every step can be repeated: a process that dies here is continued by `recover` at the next start.
    func complete(_ id: UploadID) async throws {
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
            verify.yield(id)
        } else {
            active.withLock { $0[id] = nil }
            verify.yield(id)
        }
    }

    /// Moves the staged file into the object store and makes the asset, with its first job, in one transaction.
    private func store(_ upload: Upload, sha256: String?) async throws {
        guard let asset = upload.assetID else { return }
        let key = try AssetKeys.original(asset, version: 1)
        let staged = stagedPath(upload.id)
        if FileManager.default.fileExists(atPath: staged) {
            _ = try await store.put(key, file: staged, consuming: true)
        }
        guard let stored = try await store.head(key), stored.size == upload.size else {
            return try await fail(upload, "The received file was removed or cut on the server's disk. Upload it again.")
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
        active.withLock { $0[upload.id] = nil }
        logger.info(
            "upload complete",
            ["upload": .string(upload.id.rawValue), "asset": .integer(asset.rawValue), "size": .integer(upload.size)]
        )
    }

    func fail(_ upload: Upload, _ reason: String) async throws {
        try await database.write { transaction in
            try transaction.run("UPDATE uploads SET state = 'failed', error = \(reason) WHERE id = \(upload.id)")
            try transaction.run("DELETE FROM upload_parts WHERE upload_id = \(upload.id)")
        }
        active.withLock { $0[upload.id] = nil }
        hasher.forget(upload.id)
        removeStagedFile(upload.id)
        logger.warning("upload failed", ["upload": .string(upload.id.rawValue), "reason": .string(reason)])
    }

    func removeStagedFile(_ id: UploadID) {
        if unlink(stagedPath(id)) != 0, errno != ENOENT {
            logger.warning("a staged file could not be removed", ["path": .string(stagedPath(id))])
        }
    }

    // MARK: - In the background

    /// Verifies hashes and sweeps expired uploads until its task is cancelled.
    ///
    /// `telecine serve` runs it once.
    package func runBackground() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.verifyAll() }
            group.addTask { await self.sweepHourly() }
        }
    }

    private func verifyAll() async {
        for await id in verifications {
            do {
                try await verify(id)
            } catch {
                // The state in the database says what is left to do; the next start takes it up again.
                logger.error(
                    "an upload could not be verified",
                    ["upload": .string(id.rawValue), "error": .string(String(reflecting: error))]
                )
            }
        }
    }

    func verify(_ id: UploadID) async throws {
        guard let upload = try await database.read({ try Upload.find(id, in: $0) }), let asset = upload.assetID else {
            return
        }
        let key = try AssetKeys.original(asset, version: 1)
        let staged = stagedPath(id)
        let path = FileManager.default.fileExists(atPath: staged) ? staged : store.localPath(key) ?? staged
        if upload.state == .complete {
            let hash = try await hasher.finish(id, path: path, size: upload.size)
            try await database.write {
                try $0.run("UPDATE versions SET sha256 = \(hash) WHERE asset_id = \(asset) AND number = 1")
            }
        } else if upload.state == .hashing, let stated = upload.statedHash {
            let hash = try await hasher.finish(id, path: path, size: upload.size)
            if ConstantTime.equal(Array(hash.utf8), Array(stated.utf8)) {
                try await store(upload, sha256: hash)
            } else {
                try await fail(
                    upload,
                    "The hash is wrong: the file's SHA-256 is \(hash), but \(stated) was stated. It was changed on the way."
                )
            }
        } else if upload.state == .validating {
            try await store(upload, sha256: nil)
            try await verify(id)
        }
    }

    /// Takes up what a process that died has left: half-made completions, hashes, spools.
    ///
    /// Call it before serving.
    package func recover() async throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: configuration.stagingDirectory)
        where name.hasSuffix(".part") {
            unlink("\(configuration.stagingDirectory)/\(name)")
        }
        let left = try await database.read { connection in
            (
                full: try connection.all(
                    "SELECT id FROM uploads WHERE form = 'numbered' AND state = 'receiving' AND received = parts"
                ).map { try $0.get("id", as: UploadID.self) },
                open: try connection.all(
                    """
                    SELECT u.id AS id FROM uploads u WHERE u.state IN ('validating', 'hashing')
                    UNION ALL
                    SELECT u.id FROM uploads u JOIN versions v ON v.asset_id = u.asset_id AND v.number = 1
                    WHERE u.state = 'complete' AND v.sha256 IS NULL
                    """
                ).map { try $0.get("id", as: UploadID.self) }
            )
        }
        for id in left.full { try await complete(id) }
        try await recoverAppended()
        for id in left.open { verify.yield(id) }
    }

    private func sweepHourly() async {
        while !Task.isCancelled {
            do {
                let count = try await sweep(at: .now)
                if count > 0 { logger.info("expired uploads removed", ["count": .integer(Int64(count))]) }
            } catch {
                logger.error("expired uploads could not be swept", ["error": .string(String(reflecting: error))])
            }
            do { try await Task.sleep(for: .seconds(3600)) } catch { return }
        }
    }

    /// Removes uploads that expired before `time` and failed ones whose reason was kept long enough.
    package func sweep(at time: Timestamp) async throws -> Int {
        let kept = time - configuration.keepFailed
        let expired = try await database.write { transaction in
            let rows = try transaction.all(
                """
                SELECT id FROM uploads WHERE expires_at < \(time)
                        AND (state IN ('created', 'receiving') OR state = 'complete' AND form = 'partial')
                    OR (state = 'failed' AND created_at < \(kept)) LIMIT 1000
                """
            )
            let ids = try rows.map { try $0.get("id", as: UploadID.self) }
            for id in ids { try transaction.run("DELETE FROM uploads WHERE id = \(id)") }
            return ids
        }
        for id in expired {
            active.withLock { $0[id] = nil }
            hasher.forget(id)
            removeStagedFile(id)
        }
        return expired.count
    }
}

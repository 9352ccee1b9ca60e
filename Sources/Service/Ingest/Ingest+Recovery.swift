package import Core
internal import Foundation
internal import SQL

/// What others have left behind: processes that died, clients that never came back.
extension Ingest {
    /// Takes up what a process that died has left: half-made completions, hashes, files of nobody.
    ///
    /// Call it before serving.
    package func recover() async throws {
        let folder = configuration.stagingDirectory
        let names = try await disk.run { try FileManager.default.contentsOfDirectory(atPath: folder) }
        let left = try await database.read { connection in
            try connection.all(
                """
                SELECT id FROM uploads WHERE (form = 'numbered' AND state = 'receiving' AND received = parts)
                    OR state IN ('validating', 'hashing')
                UNION ALL
                SELECT u.id FROM uploads u JOIN versions v ON v.asset_id = u.asset_id AND v.number = 1
                WHERE u.state = 'complete' AND v.sha256 IS NULL
                """
            ).map { try $0.get("id", as: UploadID.self) }
        }
        for name in names where try await belongsToNobody(name) {
            try await disk.run { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
        }
        for id in left { bringToEnd.yield(id) }
        try await recoverAppended()
    }

    /// A spool (its request is gone), or the file of an upload that is at its end.
    private func belongsToNobody(_ name: String) async throws -> Bool {
        if name.hasSuffix(".part") { return true }
        guard name.hasSuffix(".data"), let id = UploadID(parsing: String(name.dropLast(5))) else { return false }
        let open = try await database.read { connection in
            try connection.first(
                """
                SELECT id FROM uploads
                WHERE id = \(id) AND (state NOT IN ('complete', 'failed') OR form = 'partial' AND state = 'complete')
                """
            )
        }
        return open == nil
    }

    func sweepHourly() async {
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
    ///
    /// One whose last part is there is about to become an asset: it stays.
    package func sweep(at time: Timestamp) async throws -> Int {
        let kept = time - configuration.keepFailed
        var count = 0
        while !Task.isCancelled {
            let expired = try await database.write { transaction in
                let rows = try transaction.all(
                    """
                    SELECT id FROM uploads
                    WHERE (state IN ('created', 'receiving') AND expires_at < \(time)
                            AND (received < parts OR form <> 'numbered'))
                        OR (state = 'complete' AND form = 'partial' AND expires_at < \(time))
                        OR (state = 'failed' AND created_at < \(kept)) LIMIT 1000
                    """
                )
                let ids = try rows.map { try $0.get("id", as: UploadID.self) }
                for id in ids { try transaction.run("DELETE FROM uploads WHERE id = \(id)") }
                return ids
            }
            for id in expired { await forgetFile(of: id) }
            count += expired.count
            if expired.isEmpty { break }
        }
        return count
    }
}

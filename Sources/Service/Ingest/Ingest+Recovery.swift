internal import Core
internal import Foundation
internal import SQL

/// What others have left behind: processes that died, clients that never came back.
extension Ingest {
    /// Takes up what a process that died has left: half-made completions, hashes, files of nobody.
    ///
    /// Call it before serving.
    package func recover() async throws {
        let folder = configuration.stagingDirectory
        // A process that was killed may have named files that the disk has not heard of.
        if configuration.sync == .acknowledge { try await disk.run { try StagedFile.sync(folder: folder) } }
        try await checkAfterReboot()
        let names = try await disk.run { try FileManager.default.contentsOfDirectory(atPath: folder) }
        let left = try await database.read { connection in
            try connection.all(
                """
                SELECT id FROM uploads WHERE (form = 'numbered' AND state = 'receiving' AND received = parts)
                    OR state IN ('validating', 'hashing')
                UNION ALL
                SELECT u.id FROM uploads u JOIN versions v ON v.asset_id = u.asset_id AND v.number = u.version
                WHERE u.state = 'complete' AND v.sha256 IS NULL
                """
            ).map { try $0.get("id", as: UploadID.self) }
        }
        for name in names where try await belongsToNobody(name) {
            await removeFile("\(folder)/\(name)")
        }
        for id in left { bringToEnd.yield(id) }
        try await recoverAppended()
    }

    /// A spool (its request is gone), or the file of an upload that is at its end.
    func belongsToNobody(_ name: String) async throws -> Bool {
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
}

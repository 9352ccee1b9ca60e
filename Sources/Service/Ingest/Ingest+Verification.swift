internal import Core
internal import Crypto
internal import ObjectStorage
internal import SQL
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Hashes of whole files: those that were stated, and the one that every file gets.
extension Ingest {
    /// Stores a file whose every stated hash is right; fails the upload otherwise.
    func verify(_ upload: Upload) async throws {
        guard let path = try await receivedFile(of: upload) else { return try await fail(upload, Self.lostFile) }
        let (id, size) = (upload.id, upload.size)
        var sha256: String?
        if let stated = upload.stated.sha256 {
            let hash = try await hasher(of: upload).finish(id, path: path, size: size)
            guard Self.equal(hash, stated) else { return try await failHash(upload, "SHA-256", hash, stated) }
            sha256 = hash
        }
        if let stated = upload.stated.sha512 {
            let hash = try await verifying.run { try Hex.encode(StagedFile.hash(path, SHA512())) }
            guard Self.equal(hash, stated) else { return try await failHash(upload, "SHA-512", hash, stated) }
        }
        try await store(upload, sha256: sha256)
        // Before a hash was stated, another hasher may have followed it.
        if sha256 != nil { forgetHash(of: id) }
    }

    private static func equal(_ hash: String, _ stated: String) -> Bool {
        ConstantTime.equal(Array(hash.utf8), Array(stated.utf8))
    }

    private func failHash(_ upload: Upload, _ name: String, _ hash: String, _ stated: String) async throws {
        try await fail(
            upload,
            "The hash is wrong: the file's \(name) is \(hash), but \(stated) was stated. It was changed on the way."
        )
    }

    func recordHash(of upload: Upload) async throws {
        // Gone when its asset was deleted, or lost: then delivery says so.
        guard let asset = upload.assetID, let path = try await receivedFile(of: upload) else { return }
        let hash = try await hasher(of: upload).finish(upload.id, path: path, size: upload.size)
        try await database.write { transaction in
            let changed = try transaction.run(
                """
                UPDATE versions SET sha256 = \(hash)
                WHERE asset_id = \(asset) AND edition = \(upload.version) AND sha256 IS NULL
                """
            )
            guard changed > 0, upload.target == nil else { return }
            try Catalog.noteDuplicate(asset, sha256: hash, owner: upload.owner, in: transaction)
        }
    }

    /// The whole file, staged or stored; nil when it is neither.
    private func receivedFile(of upload: Upload) async throws -> String? {
        guard let asset = upload.assetID else { return nil }
        let stored = store.localPath(try AssetKeys.original(asset, version: upload.version))
        let paths = [stagedPath(upload.id), stored].compactMap(\.self)
        return try await disk.run {
            paths.first { path in
                var status = stat()
                return stat(path, &status) == 0 && Int64(status.st_size) == upload.size
            }
        }
    }
}

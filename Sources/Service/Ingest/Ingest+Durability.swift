internal import Core
internal import SQL
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What is done so that acknowledged bytes survive a power cut, a full disk, and a file that is taken away.
extension Ingest {
    // MARK: - Power

    /// Whether an acknowledgement waits for the disk.
    package var syncsAcknowledged: Bool { configuration.sync == .acknowledge }

    /// Before bytes are acknowledged.
    ///
    /// `isNew`: whether the staged file's name may not be on the disk yet.
    func keepBytes(of upload: Upload, isNew: Bool) async throws {
        guard syncsAcknowledged, upload.form != .final else { return }
        try await syncStaged(upload.id, isNew: isNew)
    }

    /// Before what the database says is acknowledged.
    func keepRecords() async throws {
        if syncsAcknowledged { try await database.sync() }
    }

    /// Brings a staged file to the disk, and its name when it may be new; nothing when there is none.
    func syncStaged(_ id: UploadID, isNew: Bool) async throws {
        let (path, folder) = (stagedPath(id), configuration.stagingDirectory)
        try await syncing.run(for: id) {
            try StagedFile.sync(path)
            if isNew { try StagedFile.sync(folder: folder) }
        }
    }

    // MARK: - Room

    /// Refuses what cannot fit before a byte of it is sent; nil is not known before.
    ///
    /// Others take room too, so that each write is checked again.
    ///
    /// - Throws: `.insufficientStorage`.
    package func checkRoom(for length: Int64?) throws {
        guard let length, length > 0, let free = StagedFile.room(at: configuration.stagingDirectory), length > free
        else { return }
        throw StagedFile.noRoom("\(length) bytes are to come, \(free) are free at \(configuration.stagingDirectory)")
    }

    // MARK: - Removed files

    static var removedFile: ServiceError { StagedFile.failure("write", ENOENT, "staged file") }

    /// The staged file of numbered parts is gone: they are asked for again.
    ///
    /// The file is looked for inside the transaction: who made it anew meanwhile has recorded nothing before that, and
    /// keeps what he records after.
    ///
    /// - Returns: what the client is told; nil when the file is there, or never was.
    func lostParts(of upload: Upload) async throws -> ServiceError? {
        let path = stagedPath(upload.id)
        let hadParts = active.withLock { ($0.entries[upload.id]?.parts.count ?? 0) > 0 }
        guard hadParts, try StagedFile.length(path) == nil else { return nil }
        let writing = try await database.write { transaction -> [StagedFile]? in
            let open = try transaction.run(
                """
                UPDATE uploads SET received = received WHERE id = \(upload.id) AND form = 'numbered'
                    AND state IN ('created', 'receiving')
                """
            )
            guard open == 1, try StagedFile.length(path) == nil else { return nil }
            try transaction.run("DELETE FROM upload_parts WHERE upload_id = \(upload.id)")
            try transaction.run("UPDATE uploads SET received = 0 WHERE id = \(upload.id)")
            // Here, so that whoever settles a part of the lost file at this moment does not record it afterwards.
            return self.takeOut(upload.id)
        }
        guard let writing else { return nil }
        await disk.run { for file in writing { file.close() } }
        forgetHash(of: upload.id)
        logger.error("a staged file is missing", ["upload": .string(upload.id.rawValue)])
        return Self.removedFile
    }
}

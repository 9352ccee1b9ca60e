package import Core
internal import Crypto
internal import SQL
internal import Synchronization

/// An upload and how far it has come.
package struct UploadProgress: Sendable {
    package let upload: Upload
    /// Bytes that count; nil for a `final` that is not made yet.
    package let offset: Int64?

    /// Whether every byte is here, verified and kept.
    package var isComplete: Bool { upload.state == .complete }
}

/// What a request says of the bytes it carries.
package struct AppendedPiece: Sendable {
    /// Where its first byte belongs.
    package let offset: Int64
    /// Its bytes, when the client says how many.
    package let declaredLength: Int64?
    /// The whole upload's length, when the client says it only now.
    package let totalLength: Int64?
    package let checksum: PieceChecksum?
    /// Whether the upload ends with it; nil for protocols whose length tells.
    package let isLast: Bool?

    package init(
        offset: Int64,
        declaredLength: Int64?,
        totalLength: Int64? = nil,
        checksum: PieceChecksum? = nil,
        isLast: Bool? = nil
    ) {
        self.offset = offset
        self.declaredLength = declaredLength
        self.totalLength = totalLength
        self.checksum = checksum
        self.isLast = isLast
    }
}

/// Takes the bytes of a piece, on the thread that received them.
package protocol PieceWriter: AnyObject, Sendable {
    /// - Throws: `ServiceError` when there is no room for more.
    func write(_ bytes: UnsafeRawBufferPointer) throws
}

/// Uploads whose bytes come one after the other.
extension Ingest {
    // MARK: - Begin

    /// What a door allows.
    package func limits(of door: String) -> DoorLimits { configuration.limits(of: door) }

    /// How long an upload may take from its first request.
    package var expiry: Duration { configuration.expiry }

    /// Begins an upload that is appended to; one of no bytes is complete at once.
    ///
    /// - Throws: `.invalidRequest` with the field, `.tooLarge`, `.forbidden` for somebody else's session,
    ///   `.tooManyRequests`, `.insufficientStorage`.
    package func begin(_ file: AppendedFile, owner: UserID) async throws -> UploadProgress {
        let limits = configuration.limits(of: file.door)
        try file.check(limits)
        try checkRoom(for: file.size)
        let upload = newUpload(file, owner: owner, limits: limits)
        try await database.write { transaction in
            if let session = file.session { try Self.claim(session: session, for: owner, in: transaction) }
            try self.admit(upload, in: transaction)
        }
        try await keepRecords()
        metrics.noteBeginning(at: upload.door)
        logger.info("upload begun", ["upload": .string(upload.id.rawValue), "size": .integer(upload.size)])
        guard file.size == 0, !file.endsWhenTold else { return UploadProgress(upload: upload, offset: 0) }
        let empty = StagedFile(path: stagedPath(upload.id), at: 0, limit: 0, tooLong: { AppendWriter.tooLong })
        try empty.open()
        empty.close()
        try await reachEnd(upload)
        return try await look(upload.id, for: owner)
    }

    func newUpload(_ file: AppendedFile, owner: UserID, limits: DoorLimits) -> Upload {
        let now = Timestamp.now
        let size = file.size ?? 0
        let partSize = configuration.partSize(for: max(size, 1))
        return Upload(
            id: UploadID(random: SecureRandom.bytes(16)),
            owner: owner,
            fileName: file.fileName,
            fileType: file.fileType,
            metadata: file.metadata,
            size: size,
            partSize: partSize,
            parts: Int((size + partSize - 1) / partSize),
            received: 0,
            stated: file.stated,
            state: .created,
            error: nil,
            assetID: nil,
            createdAt: now,
            lastPartAt: nil,
            expiresAt: now + configuration.expiry,
            form: file.isPartial ? .partial : .appended,
            isLengthKnown: file.size != nil,
            sizeLimit: limits.maximumSize,
            durationLimit: limits.maximumDuration,
            writtenMetadata: file.writtenMetadata,
            writtenConcat: file.isPartial ? "partial" : nil,
            endsWhenTold: file.endsWhenTold,
            door: file.door
        )
    }

    // MARK: - Look

    /// An upload and its offset, whichever door began it.
    ///
    /// `settling`: for a client that is about to append. A connection that has gone silent lets go first, so that the
    /// offset stands still. `evicting`: so does one that still brings bytes, when the client has given it up.
    ///
    /// - Throws: `.notFound`, `.forbidden`, `.gone`.
    package func look(
        _ id: UploadID,
        for owner: UserID,
        settling: Bool = false,
        evicting: Bool = false
    ) async throws -> UploadProgress {
        var upload = try await find(id, for: owner)
        if settling, upload.acceptsParts {
            let stands = try await leases.settle(id)
            if evicting, !stands { try await leases.settle(id, force: true) }
            upload = try await find(id, for: owner)
            // To tell an offset is to acknowledge what is before it.
            try await keepBytes(of: upload, isNew: true)
        }
        if upload.form == .final, !upload.isLengthKnown, let length = try await lengthOfSources(id) {
            upload.size = length
            upload.isLengthKnown = true
        }
        return UploadProgress(upload: upload, offset: try await offset(of: upload))
    }

    /// The upload as the database has it now.
    func find(_ id: UploadID, for owner: UserID) async throws -> Upload {
        guard let upload = try await database.read({ try Upload.find(id, in: $0) }) else {
            throw ServiceError(.notFound, "Upload not found")
        }
        guard upload.owner == owner else { throw ServiceError(.forbidden, "Access denied") }
        let canExpire = upload.acceptsParts || upload.form == .partial
        guard !canExpire || upload.expiresAt > .now else {
            throw ServiceError(.gone, "Upload not found: it expired. Begin a new one.")
        }
        return upload
    }

    func offset(of upload: Upload) async throws -> Int64? {
        switch upload.state {
        case .validating, .hashing, .complete: return upload.size
        case .failed:
            throw ServiceError(
                .gone,
                "This upload has failed: \(upload.error ?? "no reason is known") Begin a new one."
            )
        case .created, .receiving: break
        }
        switch upload.form {
        case .final: return nil
        case .appended, .partial: return try stagedOffset(of: upload)
        case .numbered:
            let parts = try await load(upload.id, for: upload.owner).parts
            return min(upload.size, Int64(parts.prefix) * upload.partSize)
        }
    }

    /// The staged file's length, without a piece that was not verified.
    func stagedOffset(of upload: Upload) throws -> Int64 {
        guard let length = try StagedFile.length(stagedPath(upload.id)) else {
            // Removed under us: the client is told by an offset that is back at the start, and can go on from there.
            if upload.state != .created {
                logger.error("a staged file is missing", ["upload": .string(upload.id.rawValue)])
            }
            return 0
        }
        return min(length, upload.cutAt ?? .max)
    }

    /// The same upload as a door of numbered parts sees it.
    func inParts(_ upload: Upload) throws -> (upload: Upload, missing: [Int]) {
        guard upload.form != .final, upload.isLengthKnown else { return (upload, []) }
        var upload = upload
        upload.received = Int(try stagedOffset(of: upload) / upload.partSize)
        return (upload, Array((upload.received..<max(upload.received, upload.parts)).prefix(1000)))
    }

    // MARK: - End

    /// Called when the last byte is in the staged file.
    func reachEnd(_ upload: Upload) async throws {
        guard upload.form == .partial else { return await completeOrRetry(upload.id) }
        if configuration.sync != .system { try await syncStaged(upload.id, isNew: true) }
        try await database.write {
            try $0.run(
                """
                UPDATE uploads SET state = 'complete', received = parts
                WHERE id = \(upload.id) AND state IN ('created', 'receiving')
                """
            )
        }
        if configuration.sync != .system { try await database.sync() }
        try await assembleFinals(of: upload.id)
    }

    /// Takes up what a process that died has left of appended uploads.
    func recoverAppended() async throws {
        let now = Timestamp.now
        let open = try await database.read { connection in
            try connection.all(
                """
                SELECT \(sql: Upload.columns) FROM uploads
                WHERE form <> 'numbered' AND state IN ('created', 'receiving') AND expires_at > \(now)
                """
            ).map(Upload.init(row:))
        }
        for upload in open where upload.form != .final && upload.isLengthKnown && !upload.endsWhenTold {
            guard try StagedFile.length(stagedPath(upload.id)) == upload.size, upload.cutAt == nil else { continue }
            do { try await reachEnd(upload) } catch { retryLater(upload.id, error) }
        }
        for upload in open where upload.form == .final { await assembleOrRetry(upload.id) }
    }
}

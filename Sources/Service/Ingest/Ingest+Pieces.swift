package import Core
internal import Crypto
internal import SQL

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One request that carries bytes of an upload.
extension Ingest {
    /// Takes a piece at the upload's offset.
    ///
    /// `receive` hands the body to the writer it is given, and is cancelled when the connection has gone silent and
    /// another request for the same upload comes. Bytes that arrived before it threw count, except those of a piece
    /// with a checksum.
    ///
    /// - Throws: `.offsetMismatch` and `.locked` with nothing stored, `.hashMismatch` with the offset unchanged,
    ///   `.tooLarge`, `.forbidden` for a `final`, `.notFound`, `.gone`, and whatever `receive` throws.
    package func append(
        _ piece: AppendedPiece,
        to id: UploadID,
        for owner: UserID,
        receive: @escaping @Sendable (any PieceWriter) async throws -> Void
    ) async throws -> UploadProgress {
        // Whose it is comes first: a stranger takes nobody's connection.
        _ = try await find(id, for: owner)
        guard let lease = try await leases.acquire(id) else { throw try await heldElsewhere(piece, id, owner) }
        defer { leases.release(lease) }
        var upload = try await find(id, for: owner)
        try await check(piece, against: upload)
        if let total = piece.totalLength { try await fixLength(of: &upload, to: total) }
        guard upload.acceptsParts else { return UploadProgress(upload: upload, offset: upload.size) }
        if upload.form == .numbered {
            try await self.receive(piece, inPartsOf: upload, lease, receive)
        } else {
            try await self.receive(piece, atEndOf: upload, lease, receive)
        }
        let now = try await find(id, for: owner)
        // Found wrong since its last byte came: the bytes arrived all the same, and the state says what became of them.
        return UploadProgress(upload: now, offset: now.state == .failed ? now.size : try await offset(of: now))
    }

    private func heldElsewhere(_ piece: AppendedPiece, _ id: UploadID, _ owner: UserID) async throws -> ServiceError {
        let upload = try await find(id, for: owner)
        if let offset = try await offset(of: upload), offset != piece.offset {
            return Self.mismatch(expected: offset, got: piece.offset)
        }
        return ServiceError(
            .locked,
            "Another request is sending this upload. Wait until it ends.",
            retryAfter: .seconds(1)
        )
    }

    private static func mismatch(expected: Int64, got: Int64) -> ServiceError {
        ServiceError(.offsetMismatch, "The upload's offset is \(expected), the request's is \(got).")
    }

    private func check(_ piece: AppendedPiece, against upload: Upload) async throws {
        guard upload.form != .final else {
            throw ServiceError(.forbidden, "This upload is made of others: nothing can be appended to it.")
        }
        let offset = try await offset(of: upload) ?? 0
        guard piece.offset == offset else { throw Self.mismatch(expected: offset, got: piece.offset) }
        if let total = piece.totalLength {
            guard !upload.isLengthKnown || total == upload.size else { throw Self.otherLength(total, upload) }
            guard total >= offset else {
                throw ServiceError(.lengthMismatch, "The upload has \(offset) bytes already: it cannot be shorter.")
            }
        }
        let end = upload.isLengthKnown ? upload.size : piece.totalLength ?? upload.sizeLimit ?? .max
        guard piece.declaredLength.map({ $0 <= end - offset }) ?? upload.acceptsParts else {
            throw upload.isLengthKnown || piece.totalLength != nil
                ? AppendWriter.tooLong
                : ServiceError(.tooLarge, "File size exceeds maximum allowed size: allowed are \(end) bytes.")
        }
        try checkRoom(for: piece.declaredLength)
    }

    private static func otherLength(_ total: Int64, _ upload: Upload) -> ServiceError {
        ServiceError(.lengthMismatch, "The upload's length is \(upload.size), not \(total): it cannot change.")
    }

    private func fixLength(of upload: inout Upload, to total: Int64) async throws {
        guard !upload.isLengthKnown else {
            guard total == upload.size else { throw Self.otherLength(total, upload) }
            return
        }
        try DoorLimits(maximumSize: upload.sizeLimit ?? configuration.maximumSize).check(size: total)
        upload.size = total
        upload.parts = Int((total + upload.partSize - 1) / upload.partSize)
        upload.isLengthKnown = true
        let (id, parts) = (upload.id, upload.parts)
        try await database.write {
            try $0.run("UPDATE uploads SET size = \(total), parts = \(parts), length_known = 1 WHERE id = \(id)")
        }
        try await keepRecords()
    }

    // MARK: - Appended

    private func receive(
        _ piece: AppendedPiece,
        atEndOf upload: Upload,
        _ lease: Lease,
        _ body: @escaping @Sendable (any PieceWriter) async throws -> Void
    ) async throws {
        let path = stagedPath(upload.id)
        // After a file that was removed under us, the hash begins anew.
        if piece.offset == 0 { forgetHash(of: upload.id) }
        // What a process that died has left of a piece that it did not verify.
        if let cut = upload.cutAt { try StagedFile.cut(path, to: cut) }
        let follows = upload.form == .appended && piece.checksum == nil
        let writer = try AppendWriter(
            path: path,
            at: piece.offset,
            room: (upload.isLengthKnown ? upload.size : upload.sizeLimit ?? .max) - piece.offset,
            lease: lease,
            checksum: piece.checksum,
            onProgress: follows ? follow(upload) : nil
        )
        defer { writer.close() }
        if upload.state == .created || upload.cutAt != nil || piece.checksum != nil {
            try await recordBeginning(of: piece, upload)
        }
        let result = await run(lease, writer, body)
        let isRemoved = writer.isRemoved
        writer.close()
        metrics.received.add(Double(writer.length), upload.door)
        guard !isRemoved else { throw Self.removedFile }
        do {
            try await keepBytes(of: upload, isNew: upload.state == .created)
        } catch {
            // What the disk refused once it may take for written the next time.
            try StagedFile.cut(path, to: piece.offset)
            // It has read on meanwhile.
            forgetHash(of: upload.id)
            throw error
        }
        if let checksum = piece.checksum { try await verify(checksum, of: piece, upload, writer, result) }
        let isWhole = if case .success = result { true } else { false }
        try await followUp(upload, piece, isWhole: isWhole)
        try result.get()
    }

    private func follow(_ upload: Upload) -> @Sendable (Int64) -> Void {
        let (id, path, hasher) = (upload.id, stagedPath(upload.id), hasher(of: upload))
        return { hasher.advance(id, path: path, to: $0) }
    }

    /// Runs the receiving so that it can be ended from elsewhere.
    private func run(
        _ lease: Lease,
        _ writer: any PieceWriter,
        _ body: @escaping @Sendable (any PieceWriter) async throws -> Void
    ) async -> Result<Void, any Error> {
        let task = Task { try await body(writer) }
        lease.beginReceiving { task.cancel() }
        let result = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        lease.endReceiving()
        guard lease.isEvicted, case .failure = result else { return result }
        return .failure(ServiceError(.conflict, "Another request has taken this upload over."))
    }

    private func recordBeginning(of piece: AppendedPiece, _ upload: Upload) async throws {
        let now = Timestamp.now
        let cut = piece.checksum == nil ? nil : piece.offset
        let changed = try await database.write {
            try $0.run(
                """
                UPDATE uploads SET state = 'receiving', last_part_at = \(now), cut_at = \(cut)
                WHERE id = \(upload.id) AND state IN ('created', 'receiving')
                """
            )
        }
        guard changed == 1 else { throw ServiceError(.notFound, "Upload not found") }
        // Bytes that are not verified must not outlive the note that they are not, in a power cut neither.
        if cut != nil, configuration.sync != .system { try await database.sync() }
    }

    private func verify(
        _ checksum: PieceChecksum,
        of piece: AppendedPiece,
        _ upload: Upload,
        _ writer: AppendWriter,
        _ result: Result<Void, any Error>
    ) async throws {
        let isWhole = if case .success = result { true } else { false }
        // A value that comes after the bytes may be one that nobody can read.
        let verdict = Result { try isWhole && writer.matches(checksum) }
        if (try? verdict.get()) != true {
            try StagedFile.cut(stagedPath(upload.id), to: piece.offset)
            if configuration.sync != .system { try await syncStaged(upload.id, isNew: false) }
        }
        try await database.write { try $0.run("UPDATE uploads SET cut_at = NULL WHERE id = \(upload.id)") }
        try await keepRecords()
        if isWhole, try !verdict.get() { throw Self.wrongChecksum }
    }

    static var wrongChecksum: ServiceError {
        ServiceError(.hashMismatch, "The bytes do not have the stated checksum: they changed on the way.")
    }

    private func followUp(_ upload: Upload, _ piece: AppendedPiece, isWhole: Bool) async throws {
        guard let length = try StagedFile.length(stagedPath(upload.id)) else { return }
        if upload.form == .appended { follow(upload)(length) }
        var upload = upload
        if piece.isLast == true {
            // Broken off: whoever goes on says again where it ends.
            guard isWhole else { return }
            try await fixLength(of: &upload, to: length)
        }
        if upload.isLengthKnown, length == upload.size, piece.isLast ?? true { try await reachEnd(upload) }
    }

    // MARK: - Numbered

    /// Bytes in order for an upload of numbered parts: whole parts count.
    private func receive(
        _ piece: AppendedPiece,
        inPartsOf upload: Upload,
        _ lease: Lease,
        _ body: @escaping @Sendable (any PieceWriter) async throws -> Void
    ) async throws {
        let run = PartRun(ingest: self, upload: upload, at: piece.offset, lease: lease, checksum: piece.checksum)
        let result = await self.run(lease, run, body)
        if let torn = run.torn { await abandon(torn) }
        if let checksum = piece.checksum {
            let isWhole = if case .success = result { true } else { false }
            let verdict = Result { try isWhole && run.matches(checksum) }
            guard (try? verdict.get()) == true else {
                for part in run.unverified { await abandon(part.writer) }
                try result.get()
                _ = try verdict.get()
                throw Self.wrongChecksum
            }
        }
        let isInVain = run.isInVain
        try await run.commitAll()
        try result.get()
        guard isInVain else { return }
        // An offset that stays where it was would have a client send the same bytes for ever.
        let end = min(upload.size, piece.offset + upload.partSize)
        throw ServiceError(
            .invalidRequest,
            "This upload counts whole chunks of \(upload.partSize) bytes: send at least those before byte \(end)."
        )
    }
}

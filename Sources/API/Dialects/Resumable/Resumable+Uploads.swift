internal import Core
internal import HTTP
internal import Service

/// An upload's own address: `HEAD`, `GET`, `PATCH`, `DELETE`.
extension Resumable {
    @Sendable func status(_ request: Request, _ interop: Interop) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        try Self.refuseOffsets(request, interop)
        // By the draft a client that asks has given up what it was sending (its section "Concurrency").
        let progress = try await ingest.look(
            try Self.uploadID(request),
            for: principal.userID,
            settling: true,
            evicting: true
        )
        let upload = progress.upload
        var response = Response(.noContent, headers: ["Cache-Control": "no-store"])
        if let offset = progress.offset { response.headers["Upload-Offset"] = String(offset) }
        interop.say(complete: progress.isComplete, in: &response.headers)
        if upload.isLengthKnown { response.headers["Upload-Length"] = String(upload.size) }
        response.headers["Upload-Limit"] = limits(of: Self.door, upload)
        point(toAssetOf: upload, for: request, in: &response)
        return response
    }

    /// Drafts -01 to -05: a request that only asks must not say where it believes to be.
    private static func refuseOffsets(_ request: Request, _ interop: Interop) throws {
        guard (3...6).contains(interop.version ?? 10) else { return }
        for name in ["Upload-Offset", "Upload-Complete", "Upload-Incomplete"] where request.headers[name] != nil {
            throw ServiceError(.invalidRequest, "\(name) has no place in this request.", field: name)
        }
    }

    @Sendable func cancel(_ request: Request, _ interop: Interop) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        try Self.refuseOffsets(request, interop)
        try await ingest.terminate(try Self.uploadID(request), for: principal.userID)
        return Response(.noContent)
    }

    @Sendable func append(_ request: Request, _ interop: Interop) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let id = try Self.uploadID(request)
        if interop.namesPartialUploads { try Self.checkContentType(request) }
        guard let offset = StructuredField.integer(request.headers, "Upload-Offset") else {
            throw ServiceError(.invalidRequest, "Upload-Offset is missing.", field: "Upload-Offset")
        }
        guard let isLast = interop.completeness(request.headers) else {
            let name = interop.isInverted ? "Upload-Incomplete" : "Upload-Complete"
            throw ServiceError(.invalidRequest, "\(name) is missing.", field: name)
        }
        let piece = AppendedPiece(
            offset: offset,
            declaredLength: request.body.declaredLength,
            totalLength: try Self.totalLength(request, at: offset, isLast: isLast),
            checksum: try StatedDigests.content(request),
            isLast: isLast
        )
        let whole = try StatedDigests.whole(request)
        let found = try await ingest.look(id, for: principal.userID)
        if let refusal = try Self.refusal(of: piece, found, interop) { return refusal }
        if let whole { try await ingest.state(whole, of: id, for: principal.userID) }
        do {
            let done = try await receive(piece, into: found, request, interop)
            return try await appended(done, request, interop)
        } catch {
            return try await explaining(error, piece, found.upload, interop)
        }
    }

    /// Receives the bytes, telling the client how many count where it can be told.
    func receive(
        _ piece: AppendedPiece,
        into found: UploadProgress,
        _ request: Request,
        _ interop: Interop
    ) async throws -> UploadProgress {
        // Bytes of a part, or of a piece with a digest, count only when it is whole; and where an acknowledgement waits
        // for the disk, none is given in passing.
        let tells =
            interop.takesInterim && !ingest.syncsAcknowledged && piece.checksum == nil && found.upload.form == .appended
        return try await ingest.append(piece, to: found.upload.id, for: found.upload.owner) { writer in
            let sink: any BodySink =
                tells
                ? TellingSink(writer, at: piece.offset, of: request, version: interop.version ?? 0)
                : PieceSink(writer)
            _ = try await request.body.receive(into: sink)
        }
    }

    private func appended(
        _ done: UploadProgress,
        _ request: Request,
        _ interop: Interop
    ) async throws -> Response {
        guard done.upload.acceptsParts else { return try await ended(done, request, interop) }
        var response = Response(interop.acknowledgement)
        response.headers["Upload-Offset"] = done.offset.map(String.init)
        interop.say(complete: false, in: &response.headers)
        response.headers["Upload-Limit"] = limits(of: Self.door, done.upload)
        return response
    }

    // MARK: - What is refused

    static func checkContentType(_ request: Request) throws {
        let declared = request.headers["Content-Type"] ?? ""
        let essence = declared.split(separator: ";", omittingEmptySubsequences: false).first ?? ""
        guard essence.lowercased().filter({ $0 != " " }) == contentType else {
            throw ServiceError(.unsupportedMedia, "The bytes of an upload must be sent as \(contentType).")
        }
    }

    /// The length that a request gives away: `Upload-Length`, or where its last byte is.
    ///
    /// - Throws: `.lengthMismatch` when it gives away two.
    static func totalLength(_ request: Request, at offset: Int64, isLast: Bool) throws -> Int64? {
        let stated = StructuredField.integer(request.headers, "Upload-Length")
        // Both are the client's: their sum may be no number.
        let end = request.body.declaredLength.map { length in
            let (sum, overflows) = offset.addingReportingOverflow(length)
            return overflows ? .max : sum
        }
        if let stated, let end, isLast ? end != stated : end > stated {
            throw ServiceError(
                .lengthMismatch,
                "Upload-Length says \(stated) bytes, the request would bring the upload to \(end)."
            )
        }
        return stated ?? (isLast ? end : nil)
    }

    /// What can be said before the body is read; nil to go on.
    private static func refusal(of piece: AppendedPiece, _ found: UploadProgress, _ interop: Interop) throws
        -> Response?
    {
        let upload = found.upload
        if let offset = found.offset, offset != piece.offset, !upload.acceptsParts {
            return try mismatch(piece, expected: offset, isComplete: found.isComplete, interop)
        }
        if found.isComplete {
            let hasBytes = piece.declaredLength.map { $0 > 0 } ?? false
            let problem =
                hasBytes
                ? UploadProblem(.inconsistentLength, "The upload is complete: it takes no more bytes.")
                : UploadProblem(.completed, "The upload is complete already.")
            var response = try problem.response()
            interop.say(complete: true, in: &response.headers)
            return response
        }
        return nil
    }

    private static func mismatch(
        _ piece: AppendedPiece,
        expected: Int64,
        isComplete: Bool,
        _ interop: Interop
    ) throws -> Response {
        var problem = UploadProblem(
            .mismatchingOffset,
            "The upload's offset is \(expected), the request's is \(piece.offset)."
        )
        problem.expectedOffset = expected
        problem.providedOffset = piece.offset
        var response = try problem.response()
        response.headers["Upload-Offset"] = String(expected)
        interop.say(complete: isComplete, in: &response.headers)
        return response
    }

    /// The refusal of a piece, with what the client needs to go on.
    func explaining(
        _ error: any Error,
        _ piece: AppendedPiece,
        _ upload: Upload,
        _ interop: Interop
    ) async throws -> Response {
        guard let known = error as? ServiceError else { throw error }
        switch known.code {
        case .offsetMismatch:
            let now = try await ingest.look(upload.id, for: upload.owner)
            return try Self.mismatch(piece, expected: now.offset ?? 0, isComplete: now.isComplete, interop)
        case .tooLarge:
            return try await tooLong(known, upload)
        case .conflict, .gone, .notFound, .lengthMismatch, .hashMismatch, .insufficientStorage:
            var response = rendering(known)
            interop.say(complete: false, in: &response.headers)
            return response
        default: throw known
        }
    }

    /// Past its length an upload is spoilt (the draft's section on appending); past a limit it is not.
    private func tooLong(_ error: ServiceError, _ upload: Upload) async throws -> Response {
        let now = try await ingest.look(upload.id, for: upload.owner).upload
        guard now.isLengthKnown else {
            var response = rendering(error)
            response.headers["Upload-Limit"] = limits(of: Self.door, now)
            return response
        }
        let reason = "More bytes came than the \(now.size) that were announced."
        try await ingest.spoil(now.id, for: now.owner, reason: reason)
        return try UploadProblem(.inconsistentLength, "\(reason) Begin a new upload.").response()
    }
}

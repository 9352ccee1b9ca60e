internal import Core
internal import HTTP
internal import Service

/// `POST`: new uploads, alone, with their first bytes, in parts, or made of parts.
extension Tus {
    func create(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let metadata = try TusMetadata(parsing: request.headers["Upload-Metadata"])
        let concat = try TusConcat(parsing: request.headers["Upload-Concat"])
        if case .final(let sources, let written) = concat {
            guard request.headers["Upload-Length"] == nil, request.headers["Upload-Defer-Length"] == nil else {
                throw ServiceError(.invalidRequest, "A final upload has no Upload-Length: it is the sum of its parts.")
            }
            let file = Self.file(metadata, size: nil, isPartial: false)
            let made = try await ingest.concatenate(sources, into: file, written: written, owner: principal.userID)
            return created(made, request)
        }
        let size = try Self.announcedLength(request)
        let hasBody = try Self.hasBody(request)
        // Before anything is made: a wrong checksum header must not leave an upload behind.
        let checksum = try TusChecksum.of(request)
        let file = Self.file(metadata, size: size, isPartial: concat == .partial)
        if hasBody, let size, let length = request.body.declaredLength, length > size {
            throw ServiceError(.tooLarge, "The request has \(length) bytes, the whole upload \(size).")
        }
        let begun = try await ingest.begin(file, owner: principal.userID)
        guard hasBody else { return created(begun, request) }
        return await firstBytes(of: begun, checksum, from: request, principal.userID)
    }

    /// A client that names an upload where it would make one: it gets that upload.
    func adopt(_ request: Request) async throws -> Response {
        // Parts of a file, and what is made of them, are uploads of their own wherever they are posted.
        guard request.headers["Upload-Concat"] == nil else { return try await create(request) }
        let principal = try await authentication.principal(for: request)
        let id = try Self.uploadID(request)
        let metadata = try TusMetadata(parsing: request.headers["Upload-Metadata"])
        let isSilent = request.headers["Upload-Length"] == nil && request.headers["Upload-Defer-Length"] == nil
        let size = isSilent ? nil : try Self.announcedLength(request)
        let hasBody = try Self.hasBody(request)
        let checksum = try TusChecksum.of(request)
        let file = Self.file(metadata, size: size, isPartial: false)
        let found = try await ingest.adopt(id, as: file, owner: principal.userID)
        // Bytes from the beginning are no use to an upload that has some: its offset tells the client to go on there.
        guard hasBody, found.offset == 0 else { return created(found, request, telling: hasBody) }
        return await firstBytes(of: found, checksum, from: request, principal.userID)
    }

    /// The upload exists: its address is told also when its first bytes are refused.
    private func firstBytes(
        of begun: UploadProgress,
        _ checksum: PieceChecksum?,
        from request: Request,
        _ owner: UserID
    ) async -> Response {
        let body = request.body
        let piece = AppendedPiece(offset: 0, declaredLength: body.declaredLength, checksum: checksum)
        do {
            let done = try await ingest.append(piece, to: begun.upload.id, for: owner) { writer in
                _ = try await body.receive(into: PieceSink(writer))
            }
            return created(done, request, telling: true)
        } catch {
            var response = rendering(error)
            response.headers["Location"] = location(of: begun.upload, for: request)
            return response
        }
    }

    private func created(_ progress: UploadProgress, _ request: Request, telling: Bool = false) -> Response {
        var response = Response(.created, headers: ["Location": location(of: progress.upload, for: request)])
        if telling, let offset = progress.offset { response.headers["Upload-Offset"] = String(offset) }
        Self.addExpiry(of: progress, to: &response)
        return response
    }

    /// Only an unfinished upload expires.
    static func addExpiry(of progress: UploadProgress, to response: inout Response) {
        guard !progress.isComplete else { return }
        response.headers["Upload-Expires"] = progress.upload.expiresAt.httpDate
    }

    private static func file(_ metadata: TusMetadata, size: Int64?, isPartial: Bool) -> AppendedFile {
        AppendedFile(
            door: door,
            fileName: metadata.text("filename") ?? metadata.text("name") ?? "upload",
            fileType: metadata.text("filetype") ?? "",
            size: size,
            metadata: metadata.values,
            writtenMetadata: metadata.written,
            isPartial: isPartial,
            session: metadata.text("session_id")
        )
    }

    /// Nil when it is to come.
    private static func announcedLength(_ request: Request) throws -> Int64? {
        let deferred = request.headers["Upload-Defer-Length"]
        if let deferred {
            guard deferred == "1" else { throw ServiceError(.invalidRequest, "Upload-Defer-Length must be 1.") }
            guard request.headers["Upload-Length"] == nil else {
                throw ServiceError(.invalidRequest, "Upload-Length and Upload-Defer-Length exclude each other.")
            }
            return nil
        }
        guard let length = try number("Upload-Length", in: request) else {
            throw ServiceError(.invalidRequest, "Upload-Length or Upload-Defer-Length is missing.")
        }
        return length
    }

    /// Whether the request carries first bytes.
    private static func hasBody(_ request: Request) throws -> Bool {
        guard !request.body.isEmpty else { return false }
        try checkContentType(request)
        return true
    }
}

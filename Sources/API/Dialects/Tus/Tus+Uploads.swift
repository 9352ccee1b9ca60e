internal import Core
internal import HTTP
internal import Service

/// `HEAD`, `PATCH` and `DELETE` of one upload.
extension Tus {
    func status(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let found = try await ingest.look(try Self.uploadID(request), for: principal.userID, settling: true)
        // Here the length tells: a client that reads it sends nothing more.
        let progress = try await ingest.endAtLength(found)
        let upload = progress.upload
        var response = Response(.ok, headers: ["Cache-Control": "no-store"])
        if let offset = progress.offset { response.headers["Upload-Offset"] = String(offset) }
        if upload.isLengthKnown {
            response.headers["Upload-Length"] = String(upload.size)
        } else if upload.form != .final {
            response.headers["Upload-Defer-Length"] = "1"
        }
        response.headers["Upload-Metadata"] = upload.writtenMetadata
        response.headers["Upload-Concat"] = upload.writtenConcat
        Self.addExpiry(of: progress, to: &response)
        return response
    }

    func append(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let id = try Self.uploadID(request)
        try Self.checkContentType(request)
        guard let offset = try Self.number("Upload-Offset", in: request) else {
            throw ServiceError(.invalidRequest, "Upload-Offset is missing.")
        }
        let body = request.body
        let piece = AppendedPiece(
            offset: offset,
            declaredLength: body.declaredLength,
            totalLength: try Self.number("Upload-Length", in: request),
            checksum: try TusChecksum.of(request)
        )
        let progress = try await ingest.append(piece, to: id, for: principal.userID) { writer in
            _ = try await body.receive(into: PieceSink(writer))
        }
        var response = Response(.noContent)
        response.headers["Upload-Offset"] = progress.offset.map(String.init)
        Self.addExpiry(of: progress, to: &response)
        return response
    }

    func terminate(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        try await ingest.terminate(try Self.uploadID(request), for: principal.userID)
        return Response(.noContent)
    }

    /// - Throws: `.unsupportedMedia`.
    static func checkContentType(_ request: Request) throws {
        let declared = request.headers["Content-Type"] ?? ""
        let essence = declared.split(separator: ";", omittingEmptySubsequences: false).first ?? ""
        guard essence.lowercased().filter({ $0 != " " }) == contentType else {
            throw ServiceError(.unsupportedMedia, "The bytes of an upload must be sent as \(contentType).")
        }
    }

    /// A whole number from 0; nil when the header is absent.
    ///
    /// - Throws: `.invalidRequest`.
    static func number(_ name: String, in request: Request) throws -> Int64? {
        guard let text = request.headers[name] else { return nil }
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int64(text) else {
            throw ServiceError(.invalidRequest, "\(name) must be a whole number from 0.", field: name)
        }
        return value
    }
}

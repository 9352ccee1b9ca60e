internal import Core
package import HTTP
internal import Service

/// A file that is the body of one request: resumable for a client that can, plain for any other.
///
/// Every door that takes raw bodies has one. `Upload-Complete` invites to make the request resumable; then the upload
/// is known from the first byte on, and goes on at its own address below ``Resumable``.
package struct RawUpload: Sendable {
    let uploads: Resumable
    let door: String

    /// The name among the limits of the door at contract 2's address.
    package static let door = "raw"

    /// `door`: the limits that it goes by.
    package init(uploads: Resumable, door: String) {
        self.uploads = uploads
        self.door = door
    }

    /// Where a single file can be put besides the drafts' own address: contract 2's.
    package func register(on router: inout Router) {
        for path in ["/api/media/upload", "/api/media/upload/", "/api/media/upload/:name"] {
            router.on(.put, path, receive)
            router.on(.options, path, capabilities([.post, .put]))
        }
    }

    /// Answers a request whose body is the file, for any body that is no form.
    @Sendable package func receive(_ request: Request) async -> Response {
        var response = await uploads.answer(request, create)
        // A client that is refused for size must hear what is allowed.
        if response.status == .payloadTooLarge { response.headers["Upload-Limit"] = uploads.limits(of: door) }
        return response
    }

    /// What a client can know before it begins.
    func capabilities(_ methods: [HTTPMethod]) -> Handler {
        { _ in
            Response(
                .noContent,
                headers: [
                    "Allow": (methods + [.options]).map(\.rawValue).joined(separator: ", "),
                    "Accept-Patch": Resumable.contentType,
                    "Upload-Limit": uploads.limits(of: door),
                ]
            )
        }
    }

    @Sendable private func create(_ request: Request, _ interop: Interop) async throws -> Response {
        let principal = try await uploads.authentication.principal(for: request)
        let completeness = interop.completeness(request.headers)
        let isLast = completeness ?? true
        let total = try Resumable.totalLength(request, at: 0, isLast: isLast)
        let checksum = try StatedDigests.content(request)
        if completeness == nil, request.body.isEmpty {
            throw ServiceError(.invalidRequest, "The request has no body: send the file's bytes as it.")
        }
        let file = try described(request, size: total)
        let begun = try await uploads.ingest.begin(file, owner: principal.userID)
        let piece = AppendedPiece(
            offset: 0,
            declaredLength: request.body.declaredLength,
            checksum: checksum,
            isLast: isLast
        )
        guard completeness != nil else { return try await receivePlain(piece, begun, request, interop) }
        return try await receiveResumable(piece, begun, request, interop)
    }

    // MARK: - The two kinds

    /// Nobody could go on with what is left of a plain request: it goes.
    private func receivePlain(
        _ piece: AppendedPiece,
        _ begun: UploadProgress,
        _ request: Request,
        _ interop: Interop
    ) async throws -> Response {
        let upload = begun.upload
        do {
            let done = try await uploads.receive(piece, into: begun, request, Interop.silent)
            return try await uploads.ended(done, request, interop)
        } catch {
            do {
                try await uploads.ingest.terminate(upload.id, for: upload.owner)
            } catch let second {
                uploads.logger.warning(
                    "a broken upload could not be removed and waits for its expiry",
                    ["upload": .string(upload.id.rawValue), "error": .string(String(describing: second))]
                )
            }
            throw error
        }
    }

    private func receiveResumable(
        _ piece: AppendedPiece,
        _ begun: UploadProgress,
        _ request: Request,
        _ interop: Interop
    ) async throws -> Response {
        let location = uploads.location(of: begun.upload, for: request)
        let limits = uploads.limits(of: door, begun.upload)
        if let version = interop.version, !request.body.isEmpty {
            request.sendInterim(
                .uploadResumption,
                [Interop.header: String(version), "Location": location, "Upload-Limit": limits]
            )
        }
        var response: Response
        do {
            response = try await received(piece, begun, request, interop)
        } catch {
            response = uploads.rendering(error)
        }
        response.headers["Location"] = location
        response.headers["Upload-Limit"] = limits
        return response
    }

    private func received(
        _ piece: AppendedPiece,
        _ begun: UploadProgress,
        _ request: Request,
        _ interop: Interop
    ) async throws -> Response {
        var progress = begun
        // Careful creation: nothing is sent with it.
        if piece.isLast == true || !request.body.isEmpty {
            do {
                progress = try await uploads.receive(piece, into: begun, request, interop)
            } catch {
                return try await uploads.explaining(error, piece, begun.upload, interop)
            }
        }
        guard progress.upload.acceptsParts else { return try await uploads.ended(progress, request, interop) }
        var response = Response(.created)
        response.headers["Upload-Offset"] = progress.offset.map(String.init)
        interop.say(complete: false, in: &response.headers)
        return response
    }

    // MARK: - What the file is

    /// The name from `Content-Disposition`, else the address, else the query.
    private func described(_ request: Request, size: Int64?) throws -> AppendedFile {
        if let coding = request.headers["Content-Encoding"], coding.lowercased() != "identity" {
            throw ServiceError(.unsupportedMedia, "Send the file as it is, without Content-Encoding.")
        }
        let type = request.headers["Content-Type"] ?? ""
        guard !type.lowercased().hasPrefix("multipart/") else {
            throw ServiceError(.unsupportedMedia, "The body must be the file itself, not a form.")
        }
        var metadata: [String: JSONValue] = [:]
        for key in ["title", "description"] {
            if let text = request.query.first(key), !text.isEmpty { metadata[key] = .string(text) }
        }
        return AppendedFile(
            door: door,
            fileName: request.fileName ?? request.parameters["name"] ?? request.query.first("filename") ?? "upload",
            // What curl declares for any bytes says nothing of them.
            fileType: type == "application/x-www-form-urlencoded" ? "" : type,
            size: size,
            metadata: metadata,
            stated: try StatedDigests.whole(request) ?? StatedHashes(),
            endsWhenTold: true
        )
    }
}

internal import Core
internal import HTTP
internal import Service

/// `POST /api/media/upload/`: a file in one form.
extension MediaHandling {
    @Sendable func upload(_ request: Request) async throws -> Response {
        let type = request.headers["Content-Type"] ?? ""
        guard type.lowercased().hasPrefix("multipart/") else { return await raw.receive(request) }
        let principal = try await authentication.principal(for: request)
        let receiver = MediaFormReceiver(ingest: ingest, bodyLength: request.body.declaredLength)
        try receiver.admit()
        let begun = try await ingest.begin(
            AppendedFile(door: Self.door, fileName: "upload", fileType: "", size: nil),
            owner: principal.userID
        )
        do {
            let asset = try await receive(request, receiver, into: begun.upload.id, principal.userID)
            return try json(asset, principal.user.username, for: request, status: .created)
        } catch {
            await forget(begun.upload.id, principal.userID)
            throw error
        }
    }

    private func receive(
        _ request: Request,
        _ receiver: MediaFormReceiver,
        into id: UploadID,
        _ owner: UserID
    ) async throws -> AssetRecord {
        _ = try await ingest.append(AppendedPiece(offset: 0, declaredLength: nil), to: id, for: owner) { writer in
            receiver.begin(writer)
            let fields = try await request.multipart(fieldLimit: 4096, partLimit: 16, onFile: receiver.open)
            receiver.end(fields)
        }
        let progress = try await ingest.finish(id, as: try receiver.received(), for: owner)
        guard progress.isComplete, let asset = progress.upload.assetID else {
            throw ServiceError(
                .unavailable,
                "The file has arrived, but could not be stored yet. It appears in the list as soon as it is.",
                retryAfter: .seconds(5)
            )
        }
        return try await catalog.asset(asset, for: owner)
    }

    /// Nobody can go on with an upload whose name was never told.
    private func forget(_ id: UploadID, _ owner: UserID) async {
        do {
            try await ingest.terminate(id, for: owner)
        } catch {
            // It is being stored after all; otherwise it expires.
            logger.info("an upload stays", ["upload": .string(id.rawValue), "error": .string("\(error)")])
        }
    }

    func json(
        _ asset: AssetRecord,
        _ username: String,
        for request: Request,
        status: Status = .ok
    ) throws -> Response {
        let links = MediaLinks(to: asset, base: try address.base(for: request), delivery: delivery)
        return try .json(MediaJSON(asset: asset, username: username, links: links), status: status)
    }
}

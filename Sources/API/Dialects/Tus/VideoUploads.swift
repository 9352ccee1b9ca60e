internal import Core
package import HTTP
package import Service

/// Contract 3's REST around tus: `/api/v1/videos/upload/…`.
package struct VideoUploads: Sendable {
    private let ingest: Ingest
    private let early: EarlyPlay?
    private let authentication: Authentication
    private let address: PublicAddress

    private static let base = "/api/v1/videos/upload"
    private static let longestBody = 64 << 10

    /// `early`: nil where nothing plays before its upload is complete.
    package init(ingest: Ingest, early: EarlyPlay?, authentication: Authentication, address: PublicAddress) {
        self.ingest = ingest
        self.early = early
        self.authentication = authentication
        self.address = address
    }

    package func register(on router: inout Router) {
        router.on(.post, "\(Self.base)/init", begin)
        router.on(.post, "\(Self.base)/complete", complete)
        router.on(.get, "\(Self.base)/:id/status", status)
        router.on(.delete, "\(Self.base)/:id", abort)
    }

    private struct Announcement: Decodable {
        let session_id: String
        let filename: String
        let file_size: Int64
        let duration_seconds: Double?
        let content_type: String?
    }

    private struct Begun: Encodable {
        let upload_id: String
        let upload_url: String
        let expires_at: String
        let chunk_size: Int64
    }

    @Sendable private func begin(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let body: Announcement = try await request.json(limit: Self.longestBody)
        guard body.file_size > 0 else {
            throw Self.wrong("file_size", "must be at least 1 byte: the file is empty.")
        }
        if let seconds = body.duration_seconds { try check(duration: seconds) }
        var metadata: [String: JSONValue] = ["session_id": .string(body.session_id)]
        metadata["duration_seconds"] = body.duration_seconds.map { .number($0) }
        let file = AppendedFile(
            door: Tus.door,
            fileName: body.filename,
            fileType: body.content_type ?? "",
            size: body.file_size,
            metadata: metadata,
            session: body.session_id
        )
        let upload = try await ingest.begin(file, owner: principal.userID).upload
        return try .json(
            Begun(
                upload_id: upload.id.rawValue,
                upload_url: Tus.path(of: upload),
                expires_at: upload.expiresAt.iso8601,
                chunk_size: upload.partSize
            ),
            status: .created
        )
    }

    private func check(duration: Double) throws {
        guard duration >= 0, duration.isFinite else {
            throw Self.wrong("duration_seconds", "must be a number of seconds from 0.")
        }
        guard let limit = ingest.limits(of: Tus.door).maximumDuration, duration > limit.inSeconds else { return }
        throw Self.wrong(
            "duration_seconds",
            "is more than a video may have here: \(limit.components.seconds) seconds."
        )
    }

    private static func wrong(_ field: String, _ words: String) -> ServiceError {
        ServiceError(.invalidRequest, "\(field) \(words)", field: field)
    }

    private struct Status: Encodable {
        let upload_id: String
        let offset: Int64
        let size: Int64?
        let completed: Bool
        let expires_at: String
        let percentage: Double
        /// Of what plays already.
        let master_url: String?
    }

    @Sendable private func status(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let progress = try await ingest.look(try Tus.uploadID(request), for: principal.userID)
        let offset = progress.offset ?? 0
        let size = progress.upload.isLengthKnown ? progress.upload.size : nil
        let link = progress.upload.state.isArriving ? await early?.link(to: progress.upload.id, at: offset) : nil
        var response = try Response.json(
            Status(
                upload_id: progress.upload.id.rawValue,
                offset: offset,
                size: size,
                completed: progress.isComplete,
                expires_at: progress.upload.expiresAt.iso8601,
                percentage: Self.percentage(offset, of: size, isComplete: progress.isComplete),
                master_url: try link.map { try address.base(for: request) + $0.master }
            )
        )
        response.headers["Cache-Control"] = "no-store"
        return response
    }

    /// Two digits after the point; 100 only when all is here.
    private static func percentage(_ offset: Int64, of size: Int64?, isComplete: Bool) -> Double {
        if isComplete { return 100 }
        guard let size, size > 0 else { return 0 }
        return min(99.99, (Double(offset) * 10_000 / Double(size)).rounded() / 100)
    }

    private struct Completion: Decodable {
        let upload_id: String
    }

    private struct Completed: Encodable {
        let upload_id: String
        let completed: Bool
        let size: Int64
        /// The integer of the other contracts' `asset_<integer>`.
        let video_id: Int64?
        let asset_id: String?
    }

    /// Says whether the last byte has come: the upload was completed with it, so nothing is left to do.
    @Sendable private func complete(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let body: Completion = try await request.json(limit: Self.longestBody)
        guard let id = UploadID(parsing: body.upload_id) else { throw ServiceError(.notFound, "Upload not found") }
        let progress = try await ingest.look(id, for: principal.userID)
        guard progress.isComplete else {
            let size = progress.upload.isLengthKnown ? " of \(progress.upload.size)" : ""
            throw ServiceError(.conflict, "The upload is not complete: it has \(progress.offset ?? 0)\(size) bytes.")
        }
        return try .json(
            Completed(
                upload_id: id.rawValue,
                completed: true,
                size: progress.upload.size,
                video_id: progress.upload.assetID?.rawValue,
                asset_id: progress.upload.assetID?.contractName
            )
        )
    }

    @Sendable private func abort(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        try await ingest.terminate(try Tus.uploadID(request), for: principal.userID)
        return Response(.noContent)
    }
}

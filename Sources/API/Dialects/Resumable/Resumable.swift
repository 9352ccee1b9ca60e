package import Core
package import HTTP
package import Service

/// Resumable uploads for HTTP, as the IETF drafts have them from -01 on: what `URLSession` speaks.
///
/// The draft's clients say their version, and are answered in it (``Interop``).
package struct Resumable: Sendable {
    let ingest: Ingest
    let authentication: Authentication
    let address: PublicAddress
    let logger: Logger

    static let base = "/api/v1/videos/resumable"
    /// The name of this door among the limits.
    package static let door = "resumable"
    static let contentType = "application/partial-upload"

    package init(ingest: Ingest, authentication: Authentication, address: PublicAddress, logger: Logger) {
        self.ingest = ingest
        self.authentication = authentication
        self.address = address
        self.logger = logger
    }

    package func register(on router: inout Router) {
        let here = RawUpload(uploads: self, door: Self.door)
        for path in [Self.base, Self.base + "/"] {
            for method in [HTTPMethod.post, .put] { router.on(method, path, here.receive) }
            router.on(.options, path, here.capabilities([.post, .put]))
        }
        let upload = Self.base + "/:id"
        for method in [HTTPMethod.head, .get] { router.on(method, upload) { await answer($0, status) } }
        router.on(.patch, upload) { await answer($0, append) }
        router.on(.delete, upload) { await answer($0, cancel) }
        router.on(.options, upload, here.capabilities([.head, .get, .patch, .delete]))
    }

    // MARK: - What answers have in common

    /// Puts errors into the words of the drafts.
    func answer(
        _ request: Request,
        _ handler: @Sendable (Request, Interop) async throws -> Response
    ) async -> Response {
        var response: Response
        do { response = try await handler(request, Interop(request)) } catch { response = rendering(error) }
        // RFC 5789 section 3.1: what a refused PATCH should have been.
        if request.method == .patch, response.status == .unsupportedMediaType {
            response.headers["Accept-Patch"] = Self.contentType
        }
        return response
    }

    func rendering(_ error: any Error) -> Response {
        let error = ServiceError(passing: error) ?? error
        do {
            switch error {
            case let error as ServiceError where error.code == .lengthMismatch:
                return try UploadProblem(.inconsistentLength, error.message).response()
            case let error as ServiceError where error.code == .hashMismatch:
                return try UploadProblem(.mismatchingDigest, error.message).response()
            case let error as ServiceError where error.code == .locked:
                // Clients of the drafts give up at any 4xx and come again after a 5xx.
                return .rendering(
                    ServiceError(.unavailable, error.message, retryAfter: error.retryAfter),
                    logger: logger
                )
            case let error as StatedDigests.Unusable: return try Self.problem(error)
            default: return .rendering(error, logger: logger)
            }
        } catch {
            return .rendering(error, logger: logger)
        }
    }

    private static func problem(_ error: StatedDigests.Unusable) throws -> Response {
        let known = error.known.joined(separator: ", ")
        let problem =
            error.isUnknown
            ? UploadProblem(.unsupportedDigest, "\(error.field) must have one of \(known) to be verified here.")
            : UploadProblem(.invalidDigest, "\(error.field) has a value for \(known) that is none.")
        var response = try problem.response()
        response.headers["Want-\(error.field)"] = StatedDigests.wanted
        return response
    }

    func location(of upload: Upload, for request: Request) -> String {
        address.location("\(Self.base)/\(upload.id)", for: request)
    }

    /// `max-age` is what is left of an upload's life, or all that a new one has.
    func limits(of door: String, _ upload: Upload? = nil) -> String {
        let limits = ingest.limits(of: door)
        let size = upload?.sizeLimit ?? limits.maximumSize
        let age = upload.map { max(0, ($0.expiresAt - Timestamp.now).components.seconds) }
        return "max-size=\(size), min-size=0, max-age=\(age ?? ingest.expiry.components.seconds)"
    }

    static func uploadID(_ request: Request) throws -> UploadID {
        guard let id = UploadID(parsing: request.parameters["id"] ?? "") else {
            throw ServiceError(.notFound, "Upload not found")
        }
        return id
    }

    // MARK: - The end

    /// How long the last request waits for a stated hash to be verified; the status says what comes later.
    private static let verification = Duration.seconds(45)

    private struct Completed: Encodable {
        let upload_id: String
        let completed: Bool
        let size: Int64
        /// The asset as contract 2 names it, contract 3 and contract 1.
        let id: Int64?
        let video_id: Int64?
        let asset_id: String?
    }

    /// The answer to the request that ended an upload, or would have: the same whichever request it was.
    func ended(_ progress: UploadProgress, _ request: Request, _ interop: Interop) async throws -> Response {
        let owner = progress.upload.owner
        let upload = try await ingest.settled(progress.upload.id, for: owner, within: Self.verification)
        var response: Response
        if upload.state == .failed {
            response = try UploadProblem(.mismatchingDigest, upload.error ?? "The upload has failed.").response()
        } else {
            let isComplete = upload.state == .complete
            response = try .json(
                Completed(
                    upload_id: upload.id.rawValue,
                    completed: isComplete,
                    size: upload.size,
                    id: isComplete ? upload.assetID?.rawValue : nil,
                    video_id: isComplete ? upload.assetID?.rawValue : nil,
                    asset_id: isComplete ? upload.assetID?.contractName : nil
                ),
                status: isComplete ? .created : .accepted
            )
            response.headers["Upload-Offset"] = String(upload.size)
            if isComplete { response.headers["Repr-Digest"] = StatedDigests.field(upload.stated) }
        }
        interop.say(complete: true, in: &response.headers)
        point(toAssetOf: upload, for: request, in: &response)
        return response
    }

    /// What became of an upload, also for a client that missed the answer to its last request.
    func point(toAssetOf upload: Upload, for request: Request, in response: inout Response) {
        guard upload.state == .complete, let asset = upload.assetID else { return }
        response.headers["Content-Location"] = address.location("/api/assets/\(asset.contractName)", for: request)
    }
}

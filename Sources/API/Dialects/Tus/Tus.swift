package import Core
package import HTTP
package import Service

/// tus 1.0.0 at contract 3's address.
///
/// Each method has a handler; what every answer has in common is here.
package struct Tus: Sendable {
    let ingest: Ingest
    let authentication: Authentication
    private let address: PublicAddress
    let logger: Logger

    static let base = "/api/v1/videos/tus"
    /// The name of this door among the limits.
    package static let door = "videos"
    static let version = "1.0.0"
    static let contentType = "application/offset+octet-stream"
    private static let extensions = [
        "creation", "creation-with-upload", "creation-defer-length", "expiration", "checksum",
        "checksum-trailer", "termination", "concatenation", "concatenation-unfinished",
    ]
    private static let methods: [HTTPMethod] = [.get, .head, .post, .put, .patch, .delete, .options]

    package init(ingest: Ingest, authentication: Authentication, address: PublicAddress, logger: Logger) {
        self.ingest = ingest
        self.authentication = authentication
        self.address = address
        self.logger = logger
    }

    /// Every method leads to one handler, because `X-HTTP-Method-Override` may say that another is meant.
    package func register(on router: inout Router) {
        for method in Self.methods {
            for path in [Self.base, Self.base + "/"] {
                router.on(method, path) { await answer($0, allowed: [.post], collection) }
            }
            router.on(method, Self.base + "/:id") {
                await answer($0, allowed: [.head, .patch, .post, .delete], upload)
            }
        }
    }

    @Sendable private func collection(_ request: Request) async throws -> Response {
        try await create(request)
    }

    @Sendable private func upload(_ request: Request) async throws -> Response {
        switch request.method {
        case .head: try await status(request)
        case .patch: try await append(request)
        case .post: try await adopt(request)
        default: try await terminate(request)
        }
    }

    /// The protocol's frame around a handler: the method that is meant, the version, the errors in tus's statuses.
    private func answer(
        _ request: Request,
        allowed: [HTTPMethod],
        _ handler: (Request) async throws -> Response
    ) async -> Response {
        var request = request
        if let name = request.headers["X-HTTP-Method-Override"] {
            request.method = HTTPMethod(rawValue: name.uppercased())
        }
        var response: Response
        if request.method == .options {
            response = await capabilities(for: request)
        } else if !allowed.contains(request.method) {
            response = .problem(
                .methodNotAllowed,
                code: "method_not_allowed",
                "\(request.method) is not possible at this address."
            )
            response.headers["Allow"] = (allowed + [.options]).map(\.rawValue).joined(separator: ", ")
        } else if request.headers["Tus-Resumable"] != Self.version {
            response = .problem(
                .preconditionFailed,
                code: "unsupported_version",
                "This server speaks tus \(Self.version): send it as Tus-Resumable."
            )
            response.headers["Tus-Version"] = Self.version
        } else {
            do { response = try await handler(request) } catch { response = rendering(error) }
        }
        response.headers["Tus-Resumable"] = Self.version
        return response
    }

    /// What this server can: for a plain `OPTIONS`, whatever version the client speaks.
    ///
    /// Who says who he is, is told what is left to him.
    private func capabilities(for request: Request) async -> Response {
        // A token that counts for nothing asks like nobody: what this server can is no secret.
        let isNamed = request.headers["Authorization"] != nil
        let principal = isNamed ? try? await authentication.principalIfAny(for: request) : nil
        let largest = try? await ingest.largestFile(at: Self.door, for: principal?.userID)
        return Response(
            .noContent,
            headers: [
                "Tus-Version": Self.version,
                "Tus-Extension": Self.extensions.joined(separator: ","),
                "Tus-Max-Size": String(largest ?? ingest.limits(of: Self.door).maximumSize),
                "Tus-Checksum-Algorithm": TusChecksum.algorithms.map(\.rawValue).joined(separator: ","),
            ]
        )
    }

    func rendering(_ error: any Error) -> Response {
        let error = ServiceError(passing: error) ?? error
        guard let known = error as? ServiceError, known.code == .hashMismatch else {
            return .rendering(error, logger: logger)
        }
        return .problem(Status(rawValue: 460), code: known.code.rawValue, known.message)
    }

    static func uploadID(_ request: Request) throws -> UploadID {
        guard let id = UploadID(parsing: request.parameters["id"] ?? "") else {
            throw ServiceError(.notFound, "Upload not found")
        }
        return id
    }

    func location(of upload: Upload, for request: Request) -> String {
        address.location(Self.path(of: upload), for: request)
    }

    static func path(of upload: Upload) -> String { "\(base)/\(upload.id)" }
}

/// Hands the bytes of a body to the engine, on the thread that received them.
final class PieceSink: BodySink {
    private let writer: any PieceWriter

    init(_ writer: any PieceWriter) {
        self.writer = writer
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try writer.write(bytes)
    }
}

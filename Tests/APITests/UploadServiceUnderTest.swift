import Core
import Foundation
import HTTP
import Synchronization
import Testing

@testable import TelecineClient

/// A small service of uploads on a real port, that fails as it is told to.
final class UploadServiceUnderTest: Sendable {
    struct State {
        var bytes: [Int: [UInt8]] = [:]
        var chunkRequests = 0
        var refreshes = 0
        /// Chunk requests to answer with a status instead, by their count from 1.
        var failures: [Int: Int] = [:]
        var validToken = "token-0"
        var inFlight = 0
        var mostInFlight = 0
        var finalState = UploadState.processed
        var polls = 0
    }

    static let id = "12345678-abcd-4234-8234-123456789abc"
    let state = Mutex(State())
    let chunkSize: Int
    let fileSize: Int
    private let server = Mutex<Server?>(nil)

    init(fileSize: Int, chunkSize: Int) {
        self.fileSize = fileSize
        self.chunkSize = chunkSize
    }

    private var total: Int { (fileSize + chunkSize - 1) / chunkSize }

    /// Runs a body against the service on a free port.
    func run(_ body: (Telecine, UploadServiceUnderTest) async throws -> Void) async throws {
        var configuration = ServerConfiguration()
        configuration.host = "127.0.0.1"
        configuration.ports = [0]
        // Other tests keep the processors busy.
        configuration.headDeadline = .seconds(600)
        configuration.bodyPatience = .seconds(600)
        configuration.stall = .seconds(600)
        var router = Router()
        router.on(.post, "/api/uploads/init", begin)
        router.on(.post, "/api/uploads/:id/chunks", receive)
        router.on(.get, "/api/uploads/:id", status)
        router.on(.post, "/api/auth/token", refresh)
        let routes = router
        let handler = Middlewares.compose(
            [Middlewares.errors(logger: .silent)],
            around: { try await routes.respond(to: $0) }
        )
        let server = Server(configuration: configuration, logger: .silent, handler: handler)
        let port = try server.start()[0]
        let url = try #require(URL(string: "http://127.0.0.1:\(port)"))
        let client = Telecine(
            baseURL: url,
            token: "token-0",
            refreshToken: "refresh-0",
            backoff: Backoff(attempts: 4, first: .milliseconds(5), longest: .milliseconds(50))
        )
        do {
            try await body(client, self)
        } catch {
            await server.shutdown(deadline: .seconds(5))
            throw error
        }
        await server.shutdown(deadline: .seconds(5))
    }

    private func check(_ request: Request) throws {
        let token = state.withLock { $0.validToken }
        guard request.headers["Authorization"] == "Bearer \(token)" else {
            throw ServiceError(.tokenExpired, "Token expired")
        }
    }

    @Sendable private func begin(_ request: Request) async throws -> Response {
        try check(request)
        let body: UploadInitRequest = try await request.json()
        #expect(Int(body.fileSize) == fileSize)
        return try .json(
            UploadInitResponse(uploadId: Self.id, chunkSize: Int64(chunkSize), expiresAt: "2030-01-01T00:00:00.000Z")
        )
    }

    @Sendable private func receive(_ request: Request) async throws -> Response {
        let failure = state.withLock { state in
            state.inFlight += 1
            state.mostInFlight = max(state.mostInFlight, state.inFlight)
            state.chunkRequests += 1
            return state.failures[state.chunkRequests]
        }
        defer { state.withLock { $0.inFlight -= 1 } }
        let body = String(decoding: try await request.body.collect(upTo: 1 << 20), as: UTF8.self)
        try check(request)
        if let failure { return .problem(Status(rawValue: failure), code: "test", "Asked to fail.") }
        let parts = try #require(Form(body, contentType: request.headers["Content-Type"] ?? ""))
        let received = state.withLock { state in
            state.bytes[parts.number] = Array(parts.chunk.utf8)
            return state.bytes.count
        }
        return try .json(
            ChunkReceipt(uploadId: Self.id, chunkNumber: parts.number, received: received, total: parts.total)
        )
    }

    @Sendable private func status(_ request: Request) async throws -> Response {
        try check(request)
        guard request.parameters["id"] == Self.id else { throw ServiceError(.notFound, "Upload not found") }
        let (received, final, polls) = state.withLock { state in
            state.polls += 1
            return (state.bytes, state.finalState, state.polls)
        }
        let missing = (0..<total).filter { received[$0] == nil }
        let isDone = missing.isEmpty && polls > 3
        return try .json(
            UploadStatus(
                uploadId: Self.id,
                filename: "a",
                fileSize: Int64(fileSize),
                fileType: "video/mp4",
                status: isDone ? final : missing.isEmpty ? .processing : .uploading,
                progress: isDone ? 100 : 0,
                receivedChunks: received.count,
                totalChunks: total,
                chunkSize: Int64(chunkSize),
                metadata: [:],
                createdAt: "2030-01-01T00:00:00.000Z",
                assetId: "asset_1",
                error: final == .processingFailed ? "It is a poem, not a video." : nil,
                missingChunks: missing.isEmpty ? nil : missing
            )
        )
    }

    @Sendable private func refresh(_ request: Request) async throws -> Response {
        let body: RefreshRequest = try await request.json()
        let count = state.withLock { state in
            state.refreshes += 1
            state.validToken = "token-\(state.refreshes)"
            return state.refreshes
        }
        #expect(body.refreshToken == "refresh-\(count - 1)")
        return try .json(Session(token: "token-\(count)", refreshToken: "refresh-\(count)", expiresIn: 3600))
    }

    var assembled: [UInt8] {
        state.withLock { state in (0..<total).flatMap { state.bytes[$0] ?? [] } }
    }
}

/// The form of a chunk, read in the plainest way.
private struct Form {
    let number: Int
    let total: Int
    let chunk: String

    init?(_ body: String, contentType: String) {
        guard let boundary = contentType.components(separatedBy: "boundary=").last else { return nil }
        let parts = body.components(separatedBy: "--\(boundary)")
        guard parts.count == 5, parts[4] == "--\r\n" else { return nil }
        let contents = parts[1...3].compactMap { part -> String? in
            guard let start = part.range(of: "\r\n\r\n")?.upperBound, part.hasSuffix("\r\n") else { return nil }
            return String(part[start...].dropLast(1))
        }
        guard contents.count == 3, let number = Int(contents[0]), let total = Int(contents[1]) else { return nil }
        self.number = number
        self.total = total
        chunk = contents[2]
    }
}

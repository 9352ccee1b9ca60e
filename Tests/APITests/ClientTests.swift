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

@Suite struct ClientTests {
    /// A file of letters, so that forms can be read as text.
    private func withFile(_ size: Int, _ body: (URL, [UInt8]) async throws -> Void) async throws {
        let bytes = (0..<size).map { _ in UInt8.random(in: 97...122) }
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("telecine-\(UUID().uuidString).mp4")
        try Data(bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        try await body(url, bytes)
    }

    @Test("a file arrives whole, at most three chunks at a time, with progress that never falls")
    func upload() async throws {
        try await withFile(100_001) { file, bytes in
            try await UploadServiceUnderTest(fileSize: bytes.count, chunkSize: 10_000).run { client, service in
                let seen = Mutex<[Int64]>([])
                let status = try await client.upload(file: file, metadata: ["title": "T"]) { progress in
                    seen.withLock { $0.append(progress.sentBytes) }
                }
                #expect(status.uploadId == UploadServiceUnderTest.id)
                #expect(service.assembled == bytes)
                let sent = seen.withLock { $0 }
                #expect(sent.first == 0 && sent.last == 100_001 && sent.count == 12 && sent == sent.sorted())
                #expect(service.state.withLock { $0.mostInFlight } <= 3)
            }
        }
    }

    @Test("chunks that fail on their way are sent again", arguments: [500, 503, 429, 408])
    func retries(_ status: Int) async throws {
        try await withFile(50_000) { file, bytes in
            let service = UploadServiceUnderTest(fileSize: bytes.count, chunkSize: 10_000)
            service.state.withLock { $0.failures = [1: status, 3: status, 4: status] }
            try await service.run { client, service in
                _ = try await client.upload(file: file)
                #expect(service.assembled == bytes)
                #expect(service.state.withLock { $0.chunkRequests } == 8)
            }
        }
    }

    @Test("what the service refuses is not sent again, and its own words are the error")
    func refusal() async throws {
        try await withFile(50_000) { file, bytes in
            let service = UploadServiceUnderTest(fileSize: bytes.count, chunkSize: 50_000)
            service.state.withLock { $0.failures = [1: 413] }
            try await service.run { client, service in
                let error = await #expect(throws: TelecineError.self) { try await client.upload(file: file) }
                #expect(error?.kind == .refused(status: 413))
                #expect(error?.message == "Asked to fail.")
                #expect(service.state.withLock { $0.chunkRequests } == 1)
            }
        }
    }

    @Test("a service that keeps failing is given up after the last attempt")
    func givingUp() async throws {
        try await withFile(100) { file, _ in
            let service = UploadServiceUnderTest(fileSize: 100, chunkSize: 100)
            service.state.withLock { state in for number in 1...9 { state.failures[number] = 503 } }
            try await service.run { client, service in
                await #expect(throws: TelecineError.self) { try await client.upload(file: file) }
                #expect(service.state.withLock { $0.chunkRequests } == 4)
            }
        }
    }

    @Test("resuming sends only what the service misses")
    func resume() async throws {
        try await withFile(55_000) { file, bytes in
            let service = UploadServiceUnderTest(fileSize: bytes.count, chunkSize: 10_000)
            service.state.withLock { state in
                for number in [0, 2, 5] {
                    state.bytes[number] = Array(bytes[(number * 10_000)..<min(bytes.count, (number + 1) * 10_000)])
                }
            }
            try await service.run { client, service in
                let first = Mutex<Int64?>(nil)
                _ = try await client.upload(file: file, resuming: UploadServiceUnderTest.id) { progress in
                    first.withLock { $0 = $0 ?? progress.sentBytes }
                }
                #expect(service.assembled == bytes)
                #expect(service.state.withLock { $0.chunkRequests } == 3)
                #expect(first.withLock { $0 } == 25_000)
            }
        }
    }

    @Test("another file, an empty one and one that is not there are refused before a byte is sent")
    func wrongFiles() async throws {
        try await withFile(55_000) { file, bytes in
            try await UploadServiceUnderTest(fileSize: 54_999, chunkSize: 10_000).run { client, service in
                let error = await #expect(throws: TelecineError.self) {
                    try await client.upload(file: file, resuming: UploadServiceUnderTest.id)
                }
                #expect(error?.kind == .changedFile)
                let absent = file.appendingPathExtension("absent")
                let missing = await #expect(throws: TelecineError.self) { try await client.upload(file: absent) }
                #expect(missing?.kind == .unreadableFile)
                try Data().write(to: file)
                let empty = await #expect(throws: TelecineError.self) { try await client.upload(file: file) }
                #expect(empty?.kind == .unreadableFile)
                #expect(service.state.withLock { $0.chunkRequests } == 0)
            }
        }
    }

    @Test("an expired token is renewed once, however many chunks find it expired")
    func renewal() async throws {
        try await withFile(60_000) { file, bytes in
            let service = UploadServiceUnderTest(fileSize: bytes.count, chunkSize: 10_000)
            try await service.run { client, service in
                let isFirst = Mutex(true)
                _ = try await client.upload(file: file) { _ in
                    // From the first report on, no chunk has gone out yet: all three find the token expired.
                    guard
                        isFirst.withLock({ first in
                            defer { first = false }; return first
                        })
                    else { return }
                    service.state.withLock { $0.validToken = "none" }
                }
                #expect(service.assembled == bytes)
                #expect(service.state.withLock { $0.refreshes } == 1)
            }
        }
    }

    @Test("waiting ends when the medium is ready, and with the reason when it cannot be")
    func waiting() async throws {
        try await withFile(100) { file, _ in
            let service = UploadServiceUnderTest(fileSize: 100, chunkSize: 100)
            try await service.run { client, service in
                _ = try await client.upload(file: file)
                let done = try await client.waitUntilProcessed(UploadServiceUnderTest.id, every: .milliseconds(1))
                #expect(done.status == .processed && done.assetId == "asset_1")
                service.state.withLock { $0.finalState = .processingFailed }
                let error = await #expect(throws: TelecineError.self) {
                    try await client.waitUntilProcessed(UploadServiceUnderTest.id, every: .milliseconds(1))
                }
                #expect(error?.message == "It is a poem, not a video.")
            }
        }
    }

    @Test("a service that is not there is an error in one sentence")
    func unreachable() async throws {
        let url = try #require(URL(string: "http://127.0.0.1:9"))
        let client = Telecine(baseURL: url, token: "x", backoff: Backoff(attempts: 1))
        let error = await #expect(throws: TelecineError.self) { try await client.media("1") }
        #expect(error?.kind == .unreachable)
        #expect(error?.message.hasPrefix("http://127.0.0.1:9 does not answer") == true)
    }

    @Test("chunks cover the file exactly, the last one shorter", arguments: [1, 9, 10, 11, 99, 100, 101])
    func plan(_ size: Int) throws {
        let plan = try ChunkPlan(fileSize: Int64(size), chunkSize: 10)
        let chunks = (0..<plan.total).compactMap { plan.chunk($0) }
        #expect(chunks.count == plan.total && chunks.reduce(0) { $0 + $1.length } == size)
        #expect(zip(chunks, chunks.dropFirst()).allSatisfy { $0.offset + Int64($0.length) == $1.offset })
        #expect(plan.chunk(plan.total) == nil && plan.chunk(-1) == nil)
        #expect(throws: TelecineError.self) { try ChunkPlan(fileSize: Int64(size), chunkSize: 0) }
    }

    @Test("pauses double up to the longest, honour the service within it, and end")
    func backoff() {
        let backoff = Backoff(attempts: 5, first: .seconds(1), longest: .seconds(4))
        #expect(
            (1...5).map { backoff.pause(after: $0, asked: nil, jitter: 1) } == [
                .seconds(1), .seconds(2), .seconds(4), .seconds(4), nil,
            ]
        )
        #expect(backoff.pause(after: 1, asked: nil, jitter: 0) == .milliseconds(500))
        #expect(backoff.pause(after: 1, asked: .seconds(3), jitter: 0) == .seconds(3))
        #expect(backoff.pause(after: 1, asked: .seconds(300), jitter: 0) == .seconds(4))
    }
}

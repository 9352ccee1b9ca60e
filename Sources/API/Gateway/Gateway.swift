package import Core
internal import HTTP
package import HTTPClient
package import Service

/// Hands requests on to the services behind it.
///
/// Bodies stream both ways through bounded memory, an expected `100 Continue` comes from the service, and whoever
/// leaves ends what the other side does for him. Everything but what belongs to one connection passes as it came, the
/// request line byte for byte.
package struct Gateway: Sendable {
    enum Outcome: Sendable {
        case answer(Response)
        /// The gateway's own words: the service has not answered.
        case failure(Response)
    }

    /// Responses up to this size are whole before their first byte is sent: a broken one is told as 502.
    private static let smallBody: Int64 = 64 << 10
    /// Between two looks whether a client still waits.
    private static let watchPause = Duration.milliseconds(500)

    private let client: HTTPClient
    private let addresses: [ServiceName: String]
    private let seal: PeerSeal
    private let logger: Logger

    /// `addresses`: `http://upload-manager:3001`, without a slash at the end.
    package init(client: HTTPClient, addresses: [ServiceName: String], seal: PeerSeal, logger: Logger) {
        self.client = client
        self.addresses = addresses
        self.seal = seal
        self.logger = logger
    }

    /// A client for the services: they are near, and what one of them waits for may take its time.
    package static func makeClient() -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.allowsPrivateAddresses = true
        // A segment that is being made is waited for up to 90 s; streams of events say something every 15.
        configuration.idleTimeout = .seconds(120)
        return HTTPClient(configuration)
    }

    /// - Throws: what ended the request's own body, `CancellationError` when its client has left.
    func forward(_ request: Request, to service: ServiceName) async throws -> Outcome {
        guard let base = addresses[service] else { preconditionFailure("\(service) has no address") }
        var outgoing = OutgoingRequest(request.method.rawValue, base + "/", headers: headers(of: request))
        outgoing.target = Self.target(of: request)
        outgoing.expectsContinue = request.headers["Expect"] != nil
        outgoing.onInterim = { status, fields in
            request.sendInterim(Status(rawValue: status), ForwardedHeaders.ofResponse(fields))
        }
        do {
            let response =
                request.body.isEmpty
                ? try await send(outgoing, for: request) : try await send(outgoing, withBodyOf: request)
            return .answer(try await render(response, for: request))
        } catch let error as HTTPClientError {
            return .failure(failure(error, service))
        }
    }

    // MARK: There

    private func headers(of request: Request) -> [HeaderField] {
        ForwardedHeaders.ofRequest(request.headers, isChunked: request.body.declaredLength == nil)
            + [("X-Request-ID", request.id), (PeerSeal.header, seal.seal(request.peer))]
    }

    /// Path and query as they stood in the request line; what an absolute target says of the host is left out.
    private static func target(of request: Request) -> String {
        let target = request.target
        guard !target.hasPrefix("/"), let mark = target.firstRange(of: "://") else { return target }
        let rest = target[mark.upperBound...]
        let path = rest.firstIndex { $0 == "/" || $0 == "?" }.map { rest[$0...] } ?? ""
        return path.hasPrefix("/") ? String(path) : "/\(path)"
    }

    /// Nobody waits for what its client does not wait for: a read ends with it, a write does not.
    private func send(_ outgoing: OutgoingRequest, for request: Request) async throws -> IncomingResponse {
        guard request.method == .get || request.method == .head else { return try await client.send(outgoing) }
        return try await withThrowingTaskGroup(of: IncomingResponse?.self) { group in
            group.addTask { try await client.send(outgoing) }
            group.addTask {
                repeat { try await Task.sleep(for: Self.watchPause) } while request.isClientConnected()
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let response = first else { throw CancellationError() }
            return response
        }
    }

    private enum Progress: Sendable {
        case response(IncomingResponse)
        /// Nil when it is whole, or nobody wants the rest.
        case body((any Error)?)
    }

    private func send(_ outgoing: OutgoingRequest, withBodyOf request: Request) async throws -> IncomingResponse {
        let stream = OutgoingStream(length: request.body.declaredLength)
        var outgoing = outgoing
        outgoing.body = .stream(stream)
        return try await withThrowingTaskGroup(of: Progress.self) { [outgoing] group in
            group.addTask { .response(try await client.send(outgoing)) }
            group.addTask { .body(await Self.pass(request.body, to: stream)) }
            // A response ends the body, whatever is left of it.
            defer { group.cancelAll() }
            var bodyError: (any Error)?
            do {
                while let progress = try await group.next() {
                    switch progress {
                    case .response(let response): return response
                    case .body(let error): bodyError = error
                    }
                }
            } catch HTTPClientError.bodyFailed {
                throw bodyError ?? HTTPClientError.bodyFailed
            }
            throw HTTPClientError.broken("no response")
        }
    }

    /// - Returns: why the body is not whole.
    private static func pass(_ body: RequestBody, to stream: OutgoingStream) async -> (any Error)? {
        // Until then its client is not asked for it either.
        guard await stream.waitUntilWanted() else { return nil }
        do {
            _ = try await body.receive(into: PassingSink(stream))
            stream.finish(trailers: Array(body.trailers))
            return nil
        } catch {
            // What has come still goes there: bytes that arrived count.
            stream.fail()
            return error
        }
    }

    // MARK: Back

    private func render(_ incoming: IncomingResponse, for request: Request) async throws -> Response {
        let status = Status(rawValue: incoming.status)
        var response = Response(status, headers: ForwardedHeaders.ofResponse(incoming.headers))
        let body = incoming.body
        let write: @Sendable (StreamWriter) async throws -> Void = { writer in
            while let block = try await body.next() { try await writer.write(block) }
        }
        let length = incoming.header("Content-Length").flatMap { Int64($0) }
        if status == .noContent { return response }
        if request.method == .head || status == .notModified {
            let unstated = status == .notModified ? ResponseBody.empty : .stream(write)
            response.body = length.map { ResponseBody.absent(length: $0) } ?? unstated
            return response
        }
        switch length {
        case nil: response.body = .stream(write)
        case 0?: break
        case let length? where length <= Self.smallBody:
            response.body = .bytes(try await body.collect(upTo: Int(Self.smallBody)))
        case let length?: response.body = .sized(length, write)
        }
        return response
    }

    private func failure(_ error: HTTPClientError, _ service: ServiceName) -> Response {
        logger.warning(
            "a service does not answer",
            ["service": .string(service.rawValue), "reason": .string(error.description)]
        )
        var response: Response
        if case .timedOut(let deadline) = error, deadline != .connect {
            response = .problem(
                .gatewayTimeout,
                code: "service_timeout",
                "The \(service.rawValue) does not answer in time. Try again in a moment."
            )
        } else {
            response = .problem(
                .badGateway,
                code: "service_unreachable",
                "The \(service.rawValue) cannot be reached. Try again in a moment."
            )
        }
        response.headers["Retry-After"] = "2"
        return response
    }
}

/// A request's body on its way to a service; a slow service holds the client back, not a thread.
private final class PassingSink: BodySink {
    private let stream: OutgoingStream

    init(_ stream: OutgoingStream) {
        self.stream = stream
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try stream.write(Array(bytes)) }

    func hasRoom(orCall resume: @escaping @Sendable () -> Void) -> Bool { stream.hasRoom(orCall: resume) }
}

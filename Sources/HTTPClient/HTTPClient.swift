/// Sends requests, over libcurl: HTTP/1.1, with and without TLS.
///
/// Bodies stream both ways through bounded memory. Connections are used again. Redirects are not followed: whoever
/// asked gets the 3xx. Neither the environment nor files of the user (proxies, `.netrc`, cookies) have a say.
/// Nothing blocks Swift's threads: one thread of its own serves all requests of a client.
package final class HTTPClient: Sendable {
    package struct Configuration: Sendable {
        /// Whether it may connect to addresses that are not on the public internet: this machine, the local network.
        ///
        /// The address that is connected to is judged, after its name was resolved, so that no name leads astray.
        package var allowsPrivateAddresses = false
        /// For a name's resolution, the connection and TLS together.
        package var connectTimeout: Duration = .seconds(5)
        /// How long the other side may do nothing while it is its turn.
        package var idleTimeout: Duration = .seconds(60)
        /// From the request's beginning to the response's last byte; nil for no limit.
        package var totalTimeout: Duration?
        /// Bytes of a response's head; more breaks it off.
        package var headBytes = 64 << 10
        /// Connections that are kept for the next request.
        package var idleConnections = 64

        package init() {}
    }

    private let configuration: Configuration
    private let loop: TransferLoop

    package init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        loop = TransferLoop(idleConnections: configuration.idleConnections)
    }

    deinit { loop.stop() }

    /// Sends a request.
    ///
    /// Cancelling the task ends the connection.
    ///
    /// - Returns: the response once its head is here, whatever its status; its body is still to be read.
    /// - Throws: ``HTTPClientError``, `CancellationError`.
    package func send(_ request: OutgoingRequest) async throws -> IncomingResponse {
        do {
            try request.check()
        } catch {
            // Whoever waits to write the body learns that nobody wants it.
            if case .stream(let stream) = request.body { stream.close() }
            throw error
        }
        let transfer = Transfer(request, configuration, loop)
        return try await withTaskCancellationHandler {
            let head = try await withCheckedThrowingContinuation { continuation in
                transfer.begin(continuation)
                loop.add(transfer)
            }
            return IncomingResponse(status: head.status, headers: head.headers, body: IncomingBody(transfer))
        } onCancel: {
            transfer.cancel()
        }
    }

    /// Sends a request and reads the whole of a small response.
    ///
    /// - Throws: as ``send(_:)``; `HTTPClientError.tooLarge` for a body of more than `limit` bytes.
    package func fetch(
        _ request: OutgoingRequest,
        upTo limit: Int
    ) async throws -> (status: Int, headers: [HeaderField], body: [UInt8]) {
        let response = try await send(request)
        return (response.status, response.headers, try await response.body.collect(upTo: limit))
    }
}

/// A header's name and value, as they stand on the wire.
package typealias HeaderField = (name: String, value: String)

/// What is to be sent.
package struct OutgoingRequest: Sendable {
    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        case stream(OutgoingStream)
    }

    package var method: String
    /// Absolute, `http` or `https`.
    package var url: String
    /// What stands in the request line instead of the URL's path and query, byte for byte.
    package var target: String?
    /// In this order.
    ///
    /// `Content-Length`, `Transfer-Encoding`, `Connection` and `Expect` are the client's business.
    package var headers: [HeaderField]
    package var body: Body
    /// Whether the body waits for `100 Continue`, so that a refusal costs nothing.
    package var expectsContinue = false
    /// Told of interim responses but 100 (103, 104), on the client's thread.
    package var onInterim: (@Sendable (Int, [HeaderField]) -> Void)?

    package init(_ method: String = "GET", _ url: String, headers: [HeaderField] = [], body: Body = .none) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// A value that could end its line would be a second header, or a second request.
    func check() throws(HTTPClientError) {
        let separators = Set("\"(),/:;<=>?@[\\]{}".utf8)
        func isToken(_ text: String) -> Bool {
            !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !separators.contains($0) }
        }
        func isLine(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 } }
        guard isToken(method) else { throw .invalidRequest("the method is not a token") }
        for (name, value) in headers where !isToken(name) || !isLine(value) {
            throw .invalidRequest("a header is not one line")
        }
        for text in [url, target ?? "/"] where text.isEmpty || text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            throw .invalidRequest("the address has spaces or control characters")
        }
    }
}

/// What came back.
package struct IncomingResponse: Sendable {
    package let status: Int
    package let headers: [HeaderField]
    package let body: IncomingBody

    /// The first value of a name, which compares without case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A response's body, read once, by one reader.
///
/// Letting go of it before its end ends the connection.
package final class IncomingBody: Sendable {
    private let transfer: Transfer

    init(_ transfer: Transfer) {
        self.transfer = transfer
    }

    deinit { transfer.cancel() }

    /// The next bytes, at most 256 KiB; nil at the end.
    ///
    /// - Throws: ``HTTPClientError`` when the body ends before its end, `CancellationError`.
    package func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { transfer.giveBytes(to: $0) }
        } onCancel: {
            transfer.cancel()
        }
    }

    /// The rest of the body.
    ///
    /// - Throws: as ``next()``; `HTTPClientError.tooLarge` for more than `limit` bytes.
    package func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let block = try await next() {
            guard bytes.count + block.count <= limit else { throw HTTPClientError.tooLarge }
            bytes += block
        }
        return bytes
    }
}

/// Why there is no response, or no whole one.
package enum HTTPClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What had its time.
    package enum Deadline: String, Sendable {
        case connect, idle, total
    }

    case invalidRequest(String)
    /// The name leads to an address that is not on the public internet.
    case privateAddress
    /// No connection: the name is unknown, nobody listens, TLS fails.
    case unreachable(String)
    case timedOut(Deadline)
    /// The head or the body exceeds its limit.
    case tooLarge
    /// The connection ended, or what came is not HTTP.
    case broken(String)
    /// The request's own body ended before its end.
    case bodyFailed

    package var description: String {
        switch self {
        case .invalidRequest(let reason): reason
        case .privateAddress: "the address is private"
        case .unreachable(let reason), .broken(let reason): reason
        case .timedOut(let deadline): "no answer in time (\(deadline.rawValue))"
        case .tooLarge: "the response is too large"
        case .bodyFailed: "the request's body ended before its end"
        }
    }
}

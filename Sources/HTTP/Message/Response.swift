/// Answers a request.
///
/// Runs on the thread that read the request until it first waits for something.
package typealias Handler = @Sendable (Request) async throws -> Response

/// Answers at once, from memory, what is asked for most; nil leaves the request to the handler.
///
/// Runs on the thread that read the request, without the task that a handler gets: a third of what a small segment
/// costs. It must not wait for anything.
package typealias Shortcut = @Sendable (Request) -> Response?

/// Wraps a handler: looks at the request before, at the response after.
package typealias Middleware = @Sendable (Request, Handler) async throws -> Response

/// What goes back to the client.
package struct Response: Sendable {
    package var status: Status
    /// `Content-Length`, `Transfer-Encoding`, `Date` and `Connection` are the server's business.
    package var headers: Headers
    package var body: ResponseBody

    package init(_ status: Status = .ok, headers: Headers = [:], body: ResponseBody = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package static func text(_ text: String, status: Status = .ok) -> Response {
        bytes(Array(text.utf8), contentType: "text/plain; charset=utf-8", status: status)
    }

    package static func html(_ text: String, status: Status = .ok) -> Response {
        bytes(Array(text.utf8), contentType: "text/html; charset=utf-8", status: status)
    }

    package static func bytes(_ bytes: [UInt8], contentType: String, status: Status = .ok) -> Response {
        Response(status, headers: ["Content-Type": contentType], body: .bytes(bytes))
    }

    /// Leads the client to another address.
    package static func redirect(to location: String, status: Status = .found) -> Response {
        Response(status, headers: ["Location": location])
    }

    /// A body that is written while it is sent.
    ///
    /// The writer's task is cancelled when the client leaves or shuts down its sending side. A thrown error breaks the connection, so that the
    /// client does not take the part for the whole. For `HEAD` the closure never runs.
    package static func stream(
        contentType: String,
        status: Status = .ok,
        _ write: @escaping @Sendable (StreamWriter) async throws -> Void
    ) -> Response {
        Response(status, headers: ["Content-Type": contentType], body: .stream(write))
    }
}

/// The bytes of a response.
package enum ResponseBody: Sendable {
    case empty
    case bytes([UInt8])
    /// Bytes that several responses share without copying.
    case shared(SharedBytes, Range<Int>)
    /// A part of an open file, sent by `sendfile`.
    case file(FileSlice)
    /// Written while it is sent; see ``Response/stream(contentType:status:_:)``.
    case stream(@Sendable (StreamWriter) async throws -> Void)
    /// Written while it is sent, with its `Content-Length` stated: a writer that ends before it, or goes beyond, breaks
    /// the connection.
    case sized(Int64, @Sendable (StreamWriter) async throws -> Void)
    /// None, but `Content-Length` is sent: for 304, and for `HEAD` where making the body would be a waste.
    ///
    /// With another status and method the connection breaks.
    case absent(length: Int64)
    /// Prepared once, sent many times. Headers of the response that carries it are added to its own.
    case cached(CachedResponse)

    /// The number of bytes; nil for a stream.
    package var length: Int64? {
        switch self {
        case .empty: 0
        case .bytes(let bytes): Int64(bytes.count)
        case .shared(_, let range): Int64(range.count)
        case .file(let slice): slice.length
        case .absent(let length): length
        case .sized(let length, _): length
        case .stream: nil
        case .cached(let cached): cached.response.body.length
        }
    }
}

internal import Core
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One request: its head, and its body still to be read.
///
/// When the client leaves, the handler's task is *not* cancelled: what it is doing for an upload must be finished and
/// recorded. A body being received throws ``BodyError/disconnected(received:)``; a stream being sent is cancelled;
/// a handler that waits long for something else asks ``isClientConnected()`` now and then.
package struct Request: Sendable {
    private let head: RequestHead
    /// Settable for `X-HTTP-Method-Override`; what a response to `HEAD` leaves out follows the request line.
    package var method: HTTPMethod
    package var headers: Headers
    /// The address of the other end of the connection, without a port.
    ///
    /// Settable for who trusts a proxy's word about its client.
    package var peer: String
    /// What the router read from the path.
    package var parameters: Parameters

    init(head: RequestHead, headers: Headers) {
        self.head = head
        self.headers = headers
        method = head.method
        peer = head.peer
        parameters = Parameters()
    }

    /// The target as it stood in the request line, escapes and query included.
    ///
    /// Never log it: it may hold secrets.
    package var target: String { head.raw }
    /// The decoded path: valid UTF-8 without control characters, `.` or `..`.
    package var path: String { head.target.path }
    package var query: QueryItems { head.target.query }
    package var body: RequestBody { head.body }
    /// The port of ours that the connection came to.
    package var localPort: UInt16 { head.localPort }
    /// Names this request in logs: the incoming `X-Request-ID` when it is sane, else 128 random bits.
    package var id: String { head.id }

    /// The authority that the client asked for: `Host`, or that of an absolute target.
    ///
    /// Checked for its characters only.
    package var host: String? { head.target.authority ?? headers["Host"] }

    /// The pattern of the route that answered, once the router has chosen it: for access logs.
    package var route: String? { head.route.withLock { $0 } }

    /// Decoded path segments: what the router matches.
    package var segments: [String] { head.target.segments }

    /// Names what answered, where no router has chosen it: a pattern, never a path.
    package func note(route: String) { head.route.withLock { $0 = route } }

    /// The value of a cookie; the first when several have its name (RFC 6265 section 5.4 sends the best match first).
    package func cookies(_ name: String) -> String? {
        for header in headers.all("Cookie") {
            for pair in header.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, parts[0].trimmingSpaces() == name else { continue }
                let value = parts[1].trimmingSpaces()
                let quoted = value.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"")
                return String(quoted ? value.dropFirst().dropLast() : value)
            }
        }
        return nil
    }

    /// Whether the client is still there: one system call that takes no bytes.
    ///
    /// A client that has shut down its sending side counts as gone. Without a connection (in tests) it is there.
    package func isClientConnected() -> Bool {
        head.exchange?.isClientConnected() ?? true
    }

    /// Sends an interim response, `103` or `104`, before the final one.
    ///
    /// Nothing is sent to HTTP/1.0 clients, once the final response is on its way, or when the client does not read.
    package func sendInterim(_ status: Status, _ headers: Headers) {
        precondition((102...199).contains(status.rawValue), "an interim status is between 102 and 199")
        head.exchange?.sendInterim(status, headers)
    }
}

/// What the router read from the path, by name.
package struct Parameters: Sendable {
    private var values: [(name: String, value: String)] = []

    package init() {}

    package subscript(_ name: String) -> String? {
        get { values.first { $0.name == name }?.value }
        set {
            values.removeAll { $0.name == name }
            if let newValue { values.append((name, newValue)) }
        }
    }
}

/// The part of a request that never changes: shared by every copy of it.
final class RequestHead: Sendable {
    let method: HTTPMethod
    let raw: String
    let target: RequestTarget
    let body: RequestBody
    let peer: String
    let localPort: UInt16
    let id: String
    let exchange: Exchange?
    let route = Mutex<String?>(nil)

    init(
        method: HTTPMethod,
        raw: String,
        target: RequestTarget,
        body: RequestBody,
        peer: String,
        localPort: UInt16,
        id: String,
        exchange: Exchange?
    ) {
        self.method = method
        self.raw = raw
        self.target = target
        self.body = body
        self.peer = peer
        self.localPort = localPort
        self.id = id
        self.exchange = exchange
    }
}

/// Names of requests.
enum RequestID {
    /// An incoming name that is safe in logs and headers: 1 to 64 letters, digits, `.`, `_`, `-`.
    static func accepted(_ text: String?) -> String? {
        guard let text, (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ ASCII.isAlphanumeric($0) || $0 == 45 || $0 == 46 || $0 == 95 })
        else { return nil }
        return text
    }

    static func random() -> String {
        let (first, second) = randomBits()
        return String(unsafeUninitializedCapacity: 32) { buffer in
            for half in 0..<2 {
                var bits = half == 0 ? first : second
                for index in 0..<16 {
                    let digit = UInt8(truncatingIfNeeded: bits & 15)
                    buffer[half * 16 + index] = digit < 10 ? 48 + digit : 87 + digit
                    bits >>= 4
                }
            }
            return 32
        }
    }

    /// The system's randomness, taken in blocks: a system call for each request is felt when there are many.
    private static let stock = Mutex<[UInt64]>([])

    private static func randomBits() -> (UInt64, UInt64) {
        stock.withLock { stock in
            if stock.count < 2 {
                var block = [UInt64](repeating: 0, count: 32)
                // 256 bytes at once are never refused (getentropy's own limit).
                let isFilled = block.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) == 0 }
                if !isFilled { for index in block.indices { block[index] = .random(in: .min ... .max) } }
                stock = block
            }
            return (stock.removeLast(), stock.removeLast())
        }
    }
}

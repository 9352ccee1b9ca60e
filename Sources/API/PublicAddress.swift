internal import Core
package import HTTP

/// Where this service is reached from outside: the base of every absolute URL that it gives.
package struct PublicAddress: Sendable {
    /// `PUBLIC_URL` without a slash at its end; nil when it follows the request's `Host`.
    private let configured: String?

    package init(configured: String?) {
        self.configured = configured.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    }

    /// The base for an answer to this request: the configured one, else `http://` and its `Host`.
    ///
    /// - Throws: `.invalidRequest` for a `Host` that is not a name and a port.
    package func base(for request: Request) throws -> String {
        if let configured { return configured }
        guard let host = request.headers["Host"], Self.isValid(host) else {
            throw ServiceError(.invalidRequest, "The Host header must be a host name with an optional port.")
        }
        return "http://\(host)"
    }

    private static func isValid(_ host: String) -> Bool {
        guard (1...255).contains(host.utf8.count) else { return false }
        return host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"),
                UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}

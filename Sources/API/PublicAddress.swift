internal import Core
package import HTTP

/// Where this service is reached from outside: the base of every absolute URL that it gives.
package struct PublicAddress: Sendable {
    /// `PUBLIC_URL` without a slash at its end; nil when it follows the request's `Host`.
    private let configured: String?
    private let client: ClientAddress

    /// `trustedProxies`: whose word about the address that the client used is believed.
    package init(configured: String?, trustedProxies: [AddressRange] = []) {
        self.configured = configured.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        client = ClientAddress(trustedProxies: trustedProxies)
    }

    /// The base for an answer to this request: the configured one, else what a trusted proxy says that the client
    /// asked for, else `http://` and the request's `Host`.
    ///
    /// - Throws: `.invalidRequest` for a `Host` that is not a name and a port.
    package func base(for request: Request) throws -> String {
        if let known = knownBase(for: request) { return known }
        guard let host = request.headers["Host"], Self.isValid(host) else {
            throw ServiceError(.invalidRequest, "The Host header must be a host name with an optional port.")
        }
        return "http://\(host)"
    }

    /// What stands in `Location` for a path of ours: absolute where the address that the client used is known.
    ///
    /// Otherwise the path alone, which is right behind any proxy (RFC 9110 section 10.2.2): a proxy that says nothing
    /// may have ended TLS.
    package func location(_ path: String, for request: Request) -> String {
        (knownBase(for: request) ?? "") + path
    }

    private func knownBase(for request: Request) -> String? {
        if let configured { return configured }
        guard let said = client.origin(of: request), Self.isValid(said.host) else { return nil }
        return "\(said.scheme)://\(said.host)"
    }

    /// `name`, `name:port`, `[address]` or `[address]:port`.
    private static func isValid(_ host: String) -> Bool {
        guard (1...255).contains(host.utf8.count) else { return false }
        let end =
            host.hasPrefix("[") ? host.firstIndex(of: "]").map { host.index(after: $0) } : host.firstIndex(of: ":")
        if host.hasPrefix("["), end == nil { return false }
        let name = host[..<(end ?? host.endIndex)]
        return isName(name) && isPort(host[(end ?? host.endIndex)...])
    }

    private static func isName(_ name: Substring) -> Bool {
        if name.hasPrefix("[") {
            let inner = name.utf8.dropFirst().dropLast()
            return inner.contains(UInt8(ascii: ":"))
                && inner.allSatisfy { isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
        }
        return !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func isPort(_ text: Substring) -> Bool {
        guard !text.isEmpty else { return true }
        return text.hasPrefix(":")
            && text.utf8.dropFirst().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && UInt16(text.dropFirst()).map { $0 > 0 } == true
    }
}

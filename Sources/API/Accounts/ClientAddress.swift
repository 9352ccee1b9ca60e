internal import Foundation
package import HTTP

/// Where a request comes from, as far as it can be believed.
package struct ClientAddress: Sendable {
    private let trusted: [AddressRange]

    /// - Parameter trustedProxies: whose `X-Forwarded-For` is believed.
    package init(trustedProxies: [AddressRange] = []) {
        trusted = trustedProxies
    }

    /// The address of the client: the nearest one that no trusted proxy of ours has.
    ///
    /// Each proxy appends the address that it saw, so the list is read from its end; what stands before the
    /// first address that is not a trusted proxy's may be invented.
    package func of(_ request: Request) -> String {
        var address = request.peer
        var hops = request.headers.all("X-Forwarded-For").flatMap { $0.split(separator: ",") }[...]
        while isTrusted(address), let hop = hops.popLast() {
            guard let next = Self.address(hop.trimmingCharacters(in: .whitespaces)) else { break }
            address = next
        }
        return address
    }

    /// Whether `of(_:)` tells the client's own address: false for what comes through a proxy that is not trusted, whose
    /// address would be taken for the client's.
    package func isKnown(of request: Request) -> Bool {
        isTrusted(request.peer)
            || ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"].allSatisfy { request.headers[$0] == nil }
    }

    func isTrusted(_ address: String) -> Bool { trusted.contains { $0.contains(address) } }

    /// An address, with or without the port that some proxies write; nil for a name.
    static func address(_ text: String) -> String? {
        var bare = text
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            bare = String(text[text.index(after: text.startIndex)..<end])
        } else if text.filter({ $0 == ":" }).count == 1 {
            bare = String(text.prefix { $0 != ":" })
        }
        return AddressRange(bare) == nil || bare.contains("/") ? nil : bare
    }
}

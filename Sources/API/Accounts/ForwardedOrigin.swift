internal import Foundation
package import HTTP

/// The address that the client used, as a trusted proxy passes it on.
extension ClientAddress {
    /// Scheme and host; nil when no trusted proxy says anything of either.
    ///
    /// `Forwarded` (RFC 7239) is read first, then `X-Forwarded-Proto` and `X-Forwarded-Host`. Of several proxies the
    /// outermost trusted one knows; what stands before its word may be invented.
    package func origin(of request: Request) -> (scheme: String, host: String)? {
        guard isTrusted(request.peer) else { return nil }
        let said = forwarded(request) ?? legacy(request)
        guard said.scheme != nil || said.host != nil else { return nil }
        let scheme = (said.scheme ?? "http").lowercased()
        guard scheme == "http" || scheme == "https", let host = said.host ?? request.host else { return nil }
        return (scheme, host)
    }

    private typealias Said = (scheme: String?, host: String?)

    private func forwarded(_ request: Request) -> Said? {
        let hops = request.headers.all("Forwarded").flatMap { $0.split(separator: ",") }
        guard !hops.isEmpty else { return nil }
        var said: Said = (nil, nil)
        for hop in hops.reversed() {
            let pairs = Self.pairs(hop)
            said = (pairs["proto"] ?? said.scheme, pairs["host"] ?? said.host)
            guard let before = pairs["for"].flatMap(Self.address), isTrusted(before) else { break }
        }
        return said
    }

    /// As many proxies wrote as stand between the client and us; where one alone wrote, it is the nearest.
    private func legacy(_ request: Request) -> Said {
        var trusted = 1
        for hop in request.headers.all("X-Forwarded-For").flatMap({ $0.split(separator: ",") }).reversed() {
            guard let address = Self.address(hop.trimmingCharacters(in: .whitespaces)), isTrusted(address) else {
                break
            }
            trusted += 1
        }
        func word(_ name: String) -> String? {
            let words = request.headers.all(name).flatMap { $0.split(separator: ",") }
            guard !words.isEmpty else { return nil }
            return words[max(0, words.count - trusted)].trimmingCharacters(in: .whitespaces)
        }
        return (word("X-Forwarded-Proto"), word("X-Forwarded-Host"))
    }

    /// The parameters of one proxy, names in lower case, values without quotes.
    private static func pairs(_ hop: Substring) -> [String: String] {
        var pairs: [String: String] = [:]
        for pair in hop.split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let name = parts[0].trimmingCharacters(in: .whitespaces).lowercased()
            let value = parts[1].trimmingCharacters(in: .whitespaces)
            let isQuoted = value.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"")
            pairs[name] = isQuoted ? String(value.dropFirst().dropLast()) : value
        }
        return pairs
    }
}

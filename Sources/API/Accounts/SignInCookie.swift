internal import Foundation
internal import HTTP

/// The sign-in cookie, and the pages that may use it.
package struct SignInCookie: Sendable {
    private let publicAuthority: String?
    private let isSecure: Bool
    private let friends: Set<String>

    /// - Parameters:
    ///   - publicURL: where users reach the service; `https` makes the cookie secure.
    ///   - friends: origins whose pages the operator trusts with the cookie.
    package init(publicURL: String?, friends: [String] = []) {
        self.friends = Set(friends)
        let parts = publicURL.flatMap(URLComponents.init(string:))
        isSecure = parts?.scheme?.lowercased() == "https"
        publicAuthority = publicURL.flatMap(Self.authority)
    }

    /// With the prefix, browsers take it from this host alone and over TLS alone (RFC 6265bis section 4.1.3.2).
    var name: String { isSecure ? "__Host-telecine" : "telecine" }

    func value(of request: Request) -> String? { request.cookies(name) }

    /// `Set-Cookie` for a session, or to forget it.
    func header(_ value: String, lifetime: Duration) -> String {
        let seconds = max(0, lifetime.components.seconds)
        return "\(name)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Lax\(isSecure ? "; Secure" : "")"
    }

    /// Whether the page that sent this request is ours or a friend's; programs, which name no origin, count as ours.
    ///
    /// `SameSite=Lax` keeps other sites' writes from having the cookie; this also keeps out other hosts and ports
    /// of our own site. Every browser in use sends `Origin` with a write.
    func isOurs(_ request: Request) -> Bool {
        guard let origin = request.headers["Origin"] else {
            return ["same-origin", "none", nil].contains(request.headers["Sec-Fetch-Site"])
        }
        if friends.contains(origin) { return true }
        guard let authority = Self.authority(origin) else { return false }
        return authority == publicAuthority || authority == request.host?.lowercased()
    }

    /// Host and port of an origin as `Host` would name them; nil for `null` and other schemes.
    private static func authority(_ origin: String) -> String? {
        guard let parts = URLComponents(string: origin), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = parts.host?.lowercased(), !host.isEmpty
        else { return nil }
        // Foundation gives the brackets of an IPv6 address on some platforms only.
        let name = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        guard let port = parts.port, port != (scheme == "https" ? 443 : 80) else { return name }
        return "\(name):\(port)"
    }
}

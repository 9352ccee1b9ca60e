package import HTTP

/// What every response tells browsers to refuse.
///
/// A handler that knows better has said so already: its own fields stay. Segments in memory pass without
/// (`TelecineAPI.shortcut`): their type is one that no browser guesses at.
package struct SecurityHeaders: Sendable {
    /// Whether users reach the service by TLS alone.
    private let isSecure: Bool

    /// - Parameter publicURL: where users reach the service.
    package init(publicURL: String?) {
        isSecure = publicURL?.lowercased().hasPrefix("https://") ?? false
    }

    package var middleware: Middleware {
        { request, next in
            var response = try await next(request)
            add(to: &response.headers, for: request)
            return response
        }
    }

    /// A year; nothing is said about other names of the domain, which are not ours.
    private static let strictTransport = "max-age=31536000"

    private static let nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// Nothing on our pages needs these; what a page does not ask for, a script that was slipped in cannot have.
    private static let permissions = [
        "camera", "microphone", "display-capture", "geolocation", "payment", "usb", "serial", "hid", "bluetooth",
        "midi", "accelerometer", "gyroscope", "magnetometer",
    ].map { "\($0)=()" }.joined(separator: ", ")

    private func add(to headers: inout Headers, for request: Request) {
        func say(_ name: String, _ value: String) {
            if headers[name] == nil { headers.add(name, value) }
        }
        say("X-Content-Type-Options", "nosniff")
        say("Referrer-Policy", "same-origin")
        say("Cross-Origin-Resource-Policy", Self.isForOtherPages(request) ? "cross-origin" : "same-origin")
        if isSecure { say("Strict-Transport-Security", Self.strictTransport) }
        guard headers["Content-Type"]?.hasPrefix("text/html") == true else { return }
        // A page that forgot its own gets to load nothing.
        say("Content-Security-Policy", Self.nothing)
        say("Permissions-Policy", Self.permissions)
        say("Cross-Origin-Opener-Policy", "same-origin")
    }

    /// What pages of other sites may show: streams, pictures, the player that is embedded and what it is made of.
    ///
    /// Everything else, the API's answers before all, is not to be pulled into another site's process by an `<img>`.
    /// What `fetch` reads goes by CORS instead.
    private static func isForOtherPages(_ request: Request) -> Bool {
        switch request.segments.first {
        case "stream", "images", "public", "embed", "static", "favicon.ico": true
        case "media": RouteClass.isFile(request.segments)
        default: false
        }
    }
}

internal import Core
internal import Foundation
package import HTTP

/// The pages: HTML, CSS and ES modules from the binary's resources, held in memory.
///
/// No build step.
package struct PageRoutes: Sendable {
    private let files: [String: StaticContent]
    /// Pages with places for texts.
    private let templates: [String: String]
    private let statusPorts: Set<UInt16>

    /// `statusPorts`: where the status page is the first page.
    ///
    /// - Throws: when the resources are not beside the binary.
    package init(statusPorts: Set<UInt16> = []) throws {
        self.statusPorts = statusPorts
        guard let root = Bundle.module.resourceURL?.appendingPathComponent("Pages").path else {
            throw ServiceError(
                .internalFailure,
                "The pages are missing: telecine_API.resources must stand beside telecine."
            )
        }
        var files: [String: StaticContent] = [:]
        var templates: [String: String] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
            guard let type = Self.contentType(name) else { continue }
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(name)")))
            guard name.hasSuffix(".html") else {
                files[name] = StaticContent(bytes, contentType: type)
                continue
            }
            let text = try Self.withParts(String(decoding: bytes, as: UTF8.self), of: "\(root)/parts")
            files[name] = StaticContent(Array(text.utf8), contentType: type)
            if text.contains("{{") { templates[name] = text }
        }
        self.files = files
        self.templates = templates
    }

    /// Puts what pages have in common, `parts/name.html`, into the places `{{> name}}`.
    private static func withParts(_ page: String, of folder: String) throws -> String {
        var page = page
        while let place = page.firstMatch(of: /\{\{> ([a-z-]+)\}\}\n?/) {
            let part = try String(contentsOfFile: "\(folder)/\(place.1).html", encoding: .utf8)
            page.replaceSubrange(place.range, with: part)
        }
        return page
    }

    package func register(on router: inout Router) {
        router.on(.get, "/") { request in
            try page(statusPorts.contains(request.localPort) ? "status.html" : "index.html", for: request)
        }
        router.on(.get, "/status") { try page("status.html", for: $0) }
        router.on(.get, "/watch/:id") { try page("watch.html", for: $0) }
        router.on(.get, "/assets/:id") { try page("asset.html", for: $0) }
        router.on(.get, "/trash") { try page("trash.html", for: $0) }
        router.on(.get, "/account") { try page("account.html", for: $0) }
        router.on(.get, "/docs") { try page("docs.html", for: $0) }
        router.on(.get, "/setup") { try page("setup.html", for: $0) }
        // Contract 2's address; the page asks who is there, and the API decides.
        router.on(.get, "/admin/mediafiles/media/") { try page("admin.html", for: $0) }
        for path in ["/admin", "/admin/", "/admin/mediafiles/media"] {
            router.on(.get, path) { _ in .redirect(to: "/admin/mediafiles/media/") }
        }
        router.on(.get, "/favicon.ico") { try file("static/favicon.svg", for: $0) }
        router.on(.get, "/static/*path") { request in
            try file("static/\(request.parameters["path"] ?? "")", for: request)
        }
    }

    /// Scripts, styles and connections from here only; media also from memory (MSE).
    ///
    /// No page frames another.
    private static let policy =
        "default-src 'self'; media-src 'self' blob:; img-src 'self' data: blob:; style-src 'self'; "
        + "script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors "

    private func page(_ name: String, for request: Request) throws -> Response {
        var response = try file(name, for: request)
        response.headers["Content-Security-Policy"] = Self.policy + "'none'"
        return response
    }

    /// A page with texts in the places `{{name}}`, escaped.
    ///
    /// `framing`: who may embed it, in the words of CSP's `frame-ancestors`.
    func page(_ name: String, filling texts: [String: String], framing: String) throws -> Response {
        guard let template = templates[name] else { throw ServiceError(.notFound, "Page not found.") }
        let html = texts.reduce(template) { page, text in
            page.replacingOccurrences(of: "{{\(text.key)}}", with: HTMLText.escaped(text.value))
        }
        var response = Response.html(html)
        response.headers["Content-Security-Policy"] = Self.policy + framing
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return response
    }

    private func file(_ name: String, for request: Request) throws -> Response {
        guard let content = files[name] else { throw ServiceError(.notFound, "Page not found.") }
        var response = content.response(for: request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        // Addresses of pages and signed links stay here.
        response.headers["Referrer-Policy"] = "same-origin"
        return response
    }

    private static func contentType(_ name: String) -> String? {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        default: nil
        }
    }
}

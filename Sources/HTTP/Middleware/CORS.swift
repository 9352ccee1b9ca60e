/// Cross-origin rules (the fetch standard's CORS protocol).
///
/// Its middleware stands outside authentication, because a preflight carries no credentials, and outside the error
/// middleware, because a page that may not read an error cannot show it.
package struct CORS: Sendable {
    package enum Origins: Sendable {
        /// `*`, without credentials.
        case any
        /// These alone, written as browsers send them: `https://app.example`.
        case listed(Set<String>)
    }

    package var origins: Origins = .any
    /// Whether pages may send cookies.
    ///
    /// Of no effect with ``Origins/any``: browsers refuse the two together.
    package var allowsCredentials = false
    package var methods: [HTTPMethod] = [.get, .head, .post, .put, .patch, .delete, .options]
    /// Request headers that pages may send.
    ///
    /// Empty: whatever the preflight asks for.
    package var allowedHeaders: [String] = []
    /// Response headers that pages may read.
    package var exposedHeaders: [String] = []
    /// How long a browser may keep a preflight's answer.
    package var maxAge: Duration = .seconds(86_400)

    package init() {}

    /// Answers preflights, and adds the headers to every other response, errors and redirects included.
    package var middleware: Middleware {
        { request, next in
            let origin = request.headers["Origin"]
            let isPreflight = request.method == .options && request.headers["Access-Control-Request-Method"] != nil
            if let origin, isPreflight { return preflight(request, origin: origin) }
            return allow(request, try await next(request))
        }
    }

    /// A response with what lets the asking page read it.
    package func allow(_ request: Request, _ response: Response) -> Response {
        var response = response
        let origin = request.headers["Origin"]
        addOrigin(origin, to: &response)
        if origin != nil, !exposedHeaders.isEmpty, response.headers["Access-Control-Allow-Origin"] != nil {
            response.headers["Access-Control-Expose-Headers"] = exposedHeaders.joined(separator: ", ")
        }
        return response
    }

    private func preflight(_ request: Request, origin: String) -> Response {
        var response = Response(.noContent)
        addOrigin(origin, to: &response)
        guard response.headers["Access-Control-Allow-Origin"] != nil else { return response }
        response.headers["Access-Control-Allow-Methods"] = methods.map(\.rawValue).joined(separator: ", ")
        let asked = request.headers["Access-Control-Request-Headers"]
        let allowed = allowedHeaders.isEmpty ? asked : allowedHeaders.joined(separator: ", ")
        if let allowed, !allowed.isEmpty { response.headers["Access-Control-Allow-Headers"] = allowed }
        response.headers["Access-Control-Max-Age"] = String(maxAge.components.seconds)
        if allowedHeaders.isEmpty { response.headers.add("Vary", "Access-Control-Request-Headers") }
        return response
    }

    private func addOrigin(_ origin: String?, to response: inout Response) {
        switch origins {
        case .any:
            if origin != nil { response.headers["Access-Control-Allow-Origin"] = "*" }
        case .listed(let listed):
            // The answer depends on who asks, also when nobody does: caches must know.
            response.headers.add("Vary", "Origin")
            guard let origin, listed.contains(origin) else { return }
            response.headers["Access-Control-Allow-Origin"] = origin
            if allowsCredentials { response.headers["Access-Control-Allow-Credentials"] = "true" }
        }
    }
}

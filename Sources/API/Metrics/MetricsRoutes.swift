package import Core
package import HTTP

/// `GET /metrics`: for machines that are near, and for administrators.
package struct MetricsRoutes: Sendable {
    private let metrics: Metrics
    private let allowed: [AddressRange]
    private let address: ClientAddress
    private let authentication: Authentication
    private let process: ProcessMetrics

    /// - Parameters:
    ///   - metrics: what is shown.
    ///   - allowed: from where nobody needs to say who he is.
    ///   - address: finds out where a request comes from.
    ///   - authentication: finds out who asks from elsewhere.
    package init(
        _ metrics: Metrics,
        allowed: [AddressRange],
        address: ClientAddress,
        authentication: Authentication
    ) {
        self.metrics = metrics
        self.allowed = allowed
        self.address = address
        self.authentication = authentication
        process = ProcessMetrics(metrics)
    }

    /// This machine and private networks (RFC 1918, RFC 4193, and link-local addresses).
    package static let near: [AddressRange] = [
        "127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10",
    ].compactMap { AddressRange($0) }

    package func register(on router: inout Router) {
        router.on(.get, "/metrics", show)
    }

    @Sendable private func show(_ request: Request) async throws -> Response {
        if !isNear(request) { _ = try await authentication.administrator(for: request) }
        process.measure()
        let text = PrometheusText.text(await metrics.read())
        var response = Response.bytes(Array(text.utf8), contentType: PrometheusText.contentType)
        response.headers["Cache-Control"] = "no-store"
        return response
    }

    /// A page of another origin may run in a browser that is near; and behind a proxy that nobody named, everybody
    /// seems to be.
    private func isNear(_ request: Request) -> Bool {
        guard request.headers["Origin"] == nil, address.isKnown(of: request) else { return false }
        let client = address.of(request)
        return allowed.contains { $0.contains(client) }
    }
}

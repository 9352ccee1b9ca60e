internal import Core
internal import HTTP
internal import Service

/// `/health` of each service, and contract 1's `/api/health` of all.
///
/// For everybody: reasons name no path, no address and no user.
struct HealthRoutes: Sendable {
    let status: ServiceStatus
    /// The service that answers at a port of its own; at others it is all of them.
    let ports: [UInt16: ServiceName]

    func register(on router: inout Router) {
        router.on(.get, "/health", ready)
        router.on(.get, "/health/ready", ready)
        router.on(.get, "/health/live", live)
        router.on(.get, "/api/health", system)
    }

    private struct Life: Encodable {
        let status = "ok"
    }

    /// Looks at nothing: who answers is alive, and restarting it would mend nothing else.
    @Sendable private func live(_ request: Request) async throws -> Response {
        try answer(Life(), isWell: true)
    }

    /// Whether requests should be sent here, and why not.
    @Sendable private func ready(_ request: Request) async throws -> Response {
        let report = await status.health.report(on: ports[request.localPort])
        return try answer(report, isWell: report.status == .ok)
    }

    @Sendable private func system(_ request: Request) async throws -> Response {
        let health = await status.checker.look()
        return try answer(health, isWell: health.status == .ok)
    }

    private func answer(_ body: some Encodable & Sendable, isWell: Bool) throws -> Response {
        var response = try Response.json(body)
        if !isWell { response.status = .serviceUnavailable }
        response.headers["Cache-Control"] = "no-store"
        return response
    }
}

internal import HTTP
internal import Service

/// `POST /media/:id/events`: what the contract's players report.
extension MediaManagement {
    private struct Event: Decodable {
        let event: String
        let position: Double?
        let quality: String?
        let buffering: Bool?
    }

    @Sendable func recordEvent(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let asset = try await catalog.asset(try Self.assetID(request), for: principal.userID)
        let body: Event = try await request.json(limit: 16 << 10)
        let event = try PlaybackEvent(
            event: body.event,
            position: body.position,
            quality: body.quality,
            buffering: body.buffering
        )
        try await insight.record(event, of: asset.id, by: principal.userID)
        return Response(.noContent)
    }
}

internal import Core
internal import HTTP
internal import Service

/// `POST /media/:id/events`: what the contract's players report.
extension MediaManagement {
    /// From the account that owns it, or with the stream's own token (`?token=`, or in the body): `sendBeacon` can send
    /// no header.
    @Sendable func recordEvent(_ request: Request) async throws -> Response {
        let id = try Self.assetID(request)
        let body = try await PlaybackReportBody.read(request)
        if let text = request.query.first("token") ?? body.token {
            let token = try delivery.admit(text, starting: false)
            guard token.asset == id else { throw ServiceError(.forbidden, "Invalid token") }
            try playbacks.record(body, token, from: request)
        } else {
            let principal = try await authentication.principal(for: request)
            let asset = try await catalog.asset(id, for: principal.userID)
            try playbacks.record(body, asset: asset.id, account: principal.userID, from: request)
        }
        return Response(.noContent)
    }
}

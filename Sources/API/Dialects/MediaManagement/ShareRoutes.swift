internal import Core
internal import HTTP
internal import Service

/// `/media/:id/share`: links for those who have no account.
extension MediaManagement {
    private struct Body: Decodable {
        let expiresIn: Double?
        let requireEmail: Bool?
        let maxViews: Int?
        let password: String?
        let allowedOrigins: [String]?
    }

    private struct Made: Encodable {
        let token: String
        let sharingUrl: String
        let embedUrl: String
        let expiresIn: Int?
        let expiresAt: String?
    }

    @Sendable func makeShare(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let id = try Self.assetID(request)
        var wanted = ShareRequest()
        if !request.body.isEmpty {
            let body: Body = try await request.json(limit: 64 << 10)
            wanted.expiresIn = try body.expiresIn.map { seconds in
                guard seconds.isFinite, abs(seconds) < 1e12 else {
                    throw ServiceError(.invalidRequest, "expiresIn must be seconds.", field: "expiresIn")
                }
                return .microseconds(Int64(seconds * 1_000_000))
            }
            wanted.requiresEmail = body.requireEmail ?? false
            wanted.maxViews = body.maxViews
            wanted.password = body.password.flatMap { $0.isEmpty ? nil : $0 }
            wanted.allowedOrigins = body.allowedOrigins ?? []
        }
        let share = try await sharing.share(id, wanted, for: principal.userID)
        let base = try address.base(for: request)
        return try .json(
            Made(
                token: share.token,
                sharingUrl: base + ShareAddress.watch(share.token),
                embedUrl: base + ShareAddress.embed(share.token),
                expiresIn: wanted.expiresIn.map { Int($0.components.seconds) },
                expiresAt: share.expiresAt?.iso8601WithMilliseconds
            ),
            status: .created
        )
    }

    private struct SharePage: Encodable {
        struct Line: Encodable {
            let token: String
            let sharingUrl: String
            let embedUrl: String
            let state: String
            let views: Int
            let maxViews: Int?
            let requireEmail: Bool
            let requirePassword: Bool
            let allowedOrigins: [String]
            let createdAt: String
            let expiresAt: String?
        }
        let shares: [Line]
    }

    @Sendable func listShares(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let shares = try await sharing.shares(of: try Self.assetID(request), for: principal.userID)
        let base = try address.base(for: request)
        let lines = shares.map { share in
            SharePage.Line(
                token: share.token,
                sharingUrl: base + ShareAddress.watch(share.token),
                embedUrl: base + ShareAddress.embed(share.token),
                state: share.state().rawValue,
                views: share.views,
                maxViews: share.maxViews,
                requireEmail: share.requiresEmail,
                requirePassword: share.requiresPassword,
                allowedOrigins: share.allowedOrigins,
                createdAt: share.createdAt.iso8601WithMilliseconds,
                expiresAt: share.expiresAt?.iso8601WithMilliseconds
            )
        }
        return try .json(SharePage(shares: lines))
    }

    private struct ViewPage: Encodable {
        struct Line: Encodable {
            let startedAt: String
            let player: String
            let email: String?
        }
        let views: [Line]
    }

    @Sendable func listViews(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let views = try await sharing.views(
            of: request.parameters["token"] ?? "",
            try Self.assetID(request),
            for: principal.userID
        )
        let lines = views.map { view in
            ViewPage.Line(
                startedAt: view.startedAt.iso8601WithMilliseconds,
                player: view.player,
                email: view.email
            )
        }
        return try .json(ViewPage(views: lines))
    }

    @Sendable func revokeShare(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        try await sharing.revoke(
            request.parameters["token"] ?? "",
            try Self.assetID(request),
            for: principal.userID
        )
        return Response(.noContent)
    }
}

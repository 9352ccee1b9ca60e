internal import Core
internal import HTTP
internal import Service

/// `/api/trash`: what was deleted and can be restored.
extension MediaManagement {
    func registerTrash(on router: inout Router) {
        router.on(.get, "/api/trash", trashList)
        router.on(.delete, "/api/trash", emptyTrash)
        router.on(.delete, "/api/trash/:id", discard)
        router.on(.post, "/api/trash/:id/restore", restoreAsset)
    }

    private struct TrashPage: Encodable {
        let assets: [AssetSummary]
        let pagination: AssetPage.Pagination
        /// Days after which an asset is removed for good; absent when deleting is for good at once.
        let keptDays: Int?
    }

    @Sendable private func trashList(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let page = try Self.number("page", in: request, default: 1, range: 1...1_000_000)
        let limit = try Self.number("limit", in: request, default: 20, range: 1...100)
        let (assets, total) = try await catalog.trash(of: principal.userID, page: page, limit: limit)
        let base = try address.base(for: request)
        return try .json(
            TrashPage(
                assets: assets.map { summary($0.asset, base: base, trashedAt: $0.trashedAt) },
                pagination: AssetPage.Pagination(page: page, limit: limit, total: total),
                keptDays: catalog.trashPeriod.map { Int($0.components.seconds / 86_400) }
            )
        )
    }

    private struct Emptied: Encodable {
        let removed: Int
    }

    @Sendable private func emptyTrash(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        return try .json(Emptied(removed: try await catalog.emptyTrash(of: principal.userID)))
    }

    @Sendable private func discard(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        try await catalog.discard(try Self.assetID(request), for: principal.userID)
        return Response(.noContent)
    }

    @Sendable private func restoreAsset(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        _ = try await catalog.restore(try Self.assetID(request), for: principal.userID)
        try await delivery.loadRevocations()
        return try await mediaDetails(request)
    }
}

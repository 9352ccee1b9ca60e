internal import Core
internal import HTTP
internal import Service

/// `/api/admin/media`.
extension Administration {
    private struct Medium: Encodable {
        struct Owner: Encodable {
            let id: UserID
            let username: String?
            let email: String?
        }

        let id: AssetID
        let title: String
        let fileName: String
        let kind: String
        let status: MediaStatus
        let error: String?
        let progress: Int
        let size: Int64
        let isPublic: Bool
        let owner: Owner
        let createdAt: String
        let thumbnail: String?
        /// What processing made of it, to be looked at.
        let file: String?
    }

    private struct Page: Encodable {
        let total: Int
        let page: Int
        let size: Int
        let media: [Medium]
    }

    @Sendable func media(_ request: Request, _ principal: Principal) async throws -> Response {
        let (page, size) = try Self.paging(request)
        guard let filter = try await filter(request) else {
            return try .json(Page(total: 0, page: page, size: size, media: []))
        }
        let (assets, total) = try await catalog.assets(filter, page: page, limit: size)
        let owners = try await accounts.users(Set(assets.map(\.owner)))
        let media = assets.map { asset in
            // Named before they exist, they would be waited for.
            let files = asset.version.status == .ready ? MediaFile.all(of: asset) : []
            let shown = files.first { ["large", "mp4", "mp3"].contains($0.name) }
            return Medium(
                id: asset.id,
                title: asset.title,
                fileName: asset.fileName,
                kind: MediaFile.kind(of: asset),
                status: MediaStatus(asset.version.status),
                error: asset.version.status == .failed ? asset.version.error : nil,
                progress: asset.version.progress,
                size: asset.version.size,
                isPublic: asset.isPublic,
                owner: Medium.Owner(
                    id: asset.owner,
                    username: owners[asset.owner]?.username,
                    email: owners[asset.owner]?.email
                ),
                createdAt: asset.createdAt.iso8601,
                thumbnail: files.first { $0.name == "thumbnail" }?.path,
                file: shown?.path
            )
        }
        return try .json(Page(total: total, page: page, size: size, media: media))
    }

    /// Nil when nobody is meant by the owner that is asked for.
    private func filter(_ request: Request) async throws -> AssetFilter? {
        var filter = AssetFilter()
        filter.kind = try Self.choice("type", FileContent.Kind.allCases.map(\.rawValue), in: request)
        filter.statuses = try Self.choice("status", ["processing", "ready", "failed"], in: request)
            .flatMap(MediaStatus.init(rawValue:))?.internalStates
        filter.createdFrom = try Self.day("from", in: request)
        filter.createdBefore = try Self.day("to", in: request).map { $0 + .seconds(86_400) }
        if let name = request.query.first("owner"), !name.isEmpty {
            guard let owner = try await accounts.user(named: name) else { return nil }
            filter.owner = owner.id
        }
        return filter
    }

    /// The beginning of a day, UTC, written `2025-12-04`.
    static func day(_ name: String, in request: Request) throws -> Timestamp? {
        guard let text = request.query.first(name), !text.isEmpty else { return nil }
        guard let day = Day(parsing: text) else {
            throw ServiceError(.invalidRequest, "\(name) must be a date such as 2025-12-04.", field: name)
        }
        return day.start
    }

    @Sendable func actOnMedia(_ request: Request, _ principal: Principal) async throws -> Response {
        let catalog = catalog
        return try await carryOut(
            request,
            by: principal,
            on: "media",
            named: "asset_",
            [
                "reprocess": { id in
                    try await catalog.reprocess(AssetID(rawValue: id), for: principal.userID, isAdmin: true)
                },
                "publish": { try await Self.setPublic(true, $0, in: catalog) },
                "unpublish": { try await Self.setPublic(false, $0, in: catalog) },
                "delete": { try await catalog.delete(AssetID(rawValue: $0)) },
            ]
        )
    }

    private static func setPublic(_ isPublic: Bool, _ id: Int64, in catalog: Catalog) async throws {
        guard try await catalog.setPublic(isPublic, AssetID(rawValue: id)) else {
            throw ServiceError(.notFound, "Asset not found.")
        }
    }
}

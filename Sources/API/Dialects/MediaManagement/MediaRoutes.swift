internal import Core
internal import HTTP
internal import Service

/// `/media/:id` and `/api/assets`: what the owner has, and the signed links to play it.
extension MediaManagement {
    @Sendable func mediaDetails(_ request: Request) async throws -> Response {
        let asset = try await ownAsset(request)
        let base = try address.base(for: request)
        let rungs = try await delivery.listedRungs(of: asset)
        let link = delivery.link(to: asset)
        return try .json(
            MediaDetails(
                id: asset.id.contractName,
                title: asset.title,
                description: asset.description.isEmpty ? nil : asset.description,
                duration: asset.version.duration?.inSeconds,
                thumbnailUrl: asset.version.hasPoster ? base + link.poster : nil,
                streamingUrl: asset.version.plays ? base + link.master : nil,
                status: MediaState(asset.version.status),
                variants: rungs.map { rung in
                    MediaVariant(
                        profile: rung.name,
                        width: rung.width,
                        height: rung.height,
                        bitrate: "\(rung.maximumBitRate / 1000)k"
                    )
                },
                metadata: asset.metadata,
                createdAt: asset.createdAt.iso8601WithMilliseconds,
                error: asset.version.error
            )
        )
    }

    @Sendable func streamLinks(_ request: Request) async throws -> Response {
        let asset = try await ownAsset(request)
        guard asset.version.plays else {
            throw asset.version.status == .failed
                ? ServiceError(
                    .conflict,
                    "Processing failed: \(asset.version.error ?? "no reason is known") Upload another file."
                )
                : ServiceError(.notReady, "Video is still processing", retryAfter: .seconds(2))
        }
        let base = try address.base(for: request)
        let link = delivery.link(to: asset)
        let rungs = try await delivery.listedRungs(of: asset)
        let variants = rungs.filter(\.isComplete).map { ($0.name, base + link.mp4($0.name)) }
        return try .json(
            StreamLinks(
                masterUrl: base + link.master,
                variants: Dictionary(variants, uniquingKeysWith: { first, _ in first }),
                expiresIn: link.expiresIn
            )
        )
    }

    @Sendable func assetList(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let page = try Self.number("page", in: request, default: 1, range: 1...1_000_000)
        let limit = try Self.number("limit", in: request, default: 20, range: 1...100)
        let base = try address.base(for: request)
        let (assets, total) = try await catalog.assets(of: principal.userID, page: page, limit: limit)
        let summaries = assets.map { asset in
            AssetSummary(
                id: asset.id.contractName,
                title: asset.title,
                description: asset.description.isEmpty ? nil : asset.description,
                thumbnailUrl: asset.version.hasPoster ? base + delivery.link(to: asset).poster : nil,
                status: MediaState(asset.version.status),
                createdAt: asset.createdAt.iso8601WithMilliseconds,
                duration: asset.version.duration?.inSeconds,
                fileType: asset.fileType,
                progress: asset.version.progress,
                error: asset.version.error
            )
        }
        return try .json(
            AssetPage(
                assets: summaries,
                pagination: AssetPage.Pagination(page: page, limit: limit, total: total)
            )
        )
    }

    @Sendable func deleteAsset(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        try await catalog.delete(try Self.assetID(request), for: principal.userID)
        return Response(.noContent)
    }

    private func ownAsset(_ request: Request) async throws -> AssetRecord {
        let principal = try await authentication.principal(for: request)
        return try await catalog.asset(try Self.assetID(request), for: principal.userID)
    }

    static func assetID(_ request: Request) throws -> AssetID {
        guard let id = AssetID(parsing: request.parameters["id"] ?? "") else {
            throw ServiceError(.notFound, "Asset not found.")
        }
        return id
    }

    private static func number(
        _ name: String,
        in request: Request,
        default fallback: Int,
        range: ClosedRange<Int>
    ) throws -> Int {
        guard let text = request.query.first(name) else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw ServiceError(
                .invalidRequest,
                "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound).",
                field: name
            )
        }
        return value
    }
}

internal import Core
internal import HTTP
internal import Service

/// `/api/assets`: the list, its changes, versions and what is done to many at once.
extension MediaManagement {
    func registerAssets(on router: inout Router) {
        router.on(.get, "/api/assets", assetList)
        router.on(.post, "/api/assets/bulk", bulk)
        router.on(.get, "/api/assets/:id", mediaDetails)
        router.on(.patch, "/api/assets/:id", changeAsset)
        router.on(.delete, "/api/assets/:id", deleteAsset)
        router.on(.get, "/api/assets/:id/versions", versionList)
        router.on(.post, "/api/assets/:id/versions", beginVersion)
        router.on(.post, "/api/assets/:id/versions/:number/restore", restoreVersion)
        router.on(.get, "/api/tags", tagList)
    }

    // MARK: - The list

    @Sendable private func assetList(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let page = try Self.number("page", in: request, default: 1, range: 1...1_000_000)
        let limit = try Self.number("limit", in: request, default: 20, range: 1...100)
        let listing = try await catalog.list(
            try Self.question(request),
            of: principal.userID,
            page: page,
            limit: limit,
            cursor: request.query.first("cursor")
        )
        let base = try address.base(for: request)
        return try .json(
            AssetPage(
                assets: listing.assets.map { summary($0, base: base) },
                pagination: AssetPage.Pagination(
                    page: page,
                    limit: limit,
                    total: listing.total,
                    isMore: listing.isTotalExact ? nil : true,
                    next: listing.next
                )
            )
        )
    }

    func summary(_ asset: AssetRecord, base: String, trashedAt: Timestamp? = nil) -> AssetSummary {
        // What is in the trash has no links that work.
        let hasPoster = asset.version.hasPoster && trashedAt == nil
        var summary = AssetSummary(
            id: asset.id.contractName,
            title: asset.title,
            description: asset.description.isEmpty ? nil : asset.description,
            thumbnailUrl: hasPoster ? base + delivery.link(to: asset).poster : nil,
            status: MediaState(asset.version.status),
            createdAt: asset.createdAt.iso8601WithMilliseconds,
            duration: asset.version.duration?.inSeconds,
            fileType: asset.fileType,
            progress: asset.version.progress,
            error: asset.version.error,
            tags: asset.tags.isEmpty ? nil : asset.tags,
            trashedAt: trashedAt?.iso8601WithMilliseconds
        )
        if asset.version.hasPreview, trashedAt == nil { summary.previewUrl = base + delivery.link(to: asset).preview }
        return summary
    }

    private static func question(_ request: Request) throws -> AssetQuestion {
        var question = AssetQuestion()
        question.search = request.query.first("search")
        question.state = try word("status", in: request, of: MediaState.allCases.map(\.rawValue))
        question.kind = try word("type", in: request, of: ["video", "audio", "image"])
        question.tag = request.query.first("tag").flatMap { $0.isEmpty ? nil : $0 }
        question.sort = try word("sort", in: request, of: AssetQuestion.Sort.allCases.map(\.rawValue))
            .flatMap(AssetQuestion.Sort.init)
        return question
    }

    /// Nil when it is absent or empty, as forms send it.
    private static func word(_ name: String, in request: Request, of words: [String]) throws -> String? {
        guard let text = request.query.first(name), !text.isEmpty else { return nil }
        guard words.contains(text) else {
            throw ServiceError(
                .invalidRequest,
                "\(name) must be one of \(words.sorted().joined(separator: ", ")).",
                field: name
            )
        }
        return text
    }

    private struct TagPage: Encodable {
        struct Line: Encodable {
            let tag: String
            let count: Int
        }
        let tags: [Line]
    }

    @Sendable private func tagList(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let tags = try await catalog.tags(of: principal.userID)
        return try .json(TagPage(tags: tags.map { TagPage.Line(tag: $0.label, count: $0.count) }))
    }

    // MARK: - One asset

    private struct Change: Decodable {
        let title: String?
        let description: String?
        let tags: [String]?
        let metadata: [String: JSONValue]?
    }

    private struct Changed: Encodable {
        let id: String
        let metadata: [String: JSONValue]
    }

    @Sendable private func changeAsset(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let body: Change = try await request.json(limit: 256 << 10)
        var changes = AssetChanges()
        changes.title = body.title ?? body.metadata?["title"]?.stringValue
        changes.description = body.description ?? body.metadata?["description"]?.stringValue
        changes.tags = body.tags
        let own = ["title", "description", "tags"]
        changes.metadata = (body.metadata ?? [:]).filter { !own.contains($0.key) }
        let asset = try await catalog.change(try Self.assetID(request), changes, for: principal.userID)
        return try .json(Changed(id: asset.id.contractName, metadata: asset.metadata))
    }

    @Sendable private func deleteAsset(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let forGood = request.query.first("permanent") == "true"
        try await catalog.delete(try Self.assetID(request), for: principal.userID, forGood: forGood)
        try await delivery.loadRevocations()
        return Response(.noContent)
    }

    // MARK: - Versions

    private struct VersionPage: Encodable {
        struct Line: Encodable {
            let version: Int
            let status: MediaState
            let progress: Int
            let live: Bool
            let playable: Bool
            let filename: String
            let fileType: String
            let fileSize: Int64
            let fileHash: String?
            let duration: Double?
            let createdAt: String
            let error: String?
        }
        let versions: [Line]
    }

    @Sendable private func versionList(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let versions = try await catalog.versions(of: try Self.assetID(request), for: principal.userID)
        return try .json(
            VersionPage(
                versions: versions.map { item in
                    VersionPage.Line(
                        version: item.version.edition,
                        status: MediaState(item.version.status),
                        progress: item.version.progress,
                        live: item.isLive,
                        playable: item.version.plays,
                        filename: item.fileName,
                        fileType: item.fileType,
                        fileSize: item.version.size,
                        fileHash: item.version.sha256,
                        duration: item.version.duration?.inSeconds,
                        createdAt: item.createdAt.iso8601WithMilliseconds,
                        error: item.version.error
                    )
                }
            )
        )
    }

    @Sendable private func restoreVersion(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        guard let number = Int(request.parameters["number"] ?? ""), number > 0, number < 65_536 else {
            throw ServiceError(.notFound, "There is no such version of this asset.")
        }
        let id = try Self.assetID(request)
        _ = try await catalog.restore(version: number, of: id, for: principal.userID)
        return try await mediaDetails(request)
    }

    // MARK: - Many at once

    private struct Bulk: Decodable {
        let action: String
        let ids: [String]
        let tags: [String]?
        let permanent: Bool?
    }

    private struct BulkAnswer: Encodable {
        struct Refused: Encodable {
            let id: String
            let error: String
        }
        let action: String
        let done: [String]
        let refused: [Refused]
    }

    private static let mostAtOnce = 1000

    @Sendable private func bulk(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let body: Bulk = try await request.json(limit: 256 << 10)
        guard (1...Self.mostAtOnce).contains(body.ids.count) else {
            throw ServiceError(.invalidRequest, "ids must name 1 to \(Self.mostAtOnce) assets.", field: "ids")
        }
        let action = try Self.action(body)
        var seen: Set<AssetID> = []
        let ids = try body.ids.map { text in
            guard let id = AssetID(parsing: text) else {
                throw ServiceError(.invalidRequest, "ids must be asset_ and a number, or the number.", field: "ids")
            }
            return id
        }.filter { seen.insert($0).inserted }
        let outcome = try await catalog.bulk(action, on: ids, for: principal.userID)
        try await delivery.loadRevocations()
        return try .json(
            BulkAnswer(
                action: body.action,
                done: outcome.done.map(\.contractName),
                refused: outcome.refused.map {
                    BulkAnswer.Refused(id: $0.id.contractName, error: $0.reason.message)
                }
            )
        )
    }

    private static func action(_ body: Bulk) throws -> BulkAction {
        switch body.action {
        case "delete": return .delete(forGood: body.permanent ?? false)
        case "restore": return .restore
        case "tag", "untag":
            guard let tags = body.tags, !tags.isEmpty else {
                throw ServiceError(.invalidRequest, "tags must name at least one tag.", field: "tags")
            }
            return body.action == "tag" ? .tag(tags) : .untag(tags)
        default:
            throw ServiceError(
                .invalidRequest,
                "action must be one of delete, restore, tag, untag.",
                field: "action"
            )
        }
    }
}

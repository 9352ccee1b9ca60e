internal import Core
internal import HTTP
internal import Service

/// `/api/media/` and `/api/media/{id}/`.
extension MediaHandling {
    @Sendable func detail(_ request: Request) async throws -> Response {
        let asset = try await authentication.readable(try Self.assetID(request), in: catalog, for: request).asset
        let owner = try await accounts.users([asset.owner])[asset.owner]
        return try json(asset, owner?.username ?? "", for: request)
    }

    private struct Change: Decodable {
        let is_public: Bool?
    }

    @Sendable func change(_ request: Request) async throws -> Response {
        let (asset, principal) = try await ownAsset(request)
        let body: Change = try await request.json(limit: 16 << 10)
        if let isPublic = body.is_public { try await catalog.setPublic(isPublic, asset.id) }
        let changed = try await catalog.asset(asset.id, for: principal.userID)
        return try json(changed, principal.user.username, for: request)
    }

    @Sendable func delete(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        try await catalog.delete(try Self.assetID(request), for: principal.userID)
        try await delivery.loadRevocations()
        return Response(.noContent)
    }

    /// 202: it goes on in the background, as after an upload.
    @Sendable func reprocess(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let id = try Self.assetID(request)
        try await catalog.reprocess(id, for: principal.userID, isAdmin: principal.isAdmin)
        guard let asset = try await catalog.find(id) else { throw ServiceError(.notFound, "Media not found.") }
        if asset.owner != principal.userID {
            let entry = AuditEntry.Draft(.reprocessMedium, id.contractName)
            try await accounts.audit.record([entry], by: authentication.actor(principal, of: request))
        }
        let owner = try await accounts.users([asset.owner])[asset.owner]?.username
        return try json(asset, owner ?? principal.user.username, for: request, status: .accepted)
    }

    private struct Stats: Encodable {
        let total: Int
        let by_type: [String: Int]
        let by_status: [String: Int]
        let total_size: Int64
    }

    @Sendable func stats(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let totals = try await catalog.totals(of: principal.userID)
        var byStatus = Dictionary(uniqueKeysWithValues: MediaStatus.allCases.map { ($0.rawValue, 0) })
        for (status, count) in totals.byStatus { byStatus[MediaStatus(status).rawValue, default: 0] += count }
        byStatus[MediaStatus.uploading.rawValue] = totals.uploading
        let kinds = FileContent.Kind.allCases.map { ($0.rawValue, totals.byKind[$0.rawValue] ?? 0) }
        return try .json(
            Stats(
                total: totals.count,
                by_type: Dictionary(uniqueKeysWithValues: kinds),
                by_status: byStatus,
                total_size: totals.bytes
            )
        )
    }

    // MARK: - List

    private struct Page: Encodable {
        let count: Int
        let next: String?
        let previous: String?
        let results: [MediaLine]

        private enum Key: String, CodingKey { case count, next, previous, results }

        /// `null` at both ends, as the contract shows it.
        func encode(to encoder: any Encoder) throws {
            var json = encoder.container(keyedBy: Key.self)
            try json.encode(count, forKey: .count)
            try json.encode(next, forKey: .next)
            try json.encode(previous, forKey: .previous)
            try json.encode(results, forKey: .results)
        }
    }

    @Sendable func list(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        var filter = AssetFilter(owner: principal.userID)
        filter.kind = try Self.choice("type", FileContent.Kind.allCases.map(\.rawValue), in: request)
        filter.statuses = try Self.choice("status", MediaStatus.allCases.map(\.rawValue), in: request)
            .flatMap(MediaStatus.init(rawValue:))?.internalStates
        let paging = try PageNumbers(request)
        let base = try address.base(for: request)
        let (assets, total) = try await catalog.assets(filter, page: paging.page, limit: paging.size)
        guard paging.page == 1 || !assets.isEmpty else { throw PageNumbers.missing }
        let here = base + "/api/media/"
        return try .json(
            Page(
                count: total,
                next: paging.page * paging.size < total ? here + paging.query(to: paging.page + 1, of: request) : nil,
                previous: paging.page > 1 ? here + paging.query(to: paging.page - 1, of: request) : nil,
                results: assets.map { asset in
                    MediaLine(asset: asset, links: MediaLinks(to: asset, base: base, delivery: delivery))
                }
            )
        )
    }

    /// One of a few words; nil when none is asked for.
    private static func choice(_ name: String, _ words: [String], in request: Request) throws -> String? {
        guard let text = request.query.first(name), !text.isEmpty else { return nil }
        guard words.contains(text) else {
            throw ServiceError(.invalidRequest, "\(name) must be one of \(words.joined(separator: ", ")).", field: name)
        }
        return text
    }
}

/// Pages by their numbers, as Django REST framework has them.
struct PageNumbers: Sendable {
    let page: Int
    let size: Int

    private static let sizes = 1...100
    private static let usual = 20
    static let missing = ServiceError(.notFound, "Invalid page.")

    /// A size that makes no sense is the usual one; a page that makes none is not there.
    init(_ request: Request) throws {
        let asked = request.query.first("page_size").flatMap { Int($0) } ?? Self.usual
        size = asked < 1 ? Self.usual : min(asked, Self.sizes.upperBound)
        let text = request.query.first("page") ?? ""
        guard let page = text.isEmpty ? 1 : Int(text), (1...1_000_000).contains(page) else { throw Self.missing }
        self.page = page
    }

    /// The query of the same list at another page: the first one needs no number.
    func query(to page: Int, of request: Request) -> String {
        var pairs: [(String, String)] = []
        for (name, value) in request.query where ["type", "status", "page_size"].contains(name) {
            pairs.append((name, value))
        }
        if page > 1 { pairs.append(("page", String(page))) }
        // Only words and numbers pass the filters' checks: nothing needs an escape.
        let safe = pairs.filter { _, value in value.utf8.allSatisfy { $0 < 128 && $0 != 38 && $0 > 32 && $0 != 35 } }
        return safe.isEmpty ? "" : "?" + safe.map { "\($0)=\($1)" }.joined(separator: "&")
    }
}

internal import Core
package import HTTP
package import Service

/// `/images/<signature>/<spec>/<asset>`: pictures made to measure, and where owners get such links.
package struct ImageRoutes: Sendable {
    let catalog: Catalog
    let delivery: Delivery
    let authentication: Authentication
    let address: PublicAddress

    package init(catalog: Catalog, delivery: Delivery, authentication: Authentication, address: PublicAddress) {
        self.catalog = catalog
        self.delivery = delivery
        self.authentication = authentication
        self.address = address
    }

    package func register(on router: inout Router) {
        router.on(.get, "/images/:signature/:spec/:asset", picture)
        router.on(.get, "/api/images/:id/url", link)
    }

    @Sendable private func picture(_ request: Request) async throws -> Response {
        guard let asset = AssetID(parsing: request.parameters["asset"] ?? "") else {
            throw ServiceError(.notFound, "There is no such file.")
        }
        let spec = try delivery.admitVariant(
            signature: request.parameters["signature"] ?? "",
            spec: request.parameters["spec"] ?? "",
            asset: asset
        )
        let file = try await delivery.variant(spec, acceptsWebP: Self.acceptsWebP(request), of: asset) {
            request.isClientConnected()
        }
        var response = try FileResponse.image(file, for: request)
        if spec.isNegotiated { response.headers["Vary"] = "Accept" }
        return response
    }

    /// Whether WebP is named: `image/*` and `*/*` are what those send who may not know it.
    private static func acceptsWebP(_ request: Request) -> Bool {
        request.headers.all("Accept").flatMap { $0.split(separator: ",") }.contains { item in
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            guard parts.first == "image/webp" else { return false }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
            return weight ?? 1 > 0
        }
    }

    private struct Link: Encodable {
        let url: String
        let expiresAt: String?
    }

    /// A signed link, for the owner.
    @Sendable private func link(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        guard let id = AssetID(parsing: request.parameters["id"] ?? "") else {
            throw ServiceError(.notFound, "Asset not found.")
        }
        let asset = try await catalog.asset(id, for: principal.userID)
        guard asset.kind == AssetRecord.imageKind else {
            throw ServiceError(.conflict, "This is not a picture, or it is not known yet whether it is one.")
        }
        let query = request.query
        let spec = try VariantSpec(version: asset.version.number, lifetime: delivery.expiresIn) { query.first($0) }
        return try .json(
            Link(
                url: try address.base(for: request) + delivery.variantPath(spec, of: id),
                expiresAt: spec.expires?.iso8601WithMilliseconds
            )
        )
    }
}

extension FileResponse {
    /// A file of a picture, which never changes under its link.
    static func image(_ file: Delivery.ImageFile, for request: Request) throws -> Response {
        var response = try make(
            for: request,
            path: file.path,
            contentType: file.mimeType,
            cacheControl: "private, max-age=86400"
        )
        // Bytes of a stranger: they are a picture, or nothing.
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
    }
}

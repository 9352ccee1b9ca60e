internal import Core
internal import HTTP
internal import Service

/// `/media/:id` and `/api/assets`: what the owner has, and the signed links to play it.
extension MediaManagement {
    @Sendable func mediaDetails(_ request: Request) async throws -> Response {
        let (asset, isOwn) = try await authentication.readable(try Self.assetID(request), in: catalog, for: request)
        let base = try address.base(for: request)
        let rungs = try await delivery.listedRungs(of: asset)
        let link = delivery.link(to: asset)
        let reasons = try await delivery.nonStandardReasons(of: asset)
        let images = try await delivery.images(of: asset)
        var details =
            MediaDetails(
                id: asset.id.contractName,
                title: asset.title,
                description: asset.description.isEmpty ? nil : asset.description,
                duration: asset.version.duration?.inSeconds,
                thumbnailUrl: asset.version.hasPoster ? base + link.poster : nil,
                streamingUrl: asset.version.plays && images == nil ? base + link.master : nil,
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
                error: asset.version.error,
                progress: asset.version.progress,
                nonStandardReasons: reasons.isEmpty ? nil : reasons,
                images: images?.mapValues { base + $0 },
                details: asset.version.details.isEmpty ? nil : asset.version.details,
                version: asset.version.edition,
                duplicateOf: isOwn ? asset.duplicateOf?.contractName : nil
            )
        try await addSurroundings(of: asset, base: base, to: &details)
        return try .json(details)
    }

    @Sendable func streamLinks(_ request: Request) async throws -> Response {
        let asset = try await authentication.readable(try Self.assetID(request), in: catalog, for: request).asset
        guard asset.version.plays else {
            throw asset.version.status == .failed
                ? ServiceError(
                    .conflict,
                    "Processing failed: \(asset.version.error ?? "no reason is known") Upload another file."
                )
                : ServiceError(.notReady, "Video is still processing", retryAfter: .seconds(2))
        }
        guard asset.kind != AssetRecord.imageKind else {
            throw ServiceError(.conflict, "This is a picture, which has no stream. Its files are the details' images.")
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

    static func assetID(_ request: Request) throws -> AssetID {
        guard let id = AssetID(parsing: request.parameters["id"] ?? "") else {
            throw ServiceError(.notFound, "Asset not found.")
        }
        return id
    }

    static func number(
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

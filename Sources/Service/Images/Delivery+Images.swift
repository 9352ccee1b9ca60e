package import Core
internal import Foundation
internal import Media
internal import ObjectStorage
internal import SQL

/// Files of pictures, and the links to variants.
extension Delivery {
    /// The files of a picture that a signed link of its version opens.
    private static let imageNames: Set<String> = ["thumbnail", "small", "medium", "large", "webp", Derivative.original]
    /// Variants of one version that are kept.
    private static let variantLimit = 100

    /// A file to send.
    package struct ImageFile: Sendable {
        package let path: String
        package let mimeType: String
    }

    /// A derivative of a picture by the last segment of its link: `medium.jpg`.
    ///
    /// No database: what is there was made for the version.
    ///
    /// Throws `.notFound`.
    package func image(_ file: String, _ token: StreamToken) throws -> ImageFile {
        let parts = file.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, Self.imageNames.contains(String(parts[0])),
            let format = ImageFormat(fileExtension: parts[1])
        else { throw Self.nothing }
        let path = try imagePath(String(parts[0]), format, token.asset, token.version)
        return ImageFile(path: path, mimeType: format.mimeType)
    }

    /// Signed paths of a picture's files by name; nil for what is no picture, or none yet.
    package func images(of asset: AssetRecord) async throws -> [String: String]? {
        guard asset.kind == AssetRecord.imageKind, asset.version.status == .ready else { return nil }
        let link = link(to: asset)
        let derivatives = try await catalog.derivatives(of: asset.id, version: asset.version.number)
        let paths = derivatives.filter { Self.imageNames.contains($0.name) }.map { derivative in
            (derivative.name, link.image("\(derivative.name).\(derivative.fileExtension)"))
        }
        return Dictionary(paths, uniquingKeysWith: { first, _ in first })
    }

    func imagePath(_ name: String, _ format: ImageFormat, _ asset: AssetID, _ version: Int) throws -> String {
        try existing(
            Derivative(name: name, fileExtension: format.fileExtension, mimeType: format.mimeType, bytes: 0)
                .key(asset, version: version)
        )
    }

    // MARK: - Variants

    /// The path of a variant, signed: whoever has it may see that picture, and no other.
    package func variantPath(_ spec: VariantSpec, of asset: AssetID) -> String {
        "/images/\(keys.signature(of: Self.signedText(spec.text, asset)))/\(spec.text)/\(asset.contractName)"
    }

    private static func signedText(_ spec: String, _ asset: AssetID) -> String { "\(spec)/\(asset.contractName)" }

    /// Admits a request for a variant by its signature: no database.
    ///
    /// Throws `.forbidden`, `.tokenExpired`; `.notFound` for what was deleted too.
    package func admitVariant(
        signature: String,
        spec text: String,
        asset: AssetID,
        at now: Timestamp = .now
    ) throws -> VariantSpec {
        guard keys.isSignature(signature, of: Self.signedText(text, asset)) else {
            throw ServiceError(.forbidden, "Invalid token")
        }
        guard let spec = VariantSpec(parsing: text) else { throw Self.nothing }
        if let expires = spec.expires, now >= expires { throw ServiceError(.tokenExpired, "Token expired") }
        guard !revocations.contains(.asset, asset.rawValue) else { throw Self.nothing }
        return spec
    }

    /// The file of a variant; the first request makes it, and those that come meanwhile wait for the same job.
    ///
    /// `isWanted`: asked now and then; false when the client has left.
    /// Throws `.notFound` for a picture that is gone, `.tooManyRequests`, `.unavailable` when it cannot be made.
    package func variant(
        _ spec: VariantSpec,
        acceptsWebP: Bool,
        of asset: AssetID,
        isWanted: @Sendable () -> Bool
    ) async throws -> ImageFile {
        let variant = spec.variant(acceptsWebP: acceptsWebP)
        let find = { try imagePath(variant.name, variant.format, asset, spec.version) }
        if let path = try? find() { return ImageFile(path: path, mimeType: variant.format.mimeType) }
        let job = MakeVariant(asset: asset, version: spec.version, variant: variant)
        try await order(job)
        let path = try await wait(for: job.subject, isWanted: isWanted, find)
        return ImageFile(path: path, mimeType: variant.format.mimeType)
    }

    /// Enqueues the job unless it waits or runs already, within the limits.
    private func order(_ job: MakeVariant) async throws {
        let (isOrdered, kept) = try await database.read { connection in
            let version = try connection.first(
                """
                SELECT 1 AS one FROM versions WHERE asset_id = \(job.asset) AND number = \(job.version)
                    AND status = 'ready' AND kind = \(AssetRecord.imageKind)
                """
            )
            guard version != nil else { throw Self.nothing }
            let made = try connection.first(
                """
                SELECT count(*) AS n FROM derivatives
                WHERE asset_id = \(job.asset) AND version = \(job.version) AND name LIKE 'variant-%'
                """
            )
            let living = try JobQueue.living(kind: MakeVariant.kind, subject: job.subject, in: connection)
            return (!living.isEmpty, try made?.get("n", as: Int.self) ?? 0)
        }
        guard !isOrdered else { return }
        guard kept < Self.variantLimit else {
            throw ServiceError(
                .conflict,
                "This picture has \(kept) variants already, which is as many as are kept. Use one of those."
            )
        }
        try variantRate.take("\(job.asset)")
        try await database.write { transaction in
            guard try JobQueue.living(kind: MakeVariant.kind, subject: job.subject, in: transaction).isEmpty else {
                return
            }
            try JobQueue.enqueue(job, priority: .viewer, in: transaction)
        }
    }
}

extension Delivery.Link {
    package func image(_ file: String) -> String { "/stream/\(token)/images/\(file)" }
}

extension AssetRecord {
    /// The `kind` of pictures.
    package static let imageKind = "image"
}

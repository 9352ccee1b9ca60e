internal import Core
internal import Media
internal import ObjectStorage
internal import SQL

/// Makes one more size of a picture, for a signed link that was followed for the first time.
struct MakeVariant: Job {
    static let kind = "asset.variant"
    static let lane = Lane.light

    let asset: AssetID
    let version: Int
    let variant: ImageVariant

    var subject: String { Subject.variant(asset, version, variant.name) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        try await context.withWorkFolder { folder in
            let (path, format, _) = try await context.decodable(asset, version, in: folder)
            let report = try await context.images.variant(variant, of: path, format, into: folder)
            let made = try await context.store(report.files, as: variant.name, of: asset, version, from: folder)
            try await context.database.write { transaction in
                for derivative in made { try derivative.record(for: asset, version: version, in: transaction) }
            }
            try await context.removeIfDeleted(asset, version)
            return .done
        }
    }
}

extension ImageVariant {
    /// Its name among the derivatives of a version: `variant-w400-h300-cover-q80-webp`.
    var name: String {
        (["variant"] + [width.map { "w\($0)" }, height.map { "h\($0)" }].compactMap(\.self)
            + [fit.rawValue, "q\(quality)", format.rawValue]).joined(separator: "-")
    }
}

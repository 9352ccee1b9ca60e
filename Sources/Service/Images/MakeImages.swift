internal import Core
internal import Foundation
internal import Media
internal import ObjectStorage
internal import SQL

/// Makes the files that a picture is shown by, from one decode, and says what it is.
struct MakeImages: Job {
    static let kind = "asset.images"
    static let lane = Lane.light

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        try await context.withWorkFolder { folder in
            let made = try await context.pictures(of: asset, version, into: folder)
            guard let facts = made.facts else {
                throw MediaError(.toolFailed, "This picture could not be processed.", detail: "no facts")
            }
            let derivatives = try await context.store(made.files, of: asset, version, from: folder)
            let format = try await context.format(of: asset, version) ?? facts.format
            try await context.database.write { transaction in
                try record(derivatives, facts, format, in: transaction)
            }
            try await context.removeIfDeleted(asset, version)
            return .done
        }
    }

    func buried(reason: String, in transaction: any Connection) throws {
        try VersionState.fail(asset, version, reason: reason, in: transaction)
    }

    private func record(
        _ derivatives: [Derivative],
        _ facts: ImageReport.Facts,
        _ format: ImageFormat,
        in transaction: any Connection
    ) throws {
        for derivative in derivatives { try derivative.record(for: asset, version: version, in: transaction) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let details = String(decoding: try encoder.encode(Self.details(facts, format)), as: UTF8.self)
        try transaction.run(
            """
            UPDATE versions SET width = \(facts.width), height = \(facts.height), details = \(details), poster = 1,
                status = 'ready', progress = 100, error = NULL
            WHERE asset_id = \(asset) AND number = \(version)
            """
        )
    }

    /// What the version's `details` say of a picture.
    static func details(_ facts: ImageReport.Facts, _ format: ImageFormat) -> [String: JSONValue] {
        var details: [String: JSONValue] = [
            "format": .string(format.rawValue),
            "dominantColor": .string(facts.dominantColor),
            "blurhash": .string(facts.blurHash),
            "alpha": .bool(facts.hasAlpha),
        ]
        if facts.frames > 1 {
            details["animated"] = true
            details["frames"] = .integer(Int64(facts.frames))
        }
        if facts.isDamaged { details["damaged"] = true }
        return details
    }
}

extension ProcessingContext {
    /// What the original's first bytes say it is; nil when it is no picture.
    func format(of asset: AssetID, _ version: Int) async throws -> ImageFormat? {
        try await ImageFormat(file: try original(asset, version))
    }

    /// The sizes of an original, and its file without metadata, as files in a folder.
    fileprivate func pictures(of asset: AssetID, _ version: Int, into folder: String) async throws -> ImageReport {
        let (path, format, cleaned) = try await decodable(asset, version, in: folder)
        let report = try await images.derivatives(of: path, format, into: folder)
        guard let cleaned else { return report }
        // A bitmap's own file (`original.bmp`), not that of the PNG which was decoded in its place.
        return ImageReport(report, replacing: Derivative.original, with: cleaned)
    }

    /// The original, or what stands for it where libvips must not read it: a path, its format, and what became of the
    /// original itself.
    func decodable(
        _ asset: AssetID,
        _ version: Int,
        in folder: String
    ) async throws -> (path: String, format: ImageFormat, cleaned: ImageReport?) {
        let path = try original(asset, version)
        guard let format = try await format(of: asset, version) else {
            throw MediaError(.notMedia, "This is not a picture that we can read.")
        }
        guard format == .bmp else { return (path, format, nil) }
        // Checks its size before anything is decoded.
        let cleaned = try await images.clean(path, .bmp, into: folder)
        return (try await BitmapConverter(tools: tools).png(of: path, into: folder), .png, cleaned)
    }

    /// Puts the files of a report into the store.
    ///
    /// `name`: what the only file shall be called; nil keeps the report's names.
    func store(
        _ files: [ImageReport.File],
        as name: String? = nil,
        of asset: AssetID,
        _ version: Int,
        from folder: String
    ) async throws -> [Derivative] {
        var derivatives: [Derivative] = []
        for file in files {
            let derivative = Derivative(
                name: name ?? file.name,
                fileExtension: file.format.fileExtension,
                mimeType: file.format.mimeType,
                width: file.width,
                height: file.height,
                bytes: Int64(file.count)
            )
            let path = "\(folder)/\(file.name).\(file.format.fileExtension)"
            _ = try await store.put(try derivative.key(asset, version: version), file: path, consuming: true)
            derivatives.append(derivative)
        }
        return derivatives
    }
}

extension Derivative {
    /// The uploaded file without its metadata.
    static let original = "original"
    /// The size that stands for a picture where a video has its poster; a JPEG.
    static let picturePoster = "medium"
}

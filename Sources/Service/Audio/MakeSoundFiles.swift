internal import Core
internal import Foundation
internal import Media
internal import ObjectStorage
internal import SQL

/// Makes what a sound has beside its HLS rendition: MP3, waveform, cover.
struct MakeSoundFiles: Job {
    static let kind = "audio.files"
    static let lane = Lane.light

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }) else {
            return .done  // deleted meanwhile
        }
        let source = try context.original(asset, version)
        // First, because it is what lists show, and takes a moment only.
        if plan.info.coverIndex != nil { try await makeCover(of: source, plan.info, in: context) }
        try await context.withWorkFolder { folder in
            let waveform = try await SoundMaker(tools: context.tools).make(
                of: source,
                info: plan.info,
                tags: plan.info.musicTags,
                into: folder
            )
            let path = "\(folder)/\(SoundMaker.fileName)"
            let size = try StagedFile.length(path) ?? 0
            let sound = Derivative(name: "mp3", fileExtension: "mp3", mimeType: "audio/mpeg", bytes: size)
            _ = try await context.store.put(try sound.key(asset, version: version), file: path, consuming: true)
            let drawing = Array(try JSONEncoder().encode(waveform))
            let peaks = Derivative(
                name: "peaks",
                fileExtension: "json",
                mimeType: "application/json",
                bytes: Int64(drawing.count)
            )
            _ = try await context.store.put(try peaks.key(asset, version: version), bytes: drawing)
            try await record([sound, peaks], ["waveform": true], in: context)
        }
        return .done
    }

    private func makeCover(of source: String, _ info: MediaInfo, in context: ProcessingContext) async throws {
        let picture: [UInt8]
        do {
            picture = try await CoverMaker(tools: context.tools).cover(of: source, info: info)
        } catch let error as MediaError where error.isPermanent {
            context.logger.warning("no cover", ["asset": .integer(asset.rawValue), "error": .string("\(error)")])
            return
        }
        let cover = Derivative(
            name: "cover",
            fileExtension: "jpg",
            mimeType: "image/jpeg",
            bytes: Int64(picture.count)
        )
        _ = try await context.store.put(try cover.key(asset, version: version), bytes: picture)
        try await record([cover], ["cover": true], in: context)
    }

    /// Files are put first and recorded then, so that what is recorded exists.
    private func record(
        _ derivatives: [Derivative],
        _ details: [String: JSONValue],
        in context: ProcessingContext
    ) async throws {
        try await context.database.write { transaction in
            for derivative in derivatives { try derivative.record(for: asset, version: version, in: transaction) }
            try VersionDetails.add(details, to: asset, version, in: transaction)
        }
        try await context.removeIfDeleted(asset, version)
    }
}

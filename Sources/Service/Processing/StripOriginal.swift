internal import Core
internal import Foundation
internal import Media
internal import ObjectStorage
internal import SQL

/// Makes the copy of an original that is given out: without the place where it was taken and whatever else it tells.
///
/// On request; it is kept as the derivative `original`.
struct StripOriginal: Job {
    static let kind = "asset.strip"
    static let lane = Lane.light

    let asset: AssetID
    let version: Int

    var subject: String { Subject.original(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }) else {
            return .done  // deleted meanwhile
        }
        try await context.withWorkFolder { folder in
            let form = try await StrippedCopy(tools: context.tools).make(
                of: try context.original(asset, version),
                info: plan.info,
                tags: plan.info.video == nil ? plan.info.musicTags : [:],
                into: folder
            )
            let path = "\(folder)/\(StrippedCopy.baseName).\(form.fileExtension)"
            let copy = Derivative(
                name: StrippedCopy.baseName,
                fileExtension: form.fileExtension,
                mimeType: form.mimeType,
                bytes: try StagedFile.length(path) ?? 0
            )
            _ = try await context.store.put(try copy.key(asset, version: version), file: path, consuming: true)
            try await context.database.write { try copy.record(for: asset, version: version, in: $0) }
            try await context.removeIfDeleted(asset, version)
        }
        return .done
    }
}

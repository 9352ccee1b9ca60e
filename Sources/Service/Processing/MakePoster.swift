internal import Core
internal import Media
internal import SQL
internal import ObjectStorage

/// Takes the poster: the picture at one second, or the middle of a shorter video.
struct MakePoster: Job {
    static let kind = "asset.poster"
    static let lane = Lane.light

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }) else {
            return .done
        }
        let picture: [UInt8]
        do {
            picture = try await PosterMaker(tools: context.tools).poster(
                of: try context.original(asset, version),
                info: plan.info,
                timeline: plan.timeline
            )
        } catch let error as MediaError where error.isPermanent {
            // A video without a poster is still a video.
            context.logger.warning("no poster", ["asset": .integer(asset.rawValue), "error": .string("\(error)")])
            return .done
        }
        _ = try await context.store.put(try AssetKeys.poster(asset, version: version), bytes: picture)
        try await context.database.write { transaction in
            try transaction.run("UPDATE versions SET poster = 1 WHERE asset_id = \(asset) AND number = \(version)")
        }
        try await context.removeIfDeleted(asset, version)
        return .done
    }
}

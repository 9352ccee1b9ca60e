internal import Core
internal import Media
internal import SQL

/// Encodes the sound of a version, whole, as the group that all rungs share.
struct EncodeAudio: Job {
    static let kind = "asset.audio"
    static let lane = Lane.heavy

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }) else {
            return .done
        }
        return try await context.withWorkFolder { folder in
            let encoded = try await AudioEncoder(tools: context.tools).encode(
                source: try context.original(asset, version),
                info: plan.info,
                timeline: plan.timeline,
                bitRate: plan.audioBitRate,
                into: folder
            )
            let segments = encoded.segments.map { segment in
                MadeRendition.Segment(
                    number: segment.index,
                    bytes: segment.bytes,
                    duration: encoded.grid.duration(of: segment.index).duration
                )
            }
            let made = MadeRendition(
                name: VersionState.audioName,
                folder: folder,
                codecs: encoded.codecs,
                segments: segments
            )
            try await context.publish(made, plan: plan, of: asset, version)
            return .done
        }
    }

    func buried(reason: String, in transaction: any Connection) throws {
        try VersionState.fail(asset, version, reason: reason, in: transaction)
    }
}

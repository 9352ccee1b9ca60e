internal import Core
internal import Media
internal import SQL

/// Encodes the sound of a version, whole, as the group that all rungs share.
///
/// In the background: what a viewer needs first is made by ``EncodeSegment``.
struct EncodeAudio: Job {
    static let kind = "asset.audio"
    static let lane = Lane.light

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }) else {
            return .done
        }
        let source = try context.original(asset, version)
        let publication = StreamedPublication(asset: asset, version: version, plan: plan)
        try await publication.run(in: context) { folder, onSegment in
            _ = try await AudioEncoder(tools: context.tools.inBackground).encode(
                source: source,
                info: plan.info,
                timeline: plan.timeline,
                bitRate: plan.audioBitRate,
                into: "\(folder)/\(VersionState.audioName)"
            ) { onSegment(VersionState.audioName, $0.index, $0.bytes, AudioEncoder.codecs) }
        }
        return .done
    }

    func buried(reason: String, in transaction: any Connection) throws {
        try VersionState.fail(asset, version, reason: reason, in: transaction)
    }
}

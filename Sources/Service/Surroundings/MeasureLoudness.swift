internal import Core
internal import Media

/// Measures how loud the sound is.
struct MeasureLoudness: Job {
    static let kind = "asset.loudness"
    static let lane = Lane.heavy

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.plan(asset, version) else { return .done }
        return try await context.optional("loudness", of: asset) {
            let loudness = try await LoudnessMeter(tools: context.tools.inBackground).measure(
                try context.original(asset, version),
                info: plan.info
            )
            try await context.record(
                details: ["loudness": try JSONValue(encoding: loudness)],
                of: asset,
                version
            )
        }
    }
}

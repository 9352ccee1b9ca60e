internal import Core
internal import Media
internal import SQL

/// Copies what can be served as it came: picture and sound in one pass each, published segment by segment.
struct CopyStreams: Job {
    static let kind = "asset.copy"
    static let lane = Lane.light

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }), plan.copies else {
            return .done
        }
        let source = try context.original(asset, version)
        let renditions = try await context.database.read { try VersionState.renditions(asset, version, in: $0) }
        let missing = Set(renditions.filter { !$0.isComplete }.map(\.name))
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let copied = plan.copied, missing.contains(copied.name) {
                group.addTask { try await copyPicture(copied, plan, source, in: context) }
            }
            if let copied = plan.copiedAudio, missing.contains(VersionState.audioName) {
                group.addTask { try await copySound(copied, plan, source, in: context) }
            }
            try await group.waitForAll()
        }
        return .done
    }

    private func copyPicture(
        _ copied: Plan.CopiedRung,
        _ plan: Plan,
        _ source: String,
        in context: ProcessingContext
    ) async throws {
        let publication = StreamedPublication(asset: asset, version: version, plan: plan)
        try await publication.run(in: context) { folder, onSegment in
            try await StreamCopier(tools: context.tools).video(
                source: source,
                info: plan.info,
                timeline: plan.timeline,
                into: "\(folder)/\(copied.name)"
            ) { onSegment(copied.name, $0.index, $0.bytes, $0.codecs) }
        }
    }

    private func copySound(
        _ copied: CopiedAudio,
        _ plan: Plan,
        _ source: String,
        in context: ProcessingContext
    ) async throws {
        let publication = StreamedPublication(asset: asset, version: version, plan: plan)
        try await publication.run(in: context) { folder, onSegment in
            try await StreamCopier(tools: context.tools).audio(
                source: source,
                info: plan.info,
                timeline: plan.timeline,
                copied: copied,
                into: "\(folder)/\(VersionState.audioName)"
            ) { onSegment(VersionState.audioName, $0.index, $0.bytes, $0.codecs) }
        }
    }

    func buried(reason: String, in transaction: any Connection) throws {
        try Replanning.replanOrFail(asset, version, reason: reason, in: transaction)
    }
}

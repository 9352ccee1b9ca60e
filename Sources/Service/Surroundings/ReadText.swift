internal import Core
internal import Media
internal import SQL

/// Takes captions and chapters out of the file.
struct ReadText: Job {
    static let kind = "asset.text"
    static let lane = Lane.light

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.plan(asset, version) else { return .done }
        let source = try context.original(asset, version)
        return try await context.optional("text", of: asset) {
            let chapters = try await ChapterReader(tools: context.tools).chapters(of: source, timeline: plan.timeline)
            if !chapters.isEmpty {
                try await context.record(
                    details: ["chapters": try JSONValue(encoding: chapters)],
                    of: asset,
                    version
                )
            }
            guard TextExtractor.hasText(plan.info) else { return }
            let found = try await context.withWorkFolder { folder in
                try await TextExtractor(tools: context.tools).captions(
                    of: source,
                    info: plan.info,
                    timeline: plan.timeline,
                    into: folder
                )
            }
            try await context.database.write { try keep(found, in: $0) }
        }
    }

    /// Of several streams in one language the first counts: the others are for the hard of hearing, or comments.
    private func keep(_ found: [TextExtractor.Captions], in transaction: any Connection) throws {
        var seen: Set<LanguageTag> = []
        for captions in found {
            let language = LanguageTag.of(stream: captions.language)
            guard seen.insert(language).inserted else { continue }
            try Captions.put(captions.cues, language, .file, of: asset, version, in: transaction)
        }
    }
}

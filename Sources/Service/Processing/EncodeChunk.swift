internal import Core
internal import Media
internal import SQL

/// Encodes a run of segments of all rungs with one ffmpeg, and publishes them.
struct EncodeChunk: Job {
    static let kind = "asset.chunk"
    static let lane = Lane.heavy

    let asset: AssetID
    let version: Int
    let first: Int
    let count: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }) else {
            return .done  // deleted meanwhile
        }
        return try await context.withWorkFolder { folder in
            let progress = ChunkProgress(database: context.database, asset: asset, version: version)
            let rungs = try await progress.reported(share: Double(count * plan.rungs.count)) { onProgress in
                try await ChunkEncoder(tools: context.tools).encode(
                    source: try context.original(asset, version),
                    info: plan.info,
                    timeline: plan.timeline,
                    rungs: plan.rungs,
                    segments: first..<first + count,
                    into: folder,
                    onProgress: onProgress
                )
            }
            for encoded in rungs { try await publish(encoded, plan, from: folder, in: context) }
            return .done
        }
    }

    private func publish(
        _ encoded: EncodedRung,
        _ plan: Plan,
        from folder: String,
        in context: ProcessingContext
    ) async throws {
        for warning in encoded.warnings {
            context.logger.warning("salvaged", ["subject": .string(subject), "warning": .string(warning)])
        }
        let segments = encoded.segments.map { segment in
            MadeRendition.Segment(
                number: segment.index,
                bytes: segment.bytes,
                duration: plan.timeline.duration(of: segment.index).duration
            )
        }
        let made = MadeRendition(
            name: encoded.rung.name,
            folder: "\(folder)/\(encoded.rung.name)",
            codecs: encoded.codecs,
            segments: segments
        )
        try await context.publish(made, plan: plan, of: asset, version)
    }

    func buried(reason: String, in transaction: any Connection) throws {
        try VersionState.fail(asset, version, reason: reason, in: transaction)
    }
}

internal import Core
internal import Media
internal import SQL

/// Encodes a run of segments of a codec's rungs in the background, as far as nobody else has or does.
struct EncodeChunk: Job {
    static let kind = "asset.chunk"
    static let lane = Lane.heavy

    let asset: AssetID
    let version: Int
    let first: Int
    let count: Int
    /// The rungs' names, all of one codec; nil: all that there are, from before there were several codecs.
    var rungs: [String]?

    var subject: String { Subject.version(asset, version) }
    var segments: Range<Int> { first..<first + count }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }),
            segments.upperBound <= plan.timeline.segmentCount
        else { return .done }  // deleted meanwhile
        let taken = try await context.database.read { connection in
            try SegmentOrder.existing(asset, version, segments, in: connection)
                .union(try SegmentOrder.ordered(asset, version, in: connection))
        }
        let encoding = RungEncoding(asset: asset, version: version, plan: plan, context: context)
        let progress = ChunkProgress(database: context.database, asset: asset, version: version)
        let rungs = plan.rungs.filter { makes($0.name) }
        for run in Self.runs(of: segments, rungs: rungs, taken: taken) {
            try await progress.reported(share: Double(run.segments.count * run.rungs.count)) { onProgress in
                try await encoding.run(
                    run.rungs,
                    run.segments,
                    isAwaited: false,
                    onProgress: onProgress
                )
            }
        }
        return .done
    }

    func makes(_ rung: String) -> Bool { rungs?.contains(rung) ?? true }

    /// What is left to encode: neighbours that lack the same rungs go together.
    static func runs(
        of segments: Range<Int>,
        rungs: [Rung],
        taken: Set<SegmentOrder.Place>
    ) -> [(segments: Range<Int>, rungs: [Rung])] {
        var result: [(segments: Range<Int>, rungs: [Rung])] = []
        for number in segments {
            let missing = rungs.filter { !taken.contains(SegmentOrder.Place(rung: $0.name, number: number)) }
            guard !missing.isEmpty else { continue }
            if let last = result.last, last.segments.upperBound == number, last.rungs == missing {
                result[result.count - 1].segments = last.segments.lowerBound..<number + 1
            } else {
                result.append((number..<number + 1, missing))
            }
        }
        return result
    }

    func buried(reason: String, in transaction: any Connection) throws {
        guard try !Replanning.unlist(rungs ?? [], of: asset, version, in: transaction) else { return }
        try Replanning.replanOrFail(asset, version, reason: reason, in: transaction)
    }
}

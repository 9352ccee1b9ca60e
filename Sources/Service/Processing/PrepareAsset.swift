internal import Core
internal import Foundation
internal import Media
internal import SQL

/// Probes an original, fixes the version's plan, and enqueues everything that follows from it.
struct PrepareAsset: Job {
    static let kind = "asset.prepare"
    static let lane = Lane.light

    let asset: AssetID
    let version: Int

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        try await context.database.write { try VersionState.begin(asset, version, in: $0) }
        let source = try context.original(asset, version)
        let plan = try await makePlan(of: source, in: context)
        if let reason = try await excess(of: plan.timeline.duration.duration, in: context) { return .cancel(reason) }
        try await context.database.write { try record(plan, in: $0) }
        return .done
    }

    func buried(reason: String, in transaction: any Connection) throws {
        try VersionState.fail(asset, version, reason: reason, in: transaction)
    }

    /// Why the medium is longer than the door it came by allows; nil when it is not.
    private func excess(of duration: Duration, in context: ProcessingContext) async throws -> String? {
        let row = try await context.database.read { connection in
            try connection.first(
                "SELECT duration_limit FROM versions WHERE asset_id = \(asset) AND number = \(version)"
            )
        }
        guard let limit = try row?.get("duration_limit", as: Int64?.self).map({ Duration.microseconds($0) }),
            duration > limit + Self.tolerance
        else { return nil }
        return "The video is too long: \(Self.clock(duration)), allowed are \(Self.clock(limit))."
    }

    /// Encoders round the last frame up, and sound ends after the picture.
    private static let tolerance = Duration.seconds(1)

    /// Minutes and seconds, `5:07`.
    private static func clock(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds)
        return "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
    }

    private func makePlan(of source: String, in context: ProcessingContext) async throws -> Plan {
        let info = try await Prober(tools: context.tools).probe(source)
        let rungs = info.video == nil ? [] : Ladder.rungs(for: info, profiles: context.profiles)
        let timeline = try await TimelineBuilder(tools: context.tools).build(
            source,
            info: info,
            ceiling: Ladder.frameRateCeiling(of: rungs)
        )
        return Plan(
            info: info,
            timeline: timeline,
            rungs: rungs,
            hasAudio: info.audio != nil,
            audioBitRate: rungs.first?.audioBitrate ?? context.profiles.map(\.audioBitrate).max() ?? 192_000
        )
    }

    private func record(_ plan: Plan, in transaction: any Connection) throws {
        let encoder = JSONEncoder()
        let text = String(decoding: try encoder.encode(plan), as: UTF8.self)
        let info = String(decoding: try encoder.encode(plan.info), as: UTF8.self)
        let changed = try transaction.run(
            """
            UPDATE versions SET plan = \(text), info = \(info), duration = \(plan.timeline.duration.duration.microseconds),
                width = \(plan.info.video?.displayWidth), height = \(plan.info.video?.displayHeight)
            WHERE asset_id = \(asset) AND number = \(version) AND plan IS NULL
            """
        )
        // Deleted meanwhile, or planned by a worker that was thought dead.
        guard changed == 1 else { return }
        let kind = plan.rungs.isEmpty ? "audio" : "video"
        try transaction.run("UPDATE assets SET kind = \(kind) WHERE id = \(asset)")
        for (position, rung) in plan.rungs.enumerated() {
            try insertRendition(rung.name, position, segments: plan.timeline.segmentCount, in: transaction)
        }
        if plan.hasAudio {
            try insertRendition(
                VersionState.audioName,
                plan.rungs.count,
                segments: plan.timeline.segmentCount,
                in: transaction
            )
            try JobQueue.enqueue(EncodeAudio(asset: asset, version: version), priority: .soon, in: transaction)
        }
        guard !plan.rungs.isEmpty else { return }
        try JobQueue.enqueue(MakePoster(asset: asset, version: version), priority: .soon, in: transaction)
        for first in stride(from: 0, to: plan.timeline.segmentCount, by: Plan.chunkLength) {
            let count = min(Plan.chunkLength, plan.timeline.segmentCount - first)
            try JobQueue.enqueue(
                EncodeChunk(asset: asset, version: version, first: first, count: count),
                priority: .normal,
                in: transaction
            )
        }
    }

    private func insertRendition(
        _ name: String,
        _ position: Int,
        segments: Int,
        in transaction: any Connection
    ) throws {
        try transaction.run(
            """
            INSERT INTO renditions (asset_id, version, name, position, segments, done)
            VALUES (\(asset), \(version), \(name), \(position), \(segments), 0)
            """
        )
    }
}

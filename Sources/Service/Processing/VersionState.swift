internal import Core
internal import Media
internal import SQL

/// Changes of a version's state, each inside the caller's transaction.
enum VersionState {
    /// Probing has begun.
    static func begin(_ asset: AssetID, _ version: Int, in transaction: any Connection) throws {
        try transaction.run(
            """
            UPDATE versions SET status = 'processing'
            WHERE asset_id = \(asset) AND number = \(version) AND status = 'queued'
            """
        )
    }

    /// Nothing more will be made of it; what plays already goes on playing.
    static func fail(_ asset: AssetID, _ version: Int, reason: String, in transaction: any Connection) throws {
        try transaction.run(
            """
            UPDATE versions SET status = 'failed', error = \(reason)
            WHERE asset_id = \(asset) AND number = \(version) AND status <> 'ready'
            """
        )
        try touch(asset, in: transaction)
        try JobQueue.cancel(subject: Subject.version(asset, version), in: transaction)
    }

    static func touch(_ asset: AssetID, in transaction: any Connection) throws {
        try transaction.run("UPDATE assets SET updated_at = \(Timestamp.now) WHERE id = \(asset)")
    }

    /// Counts a rendition's new segments, measures it when it is complete, and lets the version's state follow.
    static func advance(_ asset: AssetID, _ version: Int, plan: Plan, in transaction: any Connection) throws {
        try transaction.run(
            """
            UPDATE renditions SET done = (SELECT count(*) FROM segments s WHERE s.asset_id = renditions.asset_id
                AND s.version = renditions.version AND s.rendition = renditions.name)
            WHERE asset_id = \(asset) AND version = \(version)
            """
        )
        let renditions = try Self.renditions(asset, version, in: transaction)
        for rendition in renditions where rendition.isComplete && rendition.bandwidth == nil {
            try measure(rendition.name, asset, version, plan: plan, in: transaction)
            if rendition.name != audioName {
                let index = IndexKeyFrames(asset: asset, version: version, rendition: rendition.name)
                try JobQueue.enqueue(index, priority: .background, in: transaction)
            }
        }
        let progress = Self.progress(renditions, plusRungSegments: 0)
        let status = Self.status(renditions)
        let former = try transaction.first(
            "SELECT status FROM versions WHERE asset_id = \(asset) AND number = \(version)"
        )
        try transaction.run(
            """
            UPDATE versions SET status = \(status.rawValue),
                progress = CASE WHEN progress > \(progress) THEN progress ELSE \(progress) END
            WHERE asset_id = \(asset) AND number = \(version) AND status <> 'failed'
            """
        )
        if try former?.get("status") != status.rawValue { try touch(asset, in: transaction) }
    }

    /// Processing's progress, 0–100, rounded down; 100 only when every rendition is complete.
    ///
    /// A segment of sound costs about a twentieth of one of picture (MEDIA: audio encodes at 50 × real time).
    /// `plusRungSegments`: segments that are being made now, in parts.
    static func progress(_ renditions: [RenditionRecord], plusRungSegments made: Double) -> Int {
        if renditions.allSatisfy(\.isComplete) { return renditions.isEmpty ? 0 : 100 }
        func weight(_ rendition: RenditionRecord) -> Double {
            rendition.name == audioName || rendition.origin != .encoded ? 0.05 : 1
        }
        let total = renditions.reduce(0) { $0 + Double($1.segments) * weight($1) }
        let done = renditions.reduce(made) { $0 + Double($1.done) * weight($1) }
        return min(99, Int(done * 100 / max(total, 0.05)))
    }

    static func renditions(
        _ asset: AssetID,
        _ version: Int,
        in connection: any Connection
    ) throws -> [RenditionRecord] {
        try connection.all(
            """
            SELECT \(sql: RenditionRecord.columns) FROM renditions
            WHERE asset_id = \(asset) AND version = \(version) ORDER BY position
            """
        ).map(RenditionRecord.init(row:))
    }

    /// The name of the rendition that all rungs share for their sound.
    static let audioName = "audio"

    /// The rungs that a player is offered: complete, copied or sustained, and the sound (if any) too.
    ///
    /// Best first, H.264 before the rest, and never without H.264. What is not there yet is made when it is asked for.
    static func listed(_ renditions: [RenditionRecord]) -> [RenditionRecord] {
        guard renditions.first(where: { $0.name == audioName })?.isDeliverable != false else { return [] }
        let deliverable = offered(renditions).filter(\.isDeliverable)
        return deliverable.contains { $0.videoCodec == .h264 } ? deliverable : []
    }

    /// The rungs that the version has in the end, and what stands in for the top one until it is complete.
    private static func offered(_ renditions: [RenditionRecord]) -> [RenditionRecord] {
        let rungs = renditions.filter { $0.name != audioName }
        let isTopComplete = rungs.first { $0.origin != .standIn }?.isComplete ?? false
        return rungs.filter { $0.origin != .standIn || !isTopComplete }
    }

    private static func status(_ renditions: [RenditionRecord]) -> VersionRecord.Status {
        let rungs = offered(renditions)
        if rungs.isEmpty { return renditions.contains(where: \.isDeliverable) ? .ready : .processing }
        guard let best = listed(renditions).first else { return .processing }
        return best.name == rungs.first?.name ? .ready : .playable
    }

    /// Peak and average bits per second, from the segments themselves (WIRE 7: measured, not the target).
    private static func measure(
        _ name: String,
        _ asset: AssetID,
        _ version: Int,
        plan: Plan,
        in transaction: any Connection
    ) throws {
        var segments: [(duration: Rational, bytes: Int)] = []
        var total = 0
        let audio = plan.audioGrid
        try transaction.each(
            """
            SELECT number, bytes FROM segments
            WHERE asset_id = \(asset) AND version = \(version) AND rendition = \(name) ORDER BY number
            """
        ) { row in
            let number = try row.get("number", as: Int.self)
            let bytes = try row.get("bytes", as: Int.self)
            let duration = name == audioName ? audio.duration(of: number) : plan.timeline.duration(of: number)
            segments.append((duration, bytes))
            total += bytes
        }
        let peak = Playlist.peakBitRate(
            of: segments,
            targetDuration: Playlist.targetDuration(of: plan.timeline)
        )
        let seconds = segments.reduce(0.0) { $0 + $1.duration.value }
        let average = Int64(Double(total) * 8 / max(0.001, seconds))
        try transaction.run(
            """
            UPDATE renditions SET bandwidth = \(peak), average_bandwidth = \(average)
            WHERE asset_id = \(asset) AND version = \(version) AND name = \(name)
            """
        )
    }
}

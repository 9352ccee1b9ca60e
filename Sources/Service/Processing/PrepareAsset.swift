internal import Core
internal import Foundation
internal import Media
internal import ObjectStorage
internal import SQL

/// Probes an original, fixes the version's plan, and enqueues everything that follows from it.
struct PrepareAsset: Job {
    static let kind = "asset.prepare"
    static let lane = Lane.light

    let asset: AssetID
    let version: Int
    /// False when the source's packets turned out not to be what its index says; nil: true.
    var mayCopy: Bool?
    /// Whether the version was processed before, so that files of it may be left; nil: as `mayCopy` says.
    var isAnew: Bool?

    var subject: String { Subject.version(asset, version) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        try await context.database.write { try VersionState.begin(asset, version, in: $0) }
        if mayCopy == false || isAnew == true { try await removeFormer(in: context) }
        if try await context.format(of: asset, version) != nil { return try await handOver(in: context) }
        let plan = try await makePlan(in: context)
        if let reason = try await excess(of: plan, in: context) { return .cancel(reason) }
        try await context.database.write { try record(plan, in: $0) }
        return .done
    }

    /// A picture: another job's.
    private func handOver(in context: ProcessingContext) async throws -> JobOutcome {
        // Doors that limit the duration are for videos.
        if try await durationLimit(in: context) != nil { return .cancel("This is a picture, not a video.") }
        try await context.database.write { transaction in
            let changed = try transaction.run(
                """
                UPDATE versions SET kind = \(AssetRecord.imageKind) WHERE asset_id = \(asset) AND number = \(version)
                """
            )
            // Deleted meanwhile.
            guard changed == 1 else { return }
            try JobQueue.enqueue(MakeImages(asset: asset, version: version), priority: .soon, in: transaction)
        }
        return .done
    }

    /// A former plan cut the same names elsewhere.
    private func removeFormer(in context: ProcessingContext) async throws {
        // What this job itself has planned when it was interrupted is no former one.
        guard try await context.database.read({ try Plan.find(asset, version, in: $0) }) == nil else { return }
        let original = try AssetKeys.original(asset, version: version)
        while true {
            let prefix = AssetKeys.prefix(asset, version: version)
            let page = try await context.store.list(prefix: prefix, after: nil, limit: 1000)
            let former = page.map(\.key).filter { $0 != original }
            if former.isEmpty { return }
            for key in former { try await context.store.delete(key) }
        }
    }

    func buried(reason: String, in transaction: any Connection) throws {
        try VersionState.fail(asset, version, reason: reason, in: transaction)
    }

    /// Why the medium is longer or larger than the door it came by allows; nil when it is not.
    private func excess(of plan: Plan, in context: ProcessingContext) async throws -> String? {
        if plan.info.video == nil, let reason = try await soundExcess(in: context) { return reason }
        let duration = plan.timeline.duration.duration
        guard let limit = try await durationLimit(in: context), duration > limit + Self.tolerance else { return nil }
        return "The video is too long: \(Self.clock(duration)), allowed are \(Self.clock(limit))."
    }

    /// Why a file that has no picture after all is larger than a sound may be; nil when it is not.
    private func soundExcess(in context: ProcessingContext) async throws -> String? {
        let row = try await context.database.read { connection in
            try connection.first(
                "SELECT size, sound_size_limit FROM versions WHERE asset_id = \(asset) AND number = \(version)"
            )
        }
        guard let row, let limit = try row.get("sound_size_limit", as: Int64?.self), try row.get("size") > limit
        else { return nil }
        return "File size exceeds maximum allowed size: there is only sound in this file, and a sound may have "
            + "\(limit >> 20) MB."
    }

    private func durationLimit(in context: ProcessingContext) async throws -> Duration? {
        let row = try await context.database.read { connection in
            try connection.first(
                "SELECT duration_limit FROM versions WHERE asset_id = \(asset) AND number = \(version)"
            )
        }
        return try row?.get("duration_limit", as: Int64?.self).map { .microseconds($0) }
    }

    /// Encoders round the last frame up, and sound ends after the picture.
    static let tolerance = Duration.seconds(1)

    /// Minutes and seconds, `5:07`.
    private static func clock(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds)
        return "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
    }

    private func makePlan(in context: ProcessingContext) async throws -> Plan {
        if try context.straightCopy(of: asset, version) == nil {
            let source = try context.untouchedOriginal(asset, version)
            do { return try await makePlan(of: source, mayJump: false, in: context) } catch is ClockJump {}
        }
        try await context.straighten(asset, version)
        return try await makePlan(of: try context.original(asset, version), mayJump: true, in: context)
    }

    /// `mayJump`: see `TimelineBuilder.build`.
    private func makePlan(of source: String, mayJump: Bool, in context: ProcessingContext) async throws -> Plan {
        let info = try await Prober(tools: context.tools).probe(source)
        let ladder = info.video == nil ? [] : Ladder.rungs(for: info, profiles: context.profiles)
        // Only H.264 is copied, and only where one of its own rungs has room for it.
        let profiles = context.profiles.filter { $0.videoCodec == .h264 }
        let planner = CopyPlanner(tools: context.tools)
        var copy: (copied: CopiedVideo?, reasons: [String]) = (nil, ["Its packets are not what its index says."])
        if mayCopy != false {
            copy = try await planner.video(source, info: info, profiles: profiles, mayJump: mayJump)
        }
        let choice = CopyChoice(copy.copied, info: info, ladder: ladder, profiles: profiles)
        let timeline: Timeline
        if let copied = copy.copied {
            timeline = copied.timeline
        } else {
            let builder = TimelineBuilder(tools: context.tools)
            let ceiling = Ladder.frameRateCeiling(of: ladder)
            timeline = try await builder.build(source, info: info, ceiling: ceiling, mayJump: mayJump)
        }
        return Plan(
            info: info,
            timeline: timeline,
            copied: choice.copied,
            rungs: choice.encoded,
            hasAudio: info.audio != nil,
            audioBitRate: ladder.first?.audioBitrate ?? context.profiles.map(\.audioBitrate).max() ?? 192_000,
            copiedAudio: mayCopy == false
                ? nil : try await planner.audio(source, info: info, timeline: timeline),
            nonStandardReasons: copy.reasons
        )
    }

    private func record(_ plan: Plan, in transaction: any Connection) throws {
        let encoder = JSONEncoder()
        let text = String(decoding: try encoder.encode(plan), as: UTF8.self)
        let info = String(decoding: try encoder.encode(plan.info), as: UTF8.self)
        let kind = plan.info.video == nil ? "audio" : "video"
        let changed = try transaction.run(
            """
            UPDATE versions SET plan = \(text), info = \(info), duration = \(plan.timeline.duration.duration.microseconds),
                width = \(plan.info.video?.displayWidth), height = \(plan.info.video?.displayHeight), kind = \(kind)
            WHERE asset_id = \(asset) AND number = \(version) AND plan IS NULL
            """
        )
        // Deleted meanwhile, or planned by a worker that was thought dead.
        guard changed == 1 else { return }
        try VersionDetails.add(VersionDetails.facts(of: plan), to: asset, version, in: transaction)
        try insertRenditions(plan, in: transaction)
        try enqueue(plan, in: transaction)
    }

    private func insertRenditions(_ plan: Plan, in transaction: any Connection) throws {
        var rows: [(name: String, origin: RenditionRecord.Origin)] = plan.rungs.map { ($0.name, .encoded) }
        if let copied = plan.copied { rows.insert((copied.name, copied.isFinal ? .copied : .standIn), at: 0) }
        if plan.hasAudio { rows.append((VersionState.audioName, plan.copiedAudio == nil ? .encoded : .copied)) }
        for (position, row) in rows.enumerated() {
            try transaction.run(
                """
                INSERT INTO renditions (asset_id, version, name, position, segments, done, origin)
                VALUES (\(asset), \(version), \(row.name), \(position), \(plan.timeline.segmentCount), 0,
                    \(row.origin.rawValue))
                """
            )
        }
    }

    /// How long what plays first has the machine for itself.
    private static let headStart = Duration.seconds(2)

    private func enqueue(_ plan: Plan, in transaction: any Connection) throws {
        if plan.copies {
            try JobQueue.enqueue(CopyStreams(asset: asset, version: version), priority: .viewer, in: transaction)
        }
        if plan.hasAudio, plan.copiedAudio == nil {
            try JobQueue.enqueue(EncodeAudio(asset: asset, version: version), priority: .soon, in: transaction)
        }
        try Surroundings.enqueue(plan, of: asset, version, in: transaction)
        guard plan.info.video != nil else {
            return try JobQueue.enqueue(MakeSoundFiles(asset: asset, version: version), in: transaction)
        }
        if plan.copied == nil, let lowest = plan.rungs.last(where: { $0.codec == .h264 }) {
            // What plays first, and shows how fast this machine is with this source.
            let sound = plan.hasAudio && plan.copiedAudio == nil ? [VersionState.audioName] : []
            for name in [lowest.name] + sound {
                let first = EncodeSegment(asset: asset, version: version, rung: name, segment: 0)
                try JobQueue.enqueue(first, priority: .soon, in: transaction)
            }
        }
        try JobQueue.enqueue(MakePoster(asset: asset, version: version), priority: .soon, in: transaction)
        for codec in VideoCodec.allCases { try enqueueChunks(of: codec, plan, in: transaction) }
    }

    /// Codecs are encoded apart: a slow one holds back no other, and the speed of each is its own.
    ///
    /// What not every player knows comes last.
    private func enqueueChunks(of codec: VideoCodec, _ plan: Plan, in transaction: any Connection) throws {
        let rungs = plan.rungs.filter { $0.codec == codec }.map(\.name)
        guard !rungs.isEmpty else { return }
        for first in stride(from: 0, to: plan.timeline.segmentCount, by: Plan.chunkLength) {
            let count = min(Plan.chunkLength, plan.timeline.segmentCount - first)
            try JobQueue.enqueue(
                EncodeChunk(asset: asset, version: version, first: first, count: count, rungs: rungs),
                priority: codec == .h264 ? .normal : .background,
                after: plan.copied == nil ? Self.headStart : .zero,
                in: transaction
            )
        }
    }
}

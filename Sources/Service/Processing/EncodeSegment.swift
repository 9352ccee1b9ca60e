internal import Core
internal import Media
internal import ObjectStorage
internal import SQL

/// Makes one segment of one rendition: what a viewer waits for.
///
/// In the viewers' lane while somebody waits, among the background's otherwise.
struct EncodeSegment: Job {
    static let kind = "asset.segment"
    static let lane = Lane.viewer

    let asset: AssetID
    let version: Int
    /// The rendition's name: an encoded rung, the copied one, or the sound.
    let rung: String
    let segment: Int

    var subject: String { Subject.segment(asset, version, rung, segment) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let plan = try await context.database.read({ try Plan.find(asset, version, in: $0) }) else {
            return .done  // deleted meanwhile
        }
        let existing = try await context.database.read {
            try SegmentOrder.existing(asset, version, segment..<segment + 1, in: $0)
        }
        guard segment < plan.timeline.segmentCount,
            !existing.contains(SegmentOrder.Place(rung: rung, number: segment))
        else { return .done }
        if let rung = plan.rungs.first(where: { $0.name == rung }) {
            let encoding = RungEncoding(asset: asset, version: version, plan: plan, context: context)
            try await encoding.run([rung], segment..<segment + 1, isAwaited: true) { _ in }
            return .done
        }
        let single = SingleSegment(asset: asset, version: version, number: segment, plan: plan, context: context)
        if rung == VersionState.audioName, plan.hasAudio { return try await single.sound() }
        if let copied = plan.copied, copied.name == rung { return try await single.picture(copied) }
        return .done
    }

    /// A stream that is made in one pass is judged by that pass.
    func buried(reason: String, in transaction: any Connection) throws {
        guard let plan = try Plan.find(asset, version, in: transaction), plan.rungs.contains(where: { $0.name == rung })
        else { return }
        guard try !Replanning.unlist([rung], of: asset, version, in: transaction) else { return }
        try Replanning.replanOrFail(asset, version, reason: reason, in: transaction)
    }
}

/// One segment ahead of the pass that makes all of its rendition.
private struct SingleSegment {
    let asset: AssetID
    let version: Int
    let number: Int
    let plan: Plan
    let context: ProcessingContext

    /// How long to wait for the pass's init.
    private static let pause = Duration.milliseconds(100)

    func sound() async throws -> JobOutcome {
        let name = VersionState.audioName
        let source = try context.original(asset, version)
        guard let copied = plan.copiedAudio else {
            try await publish(name, hasInit: true) { folder in
                let made = try await AudioEncoder(tools: context.tools).encodeSegment(
                    number,
                    source: source,
                    info: plan.info,
                    timeline: plan.timeline,
                    bitRate: plan.audioBitRate,
                    into: folder
                )
                return (made.bytes, AudioEncoder.codecs)
            }
            return .done
        }
        guard try await initialization(of: name) != nil else { return .snooze(Self.pause) }
        try await publish(name, hasInit: false) { folder in
            try await StreamCopier(tools: context.tools).audioSegment(
                number,
                source: source,
                info: plan.info,
                timeline: plan.timeline,
                copied: copied,
                into: folder
            ).map { ($0.bytes, $0.codecs) }
        }
        return .done
    }

    func picture(_ copied: Plan.CopiedRung) async throws -> JobOutcome {
        let source = try context.original(asset, version)
        guard let initialization = try await initialization(of: copied.name) else { return .snooze(Self.pause) }
        try await publish(copied.name, hasInit: false) { folder in
            let made = try await StreamCopier(tools: context.tools).videoSegment(
                number,
                source: source,
                info: plan.info,
                timeline: plan.timeline,
                initialization: initialization,
                into: folder
            )
            return (made.bytes, made.codecs)
        }
        return .done
    }

    /// The init that the pass has published; nil before it has.
    private func initialization(of name: String) async throws -> [UInt8]? {
        let renditions = try await context.database.read { try VersionState.renditions(asset, version, in: $0) }
        guard renditions.contains(where: { $0.name == name && $0.codecs != nil }) else { return nil }
        let key = try AssetKeys.file(asset, version: version, rendition: name, name: "init.mp4")
        return try await context.store.get(key, range: nil).collect(upTo: 1 << 20)
    }

    private func publish(
        _ name: String,
        hasInit: Bool,
        _ make: (_ folder: String) async throws -> (bytes: Int, codecs: String)?
    ) async throws {
        try await context.withWorkFolder { folder in
            guard let made = try await make(folder) else { return }
            let grid = plan.audioGrid
            let length =
                name == VersionState.audioName ? grid.duration(of: number) : plan.timeline.duration(of: number)
            let rendition = MadeRendition(
                name: name,
                folder: folder,
                codecs: made.codecs,
                segments: [.init(number: number, bytes: made.bytes, duration: length.duration)],
                hasInit: hasInit
            )
            try await context.publish(rendition, plan: plan, of: asset, version)
        }
    }
}

internal import Core
internal import Foundation
internal import Media
internal import SQL

extension Insight {
    /// Writes a batch in one transaction: the events themselves, each playback's tally, and the sums of the days.
    ///
    /// - Returns: how many could not be told apart: they came without a session, from someone without a key.
    func write(_ batch: [PlaybackReport]) async throws -> Int {
        let addresses = configuration.addresses
        return try await database.write { transaction in
            var writing = try InsightBatch(addresses, in: transaction)
            for report in batch { try writing.add(report) }
            try writing.store()
            return writing.unnamed
        }
    }
}

/// What a batch of reports changes, in a transaction.
private struct InsightBatch {
    private struct Medium {
        let kind: String
        let duration: Duration
        let step: Int
    }

    private struct SessionKey: Hashable {
        let asset: AssetID
        let session: String
    }

    private struct Session {
        let share: ShareID?
        var isPrivate: Bool
        var tally: PlaybackTally
        var updatedAt: Timestamp
    }

    private struct PlanKey: Hashable {
        let asset: AssetID
        let version: Int
    }

    /// After this long without a word, a player that names no session begins another playback.
    private static let pause = Duration.seconds(1800)

    private let transaction: any Connection
    private let viewers: ViewerKey
    /// Nil for what is gone.
    private var media: [AssetID: Medium?] = [:]
    private var plans: [PlanKey: Plan?] = [:]
    private var sessions: [SessionKey: Session] = [:]
    private var sums: [PlaybackSumsKey: PlaybackSums] = [:]
    private(set) var unnamed = 0

    init(_ addresses: Insight.Configuration.Addresses, in transaction: any Connection) throws {
        self.transaction = transaction
        viewers = try ViewerKey(of: Day(.now), addresses, in: transaction)
    }

    mutating func add(_ report: PlaybackReport) throws {
        let source = report.source
        guard let medium = try medium(source.asset) else { return }
        let viewer = viewers.key(source.visitor)
        guard let name = source.session.map(ViewerKey.session) ?? viewer.map({ "auto \($0)" }) else {
            unnamed += 1
            return
        }
        let key = SessionKey(asset: source.asset, session: name)
        var session = try session(key, source)
        if source.session == nil, report.time > session.updatedAt + Self.pause { session.tally = PlaybackTally() }
        if source.visitor.isPrivate { session.isPrivate = true }
        session.updatedAt = max(session.updatedAt, report.time)
        switch report.content {
        case .event(let event):
            if !session.isPrivate { try keep(event, report.time, key, session) }
            let change = session.tally.hear(event, at: report.time)
            try count(change, at: report.time, viewer, medium, source.asset, &session)
        case .segment(let segment):
            guard let part = try part(segment, of: source.asset, medium) else { break }
            let steps = RetentionCurve.steps(in: part, step: medium.step, duration: medium.duration)
            let isNew = !session.tally.hasReached(steps)
            let change = session.tally.fetched(part, isStarved: segment.isStarved, isNew: isNew)
            try count(change, at: report.time, viewer, medium, source.asset, &session)
        }
        sessions[key] = session
    }

    func store() throws {
        for (key, session) in sessions {
            let tally = String(decoding: try JSONEncoder().encode(session.tally), as: UTF8.self)
            try transaction.run(
                """
                INSERT INTO playback_sessions (asset_id, session, share_id, is_private, tally, updated_at)
                VALUES (\(key.asset), \(key.session), \(PlaybackScope.share(session.share)), \(session.isPrivate),
                    \(tally), \(session.updatedAt))
                ON CONFLICT (asset_id, session) DO UPDATE SET is_private = excluded.is_private,
                    tally = excluded.tally, updated_at = excluded.updated_at
                """
            )
        }
        for (key, sums) in sums {
            try sums.store(key, step: media[key.asset].flatMap { $0 }?.step ?? 1, in: transaction)
        }
    }

    // MARK: - What is known

    private mutating func medium(_ id: AssetID) throws -> Medium? {
        if let known = media[id] { return known }
        let medium = try Catalog.find(id, in: transaction).map { asset in
            let duration = asset.version.duration ?? .zero
            return Medium(kind: asset.kind, duration: duration, step: RetentionCurve.step(for: duration))
        }
        media[id] = .some(medium)
        return medium
    }

    private mutating func session(_ key: SessionKey, _ source: PlaybackSource) throws -> Session {
        if let known = sessions[key] { return known }
        let row = try transaction.first(
            """
            SELECT share_id, is_private, tally, updated_at FROM playback_sessions
            WHERE asset_id = \(key.asset) AND session = \(key.session)
            """
        )
        guard let row else {
            return Session(
                share: source.share,
                isPrivate: source.visitor.isPrivate,
                tally: PlaybackTally(),
                updatedAt: Timestamp(microseconds: 0)
            )
        }
        let share: Int64 = try row.get("share_id")
        return Session(
            share: share > 0 ? ShareID(rawValue: share) : nil,
            isPrivate: try row.get("is_private"),
            tally: try JSONDecoder().decode(PlaybackTally.self, from: Data(row.get("tally", as: String.self).utf8)),
            updatedAt: try row.get("updated_at")
        )
    }

    /// A segment's place in the recording; nil for one that there is not, and for the sound beside a picture.
    private mutating func part(
        _ segment: FetchedSegment,
        of asset: AssetID,
        _ medium: Medium
    ) throws -> PlayedPart? {
        guard segment.rendition != "audio" || medium.kind == "audio" else { return nil }
        let key = PlanKey(asset: asset, version: segment.version)
        if plans[key] == nil { plans[key] = .some(try Plan.find(asset, segment.version, in: transaction)) }
        guard let plan = plans[key].flatMap({ $0 }), (0..<plan.timeline.segmentCount).contains(segment.number) else {
            return nil
        }
        let frames = plan.timeline.frames(of: segment.number)
        let rate = plan.timeline.rate.value
        func time(_ frame: Int) -> Duration { .microseconds(Int64((Double(frame) / rate * 1_000_000).rounded())) }
        return PlayedPart(start: time(frames.lowerBound), end: time(frames.upperBound), quality: segment.rendition)
    }

    // MARK: - What is added

    private func keep(_ event: PlaybackEvent, _ time: Timestamp, _ key: SessionKey, _ session: Session) throws {
        try transaction.run(
            """
            INSERT INTO playback_events (asset_id, share_id, session, event, position, quality, duration, code,
                created_at)
            VALUES (\(key.asset), \(PlaybackScope.share(session.share)), \(key.session), \(event.kind),
                \(event.position?.microseconds), \(event.quality), \(event.duration?.microseconds), \(event.code),
                \(time))
            """
        )
    }

    private mutating func count(
        _ change: PlaybackTally.Change,
        at time: Timestamp,
        _ viewer: String?,
        _ medium: Medium,
        _ asset: AssetID,
        _ session: inout Session
    ) throws {
        guard change != PlaybackTally.Change() else { return }
        let parts = change.parts.compactMap { part -> (PlayedPart, Range<Int>, [Int])? in
            var part = part
            part.start = min(part.start, medium.duration)
            part.end = min(part.end, medium.duration)
            guard part.end > part.start else { return nil }
            let steps = RetentionCurve.steps(in: part, step: medium.step, duration: medium.duration)
            return (part, steps, session.tally.reach(steps))
        }
        for scope in [PlaybackScope.all, PlaybackScope.share(session.share)] {
            let key = PlaybackSumsKey(asset: asset, scope: scope, day: Day(time))
            let isNew = try change.views > 0 && isFirst(viewer, key)
            sums[key, default: PlaybackSums()].add(change, newViewer: isNew)
            for (part, steps, new) in parts { sums[key, default: PlaybackSums()].add(part, steps: steps, new: new) }
        }
    }

    /// Whether the viewer was not seen that day before.
    private func isFirst(_ viewer: String?, _ key: PlaybackSumsKey) throws -> Bool {
        guard let viewer else { return false }
        return try transaction.run(
            """
            INSERT INTO playback_viewers (asset_id, scope, day, viewer)
            VALUES (\(key.asset), \(key.scope), \(key.day), \(viewer)) ON CONFLICT DO NOTHING
            """
        ) == 1
    }
}

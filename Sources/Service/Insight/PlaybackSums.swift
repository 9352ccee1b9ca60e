internal import Core
internal import SQL

/// Whose playbacks are added up: every day has a row for each of them.
enum PlaybackScope {
    /// All of an asset's.
    static let all: Int64 = -1
    /// Those without a share: by whoever has an account.
    static let direct: Int64 = 0

    static func share(_ id: ShareID?) -> Int64 { id?.rawValue ?? direct }
}

/// What a batch of reports adds to one day of one scope of an asset.
struct PlaybackSums {
    /// What is counted by name.
    struct Part: Hashable {
        enum Kind: String, SQLConvertible {
            case quality, error, start
        }
        let kind: Kind
        let name: String
    }

    var views = 0
    var viewers = 0
    var watched: Int64 = 0
    var starts = 0
    var startTime: Int64 = 0
    var rebuffers = 0
    var rebuffered: Int64 = 0
    var errors = 0
    var parts: [Part: Int64] = [:]
    /// Steps of the curve that playbacks have reached for the first time.
    var reached: [Int: Int] = [:]
    /// Where steps that were played begin (+1) and end (-1).
    var played: [Int: Int] = [:]

    /// Upper bounds of the classes of start times, in seconds.
    static let startBounds = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 13, 30, 60]

    private mutating func add(_ kind: Part.Kind, _ name: String, _ amount: Int64) {
        parts[Part(kind: kind, name: name), default: 0] += amount
    }

    /// What has no steps in the curve.
    mutating func add(_ change: PlaybackTally.Change, newViewer: Bool) {
        views += change.views
        viewers += newViewer ? 1 : 0
        rebuffers += change.rebuffers
        rebuffered += change.rebuffered.microseconds
        errors += change.errors.count
        for code in change.errors { add(.error, code, 1) }
        if let startup = change.startup {
            starts += 1
            startTime += startup.microseconds
            let bound = Self.startBounds.first { startup.inSeconds <= $0 }
            add(.start, bound.map { "\($0)" } ?? "more", 1)
        }
    }

    mutating func add(_ part: PlayedPart, steps: Range<Int>, new: [Int]) {
        watched += part.length.microseconds
        add(.quality, part.quality ?? "unknown", part.length.microseconds)
        for step in new { reached[step, default: 0] += 1 }
        guard !steps.isEmpty else { return }
        played[steps.lowerBound, default: 0] += 1
        played[steps.upperBound, default: 0] -= 1
    }
}

/// A row of the sums.
struct PlaybackSumsKey: Hashable {
    let asset: AssetID
    let scope: Int64
    let day: Day
}

extension PlaybackSums {
    /// Adds them to what is stored.
    ///
    /// `step`: of the curve.
    func store(_ key: PlaybackSumsKey, step: Int, in transaction: any Connection) throws {
        try transaction.run(
            """
            INSERT INTO playback_days (asset_id, scope, day, views, viewers, watched, starts, start_time, rebuffers,
                rebuffered, errors)
            VALUES (\(key.asset), \(key.scope), \(key.day), \(views), \(viewers), \(watched), \(starts),
                \(startTime), \(rebuffers), \(rebuffered), \(errors))
            ON CONFLICT (asset_id, scope, day) DO UPDATE SET
                views = playback_days.views + excluded.views, viewers = playback_days.viewers + excluded.viewers,
                watched = playback_days.watched + excluded.watched, starts = playback_days.starts + excluded.starts,
                start_time = playback_days.start_time + excluded.start_time,
                rebuffers = playback_days.rebuffers + excluded.rebuffers,
                rebuffered = playback_days.rebuffered + excluded.rebuffered,
                errors = playback_days.errors + excluded.errors
            """
        )
        try storeParts(key, in: transaction)
        try storeCurve(key, step: step, in: transaction)
    }

    /// Names of one kind in a day: a stranger's inventions share a line.
    private static let mostNames = 24

    private func storeParts(_ key: PlaybackSumsKey, in transaction: any Connection) throws {
        guard !parts.isEmpty else { return }
        let rows = try transaction.all(
            """
            SELECT name FROM playback_parts WHERE asset_id = \(key.asset) AND scope = \(key.scope)
                AND day = \(key.day) AND kind = \(Part.Kind.quality)
            """
        )
        var known = Set(try rows.map { try $0.get("name", as: String.self) })
        for (part, amount) in parts {
            var name = part.name
            if part.kind == .quality, !known.contains(name) {
                if known.count < Self.mostNames { known.insert(name) } else { name = "other" }
            }
            try transaction.run(
                """
                INSERT INTO playback_parts (asset_id, scope, day, kind, name, amount)
                VALUES (\(key.asset), \(key.scope), \(key.day), \(part.kind), \(name), \(amount))
                ON CONFLICT (asset_id, scope, day, kind, name)
                    DO UPDATE SET amount = playback_parts.amount + excluded.amount
                """
            )
        }
    }

    private func storeCurve(_ key: PlaybackSumsKey, step: Int, in transaction: any Connection) throws {
        guard !reached.isEmpty || !played.isEmpty else { return }
        let row = try transaction.first(
            """
            SELECT reached, played FROM playback_curves WHERE asset_id = \(key.asset) AND scope = \(key.scope)
                AND day = \(key.day) AND step = \(step)
            """
        )
        var curve = RetentionCurve(step: step)
        if let row { curve.add(try RetentionCurve(step: step, row)) }
        var new = RetentionCurve(step: step)
        new.reached = Self.counts(reached)
        var running = 0
        new.played = Self.counts(played).map { change in
            running += change
            return running
        }
        curve.add(new)
        let (reached, played) = (RetentionCurve.packed(curve.reached), RetentionCurve.packed(curve.played))
        try transaction.run(
            """
            INSERT INTO playback_curves (asset_id, scope, day, step, reached, played)
            VALUES (\(key.asset), \(key.scope), \(key.day), \(step), \(reached), \(played))
            ON CONFLICT (asset_id, scope, day, step)
                DO UPDATE SET reached = excluded.reached, played = excluded.played
            """
        )
    }

    private static func counts(_ counts: [Int: Int]) -> [Int] {
        var list = Array(repeating: 0, count: (counts.keys.max() ?? -1) + 1)
        for (step, count) in counts { list[step] = count }
        return list
    }
}

extension RetentionCurve {
    init(step: Int, _ row: Row) throws {
        self.init(step: step)
        reached = Self.unpacked(try row.get("reached"))
        played = Self.unpacked(try row.get("played"))
    }
}

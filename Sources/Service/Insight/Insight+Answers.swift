package import Core
internal import SQL

extension Insight {
    /// What the playbacks of an asset add up to, those of the last second included.
    ///
    /// Read from the days' sums: its cost does not grow with the number of views.
    ///
    /// - Throws: `.notFound` for an asset or a share that is not there, `.forbidden` for another's.
    package func analytics(
        of asset: AssetID,
        _ question: AnalyticsQuestion,
        for owner: UserID
    ) async throws -> Analytics {
        await flush()
        return try await database.read { connection in
            let record = try Catalog.own(asset, owner, in: connection)
            let scope = try Self.scope(question, of: asset, in: connection)
            let (first, last) = (question.days.lowerBound, question.days.upperBound)
            let rows: Query = """
                asset_id = \(asset) AND scope = \(scope) AND day >= \(first) AND day <= \(last)
                """
            var answer = Analytics()
            try answer.readDays(question.days, rows, in: connection)
            try answer.readParts(rows, in: connection)
            let duration = record.version.duration ?? .zero
            answer.retention = RetentionCurve(step: RetentionCurve.step(for: duration))
            let steps = RetentionCurve.steps(answer.retention.step, for: duration)
            try answer.readCurve(rows, steps: steps, in: connection)
            if question.scope == .all { try answer.readShares(asset, question.days, in: connection) }
            return answer
        }
    }

    private static func scope(
        _ question: AnalyticsQuestion,
        of asset: AssetID,
        in connection: any Connection
    ) throws -> Int64 {
        switch question.scope {
        case .all: return PlaybackScope.all
        case .direct: return PlaybackScope.direct
        case .share(let token):
            guard let share = try Sharing.find(token, in: connection), share.asset == asset else {
                throw ServiceError(.notFound, "There is no such share of this asset.", field: "share")
            }
            return share.id.rawValue
        }
    }
}

extension Analytics {
    private static let sums: Query = """
        views, viewers, watched, starts, start_time, rebuffers, rebuffered, errors
        """

    fileprivate mutating func readDays(
        _ days: ClosedRange<Day>,
        _ rows: Query,
        in connection: any Connection
    ) throws {
        var found: [Day: Totals] = [:]
        try connection.each("SELECT day, \(sql: Self.sums) FROM playback_days WHERE \(sql: rows)") { row in
            let day: Day = try row.get("day")
            found[day] = try Totals(row: row)
        }
        for number in days.lowerBound.rawValue...days.upperBound.rawValue {
            let day = Day(rawValue: number)
            let line = found[day] ?? Totals()
            self.days.append((day, line))
            totals.add(line)
        }
    }

    fileprivate mutating func readParts(_ rows: Query, in connection: any Connection) throws {
        var starts: [(bound: Double, count: Int)] = []
        try connection.each(
            """
            SELECT kind, name, CAST(SUM(amount) AS BIGINT) AS amount FROM playback_parts WHERE \(sql: rows)
            GROUP BY kind, name ORDER BY amount DESC, name
            """
        ) { row in
            let name: String = try row.get("name")
            let amount: Int64 = try row.get("amount")
            switch try row.get("kind", as: PlaybackSums.Part.Kind.self) {
            case .quality: qualities.append((name, .microseconds(amount)))
            case .error: errors.append((name, Int(amount)))
            // The last class has no bound; its lower one is the best that can be said.
            case .start: starts.append((Double(name) ?? PlaybackSums.startBounds.last ?? 0, Int(amount)))
            }
        }
        let all = starts.reduce(0) { $0 + $1.count }
        var before = 0
        for (bound, count) in starts.sorted(by: { $0.bound < $1.bound }) where medianStart == nil {
            before += count
            if before * 2 >= all { medianStart = bound }
        }
    }

    fileprivate mutating func readCurve(_ rows: Query, steps: Int, in connection: any Connection) throws {
        try connection.each("SELECT step, reached, played FROM playback_curves WHERE \(sql: rows)") { row in
            retention.add(try RetentionCurve(step: try row.get("step"), row))
        }
        // As long as the recording is: a version before this one may have been longer.
        for list in [\RetentionCurve.reached, \RetentionCurve.played] {
            let counts = retention[keyPath: list].prefix(steps)
            retention[keyPath: list] = Array(counts) + Array(repeating: 0, count: steps - counts.count)
        }
    }

    fileprivate mutating func readShares(
        _ asset: AssetID,
        _ days: ClosedRange<Day>,
        in connection: any Connection
    ) throws {
        try connection.each(
            """
            SELECT s.token, d.scope, CAST(SUM(d.views) AS BIGINT) AS views, CAST(SUM(d.viewers) AS BIGINT) AS viewers,
                CAST(SUM(d.watched) AS BIGINT) AS watched, CAST(SUM(d.starts) AS BIGINT) AS starts,
                CAST(SUM(d.start_time) AS BIGINT) AS start_time, CAST(SUM(d.rebuffers) AS BIGINT) AS rebuffers,
                CAST(SUM(d.rebuffered) AS BIGINT) AS rebuffered, CAST(SUM(d.errors) AS BIGINT) AS errors
            FROM playback_days d LEFT JOIN shares s ON s.id = d.scope
            WHERE d.asset_id = \(asset) AND d.scope >= \(PlaybackScope.direct) AND d.day >= \(days.lowerBound)
                AND d.day <= \(days.upperBound)
            GROUP BY d.scope, s.token ORDER BY views DESC, d.scope LIMIT 500
            """
        ) { row in
            shares.append(ShareLine(token: try row.get("token"), totals: try Totals(row: row)))
        }
    }
}

extension Analytics.Totals {
    fileprivate init(row: Row) throws {
        views = try row.get("views")
        viewers = try row.get("viewers")
        watched = .microseconds(try row.get("watched", as: Int64.self))
        starts = try row.get("starts")
        startTime = .microseconds(try row.get("start_time", as: Int64.self))
        rebuffers = try row.get("rebuffers")
        rebuffered = .microseconds(try row.get("rebuffered", as: Int64.self))
        errors = try row.get("errors")
    }

    fileprivate mutating func add(_ other: Self) {
        views += other.views
        viewers += other.viewers
        watched += other.watched
        starts += other.starts
        startTime += other.startTime
        rebuffers += other.rebuffers
        rebuffered += other.rebuffered
        errors += other.errors
    }
}

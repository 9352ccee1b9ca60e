internal import Core
internal import HTTP
internal import Service

/// `GET /media/:id/analytics`: what playbacks add up to, for the owner.
///
/// `from`, `to`: days, the last thirty unless told. `share`: a share's token, or `none`. JSON, or CSV (`format=csv`, or
/// by `Accept`) of one `table`: `days`, `retention`, `qualities`, `errors`, `shares`.
extension MediaManagement {
    @Sendable func showAnalytics(_ request: Request) async throws -> Response {
        let principal = try await authentication.principal(for: request)
        let id = try Self.assetID(request)
        let query = request.query
        let question = try AnalyticsQuestion(
            from: query.first("from"),
            to: query.first("to"),
            share: query.first("share")
        )
        let table = try Self.table(request)
        let analytics = try await insight.analytics(of: id, question, for: principal.userID)
        var response: Response
        if let table {
            response = AnalyticsTable.response(table, analytics)
            let days = "\(question.days.lowerBound)-\(question.days.upperBound)"
            response.headers["Content-Disposition"] =
                "attachment; filename=\"\(id.contractName)-\(table.rawValue)-\(days).csv\""
        } else {
            response = try .json(AnalyticsReply(id, question, analytics))
        }
        response.headers["Cache-Control"] = "no-store"
        response.headers.add("Vary", "Accept")
        return response
    }

    /// The table that is wanted as CSV; nil for JSON.
    private static func table(_ request: Request) throws -> AnalyticsTable? {
        switch request.query.first("format") {
        case "json": return nil
        case "csv": break
        case nil:
            let accepted = request.headers.all("Accept")
            guard accepted.contains(where: { $0.lowercased().contains("text/csv") }) else { return nil }
        default: throw ServiceError(.invalidRequest, "format must be json or csv.", field: "format")
        }
        let name = request.query.first("table") ?? AnalyticsTable.days.rawValue
        guard let table = AnalyticsTable(rawValue: name) else {
            let known = AnalyticsTable.allCases.map(\.rawValue).joined(separator: ", ")
            throw ServiceError(.invalidRequest, "table must be one of \(known).", field: "table")
        }
        return table
    }
}

extension Duration {
    /// Seconds to the millisecond.
    fileprivate var rounded: Double { (inSeconds * 1000).rounded() / 1000 }
}

/// The analytics as JSON; times are seconds.
private struct AnalyticsReply: Encodable {
    struct Totals: Encodable {
        let views: Int
        let uniqueViewers: Int
        let watchTime: Double
        let averageStartupTime: Double?
        let measuredStarts: Int
        let rebuffers: Int
        let rebufferTime: Double
        let rebufferRatio: Double?
        let errors: Int

        init(_ totals: Analytics.Totals) {
            views = totals.views
            uniqueViewers = totals.viewers
            watchTime = totals.watched.rounded
            averageStartupTime = totals.averageStart?.rounded
            measuredStarts = totals.starts
            rebuffers = totals.rebuffers
            rebufferTime = totals.rebuffered.rounded
            rebufferRatio = totals.rebufferRatio
            errors = totals.errors
        }
    }
    struct Day: Encodable {
        let date: String
        let totals: Totals
    }
    struct Quality: Encodable {
        let quality: String
        let watchTime: Double
    }
    struct Fault: Encodable {
        let code: String
        let count: Int
    }
    struct Retention: Encodable {
        /// Seconds of a step; a second unless the recording is longer than an hour.
        let step: Int
        let viewers: [Int]
        let plays: [Int]
    }
    struct Share: Encodable {
        /// Absent for playbacks without a share.
        let token: String?
        let totals: Totals
    }

    let assetId: String
    let from: String
    let to: String
    let totals: Totals
    /// Half of the starts kept within this many seconds.
    let medianStartupTime: Double?
    let days: [Day]
    let qualities: [Quality]
    let errors: [Fault]
    let retention: Retention
    let shares: [Share]?

    init(_ id: AssetID, _ question: AnalyticsQuestion, _ analytics: Analytics) {
        assetId = id.contractName
        from = question.days.lowerBound.description
        to = question.days.upperBound.description
        totals = Totals(analytics.totals)
        medianStartupTime = analytics.medianStart
        days = analytics.days.map { Day(date: $0.day.description, totals: Totals($0.totals)) }
        qualities = analytics.qualities.map { Quality(quality: $0.name, watchTime: $0.watched.rounded) }
        errors = analytics.errors.map { Fault(code: $0.code, count: $0.count) }
        let curve = analytics.retention
        retention = Retention(step: curve.step, viewers: curve.reached, plays: curve.played)
        shares =
            question.scope == .all
            ? analytics.shares.map { Share(token: $0.token, totals: Totals($0.totals)) } : nil
    }
}

/// The tables that leave as CSV (RFC 4180); times are seconds.
private enum AnalyticsTable: String, CaseIterable {
    case days, retention, qualities, errors, shares

    static func response(_ table: AnalyticsTable, _ analytics: Analytics) -> Response {
        let lines = table.lines(analytics).map { $0.map(quoted).joined(separator: ",") + "\r\n" }
        return .bytes(Array(lines.joined().utf8), contentType: "text/csv; charset=utf-8; header=present")
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { ",\"\r\n".contains($0) }) else { return field }
        return "\"\(field.replacing("\"", with: "\"\""))\""
    }

    private static let sums = [
        "views", "unique_viewers", "watch_time", "average_startup_time", "measured_starts", "rebuffers",
        "rebuffer_time", "errors",
    ]

    private static func fields(_ totals: Analytics.Totals) -> [String] {
        [
            "\(totals.views)", "\(totals.viewers)", "\(totals.watched.rounded)",
            totals.averageStart.map { "\($0.rounded)" } ?? "", "\(totals.starts)", "\(totals.rebuffers)",
            "\(totals.rebuffered.rounded)", "\(totals.errors)",
        ]
    }

    private func lines(_ analytics: Analytics) -> [[String]] {
        switch self {
        case .days:
            return [["date"] + Self.sums] + analytics.days.map { [$0.day.description] + Self.fields($0.totals) }
        case .retention:
            let curve = analytics.retention
            return [["second", "viewers", "plays"]]
                + zip(curve.reached, curve.played).enumerated().map { index, counts in
                    ["\(index * curve.step)", "\(counts.0)", "\(counts.1)"]
                }
        case .qualities:
            return [["quality", "watch_time"]] + analytics.qualities.map { [$0.name, "\($0.watched.rounded)"] }
        case .errors:
            return [["code", "count"]] + analytics.errors.map { [$0.code, "\($0.count)"] }
        case .shares:
            return [["share"] + Self.sums] + analytics.shares.map { [$0.token ?? "none"] + Self.fields($0.totals) }
        }
    }
}

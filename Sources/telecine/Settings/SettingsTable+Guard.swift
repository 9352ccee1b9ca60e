internal import API
internal import Foundation
internal import Service

/// What one client may ask for, and what is remembered of administrators.
extension SettingsTable {
    static let anonymousAccess = Setting<AnonymousAccess>(
        "ANONYMOUS_ACCESS",
        .accounts,
        .choice,
        standard: "none",
        help: "What those may read who are not signed in: nothing, or the media that are public (contract 2's "
            + "`is_public`), by their ids, with links to play them."
    )
    static let limitSignIn = limit("SIGN_IN", .signIn, "Sign-ins, registrations and renewed tokens")
    static let limitWrites = limit("WRITES", .writes, "Changes, beginnings of uploads among them; their bytes are free")
    static let limitReads = limit("READS", .reads, "Reads of the API and the pages")
    static let limitMedia = limit("MEDIA", .media, "Pictures and files that may have to be made; segments are free")
    static let limitEvents = limit("EVENTS", .events, "What players report of playbacks")

    static let requestLimits: [RouteClass: Setting<RequestLimits.Limit?>] = [
        .signIn: limitSignIn, .writes: limitWrites, .reads: limitReads, .media: limitMedia, .events: limitEvents,
    ]

    /// The standard is what the API has of its own.
    private static func limit(_ name: String, _ kind: RouteClass, _ what: String) -> Setting<RequestLimits.Limit?> {
        let standard = RequestLimits.generous[kind]
        return Setting(
            "RATE_LIMIT_\(name)",
            .network,
            .limit,
            standard: standard.map { "\($0.count)/\(Span.text($0.period))" } ?? "off",
            help: "\(what): how many one address and one account may make at once and again in each period. "
                + "Requests from this machine itself do not count: name a proxy in `TRUSTED_PROXIES`."
        )
    }

    static let auditDays = Setting(
        "AUDIT_DAYS",
        .network,
        .integer(1...3650),
        standard: "365",
        help: "Days for which the audit log keeps what administrators did."
    )
}

extension SettingForm where Value == RequestLimits.Limit? {
    /// `600/1m`: a number and the period in which it may be made, or `off`.
    static var limit: Self {
        SettingForm(expected: "off, or a number and a period of up to a day, such as 600/1m") { text in
            if text == "off" { return .some(nil) }
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let count = Int(parts[0]), (1...10_000_000).contains(count),
                let period = Span.parse(String(parts[1])), period >= .seconds(1), period <= .seconds(86_400)
            else { return nil }
            return RequestLimits.Limit(count: count, period: period)
        }
    }
}

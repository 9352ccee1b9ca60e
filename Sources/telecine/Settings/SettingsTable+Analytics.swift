internal import Service

/// What is kept of playbacks.
extension SettingsTable {
    static let analyticsDays = Setting(
        "ANALYTICS_RETENTION_DAYS",
        .analytics,
        .integer(1...3650),
        standard: "90",
        help: "Days for which single playback events are kept; the sums of each day stay with the recording."
    )

    static let analyticsAddresses = Setting<Insight.Configuration.Addresses>(
        "ANALYTICS_ADDRESSES",
        .analytics,
        .choice,
        standard: "anonymised",
        help: "What of an address tells viewers apart within a day: its network (`anonymised`), `full`, or `none` of "
            + "it, which leaves those with an account. It is never stored, only a hash of it whose key goes every day."
    )
}

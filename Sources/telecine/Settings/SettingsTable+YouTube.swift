internal import Service

/// The channel that owners may publish on (docs/youtube.md).
extension SettingsTable {
    static let youTubeClientID = Setting(
        "YOUTUBE_CLIENT_ID",
        .youTube,
        .text("an OAuth client's id, one line", where: isWord),
        without: "nothing is published on YouTube",
        help: "The OAuth client of your Google Cloud project, for `POST /api/assets/:id/share/youtube`."
    )
    static let youTubeClientSecret = Setting(
        "YOUTUBE_CLIENT_SECRET",
        .youTube,
        .text("an OAuth client's secret, one line", where: isWord),
        isSecret: true,
        help: "Its secret."
    )
    static let youTubeRefreshToken = Setting(
        "YOUTUBE_REFRESH_TOKEN",
        .youTube,
        .text("a refresh token, one line", where: isWord),
        isSecret: true,
        help: "The channel's consent, with the scope `https://www.googleapis.com/auth/youtube.upload`."
    )
    static let youTubePublishers = Setting<YouTube.Publishers>(
        "YOUTUBE_PUBLISHERS",
        .youTube,
        SettingForm(expected: "owners or admins") { text in
            YouTube.Publishers(rawValue: text.lowercased()).flatMap { $0 == .nobody ? nil : $0 }
        },
        standard: "owners",
        help: "Who may publish their own recordings on that channel: everybody with an account, or administrators. "
            + "With `REGISTRATION=open` everybody is anybody."
    )
    static let youTubeAPIURL = Setting(
        "YOUTUBE_API_URL",
        .youTube,
        .baseURL,
        standard: YouTubeClient.Configuration.apiURL,
        help: "Where YouTube's API is reached, through a proxy of yours for instance; it may then be a private address."
    )
    static let youTubeTokenURL = Setting(
        "YOUTUBE_TOKEN_URL",
        .youTube,
        .baseURL,
        standard: YouTubeClient.Configuration.tokenURL,
        help: "Where Google gives access tokens; likewise."
    )

    private static let isWord: @Sendable (String) -> Bool = { text in
        text.utf8.count <= 4096 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

/// How this installation publishes on YouTube.
struct YouTubeSettings: Sendable {
    /// Nil where it does not.
    let client: YouTubeClient.Configuration?
    let publishers: YouTube.Publishers
    /// What whoever runs it should know.
    let notices: [String]

    init(_ reader: inout SettingsReader, registration: RegistrationPolicy) {
        let values = [
            (SettingsTable.youTubeClientID, reader.optional(SettingsTable.youTubeClientID)),
            (SettingsTable.youTubeClientSecret, reader.optional(SettingsTable.youTubeClientSecret)),
            (SettingsTable.youTubeRefreshToken, reader.optional(SettingsTable.youTubeRefreshToken)),
        ]
        let publishers = reader.value(SettingsTable.youTubePublishers, insteadOfWrong: .admins)
        let apiURL = reader.value(SettingsTable.youTubeAPIURL, insteadOfWrong: "")
        let tokenURL = reader.value(SettingsTable.youTubeTokenURL, insteadOfWrong: "")
        guard let id = values[0].1, let secret = values[1].1, let token = values[2].1 else {
            let missing = values.filter { $0.1 == nil }.map(\.0.name)
            if missing.count < values.count {
                reader.refuse("\(missing.joined(separator: ", ")): expected with the other YOUTUBE_ settings, or none")
            }
            (client, self.publishers, notices) = (nil, .nobody, [])
            return
        }
        var client = YouTubeClient.Configuration(clientID: id, clientSecret: secret, refreshToken: token)
        (client.apiURL, client.tokenURL) = (apiURL, tokenURL)
        (self.client, self.publishers) = (client, publishers)
        let isForAnybody = publishers == .owners && registration == .open
        notices =
            isForAnybody
            ? [
                "Anybody who registers can publish on your YouTube channel: set YOUTUBE_PUBLISHERS=admins, or "
                    + "REGISTRATION=invite or closed."
            ] : []
    }
}

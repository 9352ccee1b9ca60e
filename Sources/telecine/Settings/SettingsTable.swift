internal import API
internal import Core
internal import Foundation
internal import Service

/// Every setting, once: `Settings` reads them, `docs/settings.md` is made from them.
enum SettingsTable {
    // MARK: Service

    static let port = Setting(
        "PORT",
        .service,
        .integer(0...65_535),
        standard: "3000",
        flag: "--port",
        help: "The port that answers everything; 0 takes a free one."
    )
    static let host = Setting(
        "HOST",
        .service,
        .text("an address of this machine", where: { !$0.contains("/") }),
        standard: "0.0.0.0",
        flag: "--host",
        help: "The address to listen on; `127.0.0.1` behind a proxy on the same machine."
    )
    static let dataDir = Setting(
        "DATA_DIR",
        .service,
        .path,
        standard: "./data",
        flag: "--data",
        help: "The folder of the database, the media and the secret; back it up whole."
    )
    static let publicURL = Setting(
        "PUBLIC_URL",
        .service,
        .baseURL,
        without: "the request's own host",
        flag: "--public-url",
        help: "Where users reach the service; links begin with it, and `https` makes cookies secure."
    )
    static let contractPorts = Setting(
        "CONTRACT_PORTS",
        .service,
        .onOff,
        standard: "off",
        help: "Also listen on 3001, 3002, 3003, 3006 and 8000, as existing clients expect; a busy one is a warning."
    )

    // MARK: Accounts

    static let jwtSecret = Setting(
        "JWT_SECRET",
        .accounts,
        .text(SecretStrength.requirement, where: SecretStrength.isEnough),
        without: "made at first start, in `DATA_DIR/jwt-secret`",
        isSecret: true,
        help: "Signs tokens and links; changing it signs everybody out."
    )
    static let registration = Setting<RegistrationPolicy>(
        "REGISTRATION",
        .accounts,
        .choice,
        standard: "open",
        help: "Who may make an account: anybody, whoever is invited, or nobody. Administrators never come this way."
    )
    static let tokenLifetime = Setting(
        "TOKEN_LIFETIME",
        .accounts,
        .duration(.seconds(60)...(.seconds(86_400))),
        standard: "1h",
        help: "How long an access token is valid; its refresh token gives the next one."
    )
    static let sessionLifetime = Setting(
        "SESSION_LIFETIME",
        .accounts,
        .duration(.seconds(3600)...(.seconds(86_400 * 366))),
        standard: "30d",
        help: "How long somebody stays signed in without coming back."
    )

    // MARK: Uploads

    static let maxUploadSize = Setting(
        "MAX_UPLOAD_SIZE",
        .uploads,
        .bytes(1...(1 << 44)),
        standard: "10 GiB",
        help: "The largest file that is accepted."
    )
    static let chunkSize = Setting(
        "CHUNK_SIZE",
        .uploads,
        .bytes((64 << 10)...(256 << 20)),
        standard: "5 MiB",
        help: "The chunks that clients are asked to send."
    )
    static let uploadExpiry = Setting(
        "UPLOAD_EXPIRY",
        .uploads,
        .duration(.seconds(60)...(.seconds(86_400 * 30))),
        standard: "24h",
        help: "How long an upload that is not complete is kept."
    )
    static let maxOpenUploads = Setting(
        "MAX_OPEN_UPLOADS",
        .uploads,
        .integer(1...1_000_000),
        standard: "1000",
        help: "How many unfinished uploads one user may have."
    )
    static let maxOpenBytes = Setting(
        "MAX_OPEN_BYTES",
        .uploads,
        .bytes(1...(1 << 50)),
        standard: "100 GiB",
        help: "How many bytes one user's unfinished uploads may announce together."
    )
    static let uploadSync = Setting<UploadSync>(
        "UPLOAD_SYNC",
        .uploads,
        .choice,
        standard: "complete",
        help: "What survives a power cut: `acknowledge` every byte that was acknowledged, `complete` every finished "
            + "upload, `system` what the system has written by then. A crash of the service alone costs nothing."
    )
    static let maxVideoSize = Setting(
        "MAX_VIDEO_SIZE_MB",
        .uploads,
        .integer(1...(16 << 20)),
        standard: "500",
        help: "The largest file in MiB that `/api/v1/videos` accepts."
    )
    static let maxVideoDuration = Setting(
        "MAX_VIDEO_DURATION_MINUTES",
        .uploads,
        .integer(1...10_000),
        standard: "5",
        help: "The longest video that `/api/v1/videos` accepts; a longer one fails when it is probed."
    )

    // MARK: Processing

    static let workers = Setting(
        "WORKERS",
        .processing,
        .integer(0...256, auto: max(1, ProcessInfo.processInfo.activeProcessorCount / 2)),
        standard: "auto",
        help: "Worker processes that `serve` starts: `auto` is one for two cores, 0 leaves the work to `telecine work`."
    )
    static let profilesDir = Setting(
        "PROFILES_DIR",
        .processing,
        .path,
        without: "contract 1's four, as in `config/profiles`",
        help: "The folder of the ladder's profiles, one JSON file each."
    )

    // MARK: Network

    static let linkLifetime = Setting(
        "LINK_LIFETIME",
        .network,
        .duration(.seconds(60)...(.seconds(86_400 * 7))),
        standard: "1h",
        help: "How long a signed link may be used to begin playing."
    )
    static let trustedProxies = Setting(
        "TRUSTED_PROXIES",
        .network,
        .list("addresses or networks such as 127.0.0.1, 10.0.0.0/8") { AddressRange($0) },
        without: "none",
        help: "Proxies whose `Forwarded` and `X-Forwarded-For`, `-Proto` and `-Host` are believed."
    )
    static let metricsAllow = Setting<[AddressRange]>(
        "METRICS_ALLOW",
        .network,
        SettingForm(expected: "addresses or networks such as 10.0.0.0/8, or admins for administrators alone") { text in
            text == "admins" ? [] : SettingForm<[AddressRange]>.list("") { AddressRange($0) }.parse(text)
        },
        without: "this machine and private networks",
        help: "Who reads `/metrics` without an administrator's token; behind a proxy name it in `TRUSTED_PROXIES`."
    )
    static let corsOrigins = Setting(
        "CORS_ORIGINS",
        .network,
        .list("*, or origins such as https://app.example.com") { Origin.isValid($0) ? $0 : nil },
        standard: "*",
        help: "Pages of other origins that may call the API. `*`: all, without cookies; those that are listed may "
            + "also use the sign-in cookie: list none that you do not trust."
    )

    // MARK: Logging

    static let logLevel = Setting<LogLevel>(
        "LOG_LEVEL",
        .logging,
        .choice,
        standard: "info",
        help: "The least important lines that are written."
    )
    static let logFormat = Setting<LogFormat>(
        "LOG_FORMAT",
        .logging,
        .choice,
        standard: "auto",
        help: "`json` for machines, `text` for people; `auto` is text on a terminal."
    )

    // MARK: Command line as a client

    static let clientURL = Setting(
        "TELECINE_URL",
        .client,
        .baseURL,
        without: "`http://localhost:PORT`",
        flag: "--server",
        help: "The service that `upload` and `assets` talk to."
    )
    static let clientToken = Setting(
        "TELECINE_TOKEN",
        .client,
        .text("an access token"),
        isSecret: true,
        help: "An access token for `upload` and `assets`."
    )
    static let clientEmail = Setting(
        "TELECINE_EMAIL",
        .client,
        .text("a mail address"),
        flag: "--email",
        help: "The account that `upload` and `assets` sign in to."
    )
    static let clientPassword = Setting(
        "TELECINE_PASSWORD",
        .client,
        .text("a password"),
        without: "asked for on the terminal",
        isSecret: true,
        help: "Its password."
    )

    /// All of them, in the order of the documentation.
    static let all: [SettingDescription] = [
        .init(port), .init(host), .init(dataDir), .init(publicURL), .init(contractPorts),
        .init(gatewayURL), .init(uploadsURL), .init(streamingURL), .init(contentURL), .init(statusURL),
        .init(jwtSecret),
        .init(registration), .init(tokenLifetime), .init(sessionLifetime), .init(anonymousAccess),
        .init(maxUploadSize), .init(chunkSize), .init(uploadExpiry), .init(maxOpenUploads), .init(maxOpenBytes),
        .init(uploadSync), .init(maxVideoSize), .init(maxVideoDuration),
        .init(maxImageSizeHandled), .init(maxVideoSizeHandled), .init(maxSoundSizeHandled), .init(keepFailed),
        .init(trashDays), .init(cleanupTime),
        .init(workers), .init(profilesDir), .init(minimumFreeSpace), .init(maximumQueueAge),
        .init(linkLifetime), .init(trustedProxies), .init(metricsAllow), .init(corsOrigins),
        .init(limitSignIn), .init(limitWrites), .init(limitReads), .init(limitMedia), .init(limitEvents),
        .init(auditDays),
        .init(analyticsDays), .init(analyticsAddresses),
        .init(youTubeClientID), .init(youTubeClientSecret), .init(youTubeRefreshToken), .init(youTubePublishers),
        .init(youTubeAPIURL), .init(youTubeTokenURL), .init(logLevel), .init(logFormat),
        .init(clientURL), .init(clientToken), .init(clientEmail), .init(clientPassword),
    ]

    /// Names that a `.env` of contract 1 or 3 has, for engines that this service does not need.
    static let unneeded: Set<String> = [
        "MONGO_ROOT_USERNAME", "MONGO_ROOT_PASSWORD", "RABBITMQ_USER", "RABBITMQ_PASSWORD", "MINIO_ROOT_USER",
        "MINIO_ROOT_PASSWORD", "GRAFANA_USER", "GRAFANA_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "S3_BUCKET_NAME", "S3_ENDPOINT_URL",
    ]
}

/// How log lines are written.
enum LogFormat: String, CaseIterable, Sendable {
    case auto, json, text
}

/// Core's levels by name.
enum LogLevel: String, CaseIterable, Sendable {
    case debug, info, warning, error

    var level: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}

/// `*` or a web origin.
enum Origin {
    static func isValid(_ text: String) -> Bool {
        if text == "*" { return true }
        guard let parts = URLComponents(string: text), let scheme = parts.scheme, ["http", "https"].contains(scheme),
            let host = parts.host
        else { return false }
        return !host.isEmpty && parts.path.isEmpty && parts.query == nil && parts.fragment == nil && parts.user == nil
    }
}

internal import API
internal import Foundation
internal import Service

/// The configuration, validated: the only reader of the environment.
struct Settings: Sendable {
    let port: Int
    let host: String
    let dataDir: String
    let publicURL: String?
    let contractPorts: Bool
    /// Where the services are, when they run apart; without a slash at the end.
    let serviceURLs: [ServiceName: String]
    let jwtSecret: String?
    let registration: RegistrationPolicy
    let tokenLifetime: Duration
    let sessionLifetime: Duration
    let maxUploadSize: Int64
    let chunkSize: Int64
    let uploadExpiry: Duration
    let userLimits: UserLimits
    let uploadSync: UploadSync
    /// What contract 3's uploads may be.
    let videoLimits: DoorLimits
    /// Nil: what is deleted is gone at once.
    let trashPeriod: Duration?
    /// What contract 2's uploads may be, in bytes by kind.
    let handlingLimits: [FileContent.Kind: Int64]
    let keepFailed: Duration
    let analyticsRetention: Duration
    let analyticsAddresses: Insight.Configuration.Addresses
    let cleanupTime: TimeOfDay
    let workers: Int
    let readiness: Readiness
    let profilesDir: String?
    let linkLifetime: Duration
    let trustedProxies: [AddressRange]
    /// Who reads `/metrics` without a token.
    let metricsAllow: [AddressRange]
    let gateway: Gateway
    let youTube: YouTubeSettings
    let logLevel: LogLevel
    let logFormat: LogFormat
    let client: Client
    /// Names in `.env` that are no settings, one line each.
    let notices: [String]

    /// What is asked of those who come from outside.
    struct Gateway: Sendable {
        /// Whose pages may call; `*` for all.
        let corsOrigins: [String]
        /// What those may read who are not signed in.
        let anonymous: AnonymousAccess
        /// What one address and one account may ask for.
        let limits: [RouteClass: RequestLimits.Limit]
        /// How long it is known who did what.
        let keepAudit: Duration

        fileprivate init(_ reader: inout SettingsReader) {
            corsOrigins = reader.value(SettingsTable.corsOrigins, insteadOfWrong: [])
            anonymous = reader.value(SettingsTable.anonymousAccess, insteadOfWrong: .nothing)
            var limits: [RouteClass: RequestLimits.Limit] = [:]
            for (kind, setting) in SettingsTable.requestLimits {
                limits[kind] = reader.value(setting, insteadOfWrong: nil)
            }
            self.limits = limits
            keepAudit = .seconds(86_400 * reader.value(SettingsTable.auditDays, insteadOfWrong: 0))
        }
    }

    /// What the command line needs to be a client of a service.
    struct Client: Sendable {
        let url: String?
        let token: String?
        let email: String?
        let password: String?

        fileprivate init(_ reader: inout SettingsReader) {
            url = reader.optional(SettingsTable.clientURL)
            token = reader.optional(SettingsTable.clientToken)
            email = reader.optional(SettingsTable.clientEmail)
            password = reader.optional(SettingsTable.clientPassword)
        }
    }

    /// When the service calls itself ready.
    struct Readiness: Sendable {
        /// Bytes that must be free.
        let freeSpace: Int64
        /// How long a job may have waited.
        let queueAge: Duration

        fileprivate init(_ reader: inout SettingsReader) {
            freeSpace = reader.value(SettingsTable.minimumFreeSpace, insteadOfWrong: 0)
            queueAge = reader.value(SettingsTable.maximumQueueAge, insteadOfWrong: .zero)
        }
    }

    private static func userLimits(_ reader: inout SettingsReader) -> UserLimits {
        UserLimits(
            openUploads: reader.value(SettingsTable.maxOpenUploads, insteadOfWrong: 0),
            openBytes: reader.value(SettingsTable.maxOpenBytes, insteadOfWrong: 0)
        )
    }

    /// - Throws: `SettingsError` with a line for every wrong value.
    init(_ reader: SettingsReader) throws(SettingsError) {
        var reader = reader
        port = reader.value(SettingsTable.port, insteadOfWrong: 0)
        host = reader.value(SettingsTable.host, insteadOfWrong: "")
        dataDir = reader.value(SettingsTable.dataDir, insteadOfWrong: "")
        publicURL = reader.optional(SettingsTable.publicURL)
        contractPorts = reader.value(SettingsTable.contractPorts, insteadOfWrong: false)
        serviceURLs = SettingsTable.serviceURLs.mapValues { reader.value($0, insteadOfWrong: "") }
        jwtSecret = reader.optional(SettingsTable.jwtSecret)
        registration = reader.value(SettingsTable.registration, insteadOfWrong: .closed)
        tokenLifetime = reader.value(SettingsTable.tokenLifetime, insteadOfWrong: .zero)
        sessionLifetime = reader.value(SettingsTable.sessionLifetime, insteadOfWrong: .zero)
        maxUploadSize = reader.value(SettingsTable.maxUploadSize, insteadOfWrong: 0)
        chunkSize = reader.value(SettingsTable.chunkSize, insteadOfWrong: 0)
        uploadExpiry = reader.value(SettingsTable.uploadExpiry, insteadOfWrong: .zero)
        userLimits = Self.userLimits(&reader)
        uploadSync = reader.value(SettingsTable.uploadSync, insteadOfWrong: .acknowledge)
        videoLimits = DoorLimits(
            maximumSize: Int64(reader.value(SettingsTable.maxVideoSize, insteadOfWrong: 0)) << 20,
            maximumDuration: .seconds(60 * reader.value(SettingsTable.maxVideoDuration, insteadOfWrong: 0))
        )
        let trashDays = reader.value(SettingsTable.trashDays, insteadOfWrong: 0)
        trashPeriod = trashDays == 0 ? nil : .seconds(trashDays * 86_400)
        handlingLimits = SettingsTable.handlingLimits.mapValues { Int64(reader.value($0, insteadOfWrong: 0)) << 20 }
        keepFailed = reader.value(SettingsTable.keepFailed, insteadOfWrong: .zero)
        analyticsRetention = .seconds(86_400 * reader.value(SettingsTable.analyticsDays, insteadOfWrong: 1))
        analyticsAddresses = reader.value(SettingsTable.analyticsAddresses, insteadOfWrong: .anonymised)
        cleanupTime = reader.value(SettingsTable.cleanupTime, insteadOfWrong: TimeOfDay(hour: 0, minute: 0))
        workers = reader.value(SettingsTable.workers, insteadOfWrong: 0)
        readiness = Readiness(&reader)
        profilesDir = reader.optional(SettingsTable.profilesDir)
        linkLifetime = reader.value(SettingsTable.linkLifetime, insteadOfWrong: .zero)
        trustedProxies = reader.optional(SettingsTable.trustedProxies) ?? []
        metricsAllow = reader.optional(SettingsTable.metricsAllow) ?? MetricsRoutes.near
        gateway = Gateway(&reader)
        logLevel = reader.value(SettingsTable.logLevel, insteadOfWrong: .info)
        logFormat = reader.value(SettingsTable.logFormat, insteadOfWrong: .auto)
        client = Client(&reader)
        youTube = YouTubeSettings(&reader, registration: registration)
        notices = reader.notices + youTube.notices
        guard reader.errors.isEmpty else { throw SettingsError(lines: reader.errors) }
    }
}

/// Every wrong setting, one line each.
struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    let lines: [String]

    var description: String { lines.joined(separator: "\n") }
}

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
    let jwtSecret: String?
    let registration: RegistrationPolicy
    let tokenLifetime: Duration
    let sessionLifetime: Duration
    let maxUploadSize: Int64
    let chunkSize: Int64
    let uploadExpiry: Duration
    /// What contract 3's uploads may be.
    let videoLimits: DoorLimits
    let workers: Int
    let profilesDir: String?
    let linkLifetime: Duration
    let trustedProxies: [AddressRange]
    let corsOrigins: [String]
    let logLevel: LogLevel
    let logFormat: LogFormat
    let client: Client
    /// Names in `.env` that are no settings, one line each.
    let notices: [String]

    /// What the command line needs to be a client of a service.
    struct Client: Sendable {
        let url: String?
        let token: String?
        let email: String?
        let password: String?
    }

    /// - Throws: `SettingsError` with a line for every wrong value.
    init(_ reader: SettingsReader) throws(SettingsError) {
        var reader = reader
        port = reader.value(SettingsTable.port, insteadOfWrong: 0)
        host = reader.value(SettingsTable.host, insteadOfWrong: "")
        dataDir = reader.value(SettingsTable.dataDir, insteadOfWrong: "")
        publicURL = reader.optional(SettingsTable.publicURL)
        contractPorts = reader.value(SettingsTable.contractPorts, insteadOfWrong: false)
        jwtSecret = reader.optional(SettingsTable.jwtSecret)
        registration = reader.value(SettingsTable.registration, insteadOfWrong: .closed)
        tokenLifetime = reader.value(SettingsTable.tokenLifetime, insteadOfWrong: .zero)
        sessionLifetime = reader.value(SettingsTable.sessionLifetime, insteadOfWrong: .zero)
        maxUploadSize = reader.value(SettingsTable.maxUploadSize, insteadOfWrong: 0)
        chunkSize = reader.value(SettingsTable.chunkSize, insteadOfWrong: 0)
        uploadExpiry = reader.value(SettingsTable.uploadExpiry, insteadOfWrong: .zero)
        videoLimits = DoorLimits(
            maximumSize: Int64(reader.value(SettingsTable.maxVideoSize, insteadOfWrong: 0)) << 20,
            maximumDuration: .seconds(60 * reader.value(SettingsTable.maxVideoDuration, insteadOfWrong: 0))
        )
        workers = reader.value(SettingsTable.workers, insteadOfWrong: 0)
        profilesDir = reader.optional(SettingsTable.profilesDir)
        linkLifetime = reader.value(SettingsTable.linkLifetime, insteadOfWrong: .zero)
        trustedProxies = reader.optional(SettingsTable.trustedProxies) ?? []
        corsOrigins = reader.value(SettingsTable.corsOrigins, insteadOfWrong: [])
        logLevel = reader.value(SettingsTable.logLevel, insteadOfWrong: .info)
        logFormat = reader.value(SettingsTable.logFormat, insteadOfWrong: .auto)
        client = Client(
            url: reader.optional(SettingsTable.clientURL),
            token: reader.optional(SettingsTable.clientToken),
            email: reader.optional(SettingsTable.clientEmail),
            password: reader.optional(SettingsTable.clientPassword)
        )
        notices = reader.notices
        guard reader.errors.isEmpty else { throw SettingsError(lines: reader.errors) }
    }
}

/// Every wrong setting, one line each.
struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    let lines: [String]

    var description: String { lines.joined(separator: "\n") }
}

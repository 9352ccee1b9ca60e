internal import API
internal import Core
internal import Foundation
internal import Service

/// Which of contract 1's services a process is: one of them, or all.
struct ServiceChoice: Sendable {
    /// Nil for all of them.
    let service: ServiceName?

    static let option = Command.Option(
        "--only",
        value: "SERVICE",
        help: "Be one service on its own port: \(names.joined(separator: ", "))."
    )

    private static let choices = ServiceName.allCases.filter { $0.port != nil }
    private static let names = choices.map(\.rawValue)

    /// - Throws: `UsageError` for a name that no service has.
    static func named(in arguments: Arguments) throws(UsageError) -> ServiceChoice {
        guard let name = arguments.values["--only"] else { return ServiceChoice(service: nil) }
        guard let service = choices.first(where: { $0.rawValue == name }) else {
            throw UsageError("--only must be one of: \(names.joined(separator: ", "))")
        }
        return ServiceChoice(service: service)
    }

    var isAll: Bool { service == nil }

    /// Whether this process does what is one service's duty.
    func does(_ duty: ServiceName) -> Bool { service == nil || service == duty }

    /// `PORT` where it is stated, else the one that the contract shows.
    func port(_ invocation: Invocation, _ settings: Settings) throws -> UInt16 {
        guard let own = service?.port,
            try invocation.reader().text(of: SettingDescription(SettingsTable.port))?.origin == .standard
        else { return UInt16(settings.port) }
        return own
    }

    /// What it is to the API; nil for all of them.
    func role(_ installation: Installation) throws -> ServiceRole? {
        guard let service else { return nil }
        let settings = installation.settings
        let secret = try TokenSecret(configured: settings.jwtSecret, dataDir: settings.dataDir)
        let seal = PeerSeal(key: secret.key(for: "services"))
        guard service == .gateway else {
            let gateway = settings.serviceURLs[.gateway].flatMap(URLComponents.init(string:))
            let port = gateway?.port ?? (gateway?.scheme == "https" ? 443 : 80)
            return ServiceRole(service, seal: seal, gatewayPort: port)
        }
        return ServiceRole(
            Gateway(
                client: Gateway.makeClient(),
                addresses: settings.serviceURLs,
                seal: seal,
                logger: installation.logger
            ),
            seal: seal
        )
    }
}

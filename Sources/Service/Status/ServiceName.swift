package import Core

/// The services that contract 1 names, and the workers behind them.
package enum ServiceName: String, CaseIterable, Sendable {
    case gateway = "api-gateway"
    case uploads = "upload-manager"
    case streaming = "streaming-engine"
    case content = "content-management"
    case status = "status-checker"
    case workers

    /// The port that the contract shows; nil for what answers no requests.
    package var port: UInt16? {
        switch self {
        case .gateway: 3000
        case .uploads: 3001
        case .streaming: 3002
        case .content: 3003
        case .status: 3006
        case .workers: nil
        }
    }

    /// Without which it cannot do its work.
    package var checks: Set<HealthCheck.Name> {
        switch self {
        case .gateway, .content: [.database, .migrations]
        case .uploads, .streaming: [.database, .migrations, .storage]
        case .status: []
        case .workers: [.tools, .workers, .queue]
        }
    }
}

/// A service, and how one finds out how it does: by looking where it is part of this process, by asking its `/health`
/// where it runs apart.
package struct ServiceProbe: Sendable {
    package let service: ServiceName
    /// Answers in every case, within seconds: one that cannot be reached is ``unreachable(_:)``.
    let ask: @Sendable () async -> ServiceHealth

    package init(_ service: ServiceName, _ ask: @escaping @Sendable () async -> ServiceHealth) {
        self.service = service
        self.ask = ask
    }
}

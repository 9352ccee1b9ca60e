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
}

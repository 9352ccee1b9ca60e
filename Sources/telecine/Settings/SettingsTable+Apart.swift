internal import Service

/// Where contract 1's services find each other when they run apart.
extension SettingsTable {
    static let gatewayURL = place("API_GATEWAY_URL", .gateway)
    static let uploadsURL = place("UPLOAD_MANAGER_URL", .uploads)
    static let streamingURL = place("STREAMING_ENGINE_URL", .streaming)
    static let contentURL = place("CONTENT_MANAGEMENT_URL", .content)
    static let statusURL = place("STATUS_CHECKER_URL", .status)

    static var serviceURLs: [ServiceName: Setting<String>] {
        [
            .gateway: gatewayURL, .uploads: uploadsURL, .streaming: streamingURL, .content: contentURL,
            .status: statusURL,
        ]
    }

    private static func place(_ name: String, _ service: ServiceName) -> Setting<String> {
        Setting(
            name,
            .service,
            .baseURL,
            standard: "http://localhost:\(service.port ?? 0)",
            help: "Where the others find the \(service.rawValue), when the services run apart (`serve --only`)."
        )
    }
}

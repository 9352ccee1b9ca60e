internal import HTTP
internal import Service

/// Which service answers a path: contract 1's table, and where the other contracts' paths belong beside it.
enum ServicePlacement {
    /// A longer beginning stands before those that it begins with.
    private static let places: [(beginning: [String], service: ServiceName)] = [
        (["api", "uploads"], .uploads), (["api", "v1", "videos"], .uploads), (["api", "media", "upload"], .uploads),
        (["api", "media"], .streaming), (["media"], .streaming), (["stream"], .streaming), (["images"], .streaming),
        (["api", "images"], .streaming), (["public", "stream"], .streaming), (["embed"], .streaming),
        (["oembed"], .streaming),
        (["api", "assets"], .content), (["api", "tags"], .content), (["api", "trash"], .content),
        (["api", "admin"], .content),
    ]
    /// What every service answers for itself.
    private static let common: Set<String> = ["health", "metrics"]
    /// The dashboard and what its page needs.
    private static let dashboard: [[String]] = [[""], ["status"], ["api", "health"], ["static"], ["favicon.ico"]]

    /// The service, and the beginning of the path that says so; nil for the gateway's own paths.
    static func place(of request: Request) -> (service: ServiceName, pattern: String)? {
        places.first { request.segments.starts(with: $0.beginning) }
            .map { ($0.service, "/\($0.beginning.joined(separator: "/"))/*") }
    }

    /// Whether a service has the path; the gateway has all of them, because it hands on what is not its own.
    static func has(_ service: ServiceName, _ request: Request) -> Bool {
        let segments = request.segments
        if let first = segments.first, common.contains(first) { return true }
        switch service {
        case .gateway: return true
        case .status: return dashboard.contains { segments.starts(with: $0) }
        default: return place(of: request)?.service == service
        }
    }
}

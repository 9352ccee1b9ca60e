/// How a service does: what its `/health` answers, with the status 200 or 503.
public struct ServiceHealth: Codable, Hashable, Sendable {
    /// Whether it can do its work.
    public enum Status: String, Codable, Hashable, Sendable {
        /// It can.
        case ok
        /// It cannot, or not all of it; the problems say why.
        case unavailable
    }

    /// Something that is not well.
    public struct Problem: Codable, Hashable, Sendable {
        /// What was looked at: `database`, `storage`, `workers`.
        public let check: String
        /// What is wrong with it, as a stable word: `read_only`.
        public let code: String
        /// The same as a sentence for everybody.
        public let reason: String

        /// A problem to tell.
        public init(check: String, code: String, reason: String) {
            self.check = check
            self.code = code
            self.reason = reason
        }
    }

    /// Whether it can do its work.
    public let status: Status
    /// Its name: `upload-manager`; `telecine` for one process that is all of them.
    public let service: String
    /// The release that runs; nil when it could not be asked.
    public let version: String?
    /// Seconds since it was started; nil when it could not be asked.
    public let uptime: Double?
    /// When this was found out, `2023-08-14T10:00:00.000Z`.
    public let timestamp: String
    /// Why it is unavailable; empty when it is ok.
    public let problems: [Problem]

    /// Unavailable when there are problems.
    public init(service: String, version: String?, uptime: Double?, timestamp: String, problems: [Problem]) {
        status = problems.isEmpty ? .ok : .unavailable
        self.service = service
        self.version = version
        self.uptime = uptime
        self.timestamp = timestamp
        self.problems = problems
    }
}

/// How all services do: what `/api/health` answers, with the status 200 or 503.
public struct SystemHealth: Codable, Hashable, Sendable {
    /// `ok` when all of them are.
    public let status: ServiceHealth.Status
    /// When this was found out, `2023-08-14T10:00:00.000Z`.
    public let timestamp: String
    /// Each service by its name.
    public let services: [String: ServiceHealth]

    /// Unavailable when one of them is.
    public init(timestamp: String, services: [String: ServiceHealth]) {
        status = services.values.allSatisfy { $0.status == .ok } ? .ok : .unavailable
        self.timestamp = timestamp
        self.services = services
    }
}

package import Core
internal import Foundation
internal import SQL

/// A link that lets others watch one asset.
package struct Share: Sendable {
    package enum State: String, Sendable {
        case active, expired, revoked
        case usedUp = "used_up"
    }

    package let id: ShareID
    package let token: String
    package let asset: AssetID
    package let createdAt: Timestamp
    package let expiresAt: Timestamp?
    package let maxViews: Int?
    package let views: Int
    package let requiresEmail: Bool
    let passwordHash: String?
    /// Where pages may embed it, `https://example.com`; empty for everywhere.
    package let allowedOrigins: [String]
    package let revokedAt: Timestamp?

    package var requiresPassword: Bool { passwordHash != nil }

    package func state(at now: Timestamp = .now) -> State {
        if revokedAt != nil { return .revoked }
        if let expiresAt, expiresAt <= now { return .expired }
        if let maxViews, views >= maxViews { return .usedUp }
        return .active
    }

    /// Why it does not play; nil while it does.
    package func refusal(at now: Timestamp = .now) -> ServiceError? {
        switch state(at: now) {
        case .active: nil
        case .expired: ServiceError(.gone, "This link has expired. Ask whoever sent it for a new one.")
        case .usedUp:
            ServiceError(.gone, "This link has been used as often as it may be. Ask whoever sent it for a new one.")
        case .revoked: ServiceError(.gone, "This link was revoked by its owner.")
        }
    }

    /// Whether a page of this origin may play it; nil is no page, or one that does not say.
    package func allows(origin: String?) -> Bool {
        allowedOrigins.isEmpty || origin.map { allowedOrigins.contains($0.lowercased()) } ?? false
    }

    static let columns: Query = """
        s.id, s.token, s.asset_id, s.created_at, s.expires_at, s.max_views, s.views, s.require_email, s.password_hash,
        s.allowed_origins, s.revoked_at
        """

    init(row: Row) throws {
        id = try row.get("id")
        token = try row.get("token")
        asset = try row.get("asset_id")
        createdAt = try row.get("created_at")
        expiresAt = try row.get("expires_at")
        maxViews = try row.get("max_views")
        views = try row.get("views")
        requiresEmail = try row.get("require_email")
        passwordHash = try row.get("password_hash")
        allowedOrigins = try row.get("allowed_origins", as: String.self).split(separator: " ").map(String.init)
        revokedAt = try row.get("revoked_at")
    }
}

/// What an owner asks of a new share.
package struct ShareRequest: Sendable {
    package var expiresIn: Duration?
    package var maxViews: Int?
    package var requiresEmail = false
    package var password: String?
    package var allowedOrigins: [String] = []

    package init() {}

    static let longest = Duration.seconds(3650 * 86_400)

    /// - Throws: `.invalidRequest` that names the field.
    func check() throws {
        if let expiresIn, !(Duration.seconds(1)...Self.longest).contains(expiresIn) {
            throw Self.wrong("expiresIn", "must be seconds from 1 to \(Self.longest.components.seconds).")
        }
        if let maxViews, !(1...1_000_000_000).contains(maxViews) {
            throw Self.wrong("maxViews", "must be a whole number from 1 to 1000000000.")
        }
        if let password, !(4...1024).contains(password.utf8.count) {
            throw Self.wrong("password", "must have 4 to 1024 bytes.")
        }
        guard allowedOrigins.count <= 20, allowedOrigins.allSatisfy(Self.isOrigin) else {
            throw Self.wrong("allowedOrigins", "must be at most 20 origins such as https://example.com.")
        }
    }

    /// Scheme, host and perhaps a port, in characters that stand safely in a header.
    private static func isOrigin(_ text: String) -> Bool {
        guard text.utf8.count <= 255, let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = parts.host, !host.isEmpty, parts.path.isEmpty,
            parts.query == nil, parts.fragment == nil, parts.user == nil
        else { return false }
        return text.utf8.allSatisfy { byte in
            (48...58).contains(byte) || (65...91).contains(byte) || (97...122).contains(byte)
                || [45, 46, 47, 93, 95].contains(byte)
        }
    }

    private static func wrong(_ field: String, _ words: String) -> ServiceError {
        ServiceError(.invalidRequest, "\(field) \(words)", field: field)
    }
}

/// A playback session of a share.
package struct ShareView: Sendable {
    package let startedAt: Timestamp
    /// `player` for a redirect, `page` for the watch or embed page.
    package let player: String
    package let email: String?
}

package import Core
internal import Crypto
package import SQL

/// Shares: made, listed and revoked by owners; found and viewed by whoever has the link.
package struct Sharing: Sendable {
    let database: any Database
    let delivery: Delivery
    /// Passwords of a share are tried by guessers: five at once from one address, then one in ten seconds.
    private let attempts: RateLimiter

    package init(database: any Database, delivery: Delivery) {
        self.database = database
        self.delivery = delivery
        attempts = RateLimiter(.init(burst: 5, interval: .seconds(10)), capacity: 10_000) { .now }
    }

    // MARK: - The owner's side

    /// Makes a link.
    ///
    /// - Throws: `.invalidRequest` with the field, `.notFound`, `.forbidden`; `.conflict` for a picture.
    package func share(_ asset: AssetID, _ request: ShareRequest, for owner: UserID) async throws -> Share {
        try request.check()
        var hash: String?
        if let password = request.password { hash = try await Self.busy { try await PasswordHash.hash(password) } }
        let token = Base64.encodeURLSafe(SecureRandom.bytes(16))
        let (now, passwordHash) = (Timestamp.now, hash)
        let origins = request.allowedOrigins.map { $0.lowercased() }.joined(separator: " ")
        return try await database.write { transaction in
            try Self.checkKind(of: try Catalog.own(asset, owner, in: transaction))
            try transaction.run(
                """
                INSERT INTO shares (token, asset_id, created_at, expires_at, max_views, views, require_email,
                    password_hash, allowed_origins)
                VALUES (\(token), \(asset), \(now), \(request.expiresIn.map { now + $0 }), \(request.maxViews), 0,
                    \(request.requiresEmail), \(passwordHash), \(origins))
                """
            )
            guard let share = try Self.find(token, in: transaction) else { throw Self.unknown }
            return share
        }
    }

    /// A picture has no stream that a session could be of.
    private static func checkKind(of asset: AssetRecord) throws {
        guard asset.kind == AssetRecord.imageKind else { return }
        throw ServiceError(.conflict, "This is a picture, which has no stream to share: give its own links to others.")
    }

    /// The asset's links, the newest first.
    ///
    /// - Throws: `.notFound`, `.forbidden`.
    package func shares(of asset: AssetID, for owner: UserID) async throws -> [Share] {
        try await database.read { connection in
            _ = try Catalog.own(asset, owner, in: connection)
            return try connection.all(
                """
                SELECT \(sql: Share.columns) FROM shares s WHERE s.asset_id = \(asset) ORDER BY s.id DESC LIMIT 500
                """
            ).map(Share.init(row:))
        }
    }

    /// The latest sessions of a link, with the addresses that were given.
    ///
    /// - Throws: `.notFound`, `.forbidden`.
    package func views(of token: String, _ asset: AssetID, for owner: UserID) async throws -> [ShareView] {
        try await database.read { connection in
            let share = try Self.own(token, asset, owner, in: connection)
            return try connection.all(
                """
                SELECT started_at, player, email FROM share_views WHERE share_id = \(share.id)
                ORDER BY id DESC LIMIT 1000
                """
            ).map {
                ShareView(
                    startedAt: try $0.get("started_at"),
                    player: try $0.get("player"),
                    email: try $0.get("email")
                )
            }
        }
    }

    /// Ends a link, and at once what is being played by it.
    ///
    /// - Throws: `.notFound`, `.forbidden`.
    package func revoke(_ token: String, _ asset: AssetID, for owner: UserID) async throws {
        try await database.write { transaction in
            let share = try Self.own(token, asset, owner, in: transaction)
            let now = Timestamp.now
            try transaction.run(
                "UPDATE shares SET revoked_at = \(now) WHERE id = \(share.id) AND revoked_at IS NULL"
            )
            let until = now + Catalog.revocationPeriod
            try Revocations.add(.share, share.id.rawValue, until: until, in: transaction)
        }
        try await delivery.loadRevocations()
    }

    private static func own(
        _ token: String,
        _ asset: AssetID,
        _ owner: UserID,
        in connection: any Connection
    ) throws -> Share {
        _ = try Catalog.own(asset, owner, in: connection)
        guard let share = try find(token, in: connection), share.asset == asset else { throw unknown }
        return share
    }

    // MARK: - The viewer's side

    /// The share behind a link, whatever its state, and what it shows.
    ///
    /// - Throws: `.notFound` for a link that never was, or whose asset was deleted.
    package func find(_ token: String) async throws -> (share: Share, asset: AssetRecord) {
        try await database.read { connection in
            guard let share = try Self.find(token, in: connection),
                let asset = try Catalog.find(share.asset, in: connection)
            else { throw Self.unknown }
            return (share, asset)
        }
    }

    /// What a viewer brings.
    package struct Visit: Sendable {
        package var email: String?
        package var password: String?
        /// Where from; nil is not limited.
        package var address: String?
        /// `player` or `page`.
        package let player: String

        package init(player: String) {
            self.player = player
        }
    }

    /// Begins a playback session: counts a view and gives the signed link that plays.
    ///
    /// Throws `.gone` with the reason for a link that has ended; `.invalidRequest` with the field for an address or a
    /// password that is missing or wrong; `.notReady` before anything plays; `.tooManyRequests`.
    package func play(_ token: String, _ visit: Visit) async throws -> (
        share: Share, asset: AssetRecord, link: Delivery.Link
    ) {
        let (share, asset) = try await find(token)
        if let refusal = share.refusal() { throw refusal }
        let email = try Self.email(visit, for: share)
        try await checkPassword(visit, of: share)
        try Self.checkKind(of: asset)
        guard asset.version.plays else {
            throw asset.version.status == .failed
                ? ServiceError(.conflict, "This recording could not be processed.")
                : ServiceError(.notReady, "Video is still processing", retryAfter: .seconds(2))
        }
        let now = Timestamp.now
        let counted = try await database.write { transaction -> Share? in
            // One statement decides and counts: no two can have the last view.
            let changed = try transaction.run(
                """
                UPDATE shares SET views = views + 1 WHERE id = \(share.id) AND revoked_at IS NULL
                    AND (expires_at IS NULL OR expires_at > \(now)) AND (max_views IS NULL OR views < max_views)
                """
            )
            guard changed == 1 else { return nil }
            try transaction.run(
                """
                INSERT INTO share_views (share_id, started_at, player, email)
                VALUES (\(share.id), \(now), \(visit.player), \(email))
                """
            )
            return try Self.find(token, in: transaction)
        }
        guard let counted else {
            // Somebody else had the last view, or the owner was quicker.
            throw try await find(token).share.refusal() ?? Self.unknown
        }
        return (counted, asset, delivery.link(to: asset, share: (share.id, share.expiresAt), at: now))
    }

    private static func email(_ visit: Visit, for share: Share) throws -> String? {
        guard share.requiresEmail else { return nil }
        guard let email = visit.email, !email.allSatisfy(\.isWhitespace) else {
            throw ServiceError(.invalidRequest, "Type your email address to watch.", field: "email")
        }
        return try AccountRules.checkedEmail(email)
    }

    private func checkPassword(_ visit: Visit, of share: Share) async throws {
        guard let hash = share.passwordHash else { return }
        guard let password = visit.password, !password.isEmpty else {
            throw ServiceError(.invalidRequest, "Type the password that came with this link.", field: "password")
        }
        let key = visit.address.map { "\(share.id) \($0)" }
        try attempts.take(key)
        guard password.utf8.count <= 1024,
            try await Self.busy({ try await PasswordHash.verify(password, against: hash) })
        else {
            throw ServiceError(.invalidRequest, "That is not the password of this link.", field: "password")
        }
        attempts.giveBack(key)
    }

    /// A queue that is full is no fault of the service's.
    private static func busy<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch PasswordHash.Failure.overloaded {
            throw ServiceError(.unavailable, "The server is busy. Try again.", retryAfter: .seconds(2))
        }
    }

    static func find(_ token: String, in connection: any Connection) throws -> Share? {
        guard token.utf8.count == 22 else { return nil }
        return try connection.first("SELECT \(sql: Share.columns) FROM shares s WHERE s.token = \(token)")
            .map(Share.init(row:))
    }

    private static let unknown = ServiceError(.notFound, "There is nothing behind this link.")
}

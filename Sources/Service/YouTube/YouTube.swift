package import Core
internal import SQL

/// Publishing on the operator's YouTube channel, as owners of recordings see it.
package struct YouTube: Sendable {
    /// Who may publish.
    package enum Publishers: String, CaseIterable, Sendable {
        /// The operator's channel is for nobody: it is not configured.
        case nobody
        /// Administrators, their own recordings.
        case admins
        /// Everybody, their own recordings.
        case owners
    }

    /// What an operator reads who has not configured it.
    static let unconfigured =
        "Publishing on YouTube is not set up here. Whoever runs the service must set YOUTUBE_CLIENT_ID, "
        + "YOUTUBE_CLIENT_SECRET and YOUTUBE_REFRESH_TOKEN (docs/youtube.md)."

    private let catalog: Catalog
    private let publishers: Publishers
    private let patience: Duration

    /// `patience`: how long a request waits for the video.
    package init(catalog: Catalog, publishers: Publishers, patience: Duration = .seconds(20)) {
        self.catalog = catalog
        self.publishers = publishers
        self.patience = patience
    }

    /// Whether somebody may publish here.
    package func isOpen(to principal: Principal) -> Bool {
        switch publishers {
        case .nobody: false
        case .admins: principal.isAdmin
        case .owners: true
        }
    }

    /// Has a recording sent to YouTube, and waits for a while for the video.
    ///
    /// What is under way, and what was published of the same edition, is answered and not sent again.
    ///
    /// - Parameters:
    ///   - id: the recording.
    ///   - principal: who wants it.
    ///   - details: what YouTube is to say of it; gets the recording's title.
    ///   - isWanted: asked now and then; false when the client has left: the upload goes on.
    /// - Returns: it, as it stands.
    /// - Throws: `.unavailable` where it is not configured; `.forbidden`, `.notFound`; `.invalidRequest` with the
    ///   field; `.conflict` for what is no video; `.notReady` before the file was looked into.
    package func publish(
        _ id: AssetID,
        for principal: Principal,
        _ details: @escaping @Sendable (String) throws -> YouTubeDetails,
        isWanted: @Sendable () -> Bool
    ) async throws -> YouTubeVideo {
        guard publishers != .nobody else { throw ServiceError(.unavailable, Self.unconfigured) }
        guard isOpen(to: principal) else {
            throw ServiceError(.forbidden, "Only administrators publish on this service's YouTube channel.")
        }
        let owner = principal.userID
        var video = try await catalog.database.write { try Self.begin(id, owner, details, in: $0) }
        let end = ContinuousClock.now + patience
        while video.state == .uploading, isWanted(), ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(100))
            // Nil when the recording was deleted meanwhile.
            guard let now = try await self.video(of: id, for: owner) else { break }
            video = now
        }
        return video
    }

    /// How a recording stands with YouTube; nil when nobody wanted it there.
    ///
    /// - Throws: `.notFound`, `.forbidden`.
    package func video(of id: AssetID, for owner: UserID) async throws -> YouTubeVideo? {
        try await catalog.database.read { connection in
            _ = try Catalog.own(id, owner, in: connection)
            return try YouTubeVideo.find(id, in: connection)
        }
    }

    private static func begin(
        _ id: AssetID,
        _ owner: UserID,
        _ details: (String) throws -> YouTubeDetails,
        in transaction: any Connection
    ) throws -> YouTubeVideo {
        let asset = try Catalog.own(id, owner, in: transaction)
        let details = try details(asset.title)
        let former = try YouTubeVideo.find(id, in: transaction)
        let isSame = former?.edition == asset.version.edition
        if let former, former.state == .uploading || (former.state == .published && isSame) { return former }
        try check(asset, in: transaction)
        // Had YouTube all of it when the attempt failed, the session says so, and there is no second video.
        let goesOn = isSame && former?.details == details
        try YouTubeVideo.begin(asset, details, session: goesOn ? former?.session : nil, in: transaction)
        guard let video = try YouTubeVideo.find(id, in: transaction) else {
            throw ServiceError(.internalFailure, "Something went wrong on our side.", detail: "youtube row of \(id)")
        }
        return video
    }

    private static func check(_ asset: AssetRecord, in connection: any Connection) throws {
        guard asset.version.status != .failed else {
            throw ServiceError(.conflict, "This recording could not be processed: YouTube is sent only what plays.")
        }
        guard asset.kind == "video" || asset.kind == "unknown" else {
            throw ServiceError(.conflict, "Only videos can be published on YouTube: this is none.")
        }
        // From then on its kind is what the probe has found.
        guard try Plan.find(asset.id, asset.version.number, in: connection) != nil else {
            throw ServiceError(
                .notReady,
                "This recording is still being looked into. Try again in a moment.",
                retryAfter: .seconds(2)
            )
        }
    }
}

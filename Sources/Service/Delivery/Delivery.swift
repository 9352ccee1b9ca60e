package import Core
internal import Foundation
internal import Media
package import ObjectStorage
package import SQL

/// Links to what plays, and what the links give.
package struct Delivery: Sendable {
    let database: any Database
    package let catalog: Catalog
    let store: any ObjectStore
    let keys: StreamKeys
    /// Seconds during which a playback may start.
    package let expiresIn: Int
    let revocations: Revocations
    let waits: SegmentWaits
    /// Makings of picture variants: a page of them at once, then one every two seconds for each picture.
    let variantRate = RateLimiter(.init(burst: 20, interval: .seconds(2)), capacity: 4096, now: { .now })

    package init(
        database: any Database,
        catalog: Catalog,
        store: any ObjectStore,
        keys: StreamKeys,
        expiresIn: Int = 3600,
        revocations: Revocations = Revocations(),
        metrics: Metrics = Metrics(),
        logger: Logger = .silent
    ) {
        self.database = database
        self.catalog = catalog
        self.store = store
        self.keys = keys
        self.expiresIn = expiresIn
        self.revocations = revocations
        waits = SegmentWaits(database: database, store: store, metrics: metrics, logger: logger)
    }

    // MARK: - Links

    /// Signed paths of one version, or of an upload; a dialect puts its public address before them.
    package struct Link: Sendable, Equatable {
        let token: String
        package let expiresIn: Int

        package var master: String { "/stream/\(token)/master.m3u8" }
        package var poster: String { "/stream/\(token)/poster.jpg" }
        package func mp4(_ rung: String) -> String { "/stream/\(token)/\(rung).mp4" }
    }

    /// Expiries fall on quarters of an hour, so that a page asked for twice names the same, cached, URLs.
    private static let rounding: Int64 = 900

    /// Until when a playback may start with a link that is given now.
    func lastStart(at now: Timestamp) -> Timestamp {
        let last = now.seconds + Int64(expiresIn)
        return Timestamp(seconds: (last + Self.rounding - 1) / Self.rounding * Self.rounding)
    }

    /// `share`: whose revocation ends it, and when it ends at the latest.
    package func link(
        to asset: AssetRecord,
        share: (id: ShareID, ends: Timestamp?)? = nil,
        at now: Timestamp = .now
    ) -> Link {
        let rounded = lastStart(at: now).seconds
        let expires = min(rounded, share?.ends?.seconds ?? rounded)
        // A second more than it lasts, rounded down.
        let grace = Duration.seconds(((asset.version.duration ?? .zero).components.seconds + 1) * 2)
        let token = StreamToken(
            asset: asset.id,
            version: asset.version.number,
            expires: Timestamp(seconds: expires),
            grace: grace,
            share: share?.id
        )
        let left = max(0, Int(expires - now.seconds))
        return Link(token: keys.sign(token), expiresIn: min(expiresIn, left))
    }

    /// Admits a request by its token: one HMAC and a look into the small set of what was revoked, no database.
    ///
    /// `starting`: whether this begins a playback, which the expiry gates; what goes on has its grace.
    /// Throws `.forbidden` "Invalid token", `.tokenExpired` "Token expired", `.notFound` for what was deleted, `.gone`
    /// for a share that was revoked.
    package func admit(_ text: String, starting: Bool, at now: Timestamp = .now) throws -> StreamToken {
        guard let token = keys.verify(text) else { throw ServiceError(.forbidden, "Invalid token") }
        let end = starting ? token.expires : token.expires + token.grace
        guard now < end else {
            throw ServiceError(.tokenExpired, "Token expired", detail: "asset \(token.asset)")
        }
        guard !revocations.contains(.asset, token.asset.rawValue) else { throw Self.nothing }
        if let share = token.share, revocations.contains(.share, share.rawValue) {
            throw ServiceError(.gone, "This link was revoked by its owner.")
        }
        return token
    }

    // MARK: - What plays

    /// A rung as the listings show it.
    package struct ListedRung: Sendable {
        package let name: String
        package let width: Int
        package let height: Int
        /// Bits per second, the profile's ceiling.
        package let maximumBitRate: Int
        package let isComplete: Bool
    }

    /// The rungs of H.264 that a player is offered now, the best first: who reads a listing does not ask for codecs.
    package func listedRungs(of asset: AssetRecord) async throws -> [ListedRung] {
        guard let plan = try await plan(asset.id, asset.version.number) else { return [] }
        let renditions = try await catalog.renditions(of: asset.id, version: asset.version.number)
        return VersionState.listed(renditions).filter { $0.videoCodec == .h264 }.compactMap { record in
            guard let variant = plan.variant(record) else { return nil }
            return ListedRung(
                name: record.name,
                width: variant.width,
                height: variant.height,
                maximumBitRate: plan.rungs.first { $0.name == record.name }?.maxBitrate ?? variant.averageBitRate,
                isComplete: record.isComplete
            )
        }
    }

    /// Why the picture could not be served as it came; empty when it is, or not known yet.
    package func nonStandardReasons(of asset: AssetRecord) async throws -> [String] {
        try await plan(asset.id, asset.version.number)?.nonStandardReasons ?? []
    }

    func plan(_ asset: AssetID, _ version: Int) async throws -> Plan? {
        try await database.read { try Plan.find(asset, version, in: $0) }
    }

    // MARK: - Files

    /// Where the file of a segment or init segment stands, if there is one.
    ///
    /// No database, and no look at the disk: who opens it finds out.
    package func path(of file: String, rendition: String, _ token: StreamToken) throws -> String {
        guard file.hasSuffix(".m4s") || file == "init.mp4" else { throw Self.nothing }
        let key = try? AssetKeys.file(token.asset, version: token.version, rendition: rendition, name: file)
        guard let path = key.flatMap(store.localPath) else { throw Self.nothing }
        return path
    }

    /// Waits until that file exists: what is not there yet is made when it is asked for, because players take a 404 or
    /// a 503 for the end (MEDIA rule 8).
    ///
    /// `isWanted`: asked now and then; false when the client has left.
    /// Throws `.notFound` for what will never be, `.unavailable` when it took too long or the client has left.
    package func arrival(
        of file: String,
        rendition: String,
        _ token: StreamToken,
        isWanted: @escaping @Sendable () -> Bool
    ) async throws {
        guard let wanted = WantedFile(file, rendition: rendition, token) else { throw Self.nothing }
        try await waits.wait(for: wanted, isWanted: isWanted)
    }

    /// A video's poster; a picture stands for itself.
    package func posterPath(_ token: StreamToken) throws -> String {
        try posterPath(token.asset, token.version)
    }

    /// The live version's, for those who have proved their right in another way.
    package func posterPath(of asset: AssetRecord) throws -> String {
        try posterPath(asset.id, asset.version.number)
    }

    private func posterPath(_ asset: AssetID, _ version: Int) throws -> String {
        do {
            return try existing(AssetKeys.poster(asset, version: version))
        } catch {
            return try imagePath(Derivative.picturePoster, .jpeg, asset, version)
        }
    }

    static let nothing = ServiceError(.notFound, "There is no such file.")

    func existing(_ key: @autoclosure () throws -> ObjectKey) throws -> String {
        // A name that is no key is nothing that we have.
        guard let key = try? key(), let path = store.localPath(key), access(path, R_OK) == 0 else { throw Self.nothing }
        return path
    }
}

package import Core
internal import Foundation
internal import Media
package import ObjectStorage
package import SQL

/// Links to what plays, and what the links give.
package struct Delivery: Sendable {
    let database: any Database
    let catalog: Catalog
    let store: any ObjectStore
    let keys: StreamKeys
    /// Seconds during which a playback may start.
    let expiresIn: Int

    package init(
        database: any Database,
        catalog: Catalog,
        store: any ObjectStore,
        keys: StreamKeys,
        expiresIn: Int = 3600
    ) {
        self.database = database
        self.catalog = catalog
        self.store = store
        self.keys = keys
        self.expiresIn = expiresIn
    }

    // MARK: - Links

    /// Signed paths of one version; a dialect puts its public address before them.
    package struct Link: Sendable {
        let token: String
        package let expiresIn: Int

        package var master: String { "/stream/\(token)/master.m3u8" }
        package var poster: String { "/stream/\(token)/poster.jpg" }
        package func mp4(_ rung: String) -> String { "/stream/\(token)/\(rung).mp4" }
    }

    /// Expiries fall on quarters of an hour, so that a page asked for twice names the same, cached, URLs.
    private static let rounding: Int64 = 900

    package func link(to asset: AssetRecord, at now: Timestamp = .now) -> Link {
        let last = now.seconds + Int64(expiresIn)
        let expires = (last + Self.rounding - 1) / Self.rounding * Self.rounding
        // A second more than it lasts, rounded down.
        let grace = Duration.seconds(((asset.version.duration ?? .zero).components.seconds + 1) * 2)
        let token = StreamToken(
            asset: asset.id,
            version: asset.version.number,
            expires: Timestamp(seconds: expires),
            grace: grace
        )
        return Link(token: keys.sign(token), expiresIn: expiresIn)
    }

    /// Admits a request by its token: one HMAC, no database.
    ///
    /// `starting`: whether this begins a playback, which the expiry gates; what goes on has its grace.
    /// Throws `.forbidden` "Invalid token", `.tokenExpired` "Token expired".
    package func admit(_ text: String, starting: Bool, at now: Timestamp = .now) throws -> StreamToken {
        guard let token = keys.verify(text) else { throw ServiceError(.forbidden, "Invalid token") }
        let end = starting ? token.expires : token.expires + token.grace
        guard now < end else {
            throw ServiceError(.tokenExpired, "Token expired", detail: "asset \(token.asset)")
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

    /// The rungs that a player is offered now, the best first.
    package func listedRungs(of asset: AssetRecord) async throws -> [ListedRung] {
        guard let plan = try await plan(asset.id, asset.version.number) else { return [] }
        let renditions = try await catalog.renditions(of: asset.id, version: asset.version.number)
        let listed = Set(VersionState.listed(renditions).map(\.name))
        return plan.rungs.filter { listed.contains($0.name) }.map { rung in
            ListedRung(
                name: rung.name,
                width: rung.width,
                height: rung.height,
                maximumBitRate: rung.maxBitrate,
                isComplete: true
            )
        }
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

    package func posterPath(_ token: StreamToken) throws -> String {
        try existing(AssetKeys.poster(token.asset, version: token.version))
    }

    static let nothing = ServiceError(.notFound, "There is no such file.")

    func existing(_ key: @autoclosure () throws -> ObjectKey) throws -> String {
        // A name that is no key is nothing that we have.
        guard let key = try? key(), let path = store.localPath(key), access(path, R_OK) == 0 else { throw Self.nothing }
        return path
    }
}

package import Core
internal import Foundation
internal import ObjectStorage
package import SQL

/// What the users own: looked up, listed, deleted.
///
/// The one place that checks whose an asset is.
package struct Catalog: Sendable {
    let database: any Database
    /// How long what was deleted can be restored; nil deletes for good at once.
    package let trashPeriod: Duration?

    package init(database: any Database, trashPeriod: Duration? = nil) {
        self.database = database
        self.trashPeriod = trashPeriod
    }

    /// Makes an asset and its first version from a stored upload, in the caller's transaction.
    ///
    /// `content`: what its first bytes say it is; the probe has the last word.
    static func create(
        _ id: AssetID,
        from upload: Upload,
        sha256: String?,
        content: FileContent?,
        in transaction: any Connection
    ) throws {
        let now = Timestamp.now
        let title = upload.metadata["title"]?.stringValue ?? upload.fileName
        let description = upload.metadata["description"]?.stringValue ?? ""
        let metadata = String(decoding: try JSONEncoder().encode(upload.metadata), as: UTF8.self)
        let type = FileContent.mediaType(declared: upload.fileType, found: content)
        let original = try sha256.flatMap { try Self.living(sha256: $0, owner: upload.owner, in: transaction) }
        try transaction.run(
            """
            INSERT INTO assets (id, user_id, kind, title, description, file_name, file_type, metadata, version,
                is_public, created_at, updated_at, duplicate_of)
            VALUES (\(id), \(upload.owner), \(content?.kind.rawValue ?? "unknown"), \(title), \(description),
                \(upload.fileName), \(type), \(metadata), 1, \(upload.isPublic), \(now), \(now),
                \(original))
            """
        )
        try Self.addVersion(1, of: id, from: upload, sha256: sha256, content: content, in: transaction)
        try Tag.set(Tag.read(upload.metadata["tags"]), of: id, owner: upload.owner, in: transaction)
        try SearchIndex.refresh(id, in: transaction)
    }

    /// The asset, when it is the owner's.
    ///
    /// - Throws: `.notFound`; `.forbidden` when it is somebody else's.
    package func asset(_ id: AssetID, for owner: UserID) async throws -> AssetRecord {
        guard let asset = try await find(id) else { throw ServiceError(.notFound, "Asset not found.") }
        guard asset.owner == owner else { throw ServiceError(.forbidden, "Access denied") }
        return asset
    }

    /// The asset, where everybody may read what is public: when it is that, or the reader's own.
    ///
    /// - Throws: `.notFound`; `.unauthenticated` when it is not public and nobody is signed in (`reader` is nil),
    ///   `.forbidden` when it is somebody else's.
    package func asset(_ id: AssetID, readBy reader: UserID?) async throws -> AssetRecord {
        guard let asset = try await find(id) else { throw ServiceError(.notFound, "Asset not found.") }
        if asset.isPublic || asset.owner == reader { return asset }
        throw reader == nil
            ? ServiceError(.unauthenticated, "Authentication is required.") : ServiceError(.forbidden, "Access denied")
    }

    /// The asset whoever asks: for those who have proved their right in another way.
    package func find(_ id: AssetID) async throws -> AssetRecord? {
        try await database.read { try Self.find(id, in: $0) }
    }

    /// A page of the owner's assets, newest first, and how many there are in all.
    package func assets(of owner: UserID, page: Int, limit: Int) async throws -> (assets: [AssetRecord], total: Int) {
        let listing = try await list(AssetQuestion(), of: owner, page: page, limit: limit)
        return (listing.assets, listing.total)
    }

    /// The renditions of a version, the best rung first, `audio` last.
    package func renditions(of id: AssetID, version: Int) async throws -> [RenditionRecord] {
        try await database.read { try VersionState.renditions(id, version, in: $0) }
    }

    /// The jobs that work for what is in the catalog.
    package var queue: JobQueue { JobQueue(database: database) }
}

/// What jobs work for: the key by which they are cancelled together.
enum Subject {
    /// What concerns an asset as a whole.
    static func asset(_ id: AssetID) -> String { "asset_\(id)" }

    static func version(_ id: AssetID, _ number: Int) -> String { "asset_\(id)/v\(number)" }

    static func segment(_ id: AssetID, _ number: Int, _ rendition: String, _ segment: Int) -> String {
        "\(version(id, number))/\(rendition)/\(segment)"
    }

    /// Apart from its version's, so that a request finds the job it waits for.
    static func mp4(_ id: AssetID, _ number: Int, _ rendition: String) -> String {
        "\(version(id, number))/\(rendition).mp4"
    }

    /// Beside its versions: processing it again does not end what is sent.
    static func youtube(_ id: AssetID) -> String { "\(asset(id))/youtube" }

    static func original(_ id: AssetID, _ number: Int) -> String { "\(version(id, number))/original" }

    /// A version's subject, and the range of all that is below it: "0" follows "/".
    static func range(_ id: AssetID, _ number: Int) -> (subject: String, below: String, end: String) {
        let subject = version(id, number)
        return (subject, subject + "/", subject + "0")
    }

    /// Below its version's, and apart from its other jobs, so that a request finds the one it waits for.
    static func variant(_ id: AssetID, _ number: Int, _ name: String) -> String {
        "\(version(id, number))/\(name)"
    }

    /// All that an asset's jobs can work for.
    static func all(of id: AssetID, in connection: any Connection) throws -> [String] {
        let versions = try connection.all("SELECT number FROM versions WHERE asset_id = \(id)")
        let renditions = try connection.all("SELECT version, name FROM renditions WHERE asset_id = \(id)")
        return try versions.map { version(id, try $0.get("number")) }
            + renditions.map { mp4(id, try $0.get("version"), try $0.get("name")) } + [youtube(id)]
    }
}

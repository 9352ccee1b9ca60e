package import Core
internal import Crypto
internal import Foundation
package import ObjectStorage
package import SQL
internal import Synchronization

/// The upload core.
///
/// Doors parse their requests into these calls and render what comes back.
package final class Ingest: Sendable {
    /// An upload that somebody is sending now, kept in memory so that a part costs one transaction.
    struct Active: Sendable {
        var upload: Upload
        var parts: PartSet
        /// Parts that a request is writing in place at this moment.
        var writing: Set<Int> = []
    }

    let database: any Database
    let store: any ObjectStore
    let configuration: IngestConfiguration
    let logger: Logger
    let hasher = PrefixHasher()
    let disk = BlockingQueue("telecine.place")
    /// Its own: a large file that is made of others must not hold up parts.
    let assembling = BlockingQueue("telecine.assemble")
    let active = Mutex<[UploadID: Active]>([:])
    let leases = LeaseTable()
    /// Uploads whose hash is being verified after their last byte; `runBackground` works them off.
    let verifications: AsyncStream<UploadID>
    let verify: AsyncStream<UploadID>.Continuation

    package init(
        database: any Database,
        store: any ObjectStore,
        configuration: IngestConfiguration,
        logger: Logger
    ) throws {
        self.database = database
        self.store = store
        self.configuration = configuration
        self.logger = logger
        (verifications, verify) = AsyncStream.makeStream()
        try FileManager.default.createDirectory(
            atPath: configuration.stagingDirectory,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
    }

    func stagedPath(_ id: UploadID) -> String { "\(configuration.stagingDirectory)/\(id).data" }

    // MARK: - Begin

    /// Begins an upload.
    ///
    /// - Throws: `.invalidRequest` with the field, `.tooLarge`.
    package func begin(_ announced: AnnouncedFile, owner: UserID) async throws -> Upload {
        let limits = configuration.limits(of: announced.door)
        try announced.check(maximumSize: limits.maximumSize)
        let partSize = configuration.partSize(for: announced.size)
        let now = Timestamp.now
        let upload = Upload(
            id: UploadID(random: SecureRandom.bytes(16)),
            owner: owner,
            fileName: announced.fileName,
            fileType: announced.fileType,
            metadata: announced.metadata,
            size: announced.size,
            partSize: partSize,
            parts: Int((announced.size + partSize - 1) / partSize),
            received: 0,
            statedHash: announced.hash?.lowercased(),
            state: .created,
            error: nil,
            assetID: nil,
            createdAt: now,
            lastPartAt: nil,
            expiresAt: now + configuration.expiry,
            durationLimit: limits.maximumDuration
        )
        try await database.write { try upload.insert(door: announced.door, in: $0) }
        logger.info("upload begun", ["upload": .string(upload.id.rawValue), "size": .integer(upload.size)])
        return upload
    }

    // MARK: - Look

    /// The upload and the first parts it still misses.
    package func status(of id: UploadID, for owner: UserID) async throws -> (upload: Upload, missing: [Int]) {
        let entry = try await load(id, for: owner)
        guard entry.upload.acceptsParts else { return (entry.upload, []) }
        guard entry.upload.form == .numbered else { return try inParts(entry.upload) }
        return (entry.upload, entry.parts.missing(limit: 1000))
    }

    /// The upload from memory, else from the database.
    ///
    /// The one place that checks whose it is.
    func load(_ id: UploadID, for owner: UserID) async throws -> Active {
        let entry: Active
        if let known = active.withLock({ $0[id] }) {
            entry = known
        } else {
            guard let found = try await read(id) else {
                throw ServiceError(.notFound, "Upload not found.")
            }
            entry = found
            // An appended upload's state is its file: there is nothing to keep.
            if found.upload.form == .numbered, found.upload.acceptsParts, found.upload.owner == owner {
                active.withLock { if $0[id] == nil { $0[id] = found } }
            }
        }
        guard entry.upload.owner == owner else { throw ServiceError(.forbidden, "Access denied") }
        guard !entry.upload.acceptsParts || entry.upload.expiresAt > .now else {
            throw ServiceError(.gone, "Upload not found: it expired. Begin a new one.")
        }
        return entry
    }

    private func read(_ id: UploadID) async throws -> Active? {
        try await database.read { connection in
            guard let upload = try Upload.find(id, in: connection) else { return nil }
            var parts = PartSet(capacity: upload.parts)
            for row in try connection.all("SELECT number FROM upload_parts WHERE upload_id = \(id)") {
                let number = try row.get("number", as: Int.self)
                if number < upload.parts { parts.insert(number) }
            }
            return Active(upload: upload, parts: parts)
        }
    }
}

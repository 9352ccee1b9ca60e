package import Core
internal import Crypto
internal import Foundation
package import ObjectStorage
package import SQL
internal import Synchronization

/// The upload core. Doors parse their requests into these calls and render what comes back.
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
    let active = Mutex<[UploadID: Active]>([:])
    /// Uploads whose hash is being verified after their last byte; `runBackground` works them off.
    let verifications: AsyncStream<UploadID>
    let verify: AsyncStream<UploadID>.Continuation

    package init(
        database: any Database, store: any ObjectStore, configuration: IngestConfiguration, logger: Logger
    ) throws {
        self.database = database
        self.store = store
        self.configuration = configuration
        self.logger = logger
        (verifications, verify) = AsyncStream.makeStream()
        try FileManager.default.createDirectory(
            atPath: configuration.stagingDirectory, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    func stagedPath(_ id: UploadID) -> String { "\(configuration.stagingDirectory)/\(id).data" }

    // MARK: - Begin

    /// Begins an upload of `size` bytes.
    ///
    /// - Throws: `.invalidRequest` with the field, `.tooLarge`.
    package func begin(
        owner: UserID, door: String, fileName: String, fileType: String, size: Int64,
        metadata: [String: JSONValue], statedHash: String?
    ) async throws -> Upload {
        // Only ever shown: no file is named by it.
        guard !fileName.isEmpty, fileName.utf8.count <= 255, !fileName.unicodeScalars.contains(where: { $0.value < 32 }) else {
            throw ServiceError(
                .invalidRequest, "filename must be a name of 1 to 255 bytes without control characters.",
                field: "filename")
        }
        guard fileType.utf8.count <= 255 else {
            throw ServiceError(.invalidRequest, "fileType must be a media type.", field: "fileType")
        }
        guard size > 0 else {
            throw ServiceError(.invalidRequest, "fileSize must be at least 1 byte: the file is empty.", field: "fileSize")
        }
        guard size <= configuration.maximumSize else {
            throw ServiceError(
                .tooLarge,
                "File size exceeds maximum allowed size: \(size) bytes, allowed are \(configuration.maximumSize).",
                field: "fileSize")
        }
        let hash = try statedHash.map(Self.validated(hash:))
        let partSize = configuration.partSize(for: size)
        let now = Timestamp.now
        let upload = Upload(
            id: UploadID(random: SecureRandom.bytes(16)), owner: owner, fileName: fileName, fileType: fileType,
            metadata: metadata, size: size, partSize: partSize, parts: Int((size + partSize - 1) / partSize),
            received: 0, statedHash: hash, state: .created, error: nil, assetID: nil, createdAt: now,
            lastPartAt: nil, expiresAt: now + configuration.expiry)
        try await database.write { try upload.insert(door: door, in: $0) }
        logger.info("upload begun", ["upload": .string(upload.id.rawValue), "size": .integer(size)])
        return upload
    }

    private static func validated(hash: String) throws -> String {
        guard hash.utf8.count == 64, Hex.decode(hash) != nil else {
            throw ServiceError(
                .invalidRequest, "fileHash must be a SHA-256 of 64 hexadecimal digits, or absent.", field: "fileHash")
        }
        return hash.lowercased()
    }

    // MARK: - Look

    /// The upload and the first parts it still misses.
    package func status(of id: UploadID, for owner: UserID) async throws -> (upload: Upload, missing: [Int]) {
        let entry = try await load(id, for: owner)
        guard entry.upload.acceptsParts else { return (entry.upload, []) }
        return (entry.upload, entry.parts.missing(limit: 1000))
    }

    /// The upload from memory, else from the database. The one place that checks whose it is.
    func load(_ id: UploadID, for owner: UserID) async throws -> Active {
        let entry: Active
        if let known = active.withLock({ $0[id] }) {
            entry = known
        } else {
            guard let found = try await read(id) else {
                throw ServiceError(.notFound, "Upload not found.")
            }
            entry = found
            if found.upload.acceptsParts, found.upload.owner == owner {
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

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
        var writing: [Int: StagedFile] = [:]
        /// Parts that a request is about to make count.
        var settling: Set<Int> = []
    }

    struct ActiveTable: Sendable {
        var entries: [UploadID: Active] = [:]
        /// Grows when an entry is taken out: what was read from the database before may be of the past then.
        var retirements = 0
    }

    let database: any Database
    let store: any ObjectStore
    let configuration: IngestConfiguration
    let logger: Logger
    private let verifyingHasher = PrefixHasher(isPatient: false)
    private let patientHasher = PrefixHasher(isPatient: true)
    let disk = BlockingQueue("telecine.place")
    /// For bytes that are brought to the disk before they are acknowledged.
    let syncing = SyncThreads()
    /// Its own: a large file that is made of others must not hold up parts.
    let assembling = BlockingQueue("telecine.assemble")
    /// For the hashes of whole files that nothing follows while they arrive.
    let verifying = BlockingQueue("telecine.verify")
    let active = Mutex(ActiveTable())
    let leases: LeaseTable
    let metrics: IngestMetrics
    /// Uploads whose last byte is there and that are not at their end; `runBackground` works them off.
    let endings: AsyncStream<UploadID>
    let bringToEnd: AsyncStream<UploadID>.Continuation

    package init(
        database: any Database,
        store: any ObjectStore,
        configuration: IngestConfiguration,
        metrics: Metrics = Metrics(),
        logger: Logger
    ) throws {
        self.metrics = IngestMetrics(metrics)
        self.database = database
        self.store = store
        self.configuration = configuration
        self.logger = logger
        leases = LeaseTable(silence: configuration.silence, departure: configuration.departure)
        (endings, bringToEnd) = AsyncStream.makeStream()
        try FileManager.default.createDirectory(
            atPath: configuration.stagingDirectory,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        countOpenUploads(when: metrics)
    }

    /// Who hashes an upload: a stated hash is waited for, the others take no time from what is being received.
    func hasher(of upload: Upload) -> PrefixHasher {
        upload.stated.sha256 == nil ? patientHasher : verifyingHasher
    }

    /// An upload is over, whoever hashed it.
    func forgetHash(of id: UploadID) {
        verifyingHasher.forget(id)
        patientHasher.forget(id)
    }

    func stagedPath(_ id: UploadID) -> String { "\(configuration.stagingDirectory)/\(id).data" }

    // MARK: - Begin

    /// Begins an upload.
    ///
    /// `target`: the owner's asset that it becomes a new version of.
    /// Throws `.invalidRequest` with the field, `.tooLarge`, `.tooManyRequests`, `.insufficientStorage`; for a target,
    /// `.notFound` and `.forbidden`.
    package func begin(_ announced: AnnouncedFile, owner: UserID, target: AssetID? = nil) async throws -> Upload {
        let limits = configuration.limits(of: announced.door)
        try announced.check(maximumSize: limits.maximumSize)
        try checkRoom(for: announced.size)
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
            stated: StatedHashes(sha256: announced.hash?.lowercased()),
            state: .created,
            error: nil,
            assetID: nil,
            target: target,
            createdAt: now,
            lastPartAt: nil,
            expiresAt: now + configuration.expiry,
            durationLimit: limits.maximumDuration,
            door: announced.door
        )
        try await database.write { transaction in
            if let target { _ = try Catalog.own(target, owner, in: transaction) }
            try self.admit(upload, in: transaction)
        }
        try await keepRecords()
        metrics.noteBeginning(at: upload.door)
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
        let entry = try await entry(id, keptFor: owner)
        guard entry.upload.owner == owner else { throw ServiceError(.forbidden, "Access denied") }
        guard !entry.upload.acceptsParts || entry.upload.expiresAt > .now else {
            throw ServiceError(.gone, "Upload not found: it expired. Begin a new one.")
        }
        return entry
    }

    private func entry(_ id: UploadID, keptFor owner: UserID) async throws -> Active {
        while true {
            let (known, retirements) = active.withLock { ($0.entries[id], $0.retirements) }
            if let known { return known }
            guard let found = try await read(id) else { throw ServiceError(.notFound, "Upload not found") }
            // An appended upload's state is its file: there is nothing to keep.
            guard found.upload.form == .numbered, found.upload.acceptsParts, found.upload.owner == owner else {
                return found
            }
            let kept: Active? = active.withLock { table in
                guard table.retirements == retirements else { return nil }
                let entry = table.entries[id] ?? found
                table.entries[id] = entry
                return entry
            }
            if let kept { return kept }
        }
    }

    /// Takes an upload out of memory; whoever still writes to its file writes nowhere from here on.
    func retire(_ id: UploadID) async {
        let writing = takeOut(id)
        await disk.run { for file in writing { file.close() } }
    }

    /// The files that are to be closed then.
    func takeOut(_ id: UploadID) -> [StagedFile] {
        active.withLock { table in
            table.retirements += 1
            return table.entries.removeValue(forKey: id).map { Array($0.writing.values) } ?? []
        }
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

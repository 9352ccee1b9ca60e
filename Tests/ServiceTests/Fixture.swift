import Core
import Crypto
import Foundation
import ObjectStorage
import SQL
import Service

/// A service's inside on a folder of its own, removed at the end.
final class Fixture: Sendable {
    static let owner = UserID(rawValue: 1)
    static let stranger = UserID(rawValue: 2)

    let folder: String
    let database: SQLiteDatabase
    let store: DiskStore

    init() async throws {
        folder = NSTemporaryDirectory() + "telecine-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        database = try SQLiteDatabase(path: folder + "/telecine.db", busyTimeout: .seconds(600))
        store = try DiskStore(root: folder + "/objects", durable: false)
        try await database.migrate(Schema.migrations)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func ingest(
        partSize: Int64 = 1000,
        maximumSize: Int64 = 1 << 20,
        metrics: Metrics = Metrics(),
        _ change: (inout IngestConfiguration) -> Void = { _ in }
    ) throws -> Ingest {
        var configuration = IngestConfiguration(
            stagingDirectory: folder + "/staging",
            partSize: partSize,
            maximumSize: maximumSize,
            expiry: .seconds(3600),
            retryAfter: .milliseconds(20)
        )
        // Nothing is over only because the machine is busy with other tests; here and in the queue.
        configuration.departure = .seconds(600)
        change(&configuration)
        return try Ingest(
            database: database,
            store: store,
            configuration: configuration,
            metrics: metrics,
            logger: .silent
        )
    }

    var catalog: Catalog { Catalog(database: database) }
    var queue: JobQueue { JobQueue(database: database, lease: .seconds(3600), suspectPause: .seconds(3600)) }

    /// The SHA-256 of every version, as far as it is known.
    func hashes() async throws -> [String?] {
        try await database.read { try $0.all("SELECT sha256 FROM versions").map { try $0.get("sha256") } }
    }

    func originals() async throws -> [ObjectInfo] {
        try await store.list(prefix: "assets/", after: nil, limit: 100)
    }
}

/// Bytes that differ everywhere, the same for the same seed.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state)
    }
}

func sha256(_ bytes: [UInt8]) -> String {
    let hash = SHA256()
    hash.update(bytes)
    return Hex.encode(hash.finalize())
}

extension Ingest {
    func begin(_ bytes: [UInt8], hash: String? = nil, owner: UserID = Fixture.owner) async throws -> Upload {
        try await begin(
            AnnouncedFile(
                door: "test",
                fileName: "clip.mp4",
                fileType: "video/mp4",
                size: Int64(bytes.count),
                metadata: ["title": "A clip"],
                hash: hash
            ),
            owner: owner
        )
    }

    /// Sends one part as a door does; `known`: its number comes before its bytes.
    @discardableResult
    func send(_ number: Int, of bytes: [UInt8], to upload: Upload, known: Bool = true) async throws -> PartReceipt {
        let ticket = try await admit(upload.id, for: upload.owner)
        let writer = try ticket.open(number: known ? number : nil)
        let start = number * Int(upload.partSize)
        try bytes[start..<min(bytes.count, start + Int(upload.partSize))].withUnsafeBytes { try writer.write($0) }
        return try await commit(writer, number: number, total: nil, for: ticket)
    }

    /// Waits until the upload is in one of the states; the background must run.
    func wait(for upload: Upload, _ states: Set<Upload.State>) async throws -> Upload {
        let deadline = ContinuousClock.now + .seconds(300)
        while true {
            let now = try await status(of: upload.id, for: upload.owner).upload
            if states.contains(now.state) { return now }
            guard ContinuousClock.now < deadline else { throw ServiceError(.unavailable, "still \(now.state)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

func code(_ body: () async throws -> Void) async -> ServiceError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? ServiceError)?.code
    }
}

/// Waits until something holds; a test that waits in vain fails.
func eventually(_ holds: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(300)
    while try await !holds() {
        guard ContinuousClock.now < end else { throw ServiceError(.unavailable, "it never held") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Whether a folder has nothing in it before long: files go after the state is told that makes them useless.
func becomesEmpty(_ folder: String) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(300)
    while try !FileManager.default.contentsOfDirectory(atPath: folder).isEmpty {
        guard ContinuousClock.now < end else { return false }
        try await Task.sleep(for: .milliseconds(5))
    }
    return true
}

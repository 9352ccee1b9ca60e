package import Core
package import SQL

/// Where everything stands, at one moment.
package struct Standing: Sendable {
    package struct Encoding: Sendable {
        package let rung: String
        /// Of what was made.
        package let media: Duration
        /// That making it took.
        package let time: Duration
    }

    struct Ended: Sendable {
        let kind: String
        let outcome: String
        let count: Int
        let time: Duration
    }

    package let jobs: [QueueOverview.Count]
    /// How long the oldest job that could run has waited, by lane.
    package let oldest: [String: Duration]
    package let workers: [Workers.Worker]
    package let encodings: [Encoding]
    let ended: [Ended]
    /// Bytes by kind, the database's file included.
    package let storage: [String: Int64]
    /// Bytes of the data folder's disk; nil when it cannot be asked.
    package let disk: (free: Int64, size: Int64)?
    /// Jobs that were buried, the latest first.
    package let failures: [JobRecord]
}

/// Reads where everything stands.
package struct StatusReader: Sendable {
    private let database: any Database
    private let folder: String
    private let files: [String]

    /// How many failures are told.
    private static let latest = 10

    /// - Parameters:
    ///   - database: where it stands.
    ///   - folder: the data folder.
    ///   - files: the database's, when they are files.
    package init(database: any Database, folder: String, files: [String] = []) {
        self.database = database
        self.folder = folder
        self.files = files
    }

    package func read(at now: Timestamp = .now) async throws -> Standing {
        let (folder, files) = (folder, files)
        return try await database.read { connection in
            var storage = try Self.storage(in: connection)
            storage["database"] = files.reduce(0) { $0 + (Disk.bytes(of: $1) ?? 0) }
            return Standing(
                jobs: try Self.jobs(in: connection),
                oldest: try Workers.oldest(at: now, in: connection),
                workers: try Workers.living(at: now, in: connection),
                encodings: try Self.encodings(in: connection),
                ended: try Self.ended(in: connection),
                storage: storage,
                disk: Disk(at: folder).map { (free: $0.free, size: $0.size) },
                failures: try connection.all(
                    """
                    SELECT \(sql: JobRecord.columns) FROM jobs WHERE state = 'dead'
                    ORDER BY id DESC LIMIT \(Self.latest)
                    """
                ).map(JobRecord.init(row:))
            )
        }
    }

    private static func jobs(in connection: any Connection) throws -> [QueueOverview.Count] {
        try connection.all(
            """
            SELECT kind, state, count(*) AS n, min(created_at) AS oldest FROM jobs
            GROUP BY kind, state ORDER BY kind, state
            """
        ).map(QueueOverview.Count.init(row:))
    }

    private static func encodings(in connection: any Connection) throws -> [Standing.Encoding] {
        try connection.all("SELECT rung, media_time, wall_time FROM encode_statistics ORDER BY rung LIMIT 100").map {
            Standing.Encoding(
                rung: try $0.get("rung"),
                media: .microseconds(try $0.get("media_time", as: Int64.self)),
                time: .microseconds(try $0.get("wall_time", as: Int64.self))
            )
        }
    }

    private static func ended(in connection: any Connection) throws -> [Standing.Ended] {
        try connection.all("SELECT kind, outcome, n, run_time FROM job_statistics ORDER BY kind, outcome").map {
            Standing.Ended(
                kind: try $0.get("kind"),
                outcome: try $0.get("outcome"),
                count: try $0.get("n"),
                time: .microseconds(try $0.get("run_time", as: Int64.self))
            )
        }
    }

    private static func storage(in connection: any Connection) throws -> [String: Int64] {
        let rows = try connection.all("SELECT kind, bytes FROM storage_counts")
        return try Dictionary(uniqueKeysWithValues: rows.map { (try $0.get("kind"), try $0.get("bytes")) })
    }
}

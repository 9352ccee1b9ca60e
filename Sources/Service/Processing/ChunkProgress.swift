internal import Core
internal import SQL
internal import Synchronization

/// Lets a version's progress grow while one of its chunks is encoded, not only when it is published.
struct ChunkProgress: Sendable {
    let database: any Database
    let asset: AssetID
    let version: Int

    /// How often the database is told.
    private static let interval = Duration.seconds(1)

    /// Runs the body, and writes what it reports once a second.
    ///
    /// `share`: how many of the version's segments, of all renditions, the body makes.
    func reported<Value: Sendable>(
        share: Double,
        _ body: @escaping @Sendable (@escaping @Sendable (Double) -> Void) async throws -> Value
    ) async throws -> Value {
        let fraction = Latest()
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body { fraction.set($0) } }
            group.addTask {
                while true {
                    do { try await Task.sleep(for: Self.interval) } catch { return nil }
                    // The encoder looks ahead: a decoded picture is not a finished one.
                    try await record(share * min(fraction.value, 0.95))
                }
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    private func record(_ made: Double) async throws {
        try await database.write { transaction in
            let sums = try transaction.first(
                """
                SELECT CAST(sum(done) AS BIGINT) AS done, CAST(sum(segments) AS BIGINT) AS total FROM renditions
                WHERE asset_id = \(asset) AND version = \(version)
                """
            )
            // Deleted meanwhile: nothing to count.
            guard let sums, let total = try sums.get("total", as: Int?.self), total > 0 else { return }
            let progress = Int((Double(try sums.get("done", as: Int.self)) + made) * 100 / Double(total))
            try transaction.run(
                """
                UPDATE versions SET progress = \(min(progress, 99)) WHERE asset_id = \(asset)
                    AND number = \(version) AND progress < \(min(progress, 99)) AND status <> 'failed'
                """
            )
        }
    }

    private final class Latest: Sendable {
        private let stored = Mutex(0.0)

        var value: Double { stored.withLock { $0 } }
        func set(_ value: Double) { stored.withLock { $0 = value } }
    }
}

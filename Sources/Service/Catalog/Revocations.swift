package import Core
internal import SQL
internal import Synchronization

/// Whose signed links count no more: deleted assets, revoked shares.
///
/// A link is verified without the database, so every process holds this small set and reads what is new in it within
/// a second of a change.
package final class Revocations: Sendable {
    enum Kind: String, Sendable {
        case asset, share
    }

    private struct Known: Sendable {
        var assets: Set<Int64> = []
        var shares: Set<Int64> = []
        /// The last change that was read.
        var change: Int64 = 0
        /// When all of it was read; those that have expired stay until then.
        var readAt: ContinuousClock.Instant?
    }

    private static let wholeAgain = Duration.seconds(3600)

    private let known = Mutex(Known())

    package init() {}

    func contains(_ kind: Kind, _ id: Int64) -> Bool {
        known.withLock { (kind == .asset ? $0.assets : $0.shares).contains(id) }
    }

    static func add(_ kind: Kind, _ id: Int64, until: Timestamp, in transaction: any Connection) throws {
        try transaction.run(
            """
            INSERT INTO revocations (kind, id, until, is_revoked, change)
            SELECT \(kind.rawValue), \(id), \(until), 1, COALESCE(max(change), 0) + 1 FROM revocations WHERE 1 = 1
            ON CONFLICT (kind, id) DO UPDATE SET until = excluded.until, is_revoked = 1, change = excluded.change
            """
        )
    }

    /// The row stays: others must read that it counts no more.
    static func remove(_ kind: Kind, _ id: Int64, in transaction: any Connection) throws {
        try transaction.run(
            """
            UPDATE revocations SET is_revoked = 0, change = (SELECT max(change) + 1 FROM revocations)
            WHERE kind = \(kind.rawValue) AND id = \(id)
            """
        )
    }

    /// Reads from the database what has changed since the last time.
    func load(from database: any Database) async throws {
        let isWhole = known.withLock { $0.readAt.map { $0.duration(to: .now) > Self.wholeAgain } ?? true }
        let after = isWhole ? 0 : known.withLock(\.change)
        let rows = try await database.read { connection in
            try connection.all(
                """
                SELECT kind, id, is_revoked, change FROM revocations
                WHERE change > \(after) AND until > \(Timestamp.now) ORDER BY change
                """
            ).map { row in
                (
                    isAsset: try row.get("kind", as: String.self) == Kind.asset.rawValue,
                    id: try row.get("id", as: Int64.self), isRevoked: try row.get("is_revoked", as: Bool.self),
                    change: try row.get("change", as: Int64.self)
                )
            }
        }
        known.withLock { known in
            // Somebody else has read later meanwhile.
            if isWhole, known.readAt != nil, rows.last.map({ $0.change < known.change }) ?? true { return }
            let before = isWhole ? 0 : known.change
            if isWhole { known = Known(change: known.change, readAt: .now) }
            for row in rows where row.change > before {
                let place = row.isAsset ? \Known.assets : \Known.shares
                if row.isRevoked { known[keyPath: place].insert(row.id) } else { known[keyPath: place].remove(row.id) }
                known.change = max(known.change, row.change)
            }
        }
    }
}

extension Delivery {
    /// Reads the revoked links once; before serving.
    package func loadRevocations() async throws {
        try await revocations.load(from: database)
    }

    /// Keeps the revoked links known until its task is cancelled: half a second after any process has changed them.
    package func followRevocations(logger: Logger) async {
        var last: Int64?
        while !Task.isCancelled {
            do {
                let counter = try await database.changeCounter()
                if counter != last { try await loadRevocations() }
                last = counter
            } catch {
                logger.error("revoked links could not be read", ["error": .string(String(reflecting: error))])
            }
            do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
        }
    }
}

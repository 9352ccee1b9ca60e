internal import Core
internal import Media
internal import ObjectStorage
internal import SQL

/// The jobs that make what stands around a picture.
enum Surroundings {
    /// Enqueues them for a version that was planned.
    static func enqueue(_ plan: Plan, of asset: AssetID, _ version: Int, in transaction: any Connection) throws {
        try JobQueue.enqueue(ReadText(asset: asset, version: version), in: transaction)
        if plan.info.video != nil {
            try JobQueue.enqueue(DrawStoryboard(asset: asset, version: version), priority: .background, in: transaction)
            try JobQueue.enqueue(MakePreview(asset: asset, version: version), priority: .background, in: transaction)
        }
        if plan.info.audio != nil {
            try JobQueue.enqueue(
                MeasureLoudness(asset: asset, version: version),
                priority: .background,
                in: transaction
            )
        }
    }
}

extension ProcessingContext {
    /// Runs what a medium can do without: a file that does not allow it is noted, and no failure.
    func optional(
        _ name: String,
        of asset: AssetID,
        _ body: () async throws -> Void
    ) async throws -> JobOutcome {
        do {
            try await body()
        } catch let error as MediaError where error.isPermanent {
            logger.warning("no \(name)", ["asset": .integer(asset.rawValue), "error": .string("\(error)")])
        }
        return .done
    }

    func plan(_ asset: AssetID, _ version: Int) async throws -> Plan? {
        try await database.read { try Plan.find(asset, version, in: $0) }
    }

    /// Puts a file that a job has made beside the renditions.
    ///
    /// It counts only when it is recorded (`record`).
    func put(_ made: Derivative, file: String, of asset: AssetID, _ version: Int) async throws {
        _ = try await store.put(try made.key(asset, version: version), file: file, consuming: true)
    }

    /// Records what was made and found, then looks whether it was for nothing.
    func record(
        _ derivatives: [Derivative] = [],
        details: [String: JSONValue],
        of asset: AssetID,
        _ version: Int
    ) async throws {
        try await database.write { transaction in
            for derivative in derivatives { try derivative.record(for: asset, version: version, in: transaction) }
            try VersionDetails.add(details, to: asset, version, in: transaction)
        }
        try await removeIfDeleted(asset)
    }
}

internal import Core
internal import Media
internal import SQL

/// What happens when a job can never succeed.
enum Replanning {
    /// Rungs of a codec that not every player needs are no reason to fail, nor to give up what plays: what is not
    /// complete of them is not offered any more; the dead job says why, and can be tried again.
    ///
    /// Gives false when one of them is of H.264, or there are none.
    static func unlist(
        _ rungs: [String],
        of asset: AssetID,
        _ version: Int,
        in transaction: any Connection
    ) throws -> Bool {
        let plan = try Plan.find(asset, version, in: transaction)
        let known = plan?.rungs.filter { rungs.contains($0.name) } ?? []
        guard !known.isEmpty, known.allSatisfy({ $0.codec != .h264 }) else { return false }
        for rung in known {
            try transaction.run(
                """
                UPDATE renditions SET sustained = 0
                WHERE asset_id = \(asset) AND version = \(version) AND name = \(rung.name)
                """
            )
        }
        return true
    }

    /// A plan that rests on the source's packets is given up for one that encodes everything; any other fails.
    static func replanOrFail(
        _ asset: AssetID,
        _ version: Int,
        reason: String,
        in transaction: any Connection
    ) throws {
        guard let plan = try Plan.find(asset, version, in: transaction), plan.copies else {
            return try VersionState.fail(asset, version, reason: reason, in: transaction)
        }
        try JobQueue.cancel(subject: Subject.version(asset, version), in: transaction)
        try transaction.run("DELETE FROM segments WHERE asset_id = \(asset) AND version = \(version)")
        try transaction.run("DELETE FROM renditions WHERE asset_id = \(asset) AND version = \(version)")
        try transaction.run("DELETE FROM derivatives WHERE asset_id = \(asset) AND version = \(version)")
        try transaction.run(
            """
            UPDATE versions SET plan = NULL, status = 'processing', poster = 0, details = '{}'
            WHERE asset_id = \(asset) AND number = \(version)
            """
        )
        // Jobs of the former plan that still run have noticed by then, and publish nothing any more.
        try JobQueue.enqueue(
            PrepareAsset(asset: asset, version: version, mayCopy: false),
            after: JobQueue.lease,
            in: transaction
        )
    }
}

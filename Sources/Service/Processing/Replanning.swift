internal import Core
internal import SQL

/// What happens when a job can never succeed.
enum Replanning {
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

internal import Core
internal import ObjectStorage

/// Removes every object of a deleted asset.
struct DeleteObjects: Job {
    static let kind = "asset.delete"
    static let lane = Lane.light
    static let attempts = 20

    let asset: AssetID

    var subject: String { Subject.asset(asset) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        // A job of the asset that was running when it was deleted stops at its next heartbeat, and publishes nothing
        // after that: a second look catches what it wrote in between.
        let removed = try await context.store.delete(prefix: AssetKeys.prefix(asset))
        return removed == 0 ? .done : .snooze(JobQueue.lease)
    }
}

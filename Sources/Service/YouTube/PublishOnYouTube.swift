internal import Core
internal import ObjectStorage
internal import SQL

/// Sends a recording's original to YouTube, from wherever YouTube has it.
struct PublishOnYouTube: Job {
    static let kind = "youtube.publish"
    static let lane = Lane.outgoing
    /// With the queue's backoff: about half an hour without any progress.
    static let attempts = 14

    let asset: AssetID

    var subject: String { Subject.youtube(asset) }

    func run(in context: ProcessingContext) async throws -> JobOutcome {
        guard let client = context.youtube else { return .cancel(YouTube.unconfigured) }
        guard let begun = try await start(in: context), begun.state == .uploading else { return .done }
        guard let original = try await original(begun, in: context) else {
            return .cancel("The original is no longer there.")
        }
        var upload = YouTubeUpload(begun, original.key, type: original.type, client, context)
        do {
            try await upload.run()
            return .done
        } catch let failure as YouTubeFailure {
            switch failure {
            case .lasting(let reason): return .cancel(reason)
            case .unauthorized: return .cancel("YouTube does not accept the token that Google has just given.")
            case .gone: return try await pass("YouTube gives up each upload.", upload, in: context)
            case .passing(let reason): return try await pass(reason, upload, in: context)
            }
        }
    }

    /// Again later; with progress, as often as it takes.
    private func pass(
        _ reason: String,
        _ upload: YouTubeUpload,
        in context: ProcessingContext
    ) async throws -> JobOutcome {
        try await context.database.write { transaction in
            try transaction.run(
                "UPDATE youtube_videos SET reason = \(reason) WHERE asset_id = \(asset) AND state = 'uploading'"
            )
        }
        context.logger.warning(
            "YouTube did not take all of a video",
            ["asset": .string(Subject.asset(asset)), "reason": .string(reason)]
        )
        guard upload.hasProgress else { throw ServiceError(.unavailable, reason) }
        return .snooze(.seconds(5))
    }

    func buried(reason: String, in transaction: any Connection) throws {
        try YouTubeVideo.fail(asset, reason: reason, in: transaction)
    }

    /// What is to be done; nil when the recording was deleted.
    ///
    /// A failed one whose job an administrator has put back begins again.
    private func start(in context: ProcessingContext) async throws -> YouTubeVideo? {
        try await context.database.write { transaction in
            try transaction.run(
                """
                UPDATE youtube_videos SET state = 'uploading' WHERE asset_id = \(asset) AND state = 'failed'
                    AND EXISTS (SELECT 1 FROM assets WHERE id = \(asset) AND trashed_at IS NULL)
                """
            )
            return try YouTubeVideo.find(asset, in: transaction)
        }
    }

    /// Of any run of the edition that was asked for: processing it again moves it.
    private func original(
        _ video: YouTubeVideo,
        in context: ProcessingContext
    ) async throws -> (key: ObjectKey, type: String)? {
        let runs = try await context.database.read { connection in
            try connection.all(
                """
                SELECT v.number, COALESCE(v.file_type, a.file_type) AS file_type FROM versions v
                JOIN assets a ON a.id = v.asset_id
                WHERE v.asset_id = \(asset) AND v.edition = \(video.edition) ORDER BY v.number
                """
            ).map { (number: try $0.get("number", as: Int.self), type: try $0.get("file_type", as: String.self)) }
        }
        for run in runs {
            let key = try AssetKeys.original(asset, version: run.number)
            guard try await context.store.head(key)?.size == video.size else { continue }
            // What it says may be anything: YouTube looks for itself.
            let isVideo = run.type.wholeMatch(of: /video\/[A-Za-z0-9.+-]{1,80}/) != nil
            return (key, isVideo ? run.type : "application/octet-stream")
        }
        return nil
    }
}

internal import Core
internal import Foundation
internal import SQL

extension Delivery {
    /// The progressive MP4 of a complete rung.
    ///
    /// The first request makes it, by remuxing; it is kept.
    ///
    /// Waits until it exists.
    ///
    /// `isWanted`: asked now and then; false when the client has left.
    /// Throws `.notFound` for a rung that is not complete, `.unavailable` when it cannot be made.
    package func mp4Path(
        _ token: StreamToken,
        rendition: String,
        isWanted: @Sendable () -> Bool
    ) async throws -> String {
        let key = { try AssetKeys.mp4(token.asset, version: token.version, rendition: rendition) }
        if let path = try? existing(try key()) { return path }
        let renditions = try await catalog.renditions(of: token.asset, version: token.version)
        guard
            VersionState.listed(renditions).contains(where: { $0.name == rendition && $0.isComplete }),
            renditions.first(where: { $0.name == VersionState.audioName })?.isComplete != false
        else { throw Self.nothing }
        let job = RemuxMP4(asset: token.asset, version: token.version, rendition: rendition)
        try await database.write { transaction in
            let waiting = try transaction.first(
                "SELECT id FROM jobs WHERE subject = \(job.subject) AND kind = \(RemuxMP4.kind) AND state <> 'dead'"
            )
            if waiting == nil { try JobQueue.enqueue(job, priority: .viewer, in: transaction) }
        }
        return try await wait(for: job.subject, isWanted: isWanted) { try existing(try key()) }
    }

    /// Waits for the file that the youngest job of a subject makes.
    ///
    /// Throws what `find` throws when there is no such job any more, `.unavailable` when it is dead or the client has
    /// left.
    func wait(
        for subject: String,
        isWanted: @Sendable () -> Bool,
        _ find: () throws -> String
    ) async throws -> String {
        while isWanted() {
            if let path = try? find() { return path }
            let left = try await database.read {
                try $0.first("SELECT state, reason FROM jobs WHERE subject = \(subject) ORDER BY id DESC LIMIT 1")
            }
            // Done since we looked, or cancelled because the asset was deleted.
            guard let left else { return try find() }
            if try left.get("state", as: String.self) == "dead" {
                throw ServiceError(
                    .unavailable,
                    "The file could not be made. Try again later.",
                    detail: try left.get("reason")
                )
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ServiceError(.unavailable, "The client has left.")
    }
}

package import Core
internal import Foundation
internal import SQL

/// A recording that is, or is to be, on YouTube.
package struct YouTubeVideo: Sendable {
    package enum State: String, Sendable {
        case uploading, published, failed
    }

    package let asset: AssetID
    /// The edition of the recording that was sent.
    let edition: Int
    package let state: State
    let details: YouTubeDetails
    /// Where YouTube takes the bytes: as good as a password.
    let session: String?
    /// Bytes that have left, and those there are.
    package let sent: Int64
    package let size: Int64
    /// Once it is published.
    package let youtubeID: String?
    /// Whether only the channel's owner sees it: in the end YouTube decides.
    package let isPrivate: Bool
    /// Why the last attempt failed.
    package let reason: String?

    /// Where to watch it.
    package var url: String? { youtubeID.map { "https://www.youtube.com/watch?v=\($0)" } }

    private init(row: Row) throws {
        asset = try row.get("asset_id")
        edition = try row.get("edition")
        state = State(rawValue: try row.get("state")) ?? .failed
        details = try JSONDecoder().decode(YouTubeDetails.self, from: Data(row.get("details", as: String.self).utf8))
        session = try row.get("session")
        sent = try row.get("sent")
        size = try row.get("size")
        youtubeID = try row.get("youtube_id")
        isPrivate = try row.get("privacy", as: String?.self).map { $0 != "public" } ?? details.isPrivate
        reason = try row.get("reason")
    }

    static func find(_ asset: AssetID, in connection: any Connection) throws -> YouTubeVideo? {
        try connection.first(
            """
            SELECT asset_id, edition, state, details, session, sent, size, youtube_id, privacy, reason
            FROM youtube_videos WHERE asset_id = \(asset)
            """
        ).map(YouTubeVideo.init(row:))
    }

    /// Begins it, in the place of one that failed or that an earlier edition became, and its job.
    ///
    /// `session`: of a failed attempt at exactly the same, which goes on.
    static func begin(
        _ asset: AssetRecord,
        _ details: YouTubeDetails,
        session: String?,
        in transaction: any Connection
    ) throws {
        let text = String(decoding: try JSONEncoder().encode(details), as: UTF8.self)
        let now = Timestamp.now
        try transaction.run("DELETE FROM youtube_videos WHERE asset_id = \(asset.id)")
        try transaction.run(
            """
            INSERT INTO youtube_videos (asset_id, edition, state, details, session, size, created_at, updated_at)
            VALUES (\(asset.id), \(asset.version.edition), 'uploading', \(text), \(session), \(asset.version.size),
                \(now), \(now))
            """
        )
        try JobQueue.cancel(subject: Subject.youtube(asset.id), keepingDead: false, in: transaction)
        try JobQueue.enqueue(PublishOnYouTube(asset: asset.id), in: transaction)
    }

    /// Ends what is under way, with a reason for its owner.
    static func fail(_ asset: AssetID, reason: String, in transaction: any Connection) throws {
        try transaction.run(
            """
            UPDATE youtube_videos SET state = 'failed', reason = \(reason), updated_at = \(Timestamp.now)
            WHERE asset_id = \(asset) AND state = 'uploading'
            """
        )
    }

    /// Ends what is under way because its recording was put into the trash.
    static func endForTrash(_ asset: AssetID, in transaction: any Connection) throws {
        try fail(asset, reason: "The recording was put into the trash before YouTube had all of it.", in: transaction)
        try JobQueue.cancel(subject: Subject.youtube(asset), keepingDead: false, in: transaction)
    }
}

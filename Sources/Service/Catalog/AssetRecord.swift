package import Core
internal import Foundation
internal import SQL

/// An asset with its live version, as the catalog knows it.
package struct AssetRecord: Sendable {
    package let id: AssetID
    package let owner: UserID
    /// `video`, `audio`, or `unknown` until the file was probed.
    package let kind: String
    package let title: String
    package let description: String
    package let fileName: String
    package let fileType: String
    package let metadata: [String: JSONValue]
    package let createdAt: Timestamp
    package let version: VersionRecord
}

/// A version of an asset.
package struct VersionRecord: Sendable {
    package enum Status: String, Sendable {
        case queued, processing, playable, ready, failed
    }

    package let number: Int
    package let status: Status
    /// Processing alone, 0–100, never falling; 100 when every rung is complete.
    package let progress: Int
    /// Why it failed, in words.
    package let error: String?
    /// Bytes of the original.
    package let size: Int64
    package let sha256: String?
    package let duration: Duration?
    package let width: Int?
    package let height: Int?
    package let hasPoster: Bool

    /// Whether a player can be given something.
    package var plays: Bool { status == .playable || status == .ready }
}

/// A rung, or the audio group, of a version.
package struct RenditionRecord: Sendable {
    package let name: String
    /// Segments in all, and those that exist.
    package let segments: Int
    package let done: Int
    /// RFC 6381, once a segment was made.
    package let codecs: String?
    /// Measured bits per second: the peak segment and the average; nil until complete.
    package let bandwidth: Int?
    package let averageBandwidth: Int?

    package var isComplete: Bool { done == segments }
}

extension AssetRecord {
    static let columns: Query = """
        a.id, a.user_id, a.kind, a.title, a.description, a.file_name, a.file_type, a.metadata, a.created_at,
        v.number, v.status, v.progress, v.error, v.size, v.sha256, v.duration, v.width, v.height, v.poster
        """
    static let tables: Query = "assets a JOIN versions v ON v.asset_id = a.id AND v.number = a.version"

    init(row: Row) throws {
        id = try row.get("id")
        owner = try row.get("user_id")
        kind = try row.get("kind")
        title = try row.get("title")
        description = try row.get("description")
        fileName = try row.get("file_name")
        fileType = try row.get("file_type")
        metadata = try JSONDecoder().decode(
            [String: JSONValue].self,
            from: Data(try row.get("metadata", as: String.self).utf8)
        )
        createdAt = try row.get("created_at")
        version = try VersionRecord(row: row)
    }
}

extension VersionRecord {
    init(row: Row) throws {
        number = try row.get("number")
        status = Status(rawValue: try row.get("status")) ?? .failed
        progress = try row.get("progress")
        error = try row.get("error")
        size = try row.get("size")
        sha256 = try row.get("sha256")
        duration = try row.get("duration", as: Int64?.self).map { .microseconds($0) }
        width = try row.get("width")
        height = try row.get("height")
        hasPoster = try row.get("poster", as: Int.self) == 1
    }
}

extension RenditionRecord {
    static let columns: Query = "name, segments, done, codecs, bandwidth, average_bandwidth"

    init(row: Row) throws {
        name = try row.get("name")
        segments = try row.get("segments")
        done = try row.get("done")
        codecs = try row.get("codecs")
        bandwidth = try row.get("bandwidth")
        averageBandwidth = try row.get("average_bandwidth")
    }
}

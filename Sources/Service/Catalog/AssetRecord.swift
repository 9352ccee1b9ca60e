package import Core
internal import Foundation
internal import Media
internal import SQL

/// An asset with its live version, as the catalog knows it.
package struct AssetRecord: Sendable {
    package let id: AssetID
    package let owner: UserID
    /// `video`, `audio` or `image`: as the first bytes say until the file was probed; `unknown` when they say nothing.
    package let kind: String
    package let title: String
    package let description: String
    package let fileName: String
    package let fileType: String
    package let metadata: [String: JSONValue]
    /// Whether its files are open to everybody (contract 2's `is_public`); its API never is.
    package let isPublic: Bool
    package let createdAt: Timestamp
    /// When it was last changed, or its processing took a turn.
    package let updatedAt: Timestamp
    /// The owner's asset that had the same bytes when this one came.
    package let duplicateOf: AssetID?
    package let version: VersionRecord

    package var tags: [String] {
        guard case .array(let values)? = metadata["tags"] else { return [] }
        return values.compactMap(\.stringValue)
    }
}

/// A version of an asset.
package struct VersionRecord: Sendable {
    package enum Status: String, Sendable {
        case queued, processing, playable, ready, failed
    }

    /// What links and files are named by.
    package let number: Int
    /// The number that its owner knows it by: that of the upload, which runs that process it again share.
    package let edition: Int
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
    /// What was found in the original or measured: dominant colour, tags, loudness, chapters.
    package let details: [String: JSONValue]

    /// Whether a player can be given something.
    package var plays: Bool { status == .playable || status == .ready }
}

/// A rung, or the audio group, of a version.
package struct RenditionRecord: Sendable {
    package enum Origin: String, Sendable {
        case encoded, copied
        /// Copied, and served until the top encoded rung is complete.
        case standIn
    }

    package let name: String
    /// Segments in all, and those that exist.
    package let segments: Int
    package let done: Int
    /// RFC 6381, once a segment was made.
    package let codecs: String?
    /// Measured bits per second: the peak segment and the average; nil until complete.
    package let bandwidth: Int?
    package let averageBandwidth: Int?

    package let origin: Origin
    /// Whether it was made well faster than it plays.
    package let isSustained: Bool

    package var isComplete: Bool { done == segments }

    /// H.264 for what is copied, and until a segment was made.
    var videoCodec: VideoCodec { VideoCodec(codecs: codecs ?? "") }

    /// Whether a player can be told of it: what is missing comes in time.
    package var isDeliverable: Bool { isComplete || (codecs != nil && (isSustained || origin != .encoded)) }
}

extension AssetRecord {
    static let columns: Query = """
        a.id, a.user_id, CASE v.kind WHEN 'unknown' THEN a.kind ELSE v.kind END AS kind, a.title, a.description,
        COALESCE(v.file_name, a.file_name) AS file_name, COALESCE(v.file_type, a.file_type) AS file_type, a.metadata,
        a.is_public, a.created_at, a.updated_at, a.duplicate_of, v.number, v.edition, v.status, v.progress, v.error,
        v.size, v.sha256, v.duration, v.width, v.height, v.poster, v.details
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
        metadata = try [String: JSONValue](text: row.get("metadata"))
        isPublic = try row.get("is_public", as: Int.self) == 1
        createdAt = try row.get("created_at")
        updatedAt = try row.get("updated_at")
        duplicateOf = try row.get("duplicate_of")
        version = try VersionRecord(row: row)
    }
}

extension VersionRecord {
    init(row: Row) throws {
        number = try row.get("number")
        edition = try row.get("edition")
        status = Status(rawValue: try row.get("status")) ?? .failed
        progress = try row.get("progress")
        error = try row.get("error")
        size = try row.get("size")
        sha256 = try row.get("sha256")
        duration = try row.get("duration", as: Int64?.self).map { .microseconds($0) }
        width = try row.get("width")
        height = try row.get("height")
        hasPoster = try row.get("poster", as: Int.self) == 1
        details = try [String: JSONValue](text: row.get("details"))
    }
}

extension [String: JSONValue] {
    /// A stored JSON object.
    fileprivate init(text: String) throws {
        self = text == "{}" ? [:] : try JSONDecoder().decode(Self.self, from: Data(text.utf8))
    }
}

extension RenditionRecord {
    static let columns: Query = "name, segments, done, codecs, bandwidth, average_bandwidth, origin, sustained"

    init(row: Row) throws {
        name = try row.get("name")
        segments = try row.get("segments")
        done = try row.get("done")
        codecs = try row.get("codecs")
        bandwidth = try row.get("bandwidth")
        averageBandwidth = try row.get("average_bandwidth")
        origin = Origin(rawValue: try row.get("origin")) ?? .encoded
        isSustained = try row.get("sustained", as: Int.self) == 1
    }
}

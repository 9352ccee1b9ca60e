package import Core
internal import Foundation
internal import SQL

/// A byte sequence being received: in numbered parts of one size (the last may be shorter), or appended to.
package struct Upload: Sendable {
    package enum State: String, Sendable {
        case created, receiving, validating, hashing, complete, failed

        /// Whether there are bytes, and no asset yet.
        package var isArriving: Bool { self == .receiving || self == .validating || self == .hashing }
    }

    /// How its bytes come.
    package enum Form: String, Sendable {
        /// In parts that say their place.
        case numbered
        /// One after the other: the staged file's length is the offset.
        case appended
        /// Appended, and one part of a `final` only.
        case partial
        /// Made of partials.
        case final
    }

    package let id: UploadID
    package let owner: UserID
    package let fileName: String
    package let fileType: String
    package let metadata: [String: JSONValue]
    /// Bytes.
    package var size: Int64
    /// Bytes of every part but the last.
    package let partSize: Int64
    package var parts: Int
    /// Parts that were acknowledged.
    package var received: Int
    /// What the client said the whole is.
    package let stated: StatedHashes
    package var state: State
    package var error: String?
    package var assetID: AssetID?
    /// The asset that it becomes a version of; nil for one that becomes an asset of its own.
    package var target: AssetID?
    /// Which version of `assetID` it is.
    package var version = 1
    package let createdAt: Timestamp
    package var lastPartAt: Timestamp?
    package let expiresAt: Timestamp
    package var form: Form = .numbered
    /// Whether `size` is known; it is 0 until then.
    package var isLengthKnown = true
    /// Bytes that its door allows, for a length that is to come.
    package var sizeLimit: Int64?
    /// The longest medium that its door allows.
    var durationLimit: Duration?
    /// Where a piece begins that was not verified.
    var cutAt: Int64?
    /// The client's own words about the file, to be echoed.
    package var writtenMetadata: String?
    /// The client's own words about concatenation, to be echoed.
    package var writtenConcat: String?
    /// Whether the asset's files are open to everybody.
    var isPublic = false
    /// Bytes that it may have when it turns out to hold sound alone.
    var soundSizeLimit: Int64?
    /// Whether only a piece that says so ends it, as far as nobody who goes by the length has taken it over.
    var endsWhenTold = false
    /// The protocol that began it.
    var door = ""

    /// The bytes that part `number` must have.
    package func length(ofPart number: Int) -> Int64 {
        number == parts - 1 ? size - Int64(number) * partSize : partSize
    }

    package var acceptsParts: Bool { state == .created || state == .receiving }
}

extension Upload {
    static let columns: Query = """
        id, user_id, file_name, file_type, metadata, size, part_size, parts, received, stated_hash, state, error,
        asset_id, created_at, last_part_at, expires_at, form, length_known, size_limit, duration_limit, cut_at,
        written_metadata, written_concat, is_public, sound_size_limit, ends_when_told, door, target_asset, version,
        stated_sha512
        """

    init(row: Row) throws {
        id = try row.get("id")
        owner = try row.get("user_id")
        fileName = try row.get("file_name")
        fileType = try row.get("file_type")
        metadata = try JSONDecoder().decode(
            [String: JSONValue].self,
            from: Data(try row.get("metadata", as: String.self).utf8)
        )
        size = try row.get("size")
        partSize = try row.get("part_size")
        parts = try row.get("parts")
        received = try row.get("received")
        stated = StatedHashes(sha256: try row.get("stated_hash"), sha512: try row.get("stated_sha512"))
        state = State(rawValue: try row.get("state")) ?? .failed
        error = try row.get("error")
        assetID = try row.get("asset_id")
        createdAt = try row.get("created_at")
        lastPartAt = try row.get("last_part_at")
        expiresAt = try row.get("expires_at")
        form = Form(rawValue: try row.get("form")) ?? .numbered
        isLengthKnown = try row.get("length_known")
        sizeLimit = try row.get("size_limit")
        durationLimit = try row.get("duration_limit", as: Int64?.self).map { .microseconds($0) }
        cutAt = try row.get("cut_at")
        writtenMetadata = try row.get("written_metadata")
        writtenConcat = try row.get("written_concat")
        isPublic = try row.get("is_public")
        soundSizeLimit = try row.get("sound_size_limit")
        endsWhenTold = try row.get("ends_when_told")
        door = try row.get("door")
        target = try row.get("target_asset")
        version = try row.get("version")
    }

    static func find(_ id: UploadID, in connection: any Connection) throws -> Upload? {
        try connection.first("SELECT \(sql: columns) FROM uploads WHERE id = \(id)").map(Upload.init(row:))
    }

    func insert(in transaction: any Connection) throws {
        let metadata = String(decoding: try JSONEncoder().encode(metadata), as: UTF8.self)
        try transaction.run(
            """
            INSERT INTO uploads (id, user_id, door, file_name, file_type, metadata, size, part_size, parts, received,
                stated_hash, state, error, asset_id, created_at, last_part_at, expires_at, form, length_known,
                size_limit, duration_limit, written_metadata, written_concat, ends_when_told, target_asset,
                stated_sha512)
            VALUES (\(id), \(owner), \(door), \(fileName), \(fileType), \(metadata), \(size), \(partSize), \(parts),
                \(received), \(stated.sha256), \(state.rawValue), \(error), \(assetID), \(createdAt), \(lastPartAt),
                \(expiresAt), \(form.rawValue), \(isLengthKnown), \(sizeLimit), \(durationLimit?.microseconds),
                \(writtenMetadata), \(writtenConcat), \(endsWhenTold), \(target), \(stated.sha512))
            """
        )
    }
}

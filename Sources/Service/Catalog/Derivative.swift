package import Core
package import ObjectStorage
internal import SQL

/// A file made from an original beside its renditions: a thumbnail, an MP3, a sprite of the storyboard.
package struct Derivative: Sendable {
    /// `thumbnail`, `webp`, `mp3`, `storyboard-3`: unique in its version.
    package let name: String
    /// Without the dot.
    package let fileExtension: String
    package let mimeType: String
    package let width: Int?
    package let height: Int?
    package let bytes: Int64

    package init(
        name: String,
        fileExtension: String,
        mimeType: String,
        width: Int? = nil,
        height: Int? = nil,
        bytes: Int64
    ) {
        self.name = name
        self.fileExtension = fileExtension
        self.mimeType = mimeType
        self.width = width
        self.height = height
        self.bytes = bytes
    }
}

extension Derivative {
    /// Where its bytes stand: `assets/<id>/v<n>/derivatives/<name>.<ext>`.
    package func key(_ asset: AssetID, version: Int) throws -> ObjectKey {
        try ObjectKey("assets/\(asset)/v\(version)/derivatives/\(name).\(fileExtension)")
    }

    init(row: Row) throws {
        name = try row.get("name")
        fileExtension = try row.get("extension")
        mimeType = try row.get("mime_type")
        width = try row.get("width")
        height = try row.get("height")
        bytes = try row.get("bytes")
    }

    /// Records it, in place of what had its name before; does nothing when the asset was deleted meanwhile.
    func record(for asset: AssetID, version: Int, in transaction: any Connection) throws {
        try transaction.run(
            """
            INSERT INTO derivatives (asset_id, version, name, extension, mime_type, width, height, bytes, created_at)
            SELECT \(asset), \(version), \(name), \(fileExtension), \(mimeType), \(width), \(height), \(bytes),
                \(Timestamp.now) FROM versions WHERE asset_id = \(asset) AND number = \(version)
            ON CONFLICT (asset_id, version, name) DO UPDATE SET extension = excluded.extension,
                mime_type = excluded.mime_type, width = excluded.width, height = excluded.height,
                bytes = excluded.bytes
            """
        )
    }
}

extension Catalog {
    /// What was made beside the renditions of a version, by name.
    package func derivatives(of id: AssetID, version: Int) async throws -> [Derivative] {
        try await database.read { connection in
            try connection.all(
                """
                SELECT name, extension, mime_type, width, height, bytes FROM derivatives
                WHERE asset_id = \(id) AND version = \(version) ORDER BY name
                """
            ).map(Derivative.init(row:))
        }
    }
}

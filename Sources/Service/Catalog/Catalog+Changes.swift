package import Core
internal import Foundation
internal import SQL

/// What an owner changes of an asset: what is nil stays.
package struct AssetChanges: Sendable {
    package var title: String?
    package var description: String?
    package var tags: [String]?
    package var isPublic: Bool?
    /// Further members of `metadata`; null removes one.
    package var metadata: [String: JSONValue] = [:]

    package init() {}

    /// - Throws: `.invalidRequest` that names the field.
    func check() throws {
        if let title {
            guard !title.allSatisfy(\.isWhitespace), title.utf8.count <= 1000 else {
                throw Self.wrong("title", "must have 1 to 1000 bytes.")
            }
        }
        if let description, description.utf8.count > 65_536 {
            throw Self.wrong("description", "must have at most 65536 bytes.")
        }
        if let tags { _ = try Tag.checked(tags) }
        guard metadata.count <= 100, try JSONEncoder().encode(metadata).count <= 65_536 else {
            throw Self.wrong("metadata", "must have at most 100 members and 65536 bytes.")
        }
    }

    private static func wrong(_ field: String, _ words: String) -> ServiceError {
        ServiceError(.invalidRequest, "\(field) \(words)", field: field)
    }
}

/// A word that groups assets.
struct Tag: Hashable, Sendable {
    /// As it is compared.
    let key: String
    /// As it was written.
    let label: String

    static let most = 50
    private static let longest = 64

    /// Nil for what is empty or too long.
    init?(_ text: String) {
        label = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        key = SearchText.key(label)
        guard !key.isEmpty, label.count <= Self.longest else { return nil }
    }

    /// The tags, each once.
    ///
    /// - Throws: `.invalidRequest`.
    static func checked(_ texts: [String]) throws -> [Tag] {
        var seen: Set<String> = []
        let tags = try texts.map { text in
            guard let tag = Tag(text) else {
                throw ServiceError(.invalidRequest, "A tag has 1 to \(longest) characters.", field: "tags")
            }
            return tag
        }.filter { seen.insert($0.key).inserted }
        guard tags.count <= most else {
            throw ServiceError(.invalidRequest, "An asset has at most \(most) tags.", field: "tags")
        }
        return tags
    }

    /// Those of an upload's metadata: a list, or one text with commas; what is no tag is left out.
    static func read(_ value: JSONValue?) -> [Tag] {
        let texts: [String] =
            switch value {
            case .array(let values): values.compactMap(\.stringValue)
            case .string(let text): text.split(separator: ",").map(String.init)
            default: []
            }
        var seen: Set<String> = []
        return Array(texts.compactMap(Tag.init).filter { seen.insert($0.key).inserted }.prefix(most))
    }

    /// Makes them the asset's tags, in place of what it had.
    static func set(_ tags: [Tag], of asset: AssetID, owner: UserID, in transaction: any Connection) throws {
        try transaction.run("DELETE FROM asset_tags WHERE asset_id = \(asset)")
        for tag in tags {
            try transaction.run(
                """
                INSERT INTO asset_tags (asset_id, tag, label, user_id)
                VALUES (\(asset), \(tag.key), \(tag.label), \(owner))
                """
            )
        }
    }
}

extension Catalog {
    /// Changes an asset's details; the asset as it is then.
    ///
    /// - Throws: `.invalidRequest` with the field, `.notFound`, `.forbidden`.
    package func change(_ id: AssetID, _ changes: AssetChanges, for owner: UserID) async throws -> AssetRecord {
        try changes.check()
        return try await database.write { transaction in
            let asset = try Self.own(id, owner, in: transaction)
            try Self.apply(changes, to: asset, in: transaction)
            return try Self.own(id, owner, in: transaction)
        }
    }

    static func apply(_ changes: AssetChanges, to asset: AssetRecord, in transaction: any Connection) throws {
        var metadata = asset.metadata.merging(changes.metadata) { $1 }.filter { $0.value != .null }
        if let title = changes.title { metadata["title"] = .string(title) }
        if let description = changes.description { metadata["description"] = .string(description) }
        if let tags = try changes.tags.map(Tag.checked) {
            metadata["tags"] = .array(tags.map { .string($0.label) })
            try Tag.set(tags, of: asset.id, owner: asset.owner, in: transaction)
        }
        let text = String(decoding: try JSONEncoder().encode(metadata), as: UTF8.self)
        try transaction.run(
            """
            UPDATE assets SET title = \(changes.title ?? asset.title),
                description = \(changes.description ?? asset.description), metadata = \(text),
                is_public = \(changes.isPublic ?? asset.isPublic), updated_at = \(Timestamp.now)
            WHERE id = \(asset.id)
            """
        )
        try SearchIndex.refresh(asset.id, in: transaction)
    }

    /// The asset, when it is the owner's, inside a transaction.
    static func own(_ id: AssetID, _ owner: UserID, in connection: any Connection) throws -> AssetRecord {
        guard let asset = try find(id, in: connection) else { throw ServiceError(.notFound, "Asset not found.") }
        guard asset.owner == owner else { throw ServiceError(.forbidden, "Access denied") }
        return asset
    }

    /// The asset with its live version, unless it is in the trash.
    static func find(_ id: AssetID, in connection: any Connection) throws -> AssetRecord? {
        try connection.first(
            """
            SELECT \(sql: AssetRecord.columns) FROM \(sql: AssetRecord.tables)
            WHERE a.id = \(id) AND a.trashed_at IS NULL
            """
        ).map(AssetRecord.init(row:))
    }
}

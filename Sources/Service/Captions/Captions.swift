package import Core
internal import Media
internal import SQL

/// Captions of assets: one text for each language, sent by the owner or found in the file.
///
/// They belong to the version that its owner knows: another cut needs others, one that is made live again brings its
/// own back, and processing it again keeps what was sent. The number that is asked for is that of `versions.number`.
package struct Captions: Sendable {
    /// What is known of one text.
    package struct Track: Sendable {
        package enum Source: String, Sendable {
            case upload, file
        }

        package let language: LanguageTag
        package let source: Source
        package let cues: Int
        package let createdAt: Timestamp
    }

    /// Texts of one asset.
    static let maximumTracks = 50
    /// Bytes of a file that is sent.
    package static let maximumBytes = CaptionFile.maximumBytes

    private let catalog: Catalog

    package init(catalog: Catalog) {
        self.catalog = catalog
    }

    /// The tracks of a version, by language.
    package func tracks(of asset: AssetID, version: Int) async throws -> [Track] {
        try await catalog.database.read { connection in
            try connection.all(
                """
                SELECT c.language, c.source, c.cues, c.created_at
                FROM captions c JOIN versions v ON v.asset_id = c.asset_id AND v.edition = c.edition
                WHERE v.asset_id = \(asset) AND v.number = \(version) ORDER BY c.language
                """
            ).map { row in
                Track(
                    language: try LanguageTag(try row.get("language", as: String.self)),
                    source: Track.Source(rawValue: try row.get("source")) ?? .file,
                    cues: try row.get("cues"),
                    createdAt: try row.get("created_at")
                )
            }
        }
    }

    /// Sets the text of a language of the live version; what was there before is replaced.
    ///
    /// `file`: WebVTT or SubRip.
    ///
    /// Throws `.notFound`, `.forbidden`; `.invalidRequest` with what is wrong with the file; `.conflict` for an
    ///   asset without a time of its own, or with too many texts.
    package func set(_ file: [UInt8], language: LanguageTag, of id: AssetID, for owner: UserID) async throws -> Track {
        let asset = try await catalog.asset(id, for: owner)
        guard asset.kind != "image" else {
            throw ServiceError(.conflict, "A picture has no captions.")
        }
        let cues: [Cue]
        do {
            cues = try CaptionFile(file).cues
        } catch {
            throw ServiceError(.invalidRequest, error.message, field: "captions")
        }
        return try await catalog.database.write { transaction in
            let others = try transaction.first(
                """
                SELECT count(*) AS n FROM captions WHERE asset_id = \(id) AND edition = \(asset.version.edition)
                    AND language <> \(language.text)
                """
            )
            guard try others?.get("n", as: Int.self) ?? 0 < Self.maximumTracks else {
                throw ServiceError(.conflict, "A medium can have captions in at most \(Self.maximumTracks) languages.")
            }
            try Self.put(cues, language, .upload, of: id, asset.version.number, in: transaction)
            return Track(language: language, source: .upload, cues: cues.count, createdAt: .now)
        }
    }

    /// Removes the text of a language of the live version.
    ///
    /// - Throws: `.notFound`, `.forbidden`.
    package func delete(_ language: LanguageTag, of id: AssetID, for owner: UserID) async throws {
        let edition = try await catalog.asset(id, for: owner).version.edition
        let removed = try await catalog.database.write { transaction in
            try transaction.run(
                """
                DELETE FROM captions
                WHERE asset_id = \(id) AND edition = \(edition) AND language = \(language.text)
                """
            )
        }
        guard removed == 1 else { throw ServiceError(.notFound, "There are no captions in this language.") }
    }

    /// The WebVTT of a language; nil when there is none.
    package func text(_ language: LanguageTag, of asset: AssetID, version: Int) async throws -> String? {
        let row = try await catalog.database.read { connection in
            try connection.first(
                """
                SELECT c.text FROM captions c JOIN versions v ON v.asset_id = c.asset_id AND v.edition = c.edition
                WHERE v.asset_id = \(asset) AND v.number = \(version) AND c.language = \(language.text)
                """
            )
        }
        return try row?.get("text")
    }

    /// Keeps a text; one that was found in the file never takes the place of one that was sent.
    static func put(
        _ cues: [Cue],
        _ language: LanguageTag,
        _ source: Track.Source,
        of asset: AssetID,
        _ version: Int,
        in transaction: any Connection
    ) throws {
        // Nothing when it was deleted meanwhile.
        try transaction.run(
            """
            INSERT INTO captions (asset_id, edition, language, source, cues, text, created_at)
            SELECT asset_id, edition, \(language.text), \(source.rawValue), \(cues.count),
                \(WebVTT.text(of: cues)), \(Timestamp.now)
            FROM versions WHERE asset_id = \(asset) AND number = \(version)
            ON CONFLICT (asset_id, edition, language) DO UPDATE SET source = excluded.source, cues = excluded.cues,
                text = excluded.text, created_at = excluded.created_at
                WHERE captions.source = 'file' OR excluded.source = 'upload'
            """
        )
    }
}

package import Core
package import SQL

/// What happened in a player.
package struct PlaybackEvent: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case play, pause, seek, buffer, error, ended
        case qualityChange = "quality_change"

        /// Reads contract 1's words and the aliases that its own player sends; nil for others.
        init?(word: String) {
            switch word {
            case "seeking", "seeked": self = .seek
            default: self.init(rawValue: word)
            }
        }
    }

    package let kind: Kind
    /// Where in the medium; nil when the player did not know.
    package let position: Duration?
    /// The rung that played: `720p`.
    package let quality: String?
    package let buffering: Bool?

    /// - Throws: `.invalidRequest` that names the field.
    package init(event: String, position: Double?, quality: String?, buffering: Bool?) throws {
        guard let kind = Kind(word: event) else {
            let known = Kind.allCases.map(\.rawValue).sorted().joined(separator: ", ")
            throw ServiceError(.invalidRequest, "event must be one of \(known).", field: "event")
        }
        if let position, !(0...31_536_000).contains(position) {
            throw ServiceError(.invalidRequest, "position must be seconds from 0, or null.", field: "position")
        }
        if let quality, quality.utf8.count > 32 {
            throw ServiceError(.invalidRequest, "quality must be a rung's name such as 720p.", field: "quality")
        }
        self.kind = kind
        self.position = position.map { .microseconds(Int64($0 * 1_000_000)) }
        self.quality = quality
        self.buffering = buffering
    }
}

/// Records what players report.
package struct Insight: Sendable {
    let database: any Database

    package init(database: any Database) {
        self.database = database
    }

    package func record(_ event: PlaybackEvent, of asset: AssetID, by viewer: UserID) async throws {
        try await database.write { transaction in
            try transaction.run(
                """
                INSERT INTO playback_events (asset_id, user_id, event, position, quality, buffering, created_at)
                SELECT id, \(viewer), \(event.kind.rawValue), \(event.position?.microseconds), \(event.quality),
                    \(event.buffering), \(Timestamp.now) FROM assets WHERE id = \(asset)
                """
            )
        }
    }
}

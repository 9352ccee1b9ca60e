package import Core
internal import SQL

/// What happened in a player.
package struct PlaybackEvent: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case play, pause, seek, buffer, error, ended
        case qualityChange = "quality_change"
        /// Ours: it still plays.
        case heartbeat
        /// Ours: the first picture is there.
        case startup

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
    /// Where it was before: what a seek left.
    package let from: Duration?
    /// The rung that played: `720p`.
    package let quality: String?
    package let buffering: Bool?
    /// How long the start or the stall took.
    package let duration: Duration?
    /// What kind of error: a word of ``errorCodes``.
    package let code: String?
    /// How long before it was sent.
    package let age: Duration

    /// What goes wrong in players; any other word counts as `other`.
    package static let errorCodes = ["network", "server", "refused", "media", "other"]

    /// Times are seconds.
    ///
    /// - Throws: `.invalidRequest` that names the field.
    package init(
        event: String,
        position: Double? = nil,
        quality: String? = nil,
        buffering: Bool? = nil,
        from: Double? = nil,
        duration: Double? = nil,
        code: String? = nil,
        ago: Double? = nil
    ) throws {
        guard let kind = Kind(word: event) else {
            let known = Kind.allCases.map(\.rawValue).sorted().joined(separator: ", ")
            throw ServiceError(
                .invalidRequest,
                "event must be one of \(known), not “\(event.prefix(40))”.",
                field: "event"
            )
        }
        if let quality, quality.utf8.count > 32 {
            throw ServiceError(.invalidRequest, "quality must be a rung's name such as 720p.", field: "quality")
        }
        self.kind = kind
        self.position = try Self.time(position, "position", upTo: Self.longest)
        self.from = try Self.time(from, "from", upTo: Self.longest)
        self.duration = try Self.time(duration, "duration", upTo: 86_400)
        age = try Self.time(ago, "ago", upTo: Self.longest) ?? .zero
        self.quality = quality.map(Self.known)
        self.buffering = buffering
        self.code = kind != .error ? nil : code.flatMap { Self.errorCodes.contains($0) ? $0 : nil } ?? "other"
    }

    /// A year.
    private static let longest = 31_536_000.0

    private static func time(_ seconds: Double?, _ field: String, upTo longest: Double) throws -> Duration? {
        guard let seconds else { return nil }
        guard (0...longest).contains(seconds) else {
            throw ServiceError(
                .invalidRequest,
                "\(field) must be seconds from 0 to \(Int(longest)), or null.",
                field: field
            )
        }
        return .microseconds(Int64(seconds * 1_000_000))
    }

    /// Players' words are strangers' words: only those that name a size become a line of a table.
    private static func known(_ quality: String) -> String {
        let digits = quality.dropLast()
        let isSize = quality.last == "p" && (2...4).contains(digits.count) && digits.allSatisfy(\.isASCIIDigit)
        return isSize || ["audio", "source", "original"].contains(quality) ? quality : "other"
    }
}

extension PlaybackEvent.Kind: SQLConvertible {}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}

/// A segment that a player with CMCD has fetched.
package struct FetchedSegment: Sendable {
    package let version: Int
    package let rendition: String
    package let number: Int
    /// Whether the player's buffer had run dry since its last request (CTA-5004 `bs`).
    package let isStarved: Bool

    package init(version: Int, rendition: String, number: Int, isStarved: Bool) {
        self.version = version
        self.rendition = rendition
        self.number = number
        self.isStarved = isStarved
    }
}

/// Who watches, as far as a request tells; kept in memory only until it has become a viewer's key.
package struct Visitor: Sendable {
    package let account: UserID?
    package let address: String
    package let agent: String
    /// Whether the request asks not to be tracked (`DNT: 1`, `Sec-GPC: 1`).
    package let isPrivate: Bool

    package init(account: UserID?, address: String, agent: String, isPrivate: Bool) {
        self.account = account
        self.address = address
        self.agent = String(agent.prefix(256))
        self.isPrivate = isPrivate
    }
}

/// What is played by whom.
package struct PlaybackSource: Sendable {
    package let asset: AssetID
    package let share: ShareID?
    /// The player's own name for this playback; nil for players that have none.
    package let session: String?
    package let visitor: Visitor

    /// - Throws: `.invalidRequest` for a session's name that is none.
    package init(asset: AssetID, share: ShareID?, session: String?, visitor: Visitor) throws {
        if let session, !Self.isName(session) {
            throw ServiceError(
                .invalidRequest,
                "session must be 1 to 64 letters, digits, dots, dashes or underscores.",
                field: "session"
            )
        }
        self.asset = asset
        self.share = share
        self.session = session
        self.visitor = visitor
    }

    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || [45, 46, 95].contains(byte)
            }
    }
}

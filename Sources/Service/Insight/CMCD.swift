/// What a player says of itself beside a request: Common Media Client Data (CTA-5004).
///
/// Only the keys that are counted are kept.
package struct CMCD: Sendable, Equatable {
    /// `sid`: the playback; data without it belong to nothing and are not read.
    package let session: String
    /// `bs`: the buffer had run dry since the last request.
    package let isStarved: Bool

    /// More than this is no player's.
    private static let limit = 2048

    /// Reads a `CMCD` query argument, decoded, or the `CMCD-*` headers' values.
    ///
    /// Nil without a session's name, or for what is too long to be read.
    package init?(_ texts: [String]) {
        var session: String?
        var isStarved = false
        for text in texts {
            guard text.utf8.count <= Self.limit else { return nil }
            for (key, value) in Self.pairs(text) {
                switch key {
                case "sid": session = value
                case "bs": isStarved = value == nil || value == "true"
                default: break
                }
            }
        }
        guard let session, !session.isEmpty else { return nil }
        self.session = session
        self.isStarved = isStarved
    }

    /// `key`, `key=value`, `key="text with , and \" in it"`, with commas between them.
    private static func pairs(_ text: String) -> [(key: String, value: String?)] {
        var pairs: [(key: String, value: String?)] = []
        var key = ""
        var value: String?
        var isQuoted = false
        var isEscaped = false
        for character in text {
            if isEscaped {
                value?.append(character)
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"", value != nil {
                isQuoted.toggle()
            } else if character == ",", !isQuoted {
                pairs.append((key, value))
                (key, value) = ("", nil)
            } else if character == "=", value == nil {
                value = ""
            } else if value != nil {
                value?.append(character)
            } else if character != " " {
                key.append(character)
            }
        }
        return pairs + [(key, value)]
    }
}

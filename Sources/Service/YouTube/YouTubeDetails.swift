internal import Core

/// What YouTube is to say of a video, within YouTube's limits.
///
/// Limits: developers.google.com/youtube/v3/docs/videos, `snippet`. Characters are counted as UTF-16, as YouTube's own
/// page does.
package struct YouTubeDetails: Codable, Hashable, Sendable {
    static let maximumTitle = 100
    static let maximumDescription = 5000
    static let maximumTags = 500

    package var title: String
    package var description: String
    package var tags: [String]
    /// Whether only the channel's owner sees it.
    package var isPrivate: Bool

    /// Checks what a user wants.
    ///
    /// - Parameters:
    ///   - title: 1 to 100 characters; nil takes the recording's, as far as YouTube takes it.
    ///   - ownTitle: the recording's.
    ///   - description: at most 5000 bytes.
    ///   - tags: together at most 500 characters, as YouTube counts them.
    ///   - isPrivate: as above.
    /// - Throws: `.invalidRequest` with the field.
    package init(
        title: String?,
        ownTitle: String,
        description: String = "",
        tags: [String] = [],
        isPrivate: Bool = true
    ) throws {
        self.title = title.map(Self.trimmed) ?? Self.fitting(ownTitle)
        self.description = description
        self.tags = tags.map(Self.trimmed).filter { !$0.isEmpty }
        self.isPrivate = isPrivate
        try check()
    }

    private func check() throws {
        guard !title.isEmpty else { throw Self.refusal("title", "must not be empty") }
        guard title.utf16.count <= Self.maximumTitle else {
            throw Self.refusal("title", "may have \(Self.maximumTitle) characters on YouTube, not \(title.utf16.count)")
        }
        guard description.utf8.count <= Self.maximumDescription else {
            throw Self.refusal(
                "description",
                "may have \(Self.maximumDescription) bytes on YouTube, not \(description.utf8.count)"
            )
        }
        let length = Self.length(of: tags)
        guard length <= Self.maximumTags else {
            throw Self.refusal("tags", "may have \(Self.maximumTags) characters together on YouTube, not \(length)")
        }
        for (field, texts) in [("title", [title]), ("description", [description]), ("tags", tags)]
        where texts.contains(where: { $0.contains { $0 == "<" || $0 == ">" } }) {
            throw Self.refusal(field, "must not contain < or >: YouTube refuses them")
        }
    }

    /// As YouTube counts: a comma between two, and quotation marks around a tag with a space.
    static func length(of tags: [String]) -> Int {
        tags.reduce(max(0, tags.count - 1)) { $0 + $1.utf16.count + ($1.contains(" ") ? 2 : 0) }
    }

    /// The recording's title, without what YouTube refuses.
    private static func fitting(_ title: String) -> String {
        var text = trimmed(String(title.filter { $0 != "<" && $0 != ">" }))
        while text.utf16.count > maximumTitle { text.removeLast() }
        return text.isEmpty ? "Untitled" : trimmed(text)
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop(while: \.isWhitespace)
        return String(start.prefix(start.reversed().drop(while: \.isWhitespace).count))
    }

    private static func refusal(_ field: String, _ words: String) -> ServiceError {
        ServiceError(.invalidRequest, "\(field) \(words).", field: field)
    }
}

/// What a file says of itself that may be shown: cleaned, bounded, never a position.
enum MediaTags {
    /// The names of tags that are read, in lower case.
    static let names = [
        "title", "artist", "album", "album_artist", "composer", "genre", "date", "track", "disc", "creation_time",
    ]
    private static let longest = 256

    /// Those of the container, then those of the sound's own stream, where Ogg keeps them.
    static func gather(_ format: [String: String]?, _ stream: [String: String]?) -> [String: String] {
        var result: [String: String] = [:]
        for tags in [format ?? [:], stream ?? [:]] {
            for (name, value) in tags.sorted(by: { $0.key < $1.key }) {
                let name = name.lowercased()
                guard names.contains(name), result[name] == nil else { continue }
                let text = clean(value)
                if !text.isEmpty { result[name] = text }
            }
        }
        return result
    }

    /// One line without control characters, and without marks that turn the direction of what follows.
    static func clean(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: scalars.append(" ")
            case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFFD: continue
            default: scalars.append(scalar)
            }
        }
        let words = String(scalars).split(separator: " ", omittingEmptySubsequences: true)
        return String(words.joined(separator: " ").prefix(longest))
    }
}

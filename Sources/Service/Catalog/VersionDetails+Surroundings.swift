package import Core
internal import Foundation
internal import Media

/// What was made and measured around the picture, as `versions.details` keeps it.
extension VersionRecord {
    package var hasStoryboard: Bool { details["storyboard"] != nil }
    package var hasPreview: Bool { details["preview"] == true }
    package var loudness: MediaLoudness? { decoded("loudness") }
    /// Empty when the file has none.
    package var chapterList: [MediaChapter] {
        chapters.map {
            MediaChapter(start: Double($0.start) / 1e6, end: Double($0.end) / 1e6, title: $0.title)
        }
    }

    var storyboard: Storyboard? { decoded("storyboard") }
    var chapters: [Chapter] { decoded("chapters") ?? [] }

    private func decoded<Value: Decodable>(_ name: String) -> Value? {
        guard let value = details[name], let data = try? JSONEncoder().encode(value) else { return nil }
        return try? JSONDecoder().decode(Value.self, from: data)
    }
}

extension JSONValue {
    /// A value as JSON that `versions.details` can hold.
    init(encoding value: some Encodable) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: try JSONEncoder().encode(value))
    }
}

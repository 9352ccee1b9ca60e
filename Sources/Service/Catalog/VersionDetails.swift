internal import Core
internal import Foundation
internal import Media
internal import SQL

/// What is known of a version beside its columns: `versions.details`, a JSON object that many jobs add to.
enum VersionDetails {
    /// Sets members; those of other names stay.
    static func add(
        _ details: [String: JSONValue],
        to asset: AssetID,
        _ version: Int,
        in transaction: any Connection
    ) throws {
        let row = try transaction.first(
            "SELECT details FROM versions WHERE asset_id = \(asset) AND number = \(version)"
        )
        // Deleted meanwhile.
        guard let row else { return }
        let text = try row.get("details", as: String.self)
        let known = try JSONDecoder().decode([String: JSONValue].self, from: Data(text.utf8))
        let merged = known.merging(details) { $1 }
        let written = String(decoding: try JSONEncoder().encode(merged), as: UTF8.self)
        try transaction.run(
            "UPDATE versions SET details = \(written) WHERE asset_id = \(asset) AND number = \(version)"
        )
    }

    /// What the probe found: the rate of the whole file, and of a sound what it is and what it says of itself.
    static func facts(of plan: Plan) -> [String: JSONValue] {
        let info = plan.info
        var facts: [String: JSONValue] = [:]
        // By the packets' time: what ADTS says of its length is a guess.
        let seconds = plan.timeline.duration.value
        if info.bytes > 0, seconds > 0 {
            facts["bitrate"] = .integer(Int64(min(Double(info.bytes) * 8 / seconds, 1e12)))
        }
        guard info.video == nil, let audio = info.audio else { return facts }
        facts["codec"] = .string(audio.codec)
        facts["sample_rate"] = .integer(Int64(audio.sampleRate))
        facts["channels"] = .integer(Int64(audio.channels))
        let tags = tags(of: info)
        if !tags.isEmpty { facts["tags"] = .object(tags) }
        return facts
    }

    /// Title, artist, album, track, genre, year and the like.
    private static func tags(of info: MediaInfo) -> [String: JSONValue] {
        var tags = info.musicTags.mapValues { JSONValue.string($0) }
        tags["date"] = nil
        if let year = info.musicTags["date"]?.prefix(4), year.count == 4, let number = Int64(year) {
            tags["year"] = .integer(number)
        }
        return tags
    }
}

extension MediaInfo {
    /// The tags that belong to what is heard: when the file was made does not.
    var musicTags: [String: String] { tags.filter { $0.key != "creation_time" } }
}

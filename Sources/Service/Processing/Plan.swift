internal import Core
internal import Foundation
package import Media
internal import SQL

/// What a version will become: fixed once, when it was probed.
///
/// Every playlist follows from it.
package struct Plan: Codable, Sendable {
    package let info: MediaInfo
    package let timeline: Timeline
    /// The picture that is served as it came; nil when all rungs are encoded.
    package let copied: CopiedRung?
    /// Those that are encoded, the best first; empty for sound alone.
    package let rungs: [Rung]
    package let hasAudio: Bool
    /// Bits per second of the sound that all rungs share: the top rung's.
    package let audioBitRate: Int
    /// The sound that is served as it came; nil when it is encoded.
    package let copiedAudio: CopiedAudio?
    /// Why the picture could not be copied, in words.
    package let nonStandardReasons: [String]

    package struct CopiedRung: Codable, Sendable {
        package let name: String
        package let width: Int
        package let height: Int
        package let averageBitRate: Int
        package let peakBitRate: Int
        /// Whether it is the top rung for good; otherwise it serves until the proper one is complete.
        package let isFinal: Bool
    }

    /// Where the sound is cut.
    var audioGrid: AudioGrid { copiedAudio?.grid ?? timeline.audioGrid() }

    /// Whether it rests on the source's own packets, and another plan can be made when they disappoint.
    var copies: Bool { copied != nil || copiedAudio != nil }

    /// Segments that one background job makes (MEDIA.md, "Cost").
    static let chunkLength = 5

    static func find(_ asset: AssetID, _ version: Int, in connection: any Connection) throws -> Plan? {
        let row = try connection.first(
            "SELECT plan FROM versions WHERE asset_id = \(asset) AND number = \(version)"
        )
        guard let text = try row?.get("plan", as: String?.self) else { return nil }
        return try JSONDecoder().decode(Plan.self, from: Data(text.utf8))
    }
}

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
    /// The best first; empty for sound alone.
    package let rungs: [Rung]
    package let hasAudio: Bool
    /// Bits per second of the sound that all rungs share: the top rung's.
    package let audioBitRate: Int

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

package import Core
internal import Crypto
internal import Foundation
internal import Media
internal import SQL

/// Clips: ranges of a medium as media of their own.
package struct Clips: Sendable {
    /// A clip that is being made.
    package struct Clip: Sendable {
        package let asset: AssetID
        package let title: String
        /// What was asked for, within the medium's length.
        package let start: Duration
        package let end: Duration
    }

    /// Shorter ones are a mistake.
    static let minimum = Duration.milliseconds(100)
    /// Clips of one owner that are not processed yet: each costs disk that no upload has paid for.
    static let maximumUnderWay = 20

    private let catalog: Catalog

    package init(catalog: Catalog) {
        self.catalog = catalog
    }

    /// Makes an asset from a range of one; it is processed like any other.
    ///
    /// `title`: nil takes the medium's own, with the place.
    ///
    /// Throws `.notFound`, `.forbidden`; `.invalidRequest` for a range that is not there; `.notReady` before the
    ///   file was looked into; `.conflict` for what cannot be cut; `.tooManyRequests`.
    package func make(
        of id: AssetID,
        for owner: UserID,
        start: Double,
        end: Double,
        title: String?
    ) async throws -> Clip {
        let source = try await catalog.asset(id, for: owner)
        let plan = try await catalog.database.read { try Plan.find(id, source.version.number, in: $0) }
        guard source.kind != AssetRecord.imageKind else {
            throw ServiceError(.conflict, "A picture has no length to cut a clip from.")
        }
        guard source.version.status != .failed else {
            throw ServiceError(.conflict, "Processing failed, so there is nothing to cut. Upload another file.")
        }
        guard let plan, let duration = source.version.duration else {
            throw ServiceError(.notReady, "This medium cannot be cut yet. Try again.", retryAfter: .seconds(2))
        }
        if let obstacle = ClipCutter.obstacle(plan.info) { throw ServiceError(.conflict, obstacle) }
        let range = try Self.range(start, end, within: duration)
        let random = SecureRandom.bytes(2)
        let asset = AssetID.make(at: .now, random: UInt16(random[0]) << 8 | UInt16(random[1]))
        let name = title.flatMap(Self.clean) ?? Self.title(of: source.title, range)
        let clip = Clip(asset: asset, title: name, start: range.lowerBound, end: range.upperBound)
        try await catalog.database.write { try Self.insert(clip, of: source, isVideo: plan.info.video != nil, in: $0) }
        return clip
    }

    private static func range(_ start: Double, _ end: Double, within duration: Duration) throws -> Range<Duration> {
        guard start.isFinite, start >= 0, start < duration.inSeconds else {
            throw ServiceError(.invalidRequest, "start must lie within the medium, in seconds.", field: "start")
        }
        // Players round up: an end that is a second late is the end.
        guard end.isFinite, end > start, end <= duration.inSeconds + 1 else {
            throw ServiceError(.invalidRequest, "end must lie behind start and within the medium.", field: "end")
        }
        let from = Duration.milliseconds(Int64((start * 1000).rounded()))
        let to = min(duration, .milliseconds(Int64((end * 1000).rounded())))
        guard to - from >= minimum else {
            throw ServiceError(.invalidRequest, "A clip lasts a tenth of a second at least.", field: "end")
        }
        return from..<to
    }

    private static func clean(_ title: String) -> String? {
        let text = title.trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? nil : String(text.prefix(300))
    }

    private static func title(of source: String, _ range: Range<Duration>) -> String {
        func clock(_ time: Duration) -> String {
            let seconds = time.components.seconds
            return "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
        }
        return "\(source.prefix(250)) (\(clock(range.lowerBound))–\(clock(range.upperBound)))"
    }

    private static func insert(
        _ clip: Clip,
        of source: AssetRecord,
        isVideo: Bool,
        in transaction: any Connection
    ) throws {
        let waiting = try transaction.first(
            """
            SELECT count(*) AS n FROM assets a JOIN versions v ON v.asset_id = a.id AND v.number = a.version
            WHERE a.user_id = \(source.owner) AND v.status IN ('queued', 'processing') AND a.metadata LIKE '%"clip":%'
            """
        )
        guard try waiting?.get("n", as: Int.self) ?? 0 < maximumUnderWay else {
            throw ServiceError(
                .tooManyRequests,
                "\(maximumUnderWay) clips are being made already. Wait for one of them.",
                retryAfter: .seconds(10)
            )
        }
        let now = Timestamp.now
        let facts: [String: JSONValue] = [
            "clip": .object([
                "of": .string("asset_\(source.id)"), "start": .number(clip.start.inSeconds),
                "end": .number(clip.end.inSeconds),
            ])
        ]
        let metadata = String(decoding: try JSONEncoder().encode(facts), as: UTF8.self)
        try transaction.run(
            """
            INSERT INTO assets (id, user_id, kind, title, description, file_name, file_type, metadata, version,
                created_at, updated_at, is_public)
            VALUES (\(clip.asset), \(source.owner), 'unknown', \(clip.title), \(source.description), 'clip.mp4',
                \(isVideo ? "video/mp4" : "audio/mp4"), \(metadata), 1, \(now), \(now), \(source.isPublic ? 1 : 0))
            """
        )
        try transaction.run(
            """
            INSERT INTO versions (asset_id, number, status, progress, size, created_at)
            VALUES (\(clip.asset), 1, 'queued', 0, 0, \(now))
            """
        )
        let job = CutClip(
            asset: clip.asset,
            source: source.id,
            version: source.version.number,
            start: clip.start.microseconds,
            end: clip.end.microseconds
        )
        try JobQueue.enqueue(job, priority: .soon, in: transaction)
    }
}

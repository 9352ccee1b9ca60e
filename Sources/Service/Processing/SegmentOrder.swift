internal import Core
internal import Foundation
internal import SQL

/// Who makes a segment.
///
/// A segment that is missing belongs to exactly one living job: to its own when somebody asked for it, else to the
/// chunk that contains it. So nothing is encoded twice at once, and nothing is forgotten.
enum SegmentOrder {
    struct Place: Hashable, Sendable {
        let rung: String
        let number: Int
    }

    enum Answer: Sendable, Equatable {
        case there, coming, never
    }

    /// Sees to it that a file comes as soon as possible.
    ///
    /// `isUrgent`: whether somebody has waited for it so long that whoever is making it is not waited for any more.
    static func place(
        _ wanted: WantedFile,
        isUrgent: Bool = false,
        in transaction: any Connection
    ) throws -> Answer {
        let (asset, version) = (wanted.asset, wanted.version)
        let row = try transaction.first(
            "SELECT status FROM versions WHERE asset_id = \(asset) AND number = \(version)"
        )
        guard let status = try row?.get("status", as: String.self) else { return .never }
        let renditions = try VersionState.renditions(asset, version, in: transaction)
        guard let rendition = renditions.first(where: { $0.name == wanted.rendition }) else {
            // It is being planned anew: who plays already waits for that.
            return renditions.isEmpty && ["queued", "processing"].contains(status) ? .coming : .never
        }
        if wanted.number == nil, rendition.codecs != nil { return .there }
        // An init comes with whatever segment is made first.
        let number = wanted.number ?? 0
        guard number < rendition.segments else { return .never }
        let place = Place(rung: rendition.name, number: number)
        if try existing(asset, version, number..<number + 1, in: transaction).contains(place) { return .there }
        guard status != "failed" else { return .never }
        if try isOrdered(place, asset, version, in: transaction) { return .coming }
        guard let kind = wholeKind(of: rendition) else {
            let isComing = try !isUrgent && isNext(place, asset, version, in: transaction)
            return isComing ? .coming : try order(place, asset, version, in: transaction)
        }
        guard try raise(kind, asset, version, in: transaction) else { return .never }
        // The pass is ahead of every viewer but those who seek.
        let isNear = number - rendition.done < nearPass
        let canOrder = wanted.number != nil && (rendition.codecs != nil || kind == EncodeAudio.kind)
        guard canOrder, isUrgent || !isNear else { return .coming }
        return try order(place, asset, version, in: transaction)
    }

    /// Segments that a pass over a whole stream makes within a second or two.
    private static let nearPass = 8

    /// Nobody waits any more: what was ordered is made with the rest, in its turn.
    static func giveUp(_ wanted: WantedFile, in transaction: any Connection) throws {
        let number = wanted.number ?? 0
        let subject = Subject.segment(wanted.asset, wanted.version, wanted.rendition, number)
        let renditions = try VersionState.renditions(wanted.asset, wanted.version, in: transaction)
        if let rendition = renditions.first(where: { $0.name == wanted.rendition }), wholeKind(of: rendition) != nil {
            // The pass makes it anyway.
            try transaction.run(
                "DELETE FROM jobs WHERE subject = \(subject) AND kind = \(EncodeSegment.kind) AND state = 'queued'"
            )
        } else {
            try JobQueue.move(
                kind: EncodeSegment.kind,
                subject: subject,
                to: .heavy,
                priority: .normal,
                in: transaction
            )
        }
    }

    /// The job that makes all of a rendition in one pass; nil for rungs, which are made in chunks.
    private static func wholeKind(of rendition: RenditionRecord) -> String? {
        if rendition.origin != .encoded { return CopyStreams.kind }
        return rendition.name == VersionState.audioName ? EncodeAudio.kind : nil
    }

    /// Puts a pass before everything else in its lane; false when there is none.
    private static func raise(
        _ kind: String,
        _ asset: AssetID,
        _ version: Int,
        in transaction: any Connection
    ) throws -> Bool {
        let subject = Subject.version(asset, version)
        guard try !JobQueue.living(kind: kind, subject: subject, in: transaction).isEmpty else { return false }
        try JobQueue.move(kind: kind, subject: subject, to: .light, priority: .viewer, in: transaction)
        return true
    }

    /// Whether it has a job of its own, which then goes before everything in the background.
    private static func isOrdered(
        _ place: Place,
        _ asset: AssetID,
        _ version: Int,
        in transaction: any Connection
    ) throws -> Bool {
        let subject = Subject.segment(asset, version, place.rung, place.number)
        guard try !JobQueue.living(kind: EncodeSegment.kind, subject: subject, in: transaction).isEmpty else {
            return false
        }
        try JobQueue.move(
            kind: EncodeSegment.kind,
            subject: subject,
            to: .viewer,
            priority: .viewer,
            in: transaction
        )
        return true
    }

    /// Whether a running chunk is at it: it has published everything that it makes of this rung before.
    private static func isNext(
        _ place: Place,
        _ asset: AssetID,
        _ version: Int,
        in transaction: any Connection
    ) throws -> Bool {
        let chunks = try JobQueue.living(
            kind: EncodeChunk.kind,
            subject: Subject.version(asset, version),
            in: transaction
        )
        for chunk in chunks where chunk.isRunning {
            let running = try JSONDecoder().decode(EncodeChunk.self, from: Data(chunk.payload))
            guard running.segments.contains(place.number), running.makes(place.rung) else { continue }
            let done = try existing(asset, version, running.segments, in: transaction)
            return running.segments.first { !done.contains(Place(rung: place.rung, number: $0)) } == place.number
        }
        return false
    }

    private static func order(
        _ place: Place,
        _ asset: AssetID,
        _ version: Int,
        in transaction: any Connection
    ) throws -> Answer {
        let job = EncodeSegment(asset: asset, version: version, rung: place.rung, segment: place.number)
        // One that could not be made alone is left to the pass over the whole.
        let failed = try transaction.first(
            "SELECT id FROM jobs WHERE subject = \(job.subject) AND kind = \(EncodeSegment.kind) AND state = 'dead'"
        )
        if failed == nil { try JobQueue.enqueue(job, priority: .viewer, in: transaction) }
        return .coming
    }

    /// The segments of a range that have been published.
    static func existing(
        _ asset: AssetID,
        _ version: Int,
        _ numbers: Range<Int>,
        in connection: any Connection
    ) throws -> Set<Place> {
        let rows = try connection.all(
            """
            SELECT rendition, number FROM segments WHERE asset_id = \(asset) AND version = \(version)
                AND number >= \(numbers.lowerBound) AND number < \(numbers.upperBound)
            """
        )
        return Set(try rows.map { Place(rung: try $0.get("rendition"), number: try $0.get("number")) })
    }

    /// The segments that have a living job of their own.
    static func ordered(_ asset: AssetID, _ version: Int, in connection: any Connection) throws -> Set<Place> {
        let prefix = Subject.version(asset, version)
        let rows = try connection.all(
            """
            SELECT payload FROM jobs WHERE kind = \(EncodeSegment.kind) AND state <> 'dead'
                AND subject >= \(prefix + "/") AND subject < \(prefix + "0")
            """
        )
        return Set(
            try rows.map { row in
                let text = try row.get("payload", as: String.self)
                let job = try JSONDecoder().decode(EncodeSegment.self, from: Data(text.utf8))
                return Place(rung: job.rung, number: job.segment)
            }
        )
    }
}

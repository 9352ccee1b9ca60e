internal import Core
internal import Synchronization

/// Something that was heard of a playback, until it is written.
struct PlaybackReport: Sendable {
    enum Content: Sendable {
        case event(PlaybackEvent)
        case segment(FetchedSegment)
    }

    let source: PlaybackSource
    let content: Content
    /// When it happened.
    let time: Timestamp
}

/// What waits to be written: bounded, in the order in which it came.
final class ReportQueue: Sendable {
    let capacity: Int
    private let reports = Mutex<[PlaybackReport]>([])

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { reports.withLock(\.count) }

    /// - Returns: how many there was room for.
    func add(_ new: [PlaybackReport]) -> Int {
        reports.withLock { reports in
            let room = max(0, min(new.count, capacity - reports.count))
            reports += new.prefix(room)
            return room
        }
    }

    func take(_ limit: Int) -> [PlaybackReport] {
        reports.withLock { reports in
            let taken = Array(reports.prefix(limit))
            reports.removeFirst(taken.count)
            return taken
        }
    }

    /// Puts back, before all others, what could not be written.
    ///
    /// - Returns: how many there was room for.
    func putBack(_ taken: [PlaybackReport]) -> Int {
        reports.withLock { reports in
            let room = max(0, min(taken.count, capacity - reports.count))
            reports = taken.prefix(room) + reports
            return room
        }
    }
}

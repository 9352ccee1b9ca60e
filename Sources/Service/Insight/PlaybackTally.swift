internal import Core
internal import Foundation

/// What has been heard of one playback: from each new word follows what was played since the last.
///
/// A value that is kept between words; it knows no database and no clock.
struct PlaybackTally: Codable, Sendable, Equatable {
    private(set) var isPlaying = false
    /// Where it was when it was heard of last, in microseconds.
    private(set) var position: Int64?
    /// When that was.
    private(set) var heardAt: Timestamp?
    private(set) var quality: String?
    private(set) var stalledSince: Timestamp?
    /// Whether it counts as a view.
    private(set) var hasBegun = false
    private(set) var hasStarted = false
    /// Whether the player reports by itself: the segments that it fetches say nothing new then.
    private(set) var reports = false
    /// A bit for each step of the curve that it has reached.
    var reached = Data()

    /// What a word adds to the sums.
    struct Change: Sendable, Equatable {
        var views = 0
        var parts: [PlayedPart] = []
        var startup: Duration?
        var rebuffers = 0
        var rebuffered = Duration.zero
        var errors: [String] = []
    }

    /// The fastest that a player plays, and how far its times may be off: what is further is a jump.
    private static let fastest = 4.0
    private static let slack = Duration.seconds(2)
    /// A stall without an end: the viewer has left.
    private static let longestStall = Duration.seconds(600)

    /// - Parameters:
    ///   - event: what the player says.
    ///   - time: when it happened.
    mutating func hear(_ event: PlaybackEvent, at time: Timestamp) -> Change {
        var change = Change()
        reports = true
        let elapsed = max(.zero, heardAt.map { time - $0 } ?? .zero)
        let end = playedUntil(event, elapsed)
        if let end, let start = position, end > start {
            let part = PlayedPart(
                start: .microseconds(start),
                end: .microseconds(end),
                quality: quality ?? event.quality
            )
            change.parts.append(part)
        }
        endStall(event, at: time, &change)
        turn(event, at: time, &change)
        position = event.position?.microseconds ?? end ?? position
        quality = event.quality ?? quality
        heardAt = max(time, heardAt ?? time)
        return change
    }

    /// A segment that was fetched stands for being played, once.
    mutating func fetched(_ part: PlayedPart, isStarved: Bool, isNew: Bool) -> Change {
        var change = Change()
        guard !reports else { return change }
        begin(&change)
        if isStarved { change.rebuffers = 1 }
        if isNew { change.parts = [part] }
        return change
    }

    /// Where the part ends that was played until now; nil when nothing was, or it jumped.
    private func playedUntil(_ event: PlaybackEvent, _ elapsed: Duration) -> Int64? {
        guard isPlaying, let start = position else { return nil }
        guard let left = event.from ?? (event.kind == .seek ? nil : event.position) else {
            // It has moved already, or does not say where it is: time went by as it does.
            return stalledSince == nil ? start + elapsed.microseconds : nil
        }
        let way = left.microseconds - start
        let most = Double(elapsed.microseconds) * Self.fastest + Double(Self.slack.microseconds)
        return way > 0 && Double(way) <= most ? left.microseconds : nil
    }

    private mutating func endStall(_ event: PlaybackEvent, at time: Timestamp, _ change: inout Change) {
        guard let since = stalledSince, event.buffering != true else { return }
        if event.kind == .buffer, event.buffering == nil, event.duration == nil { return }
        change.rebuffered += min(max(.zero, time - since), Self.longestStall)
        stalledSince = nil
    }

    private mutating func turn(_ event: PlaybackEvent, at time: Timestamp, _ change: inout Change) {
        switch event.kind {
        case .play, .heartbeat, .startup:
            begin(&change)
            isPlaying = true
            if event.kind == .startup, !hasStarted, let duration = event.duration {
                hasStarted = true
                change.startup = duration
            }
        case .pause, .ended: isPlaying = false
        case .error:
            change.errors.append(event.code ?? "other")
            isPlaying = false
        case .buffer:
            // What comes before the first picture is the start.
            guard hasBegun else { return }
            if let duration = event.duration {
                change.rebuffers += 1
                change.rebuffered += min(duration, Self.longestStall)
            } else if event.buffering != false, stalledSince == nil {
                change.rebuffers += 1
                stalledSince = time
            }
        case .seek, .qualityChange: break
        }
    }

    private mutating func begin(_ change: inout Change) {
        if !hasBegun { change.views = 1 }
        hasBegun = true
    }

    /// Marks steps as reached; those that were not before.
    mutating func reach(_ steps: Range<Int>) -> [Int] {
        let needed = (steps.upperBound + 7) / 8
        if reached.count < needed { reached.append(Data(count: needed - reached.count)) }
        return steps.filter { step in
            let bit = UInt8(1) << UInt8(step % 8)
            defer { reached[step / 8] |= bit }
            return reached[step / 8] & bit == 0
        }
    }

    func hasReached(_ steps: Range<Int>) -> Bool {
        !steps.isEmpty
            && steps.allSatisfy { $0 / 8 < reached.count && reached[$0 / 8] & (UInt8(1) << UInt8($0 % 8)) != 0 }
    }
}

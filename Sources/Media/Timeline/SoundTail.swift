internal import Core

/// Finds out whether the sound begins before the picture, or goes on when that has ended: a slide that is talked about,
/// a song with one picture, a recorded screen on which nothing moves any more.
struct SoundTail {
    let tools: MediaTools

    /// What is shorter is how encoders begin and end.
    static let shortest = Duration.seconds(1)

    /// From the end of the picture to that of the sound; nil when they end together.
    ///
    /// The sound's packets are read only where the file as a whole lasts longer than its picture. `end`: when that
    /// ends, in the source's own time; `length`: how long it is.
    func length(_ path: String, info: MediaInfo, after end: Duration, length: Duration) async throws -> Duration? {
        let mayBeLonger =
            info.isPictureLength == true || .microseconds(info.duration) - length > Self.shortest
        guard let audio = info.audio, mayBeLonger else { return nil }
        do {
            let scanner = PacketScanner(tools: tools)
            return try await scanner.scan(path, stream: audio.index, timeBase: audio.timeBase).tail(after: end)
        } catch let error as MediaError where error.isPermanent {
            // A sound that cannot be read: the picture plays without its end.
            return nil
        }
    }

    /// From the beginning of the sound to that of the picture; nil when they begin together.
    ///
    /// As `length`: the packets are read only where the file itself says so. `start`: when the picture begins; where
    /// only its first key frame is late, the file was cut out of a longer one, and what belongs to the pictures before
    /// it is left out with them.
    func lead(_ path: String, info: MediaInfo, before start: Duration) async throws -> Duration? {
        guard let audio = info.audio, let stated = audio.start, let picture = info.video?.start,
            min(start, .microseconds(picture)) - .microseconds(stated) > Self.shortest
        else { return nil }
        do {
            let scanner = PacketScanner(tools: tools)
            return try await scanner.scan(path, stream: audio.index, timeBase: audio.timeBase).lead(before: start)
        } catch let error as MediaError where error.isPermanent {
            return nil
        }
    }
}

extension PacketScan {
    /// How long the packets go on after a moment of the source's own time; nil for a second or less.
    ///
    /// Nil also where there are too few of them for that long: one whose time is wrong does not make a video of hours.
    func tail(after moment: Duration) -> Duration? {
        let from = ticks(of: moment)
        return filled(from, end, count: count(from: from, to: .max))
    }

    /// How long the packets have gone on at a moment of the source's own time; nil as for `tail`.
    func lead(before moment: Duration) -> Duration? {
        let to = ticks(of: moment)
        return filled(first, to, count: count(from: first, to: to))
    }

    private func ticks(of moment: Duration) -> Int64 {
        Int64(Int(moment.microseconds).scaledRounded(by: Rational(1, 1_000_000) / timeBase))
    }

    private func filled(_ from: Int64, _ to: Int64, count: Int) -> Duration? {
        let (ticks, overflow) = to.subtractingReportingOverflow(from)
        guard !overflow, ticks > 0 else { return nil }
        let length = (Rational(Int(ticks)) * timeBase).duration
        guard length > SoundTail.shortest else { return nil }
        let steps = zip(times, times.dropFirst()).map { $1 - $0 }.sorted()
        let step = steps.isEmpty ? ticks : steps[steps.count / 2]
        return Int64(count) >= ticks / 2 / max(1, step) ? length : nil
    }
}

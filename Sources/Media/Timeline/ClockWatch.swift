internal import Core

/// A file whose clock begins anew, or leaps, in its middle: recordings that were put one after another.
///
/// Its times say nothing of when something is shown; those of its `StraightCopy` do.
package struct ClockJump: Error {}

/// Sees a stream's times of decoding in the order of the file.
struct ClockWatch: Sendable {
    private let (back, ahead): (Int64, Int64)
    private var last: Int64?
    private var packets = 0
    private var restarts = 0
    private var leaps = 0

    /// Times of decoding never go back; ffmpeg takes ten seconds for another recording, as here.
    init(timeBase: Rational) {
        back = Int64(max(1, 1.scaledUp(by: Rational(1, 2) / timeBase)))
        ahead = Int64(max(1, 1.scaledUp(by: Rational(10) / timeBase)))
    }

    /// One packet's time, in ticks that are far from overflowing.
    mutating func see(_ time: Int64) {
        packets += 1
        if let last {
            if last - time > back { restarts += 1 }
            if time - last > ahead { leaps += 1 }
        }
        last = time
    }

    /// Where pictures are always far apart, none of them leaps.
    var jumps: Bool { restarts > 0 || leaps > 0 && leaps * 10 < packets }

    /// - Throws: `ClockJump`; what keeps the sound from being read for now.
    func check(_ path: String, info: MediaInfo, tools: MediaTools) async throws {
        // Any other container has one clock for the whole of it.
        guard ["mpegts", "mpeg", "ogg"].contains(info.container), jumps else { return }
        if restarts == 0, info.video != nil, let audio = info.audio {
            // A slide that is talked about for long: its sound goes on.
            do {
                let sound = try await PacketScanner(tools: tools)
                    .scan(path, stream: audio.index, timeBase: audio.timeBase)
                if sound.clock?.jumps == false { return }
            } catch let error as MediaError where error.isPermanent {
                // A sound that cannot be read says nothing: the picture's word counts.
            }
        }
        throw ClockJump()
    }
}

internal import Core

/// Lays the output grid over a source.
package struct TimelineBuilder: Sendable {
    private let tools: MediaTools
    private let segment: Rational

    /// `segmentSeconds`: how long a segment is (Apple's authoring rule 7.5: six seconds).
    package init(tools: MediaTools, segmentSeconds: Int = 6) {
        self.tools = tools
        segment = Rational(segmentSeconds)
    }

    /// Scans the packets and fixes the boundaries.
    ///
    /// `ceiling`: see `Ladder.frameRateCeiling(of:)`; without meaning for a sound.
    /// - Throws: `MediaError` when nothing can be played or it is too long.
    package func build(_ path: String, info: MediaInfo, ceiling: Rational) async throws -> Timeline {
        let scanner = PacketScanner(tools: tools)
        if let video = info.video {
            let scan = try await scanner.scan(path, stream: video.index, timeBase: video.timeBase)
            let end = (Rational(Int(scan.end)) * scan.timeBase).duration
            let tail = try await SoundTail(tools: tools)
                .length(path, info: info, after: end, length: scan.span.duration)
            return try grid(over: scan, tail: tail ?? .zero, video: video, ceiling: ceiling, info: info)
        }
        guard let audio = info.audio else {
            throw MediaError(.noStreams, "There is neither picture nor sound in this file that we can read.")
        }
        let scan = try await scanner.scan(path, stream: audio.index, timeBase: audio.timeBase)
        return try sound(over: scan, info: info)
    }

    /// `tail`: for how long the last picture stands after its end, because the sound goes on.
    func grid(
        over scan: PacketScan,
        tail: Duration = .zero,
        video: VideoStream,
        ceiling: Rational,
        info: MediaInfo
    ) throws -> Timeline {
        try checkStart(scan)
        try checkLength(scan.span.duration + tail, info)
        let shown = shownRate(scan, video)
        let rate = FrameRate.grid(measured: shown, nominal: video.nominalFrameRate, ceiling: ceiling)
        let frameCount =
            max(1, 1.scaledRounded(by: scan.span * rate))
            + Int(tail.microseconds).scaledRounded(by: rate * Rational(1, 1_000_000))
        let boundaries = boundaries(rate: rate, frameCount: frameCount)
        let starts = boundaries.map { scan.first + Int64($0.scaledRounded(by: Rational(1) / rate / scan.timeBase)) }
        // Raw streams have no index to seek by, and their times are only guessed.
        let canSeek = !["h264", "hevc", "m4v", "mpegvideo", "obu"].contains(info.container)
        return Timeline(
            rate: rate,
            timescale: Self.timescale(for: rate),
            frameCount: frameCount,
            boundaries: boundaries,
            keyInterval: Rational(2),
            sourceTimeBase: scan.timeBase,
            sourceStart: scan.first,
            seekPoints: starts.dropLast().enumerated().map { index, start in
                index == 0 || !canSeek ? nil : scan.key(notAfter: start)
            },
            sourceFrames: zip(starts, starts.dropFirst()).enumerated().map { index, window in
                let isLast = index == starts.count - 2
                let packets = scan.count(from: window.0, to: isLast ? .max : window.1)
                guard hasHiddenFrames(video), let shown else { return packets }
                let length = Rational(Int((isLast ? max(scan.end, window.0) : window.1) - window.0)) * scan.timeBase
                return min(packets, 1.scaledRounded(by: length * shown))
            },
            sourceTiming: nil
        )
    }

    /// Pictures shown a second.
    private func shownRate(_ scan: PacketScan, _ video: VideoStream) -> Rational? {
        // A constant source with holes has not become a variable one.
        if let nominal = video.nominalFrameRate, scan.isRegular(at: nominal) { return nominal }
        guard let measured = scan.averageRate, let stated = video.averageFrameRate else { return scan.averageRate }
        // The container counts whole durations, the scan the distances between times that were rounded to ticks.
        if stated.isClose(to: measured, within: 0.005) { return stated }
        let isConstant = video.nominalFrameRate?.isClose(to: stated, within: 0.001) ?? false
        return hasHiddenFrames(video) && isConstant && measured > stated ? stated : measured
    }

    /// VP8 and VP9 may have packets that only serve others, and are never shown.
    private func hasHiddenFrames(_ video: VideoStream) -> Bool { ["vp8", "vp9"].contains(video.codec) }

    private func sound(over scan: PacketScan, info: MediaInfo) throws -> Timeline {
        try checkStart(scan)
        try checkLength(scan.span.duration, info)
        let rate = Rational(AudioGrid.sampleRate, AudioGrid.samplesPerPacket)
        let packets = max(1, 1.scaledUp(by: scan.span * rate))
        let boundaries = boundaries(rate: rate, frameCount: packets)
        return Timeline(
            rate: rate,
            timescale: AudioGrid.sampleRate,
            frameCount: packets,
            boundaries: boundaries,
            keyInterval: segment,
            sourceTimeBase: scan.timeBase,
            sourceStart: scan.first,
            seekPoints: boundaries.dropLast().map { _ in nil },
            sourceFrames: [],
            sourceTiming: nil
        )
    }

    private func checkStart(_ scan: PacketScan) throws {
        guard (Rational(Int(scan.first)) * scan.timeBase).isTime else {
            throw MediaError(.damaged, "This file claims to begin thousands of centuries away: it is damaged.")
        }
    }

    private func checkLength(_ length: Duration, _ info: MediaInfo) throws {
        let limits = tools.limits
        guard length <= limits.duration else {
            throw MediaError(
                .tooLong,
                "This medium is longer than the \(limits.duration.components.seconds / 3600) hours allowed."
            )
        }
        // Two pictures a day apart in a kilobyte would be a day of encoding.
        let leastBytes = Int64(length.inSeconds) * limits.leastBitRate / 8
        guard length <= limits.sparseDuration || info.bytes >= leastBytes else {
            throw MediaError(
                .tooLong,
                "This file claims to last \(length.components.seconds / 60) minutes, which its \(info.bytes) bytes "
                    + "cannot hold: it is damaged, or not a real video or sound."
            )
        }
    }

    /// About every six seconds; a tail shorter than half a second stays with the segment before it.
    private func boundaries(rate: Rational, frameCount: Int) -> [Int] {
        var result = [0]
        while true {
            let next = result.count.scaledUp(by: segment * rate)
            if next >= frameCount || Rational(frameCount - next) / rate < Rational(1, 2) { break }
            result.append(next)
        }
        return result + [frameCount]
    }

    /// 30000 for 30000/1001, R × 1000 for whole rates: a frame is a whole number of ticks.
    private static func timescale(for rate: Rational) -> Int {
        rate.denominator > 1 && rate.numerator >= 10_000 ? rate.numerator : rate.numerator * 1000
    }
}

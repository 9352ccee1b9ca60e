internal import Core

/// A picture that is served as it came.
package struct CopiedVideo: Codable, Sendable, Hashable {
    package let timeline: Timeline
    /// Bits a second of the picture, from its packets: exact before anything was copied.
    package let averageBitRate: Int
    package let peakBitRate: Int
}

/// Sound that is served as it came, cut at its packets.
package struct CopiedAudio: Codable, Sendable, Hashable {
    package let grid: AudioGrid
    package let channels: Int
    /// The source's time of the first packet, in samples; nil in plans of the first release that copied.
    package let first: Int?
}

/// Decides whether an original's streams can be copied (DESIGN 4).
package struct CopyPlanner: Sendable {
    let tools: MediaTools
    private let segment: Rational

    /// IDR frames farther apart than this make segments too long to switch and seek by.
    private static let longestSegment = Rational(10)
    private static let shortestTail = Rational(1, 2)

    /// `segmentSeconds`: how long a segment is at least, half a second less.
    package init(tools: MediaTools, segmentSeconds: Int = 6) {
        self.tools = tools
        segment = Rational(segmentSeconds)
    }

    /// The copied picture; nil with the reasons, in words for the owner.
    package func video(
        _ path: String,
        info: MediaInfo,
        profiles: [Profile]
    ) async throws -> (copied: CopiedVideo?, reasons: [String]) {
        guard let video = info.video else { return (nil, []) }
        let reasons = Self.reasons(against: video, profiles: profiles)
        guard reasons.isEmpty else { return (nil, reasons) }
        let limit = tools.limits.packets
        var scan: CopyScan?
        do {
            scan = try await BlockingWork.run("index") {
                info.container.hasPrefix("mov") ? try CopyScan.movie(path, video: video, limit: limit) : nil
            }
        } catch is BoxError {
            return (nil, ["Its index is damaged."])
        }
        if scan == nil { scan = try await CopyScan.packets(path, video: video, tools: tools) }
        guard let scan else { return (nil, ["Its packets do not say when they are shown."]) }
        let (copied, obstacles) = plan(scan)
        guard let timeline = copied?.timeline else { return (nil, obstacles) }
        let length = timeline.duration.duration
        let tail = try await SoundTail(tools: tools)
            .length(path, info: info, after: timeline.startTime + length, length: length)
        guard let tail else { return (copied, []) }
        return (nil, ["The sound goes on for \(tail.components.seconds) seconds after the picture."])
    }

    /// What the packets of the picture say, whatever its sound does.
    func plan(_ scan: CopyScan) -> (copied: CopiedVideo?, reasons: [String]) {
        if scan.hidesPictures { return (nil, ["An edit list hides some of its pictures."]) }
        guard scan.cuts.first == 0 else { return (nil, ["It does not begin with an IDR picture."]) }
        guard (Rational(scan.pictures[0].time) * scan.timeBase).isTime else {
            return (nil, ["It begins thousands of centuries away."])
        }
        // An encoder's decoding times need room between uneven pictures.
        if scan.timeBase.denominator < 500, !scan.isEven {
            return (nil, ["Its uneven times have a coarse unit (\(scan.timeBase.text) s)."])
        }
        let cuts = chosen(scan)
        let ends = cuts.dropFirst().map { scan.pictures[$0].time } + [scan.end]
        let lengths = zip(cuts, ends).map { Rational($1 - scan.pictures[$0].time) * scan.timeBase }
        if let longest = lengths.max(), longest > Self.longestSegment + Self.shortestTail {
            return (nil, ["Its IDR pictures are up to \(1.scaledUp(by: longest)) seconds apart; 10 are allowed."])
        }
        let limit = tools.limits.duration
        guard (Rational(scan.end - scan.pictures[0].time) * scan.timeBase).duration <= limit else { return (nil, []) }
        let stops = cuts.dropFirst() + [scan.pictures.count]
        let bytes = zip(cuts, stops).map { scan.pictures[$0..<$1].reduce(0) { $0 + $1.bytes } }
        let timeline = timeline(scan, cuts: cuts, counts: zip(cuts, stops).map { $1 - $0 })
        let peak = Playlist.peakBitRate(
            of: Array(zip(lengths, bytes)),
            targetDuration: Playlist.targetDuration(of: timeline)
        )
        let average = Double(bytes.reduce(0, +)) * 8 / max(0.001, timeline.duration.value)
        return (CopiedVideo(timeline: timeline, averageBitRate: Int(min(average, 1e15)), peakBitRate: peak), [])
    }

    /// IDRs about a segment apart; a tail shorter than half a second stays with the segment before it.
    private func chosen(_ scan: CopyScan) -> [Int] {
        let least = 1.scaledDown(by: (segment - Self.shortestTail) / scan.timeBase)
        let tail = 1.scaledUp(by: Self.shortestTail / scan.timeBase)
        var cuts = [0]
        for cut in scan.cuts.dropFirst() {
            let time = scan.pictures[cut].time
            if time - scan.pictures[cuts[cuts.count - 1]].time >= least, scan.end - time >= tail { cuts.append(cut) }
        }
        return cuts
    }

    private func timeline(_ scan: CopyScan, cuts: [Int], counts: [Int]) -> Timeline {
        let times = scan.pictures.map(\.time).sorted()
        let start = times[0]
        let ticks = scan.timeBase.denominator
        let measured = Rational(times.count * ticks, max(1, scan.end - start))
        // A picture's own place among the times shown: what an encoder's delay is counted from.
        var delay = 0
        var shown = 0
        for count in counts {
            delay = max(delay, times[min(shown + 2, times.count - 1)] - times[shown])
            shown += count
        }
        return Timeline(
            rate: Rational(ticks),
            timescale: ticks,
            frameCount: scan.end - start,
            boundaries: cuts.map { scan.pictures[$0].time - start } + [scan.end - start],
            keyInterval: Rational(2),
            sourceTimeBase: scan.timeBase,
            sourceStart: Int64(start),
            seekPoints: cuts.enumerated().map { $0 == 0 ? nil : Int64(scan.pictures[$1].time) },
            sourceFrames: counts,
            sourceTiming: SourceTiming(
                frameRate: FrameRate.standard(near: measured) ?? measured,
                delay: delay
            )
        )
    }

    /// What the probe alone says against copying.
    static func reasons(against video: VideoStream, profiles: [Profile]) -> [String] {
        guard video.codec == "h264" else { return ["The picture is \(video.codec), not H.264."] }
        var reasons: [String] = []
        if video.bitDepth != 8 { reasons.append("The picture has \(video.bitDepth) bits a sample, not 8.") }
        switch video.pixelFormat {
        case "yuv420p": break
        case "yuvj420p": reasons.append("The picture uses the full range of levels.")
        default: reasons.append("The picture is not 4:2:0 (\(video.pixelFormat ?? "unknown")).")
        }
        if video.colorRange == "pc" && video.pixelFormat == "yuv420p" {
            reasons.append("The picture uses the full range of levels.")
        }
        if video.hdr != nil { reasons.append("The picture is HDR.") }
        if video.isInterlaced { reasons.append("The picture is interlaced.") }
        if video.rotation != 0 { reasons.append("The picture must be turned by \(video.rotation) degrees.") }
        if video.sampleAspectRatio != Rational(1) { reasons.append("Its pixels are not square.") }
        if video.timeBase.numerator != 1 || !(10...1_000_000).contains(video.timeBase.denominator) {
            reasons.append("Its times have an unusual unit (\(video.timeBase.text) s).")
        }
        if let rate = video.averageFrameRate, rate > Rational(61) {
            reasons.append("It has more than 60 pictures a second.")
        }
        let (long, short) = (max(video.width, video.height), min(video.width, video.height))
        if !profiles.contains(where: { max($0.width, $0.height) >= long && min($0.width, $0.height) >= short }) {
            reasons.append("The picture is larger than the top profile.")
        }
        return reasons
    }

    /// The copied sound; nil when it must be encoded: not AAC-LC, not gapless, late, shorter than the picture.
    package func audio(_ path: String, info: MediaInfo, timeline: Timeline) async throws -> CopiedAudio? {
        guard let audio = info.audio, Self.canCopy(audio, of: info) else { return nil }
        let limit = tools.limits.packets
        return try await BlockingWork.run("index") {
            do {
                guard let track = try MovieFile(path)?.track(audio.index, limit: limit) else { return nil }
                return Self.sound(track, audio: audio, timeline: timeline)
            } catch is BoxError {
                // A damaged index: what the decoder makes of it is encoded.
                return nil
            }
        }
    }

    /// What the probe alone says of a sound.
    static func canCopy(_ audio: AudioStream, of info: MediaInfo) -> Bool {
        audio.codec == "aac" && audio.profile == "LC" && (1...2).contains(audio.channels)
            && [44_100, 48_000].contains(audio.sampleRate) && info.container.hasPrefix("mov")
    }

    static func sound(_ track: MovieTrack, audio: AudioStream, timeline: Timeline) -> CopiedAudio? {
        let packet = AudioGrid.samplesPerPacket
        guard track.handler == "soun", track.entry == "mp4a", let shift = track.shift,
            track.timescale == audio.sampleRate, track.samples.step == packet
        else { return nil }
        let rate = audio.sampleRate
        let zero = Int(timeline.sourceStart).scaledRounded(by: timeline.sourceTimeBase * Rational(rate))
        // A time that clamped is no sound's.
        guard zero.magnitude < 1 << 57 else { return nil }
        // The packet nearest to the picture's beginning becomes the first; none there: late, and padded.
        let ahead = zero - shift
        guard ahead >= -packet / 2 else { return nil }
        let skipped = (ahead + packet / 2 - 1) / packet
        let wanted = timeline.audioGrid(sampleRate: rate)
        let count = min(wanted.boundaries.last ?? 0, track.samples.sizes.count - skipped)
        let shortage = Rational(((wanted.boundaries.last ?? 0) - count) * packet, rate)
        guard count > 0, shortage <= Rational(1) / timeline.frameRate, let last = wanted.boundaries.dropLast().last,
            last < count
        else {
            return nil
        }
        return CopiedAudio(
            grid: AudioGrid(rate: rate, boundaries: wanted.boundaries.dropLast() + [count]),
            channels: audio.channels,
            first: shift + skipped * packet
        )
    }
}

extension Rational {
    fileprivate static func + (left: Rational, right: Rational) -> Rational {
        Rational(
            left.numerator * right.denominator + right.numerator * left.denominator,
            left.denominator * right.denominator
        )
    }

    fileprivate static func - (left: Rational, right: Rational) -> Rational {
        left + Rational(-right.numerator, right.denominator)
    }
}

/// A version's segment boundaries, fixed once: every rung is cut at the same frames.
///
/// A value: it comes from the output frame grid, or, where the picture is copied, from the source's own key frames;
/// its "frames" are then the source's ticks.
/// The timeline of a sound alone counts AAC packets instead of frames.
package struct Timeline: Codable, Sendable, Hashable {
    /// Frames (or packets) a second, exact.
    package let rate: Rational
    /// Ticks a second in the segments; a frame is a whole number of them.
    package let timescale: Int
    /// Frames of the whole version.
    package let frameCount: Int
    /// Frame numbers where segments begin: the first is 0, the last `frameCount`.
    package let boundaries: [Int]
    /// Frames between two key frames within a segment, in seconds; boundaries always are key frames.
    package let keyInterval: Rational
    /// The unit of the source's times.
    package let sourceTimeBase: Rational
    /// The source's time that becomes 0.
    package let sourceStart: Int64
    /// For each segment, the source's key frame that decoding must start from; nil: from the beginning.
    package let seekPoints: [Int64?]
    /// For each segment, how many pictures the source has in it; empty for a sound.
    package let sourceFrames: [Int]
    /// Set where all rungs keep the source's own picture times; nil on the output grid.
    package let sourceTiming: SourceTiming?

    /// Pictures a second: exact on the grid, the average of a copied source.
    package var frameRate: Rational { sourceTiming?.frameRate ?? rate }

    package var segmentCount: Int { boundaries.count - 1 }

    package var ticksPerFrame: Int { 1.scaledRounded(by: Rational(timescale) / rate) }

    /// Seconds of the whole.
    package var duration: Rational { Rational(frameCount) / rate }

    /// Seconds until the end of the last segment that has a picture of the source's; after it the last one stands.
    var pictureDuration: Rational {
        guard let last = sourceFrames.lastIndex(where: { $0 > 0 }) else { return duration }
        return Rational(boundaries[last + 1]) / rate
    }

    /// When the picture begins in the source's own time.
    package var startTime: Duration { (Rational(Int(sourceStart)) * sourceTimeBase).duration }

    /// The frames of a segment.
    package func frames(of segment: Int) -> Range<Int> { boundaries[segment]..<boundaries[segment + 1] }

    /// Seconds of a segment, exactly: its `EXTINF`.
    package func duration(of segment: Int) -> Rational { Rational(frames(of: segment).count) / rate }

    /// The segment that shows a frame's time; nil past the end.
    package func segment(containing frame: Int) -> Int? {
        guard frame >= 0, frame < frameCount else { return nil }
        return (boundaries.firstIndex { $0 > frame } ?? boundaries.count) - 1
    }

    /// The frames that are IDR pictures in these frames: boundaries, and every `keyInterval` between them.
    func keyFrames(in frames: Range<Int>) -> [Int] {
        var result = Set(boundaries.filter { frames.contains($0) })
        var index = frames.lowerBound.scaledDown(by: Rational(1) / (rate * keyInterval))
        while true {
            let frame = index.scaledUp(by: rate * keyInterval)
            if frame >= frames.upperBound { break }
            if frames.contains(frame) { result.insert(frame) }
            index += 1
        }
        return result.sorted()
    }

    /// Where the sound is cut so that its segments keep to the picture's (MEDIA rule 5).
    package func audioGrid(sampleRate: Int = AudioGrid.sampleRate) -> AudioGrid {
        let packets = Rational(sampleRate, AudioGrid.samplesPerPacket) / rate
        var cuts = boundaries.map { $0.scaledRounded(by: packets) }
        cuts[cuts.count - 1] = frameCount.scaledUp(by: packets)
        // A last segment shorter than half a packet has no sound of its own.
        for index in cuts.indices.dropLast() { cuts[index] = min(cuts[index], cuts[cuts.count - 1]) }
        return AudioGrid(rate: sampleRate, boundaries: cuts)
    }
}

/// The picture times of a source that is copied: whatever they are, every rung keeps them.
package struct SourceTiming: Codable, Sendable, Hashable {
    /// Average pictures a second.
    package let frameRate: Rational
    /// What the edit list of an encoded rung skips, in ticks: at least an encoder's delay of two pictures, wherever
    /// in the source a chunk begins.
    package let delay: Int
}

/// The AAC packets of each segment.
package struct AudioGrid: Codable, Sendable, Hashable {
    package static let sampleRate = 48_000
    package static let samplesPerPacket = 1024

    package let rate: Int
    /// Packet numbers where segments begin; the last is the number of packets.
    package let boundaries: [Int]

    package var segmentCount: Int { boundaries.count - 1 }

    /// Seconds of a segment, exactly.
    package func duration(of segment: Int) -> Rational {
        Rational((boundaries[segment + 1] - boundaries[segment]) * Self.samplesPerPacket, rate)
    }
}

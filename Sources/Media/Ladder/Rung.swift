/// One rendition of a version's picture.
package struct Rung: Codable, Sendable, Hashable {
    /// The profile's name, `1080p`, or the shorter side of a source smaller than all profiles.
    ///
    /// Safe in a path.
    package let name: String
    /// Even, upright, square pixels.
    package let width: Int
    package let height: Int
    /// The ceiling that the decoder's buffer model holds the video to, in bits per second.
    package let maxBitrate: Int
    package let audioBitrate: Int
    package let preset: String
    /// The profile's ceiling, in frames a second.
    package let frameRate: Rational

    /// x264's quality while the ceiling allows it (DESIGN 4: contract 2's quality under contract 1's ceiling).
    static let constantRateFactor = 23

    /// The decoder's buffer, in bits: two seconds at the ceiling.
    var bufferSize: Int { maxBitrate * 2 }

    /// The highest rate that can be measured (`Playlist.peakBitRate`): what is announced until it is.
    ///
    /// In three seconds, half a target duration, at most the ceiling's three and a full buffer of two can pass.
    package var bandwidthBound: Int { maxBitrate + bufferSize / 3 }
}

/// Which rungs a source gets.
package enum Ladder {
    /// The rungs of a source, the highest first.
    ///
    /// A profile is used when the source fills its box without being enlarged; the box is turned for portrait
    /// pictures. A source smaller than the lowest gets one rung at its own size. Empty when there is no picture.
    package static func rungs(for info: MediaInfo, profiles: [Profile]) -> [Rung] {
        guard let video = info.video else { return [] }
        let sorted = profiles.sorted { $0.height > $1.height }
        let (width, height) = video.displaySize
        let rungs = sorted.compactMap { profile -> Rung? in
            let box = height > width ? (profile.height, profile.width) : (profile.width, profile.height)
            let fit = min(Rational(box.0, width), Rational(box.1, height))
            guard fit <= Rational(1) else { return nil }
            return rung(
                profile,
                name: profile.name,
                width: even(width.scaledRounded(by: fit), atMost: box.0, fit, width),
                height: even(height.scaledRounded(by: fit), atMost: box.1, fit, height)
            )
        }
        guard rungs.isEmpty, let lowest = sorted.last else { return rungs }
        let own = (max(2, width / 2 * 2), max(2, height / 2 * 2))
        return [rung(lowest, name: "\(min(own.0, own.1))p", width: own.0, height: own.1)]
    }

    /// The ceiling of the version's one frame rate: the top rung's.
    package static func frameRateCeiling(of rungs: [Rung]) -> Rational {
        rungs.first?.frameRate ?? Rational(30)
    }

    private static func rung(_ profile: Profile, name: String, width: Int, height: Int) -> Rung {
        Rung(
            name: name,
            width: width,
            height: height,
            maxBitrate: profile.videoBitrate,
            audioBitrate: profile.audioBitrate,
            preset: profile.preset,
            frameRate: profile.frameRate
        )
    }

    /// The even number nearest to `size × fit`, within the box and the source: 4:2:0 has no odd sizes.
    private static func even(_ rounded: Int, atMost box: Int, _ fit: Rational, _ size: Int) -> Int {
        let nearest = size.scaledRounded(by: fit * Rational(1, 2)) * 2
        return max(2, min(nearest, box / 2 * 2, max(2, size / 2 * 2)))
    }
}

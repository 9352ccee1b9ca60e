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
    /// What its picture is encoded as.
    package var codec = VideoCodec.h264

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
    /// pictures. A source smaller than the lowest of H.264 gets one such rung at its own size. The rungs of H.264, which
    /// stand for the version, come before those of other codecs. Empty when there is no picture.
    package static func rungs(for info: MediaInfo, profiles: [Profile]) -> [Rung] {
        guard let video = info.video else { return [] }
        let sorted = profiles.sorted { $0.height > $1.height }
        let rungs = VideoCodec.allCases.map { codec in
            fitting(sorted.filter { $0.videoCodec == codec }, size: video.displaySize)
        }
        let others = Array(rungs.dropFirst().joined())
        guard rungs[0].isEmpty, let lowest = sorted.last(where: { $0.videoCodec == .h264 }) else {
            return rungs[0] + others
        }
        let (width, height) = video.displaySize
        let own = (max(2, width / 2 * 2), max(2, height / 2 * 2))
        let name = "\(min(own.0, own.1))p"
        let isTaken = others.contains { $0.name == name }
        return [rung(lowest, name: isTaken ? "\(name)-h264" : name, width: own.0, height: own.1)] + others
    }

    private static func fitting(_ profiles: [Profile], size: (width: Int, height: Int)) -> [Rung] {
        let (width, height) = size
        return profiles.compactMap { profile -> Rung? in
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
            frameRate: profile.frameRate,
            codec: profile.videoCodec
        )
    }

    /// The even number nearest to `size × fit`, within the box and the source: 4:2:0 has no odd sizes.
    private static func even(_ rounded: Int, atMost box: Int, _ fit: Rational, _ size: Int) -> Int {
        let nearest = size.scaledRounded(by: fit * Rational(1, 2)) * 2
        return max(2, min(nearest, box / 2 * 2, max(2, size / 2 * 2)))
    }
}

extension Rung {
    /// Plans that were made before there were codecs have none.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try values.decode(String.self, forKey: .name),
            width: try values.decode(Int.self, forKey: .width),
            height: try values.decode(Int.self, forKey: .height),
            maxBitrate: try values.decode(Int.self, forKey: .maxBitrate),
            audioBitrate: try values.decode(Int.self, forKey: .audioBitrate),
            preset: try values.decode(String.self, forKey: .preset),
            frameRate: try values.decode(Rational.self, forKey: .frameRate),
            codec: try values.decodeIfPresent(VideoCodec.self, forKey: .codec) ?? .h264
        )
    }
}

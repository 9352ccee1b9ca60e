/// What an original turned out to be: its content decides, never its name.
package struct MediaInfo: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable {
        case video, audio
    }

    /// What may be shown of a stream, whether it is used or not.
    package struct StreamSummary: Codable, Sendable, Hashable {
        package let index: Int
        package let type: String
        package let codec: String
        package let language: String?
    }

    package let kind: Kind
    /// The demuxer as ffmpeg names it, such as `matroska,webm`.
    package let container: String
    /// As the container says, or as the packets say where the container cannot be believed; microseconds.
    package let duration: Int64
    /// Bits per second of the whole file.
    package let bitRate: Int
    package let bytes: Int64
    package let video: VideoStream?
    package let audio: AudioStream?
    package let streams: [StreamSummary]
    /// Title, artist, album, genre and date where the file has them; never a position.
    package let tags: [String: String]
    /// The stream of an attached picture of a sensible size: a record's cover.
    package var coverIndex: Int?
    /// Whether `duration` was measured at the packets of the picture, or of a sound without one; nil: it was not.
    package var isPictureLength: Bool?
}

/// The video stream that is used: the largest that is not a cover picture.
package struct VideoStream: Codable, Sendable, Hashable {
    package enum HighDynamicRange: String, Codable, Sendable {
        case pq, hlg
    }

    package let index: Int
    package let codec: String
    package let profile: String?
    package let pixelFormat: String?
    package let bitDepth: Int
    package let width: Int
    package let height: Int
    package let sampleAspectRatio: Rational
    /// Clockwise quarter turns that the picture must make to stand upright, in degrees: 0, 90, 180 or 270.
    package let rotation: Int
    package let averageFrameRate: Rational?
    package let nominalFrameRate: Rational?
    package let timeBase: Rational
    package let isInterlaced: Bool
    package let colorRange: String?
    package let colorSpace: String?
    package let colorPrimaries: String?
    package let colorTransfer: String?
    /// The first presentation time of the container's own account, in microseconds.
    package let start: Int64?

    package var hdr: HighDynamicRange? {
        switch colorTransfer {
        case "smpte2084": .pq
        case "arib-std-b67": .hlg
        default: nil
        }
    }

    /// Size on a screen: square pixels, upright.
    package var displaySize: (width: Int, height: Int) {
        let wide = max(1, width.scaledRounded(by: sampleAspectRatio))
        return rotation % 180 == 0 ? (wide, height) : (height, wide)
    }

    package var displayWidth: Int { displaySize.width }
    package var displayHeight: Int { displaySize.height }
}

/// The audio stream that is used: the default one, else the first.
package struct AudioStream: Codable, Sendable, Hashable {
    package let index: Int
    package let codec: String
    package let profile: String?
    package let channels: Int
    package let sampleRate: Int
    package let language: String?
    package let timeBase: Rational
    package let start: Int64?
}

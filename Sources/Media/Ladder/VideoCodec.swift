/// What a rung's picture is encoded as, in the order in which playlists list them: what every player knows comes first.
package enum VideoCodec: String, Codable, Sendable, Hashable, CaseIterable {
    case h264, hevc, av1

    /// The codec of an RFC 6381 string of ours; anything unknown counts as H.264, which is what was always made.
    package init(codecs: String) {
        self = Self.allCases.first { codecs.hasPrefix($0.sampleEntry) } ?? .h264
    }

    /// What ffmpeg calls the encoder.
    package var encoder: String {
        switch self {
        case .h264: "libx264"
        case .hevc: "libx265"
        case .av1: "libaom-av1"
        }
    }

    /// The four letters that begin the RFC 6381 string and name the track's samples.
    ///
    /// `hvc1`, not `hev1`: Apple's players take no other (authoring rule 1.10).
    package var sampleEntry: String {
        switch self {
        case .h264: "avc1"
        case .hevc: "hvc1"
        case .av1: "av01"
        }
    }
}

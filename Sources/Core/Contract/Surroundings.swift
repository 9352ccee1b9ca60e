// What stands around a medium's picture and sound.

/// A named part of a medium.
public struct MediaChapter: Codable, Hashable, Sendable {
    /// Seconds from the beginning.
    public let start: Double
    /// Seconds from the beginning.
    public let end: Double
    /// What it is called.
    public let title: String

    /// A part.
    public init(start: Double, end: Double, title: String) {
        self.start = start
        self.end = end
        self.title = title
    }
}

/// The loudness of a sound, by EBU R128.
public struct MediaLoudness: Codable, Hashable, Sendable {
    /// Integrated, in LUFS.
    public let integrated: Double
    /// The loudness range, in LU.
    public let range: Double
    /// The highest true peak, in dBTP; absent for silence.
    public let truePeak: Double?

    /// A measurement.
    public init(integrated: Double, range: Double, truePeak: Double?) {
        self.integrated = integrated
        self.range = range
        self.truePeak = truePeak
    }
}

/// The captions of one language.
public struct CaptionTrack: Codable, Hashable, Sendable {
    /// BCP 47: `en`, `pt-BR`; `und` when nobody knows.
    public let language: String
    /// The language's own name for itself.
    public let label: String
    /// `upload` when they were sent, `file` when they were found in the file.
    public let source: String
    /// How many texts there are.
    public let cues: Int
    /// A signed URL of the WebVTT file.
    public let url: String

    /// One track.
    public init(language: String, label: String, source: String, cues: Int, url: String) {
        self.language = language
        self.label = label
        self.source = source
        self.cues = cues
        self.url = url
    }
}

/// The answer to `GET /api/assets/:id/captions`.
public struct CaptionList: Codable, Hashable, Sendable {
    /// By language.
    public let captions: [CaptionTrack]

    /// All tracks of a medium.
    public init(captions: [CaptionTrack]) {
        self.captions = captions
    }
}

/// The body of `POST /api/assets/:id/clips`.
public struct ClipRequest: Codable, Hashable, Sendable {
    /// Seconds from the beginning.
    public let start: Double
    /// Seconds from the beginning.
    public let end: Double
    /// What the clip is called; absent for the medium's title with the range.
    public let title: String?

    /// A range.
    public init(start: Double, end: Double, title: String? = nil) {
        self.start = start
        self.end = end
        self.title = title
    }
}

/// The answer to `POST /api/assets/:id/clips`: the new asset, which is processed like any other.
///
/// Its metadata say what it was cut from (`clip`).
public struct ClipCreated: Codable, Hashable, Sendable {
    /// `asset_<integer>`.
    public let id: String
    /// What the clip is called.
    public let title: String
    /// Where it begins and ends in the medium, in seconds.
    public let start: Double
    /// Where it ends in the medium, in seconds.
    public let end: Double
    /// Where it stands.
    public let status: MediaState

    /// A clip that is being made.
    public init(id: String, title: String, start: Double, end: Double, status: MediaState) {
        self.id = id
        self.title = title
        self.start = start
        self.end = end
        self.status = status
    }
}

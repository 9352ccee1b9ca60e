/// Where a medium stands, in the contract's words.
public enum MediaState: String, Codable, Hashable, Sendable, CaseIterable {
    /// Being received or prepared; it may play already.
    case processing
    /// Its best rung plays.
    case ready
    /// It could not be prepared.
    case failed
}

/// One quality of a medium.
public struct MediaVariant: Codable, Hashable, Sendable {
    /// The profile's name: `720p`.
    public let profile: String
    /// Width in pixels.
    public let width: Int
    /// Height in pixels.
    public let height: Int
    /// The picture's bit rate as a profile writes it: `2500k`.
    public let bitrate: String

    /// One rung of the ladder.
    public init(profile: String, width: Int, height: Int, bitrate: String) {
        self.profile = profile
        self.width = width
        self.height = height
        self.bitrate = bitrate
    }
}

/// The answer to `GET /media/:id`.
public struct MediaDetails: Codable, Hashable, Sendable {
    /// `asset_<integer>`.
    public let id: String
    /// The title; the file's name when none was given.
    public let title: String
    /// The description; absent when none was given.
    public let description: String?
    /// Seconds; absent until known, and for pictures.
    public let duration: Double?
    /// A signed URL of the poster, once there is one.
    public let thumbnailUrl: String?
    /// A signed URL of the master playlist, once something plays.
    public let streamingUrl: String?
    /// Where the medium stands.
    public let status: MediaState
    /// The qualities that can be had now, best first.
    public let variants: [MediaVariant]
    /// What the owner attached.
    public let metadata: [String: JSONValue]
    /// When the medium came to be, RFC 3339 with milliseconds.
    public let createdAt: String
    /// Why it failed, in words for its owner.
    public let error: String?
    /// Progress of processing, 0–100, never falling; 100 when every rung is complete.
    public let progress: Int?
    /// Why the picture could not be served as it came, in words; absent when it is, and until known.
    public let nonStandardReasons: [String]?
    /// Signed URLs of a picture's files by name (`thumbnail`, `small`, `medium`, `large`, `webp`, `original`), once
    /// they are there; absent for what is no picture.
    public let images: [String: String]?
    /// What was found in the file: `dominantColor`, `blurhash`, `format`, `animated`, …; absent when nothing was.
    public let details: [String: JSONValue]?
    /// A signed URL of the storyboard: WebVTT whose cues name parts of sprites (`storyboard-0.jpg#xywh=…`).
    public var storyboardUrl: String?
    /// A signed URL of a moving picture of three seconds (WebP).
    public var previewUrl: String?
    /// A signed URL of the chapters as WebVTT.
    public var chaptersUrl: String?
    /// The chapters that the file has.
    public var chapters: [MediaChapter]?
    /// The captions there are, by language.
    public var captions: [CaptionTrack]?
    /// How loud the sound is.
    public var loudness: MediaLoudness?
    /// The number of the live version.
    public let version: Int?
    /// The asset that had the same bytes when this one came.
    public let duplicateOf: String?

    /// A medium in full.
    public init(
        id: String,
        title: String,
        description: String? = nil,
        duration: Double? = nil,
        thumbnailUrl: String? = nil,
        streamingUrl: String? = nil,
        status: MediaState,
        variants: [MediaVariant],
        metadata: [String: JSONValue],
        createdAt: String,
        error: String? = nil,
        progress: Int? = nil,
        nonStandardReasons: [String]? = nil,
        images: [String: String]? = nil,
        details: [String: JSONValue]? = nil,
        version: Int? = nil,
        duplicateOf: String? = nil
    ) {
        self.images = images
        self.details = details
        self.version = version
        self.duplicateOf = duplicateOf
        self.progress = progress
        self.nonStandardReasons = nonStandardReasons
        self.id = id
        self.title = title
        self.description = description
        self.duration = duration
        self.thumbnailUrl = thumbnailUrl
        self.streamingUrl = streamingUrl
        self.status = status
        self.variants = variants
        self.metadata = metadata
        self.createdAt = createdAt
        self.error = error
    }
}

/// The answer to `GET /media/:id/stream`.
public struct StreamLinks: Codable, Hashable, Sendable {
    /// The signed URL of the master playlist.
    public let masterUrl: String
    /// The signed URLs of the MP4 files that are complete, by profile.
    public let variants: [String: String]
    /// Seconds during which playing may start.
    public let expiresIn: Int

    /// Signed links of one medium.
    public init(masterUrl: String, variants: [String: String], expiresIn: Int) {
        self.masterUrl = masterUrl
        self.variants = variants
        self.expiresIn = expiresIn
    }
}

/// A line of the answer to `GET /api/assets`.
public struct AssetSummary: Codable, Hashable, Sendable {
    /// `asset_<integer>`.
    public let id: String
    /// The title; the file's name when none was given.
    public let title: String
    /// The description; absent when none was given.
    public let description: String?
    /// A signed URL of the poster, once there is one.
    public let thumbnailUrl: String?
    /// Where the medium stands.
    public let status: MediaState
    /// When the medium came to be, RFC 3339 with milliseconds.
    public let createdAt: String
    /// Seconds; absent until known, and for pictures.
    public let duration: Double?
    /// The media type of the original.
    public let fileType: String
    /// Progress of processing, 0–100, never falling; 100 when every rung is complete.
    public let progress: Int
    /// Why it failed, in words for its owner.
    public let error: String?
    /// A signed URL of a moving picture of three seconds (WebP), once there is one.
    public var previewUrl: String?
    /// Its tags; absent without any.
    public let tags: [String]?
    /// When it was put into the trash, RFC 3339 with milliseconds; absent elsewhere.
    public let trashedAt: String?

    /// A medium in short.
    public init(
        id: String,
        title: String,
        description: String? = nil,
        thumbnailUrl: String? = nil,
        status: MediaState,
        createdAt: String,
        duration: Double? = nil,
        fileType: String,
        progress: Int,
        error: String? = nil,
        tags: [String]? = nil,
        trashedAt: String? = nil
    ) {
        self.tags = tags
        self.trashedAt = trashedAt
        self.id = id
        self.title = title
        self.description = description
        self.thumbnailUrl = thumbnailUrl
        self.status = status
        self.createdAt = createdAt
        self.duration = duration
        self.fileType = fileType
        self.progress = progress
        self.error = error
    }
}

/// The answer to `GET /api/assets`.
public struct AssetPage: Codable, Hashable, Sendable {
    /// Which part of the whole this is.
    public struct Pagination: Codable, Hashable, Sendable {
        /// The page's number, from 1.
        public let page: Int
        /// How many assets a page has at most.
        public let limit: Int
        /// How many assets there are.
        public let total: Int
        /// How many pages there are.
        public let pages: Int
        /// True when a search matches more than `total`, the best of which are listed; absent otherwise.
        public let isMore: Bool?
        /// Goes into `cursor` to list what follows, at the same cost however far; absent at the end.
        public let next: String?

        /// A place in a list; `pages` follows from `total` and `limit`.
        public init(page: Int, limit: Int, total: Int, isMore: Bool? = nil, next: String? = nil) {
            self.isMore = isMore
            self.next = next
            self.page = page
            self.limit = limit
            self.total = total
            pages = limit > 0 ? (total + limit - 1) / limit : 0
        }
    }

    /// The page's assets, newest first.
    public let assets: [AssetSummary]
    /// Which part of the whole this is.
    public let pagination: Pagination

    /// One page of a list.
    public init(assets: [AssetSummary], pagination: Pagination) {
        self.assets = assets
        self.pagination = pagination
    }
}

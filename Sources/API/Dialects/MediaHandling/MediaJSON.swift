internal import Core
internal import Service

/// A medium in the contract's words: what an upload, a detail and a change answer.
struct MediaJSON: Encodable {
    let asset: AssetRecord
    let username: String
    let links: MediaLinks

    private enum Key: String, CodingKey {
        case id, user, status, urls, width, height, duration, bitrate, metadata, error, title, progress
        case username = "user_username"
        case fileType = "file_type"
        case fileSize = "file_size"
        case mimeType = "mime_type"
        case displayURL = "display_url"
        case thumbnailURL = "thumbnail_url"
        case isPublic = "is_public"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    func encode(to encoder: any Encoder) throws {
        var json = encoder.container(keyedBy: Key.self)
        let version = asset.version
        try json.encode(asset.id, forKey: .id)
        try json.encode(asset.owner, forKey: .user)
        try json.encode(username, forKey: .username)
        try json.encode(MediaFile.kind(of: asset), forKey: .fileType)
        try json.encode(MediaStatus(version.status), forKey: .status)
        try json.encode(version.size, forKey: .fileSize)
        try json.encode(asset.fileType, forKey: .mimeType)
        try json.encode(links.display, forKey: .displayURL)
        try json.encode(links.thumbnail, forKey: .thumbnailURL)
        try json.encode(links.urls, forKey: .urls)
        // Written as null until they are known, as the contract shows them.
        try json.encode(version.width, forKey: .width)
        try json.encode(version.height, forKey: .height)
        try json.encode(version.duration?.inSeconds, forKey: .duration)
        try json.encode(bitrate, forKey: .bitrate)
        try json.encode(metadata, forKey: .metadata)
        try json.encode(asset.isPublic, forKey: .isPublic)
        try json.encode(asset.createdAt.iso8601, forKey: .createdAt)
        try json.encode(asset.updatedAt.iso8601, forKey: .updatedAt)
        try json.encode(asset.title, forKey: .title)
        try json.encode(version.progress, forKey: .progress)
        if version.status == .failed { try json.encodeIfPresent(version.error, forKey: .error) }
    }

    private var bitrate: JSONValue? { asset.version.details["bitrate"] }

    /// What the owner attached, and what was found in the file.
    private var metadata: [String: JSONValue] {
        var found = asset.version.details
        for name in ["bitrate", "cover", "waveform"] { found[name] = nil }
        return asset.metadata.merging(found) { $1 }
    }
}

/// A line of the list.
struct MediaLine: Encodable {
    let asset: AssetRecord
    let links: MediaLinks

    private enum Key: String, CodingKey {
        case id, status
        case fileType = "file_type"
        case displayURL = "display_url"
        case thumbnailURL = "thumbnail_url"
        case createdAt = "created_at"
    }

    func encode(to encoder: any Encoder) throws {
        var json = encoder.container(keyedBy: Key.self)
        try json.encode(asset.id, forKey: .id)
        try json.encode(MediaFile.kind(of: asset), forKey: .fileType)
        try json.encode(MediaStatus(asset.version.status), forKey: .status)
        try json.encode(links.display, forKey: .displayURL)
        try json.encode(links.thumbnail, forKey: .thumbnailURL)
        try json.encode(asset.createdAt.iso8601, forKey: .createdAt)
    }
}

/// The addresses of a medium's files, absolute, signed unless they are open to all.
struct MediaLinks: Sendable {
    let urls: [String: String]
    /// The file that shows the medium: what processing made of it once it is there.
    let display: String
    /// Null for a sound without a cover.
    let thumbnail: String?

    init(to asset: AssetRecord, base: String, delivery: Delivery) {
        let link = asset.isPublic ? nil : delivery.link(to: asset)
        let pairs = MediaFile.all(of: asset).map { file in
            (file.name, base + (link?.signed(file.path) ?? file.path))
        }
        let urls = Dictionary(pairs) { first, _ in first }
        self.urls = urls
        thumbnail = urls["thumbnail"]
        let isReady = asset.version.status == .ready
        display = (isReady ? urls["medium"] ?? urls["processed"] : nil) ?? urls["original"] ?? base
    }
}

/// The engine's states in the contract's words (contracts/README, "Status, one table").
enum MediaStatus: String, Encodable, CaseIterable {
    case uploading, processing, ready, failed

    init(_ status: VersionRecord.Status) {
        switch status {
        case .queued, .processing, .playable: self = .processing
        case .ready: self = .ready
        case .failed: self = .failed
        }
    }

    /// The engine's states that it stands for; none for uploads on their way, which are no media yet.
    var internalStates: [VersionRecord.Status] {
        [.queued, .processing, .playable, .ready, .failed].filter { MediaStatus($0) == self }
    }
}

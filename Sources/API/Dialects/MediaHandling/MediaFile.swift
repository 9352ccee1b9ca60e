internal import Core
internal import Service

/// One of the files of a medium: its name in `urls`, its address, and what stands behind it.
struct MediaFile: Sendable {
    enum Role: Sendable {
        case file(Delivery.FileRole)
        /// The master playlist: a redirect to the streams.
        case stream
    }

    let name: String
    let path: String
    let role: Role

    /// The folders under `/media` beside those of the users' originals.
    static let folders = ["thumbnails", "small", "medium", "large", "webp", "mp4", "mp3", "hls", "peaks"]

    /// All files of a medium, whether they exist yet or not.
    static func all(of asset: AssetRecord) -> [MediaFile] {
        let name = safeName(asset.fileName)
        let stem = String(name.prefix(upTo: name.lastIndex(of: ".") ?? name.endIndex))
        let kind = kind(of: asset)
        func made(_ name: String, _ folder: String, _ suffix: String, _ role: Role) -> MediaFile {
            MediaFile(name: name, path: "/media/\(folder)/\(asset.id)_\(stem)\(suffix)", role: role)
        }
        let original = MediaFile(
            name: "original",
            path: "/media/user_\(asset.owner)/\(kind)/\(asset.id)_\(name)",
            role: .file(.original)
        )
        switch kind {
        case "image":
            let sizes = ["small", "medium", "large"].map { size in
                made(size, size, "_\(size).jpg", .file(.derivative(size)))
            }
            return [made("thumbnail", "thumbnails", "_thumbnail.jpg", .file(.derivative("thumbnail")))] + sizes
                + [made("webp", "webp", "_webp.webp", .file(.derivative("webp"))), original]
        case "audio":
            let cover = made("thumbnail", "thumbnails", "_thumbnail.jpg", .file(.derivative("cover")))
            let hasCover = asset.version.details["cover"] == .bool(true)
            return (hasCover ? [cover] : []) + [
                made("mp3", "mp3", ".mp3", .file(.derivative("mp3"))),
                made("processed", "mp3", ".mp3", .file(.derivative("mp3"))),
                made("hls", "hls", ".m3u8", .stream),
                made("peaks", "peaks", ".json", .file(.derivative("peaks"))), original,
            ]
        default:
            return [
                made("thumbnail", "thumbnails", "_thumbnail.jpg", .file(.poster)),
                made("mp4", "mp4", ".mp4", .file(.mp4)), made("processed", "mp4", ".mp4", .file(.mp4)),
                made("hls", "hls", ".m3u8", .stream), original,
            ]
        }
    }

    /// `image`, `video` or `audio`; a file that is nothing known counts as what it was declared to be.
    static func kind(of asset: AssetRecord) -> String {
        let kinds = FileContent.Kind.allCases.map(\.rawValue)
        if kinds.contains(asset.kind) { return asset.kind }
        return kinds.first { asset.fileType.hasPrefix("\($0)/") } ?? "video"
    }

    /// The file's name with what addresses and file systems take without escapes.
    private static func safeName(_ name: String) -> String {
        let bytes = name.utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."):
                byte
            default: UInt8(ascii: "_")
            }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        // The end tells the kind; an address need not be longer than this.
        return String(text.suffix(100).drop { $0 == "." })
    }
}

internal import Foundation

/// The file that is being uploaded, watched for changes while it is read.
struct SourceFile: Sendable {
    let url: URL
    let size: Int64
    private let modified: Date

    /// - Throws: `TelecineError` when it is not a readable file with something in it.
    init(_ url: URL) throws(TelecineError) {
        (size, modified) = try Self.facts(url)
        self.url = url
        guard size > 0 else { throw TelecineError(.unreadableFile, "\(url.lastPathComponent) is empty.") }
    }

    /// The bytes of a chunk.
    ///
    /// - Throws: `TelecineError` when the file cannot be read, or is not what it was.
    func read(_ chunk: ChunkPlan.Chunk) throws(TelecineError) -> Data {
        let bytes: Data?
        do {
            let handle = try FileHandle(forReadingFrom: url)
            defer { try? handle.close() }  // Nothing was written: there is nothing to lose.
            try handle.seek(toOffset: UInt64(chunk.offset))
            bytes = try handle.read(upToCount: chunk.length)
        } catch {
            throw TelecineError(
                .unreadableFile,
                "\(url.lastPathComponent) cannot be read: \(error.localizedDescription)"
            )
        }
        let now = try Self.facts(url)
        guard let bytes, bytes.count == chunk.length, now == (size, modified) else {
            throw TelecineError(.changedFile, "\(url.lastPathComponent) changed while it was being uploaded.")
        }
        return bytes
    }

    /// The media type that the name suggests; the service looks inside anyway.
    var type: String {
        Self.types[url.pathExtension.lowercased()] ?? "application/octet-stream"
    }

    private static func facts(_ url: URL) throws(TelecineError) -> (Int64, Date) {
        do {
            let facts = try FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path)
            guard facts[.type] as? FileAttributeType == .typeRegular, let size = facts[.size] as? NSNumber,
                let modified = facts[.modificationDate] as? Date
            else { throw TelecineError(.unreadableFile, "\(url.path) is not a file.") }
            return (size.int64Value, modified)
        } catch let error as TelecineError {
            throw error
        } catch {
            throw TelecineError(.unreadableFile, "\(url.path) cannot be read: \(error.localizedDescription)")
        }
    }

    private static let types = [
        "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "mkv": "video/x-matroska",
        "webm": "video/webm", "avi": "video/x-msvideo", "mpg": "video/mpeg", "mpeg": "video/mpeg",
        "ts": "video/mp2t", "m2ts": "video/mp2t", "3gp": "video/3gpp", "ogv": "video/ogg", "wmv": "video/x-ms-wmv",
        "flv": "video/x-flv", "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "wav": "audio/wav",
        "flac": "audio/flac", "ogg": "audio/ogg", "opus": "audio/ogg", "jpg": "image/jpeg", "jpeg": "image/jpeg",
        "png": "image/png", "gif": "image/gif", "webp": "image/webp", "avif": "image/avif", "heic": "image/heic",
        "tif": "image/tiff", "tiff": "image/tiff", "bmp": "image/bmp",
    ]
}

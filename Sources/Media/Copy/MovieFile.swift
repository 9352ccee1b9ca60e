#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An MP4 or MOV file whose index is read by ourselves: ffprobe takes seconds for the packets of a long one
/// (MEDIA rule 9).
///
/// Everything blocks, and every read is within the file.
final class MovieFile {
    private let descriptor: Int32
    let size: Int
    /// The bytes of `moov`, header included.
    let movie: Boxes

    /// An index of ten hours at 60 pictures a second is about 60 MB.
    private static let largestIndex = 256 << 20
    /// Boxes before the index: a file of more is not one that a camera or an editor wrote.
    private static let mostBoxes = 4096

    /// nil when the file has no index of the whole in one place: a fragmented one, or something else.
    init?(_ path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SegmentFiles.failure(path, "read") }
        var status = stat()
        size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        guard let bytes = Self.index(descriptor, size: size), let top = try? Boxes(bytes),
            let moov = top.first("moov"), let movie = try? top.children(of: moov), movie.first("mvex") == nil
        else {
            close(descriptor)
            return nil
        }
        self.movie = movie
    }

    deinit { close(descriptor) }

    /// Bytes of the file; nil when some lie outside.
    func bytes(at offset: Int, count: Int) -> [UInt8]? { Self.read(descriptor, offset, count, size: size) }

    private static func index(_ descriptor: Int32, size: Int) -> [UInt8]? {
        var position = 0
        for _ in 0..<mostBoxes where position < size {
            let head = read(descriptor, position, min(16, size - position), size: size) ?? []
            guard let header = try? BoxHeader(head, at: 0, end: head.count) else { return nil }
            let length = header.size ?? size - position
            guard length <= size - position else { return nil }
            if header.type == "moov" {
                return length <= largestIndex ? read(descriptor, position, length, size: size) : nil
            }
            position += length
        }
        return nil
    }

    private static func read(_ descriptor: Int32, _ offset: Int, _ count: Int, size: Int) -> [UInt8]? {
        guard offset >= 0, count >= 0, count <= size, offset <= size - count else { return nil }
        var done = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while done < count {
                let got = pread(descriptor, buffer.baseAddress.map { $0 + done }, count - done, offset + done)
                if got < 0 && errno == EINTR { continue }
                guard got > 0 else { break }
                done += got
            }
            initialized = done
        }
        return done == count ? bytes : nil
    }
}

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
    /// Bytes of the whole file, as far as it is known.
    let size: Int
    /// Bytes from its beginning that are there: all, but while it is being received.
    let arrived: Int
    /// The bytes of `moov`, header included.
    let movie: Boxes

    /// An index of ten hours at 60 pictures a second is about 60 MB.
    private static let largestIndex = 256 << 20
    /// Boxes before the index: a file of more is not one that a camera or an editor wrote.
    private static let mostBoxes = 4096

    /// nil when the file has no index of the whole in one place: a fragmented one, or something else.
    ///
    /// `arriving`: what there is of a file that is still being received; its index must be there.
    init?(_ path: String, arriving: ArrivingFile? = nil) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SegmentFiles.failure(path, "read") }
        var status = stat()
        let there = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        size = arriving?.size ?? there
        arrived = min(arriving?.arrived ?? there, there)
        let limit = arriving == nil ? Self.largestIndex : ArrivingFile.largestIndex
        guard case .found(let place) = Self.index(descriptor, size: size, arrived: arrived, limit: limit),
            let bytes = Self.read(descriptor, place.lowerBound, place.count, size: arrived),
            let top = try? Boxes(bytes), let moov = top.first("moov"), let movie = try? top.children(of: moov),
            movie.first("mvex") == nil
        else {
            close(descriptor)
            return nil
        }
        self.movie = movie
    }

    deinit { close(descriptor) }

    /// Bytes of the file; nil when some lie outside.
    func bytes(at offset: Int, count: Int) -> [UInt8]? { Self.read(descriptor, offset, count, size: arrived) }

    /// Where the index is, by the headers alone.
    enum IndexPlace: Equatable {
        case found(Range<Int>)
        /// How many bytes from the beginning will tell.
        case unknown(before: Int)
        case none
    }

    static func index(of file: ArrivingFile) throws -> IndexPlace {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SegmentFiles.failure(file.path, "read") }
        defer { close(descriptor) }
        return index(descriptor, size: file.size, arrived: file.arrived, limit: ArrivingFile.largestIndex)
    }

    private static func index(_ descriptor: Int32, size: Int, arrived: Int, limit: Int) -> IndexPlace {
        var position = 0
        for _ in 0..<mostBoxes where position < size {
            let count = min(16, size - position)
            guard position + count <= arrived else { return .unknown(before: position + count) }
            guard let head = read(descriptor, position, count, size: arrived),
                let header = try? BoxHeader(head, at: 0, end: head.count)
            else { return .none }
            let length = header.size ?? size - position
            guard length <= size - position else { return .none }
            if header.type == "moov" {
                let end = position + length
                guard length <= limit else { return .none }
                return end <= arrived ? .found(position..<end) : .unknown(before: end)
            }
            position += length
        }
        return .none
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

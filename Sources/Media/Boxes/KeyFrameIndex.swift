#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Where the key frames of a rendition stand: each begins a fragment of a segment.
package struct KeyFrame: Codable, Sendable, Hashable {
    /// The number of its segment.
    package let segment: Int
    /// Which of the segment's fragments it begins, from 0.
    package let fragment: Int
    /// Microseconds at which it is shown.
    package let time: Int64
    /// Bytes of the picture alone.
    package let size: Int

    package init(segment: Int, fragment: Int, time: Int64, size: Int) {
        self.segment = segment
        self.fragment = fragment
        self.time = time
        self.size = size
    }
}

/// Finds key frames in the segments that were made, and cuts one out.
///
/// Reads heads of fragments, not media. Blocks.
package struct KeyFrameReader: Sendable {
    private let initialization: InitSegment
    /// What the edit list skips, in ticks.
    private let delay: Int

    /// - Throws: `MediaError` or `BoxError` when the file is missing or is no init of ours.
    package init(initialization path: String) throws {
        var bytes: [UInt8] = []
        try SegmentFiles.read(path) { bytes.append(contentsOf: $0) }
        initialization = try InitSegment(bytes)
        delay = try EditList(initialization).mediaTime
    }

    /// The key frames of one segment.
    package func keyFrames(of path: String, segment: Int) throws -> [KeyFrame] {
        let file = try SegmentReader(path)
        return try file.heads().enumerated().compactMap { number, head in
            guard let sample = head.fragment.samples.first, sample.isSync else { return nil }
            let ticks = max(0, head.fragment.baseTime + sample.compositionOffset - delay)
            let time = 1_000_000.scaledRounded(by: Rational(ticks, initialization.timescale))
            return KeyFrame(segment: segment, fragment: number, time: Int64(time), size: sample.size)
        }
    }

    /// A fragment of one key frame alone, to be played behind the rendition's init: every player can read it, also
    /// one that takes a byte range of a fragment for a damaged file.
    ///
    /// `duration`: how long it is shown, in microseconds.
    ///
    /// Gives nil when the segment has no such key frame.
    package func cut(_ fragment: Int, of path: String, duration: Int64) throws -> [UInt8]? {
        let file = try SegmentReader(path)
        let heads = try file.heads()
        guard heads.indices.contains(fragment), let sample = heads[fragment].fragment.samples.first, sample.isSync
        else { return nil }
        let head = heads[fragment]
        let picture = try file.read(head.offset + head.fragment.mediaOffset, sample.size)
        let ticks = initialization.timescale.scaledRounded(by: Rational(Int(duration), 1_000_000))
        return BoxWriter.pictureFragment(
            sequence: fragment + 1,
            baseTime: head.fragment.baseTime,
            duration: max(1, ticks),
            compositionOffset: sample.compositionOffset,
            picture: picture
        )
    }
}

/// A segment's file, read in places.
private final class SegmentReader {
    /// A `moof` and where it stands.
    struct Head {
        let offset: Int
        let fragment: Fragment
    }

    private let path: String
    private let descriptor: Int32
    private let size: Int

    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SegmentFiles.failure(path, "read") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            close(descriptor)
            throw SegmentFiles.failure(path, "read")
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// More than a thousand fragments, or a head of a megabyte, is not ours.
    func heads() throws -> [Head] {
        var heads: [Head] = []
        var position = 0
        while position < size {
            let start = try read(position, min(16, size - position))
            guard let box = try BoxHeader(start, at: 0, end: start.count) else { throw BoxError.truncated }
            let length = box.size ?? size - position
            guard length <= size - position else { throw BoxError.truncated }
            if box.type == "moof" {
                guard length <= 1 << 20, heads.count < 1000 else { throw BoxError.tooLarge("moof") }
                heads.append(Head(offset: position, fragment: try Fragment(moof: try read(position, length))))
            }
            position += length
        }
        return heads
    }

    func read(_ offset: Int, _ count: Int) throws -> [UInt8] {
        guard count >= 0, offset >= 0, offset <= size, count <= size - offset else { throw BoxError.truncated }
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = pread(descriptor, buffer.baseAddress?.advanced(by: done), count - done, off_t(offset + done))
                if got < 0 && errno == EINTR { continue }
                guard got > 0 else { throw SegmentFiles.failure(path, "read") }
                done += got
            }
        }
    }
}

extension KeyFrameReader {
    /// The key frames of a whole rendition, in the order of their times.
    package static func keyFrames(initialization: String, segments: [String]) async throws -> [KeyFrame] {
        try await BlockingWork.run("key frames") {
            let reader = try KeyFrameReader(initialization: initialization)
            return try segments.enumerated().flatMap { try reader.keyFrames(of: $1, segment: $0) }
                .sorted { $0.time < $1.time }
        }
    }

    /// As `cut`, on a thread of its own.
    package static func picture(
        _ fragment: Int,
        of path: String,
        initialization: String,
        duration: Int64
    ) async throws -> [UInt8]? {
        try await BlockingWork.run("key frame") {
            try KeyFrameReader(initialization: initialization).cut(fragment, of: path, duration: duration)
        }
    }
}

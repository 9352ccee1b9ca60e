/// Cuts ffmpeg's file of one rung into the version's segments while it grows, and checks every one against the grid.
///
/// All of it blocks; memory holds one segment.
///
/// `@unchecked`: only the child's thread touches it until the run has ended, only `finish` afterwards.
final class SegmentSplitter: @unchecked Sendable {
    private let timeline: Timeline
    private let segments: Range<Int>
    private let path: String
    private let folder: String
    private var stream = FragmentStream()
    private var initialization: InitSegment?
    private var edits: EditList?
    private var initBytes = 0
    private var current: [Fragment] = []
    private var offset = 0
    /// What is on disk, in order.
    private(set) var done: [EncodedRung.Segment] = []

    struct Outcome {
        let segments: [EncodedRung.Segment]
        let codecs: String
        let initBytes: Int
        let peakBitRate: Int
    }

    /// `path`: what ffmpeg writes; `folder`: where `init.mp4` and `<k>.m4s` appear.
    init(timeline: Timeline, segments: Range<Int>, path: String, folder: String) {
        self.timeline = timeline
        self.segments = segments
        self.path = path
        self.folder = folder
    }

    /// RFC 6381, once the file has begun.
    var codecs: String? { initialization?.codecs }

    private var codec: VideoCodec { VideoCodec(codecs: codecs ?? "") }

    /// Reads what was written since, and cuts what is whole.
    ///
    /// - Throws: `MediaError` when a frame, a key frame or a time is not where the grid has it. Nothing that failed
    ///   the check has been written; what passed before it stays.
    func advance() throws {
        offset += try SegmentFiles.read(path, from: offset) { bytes in
            for element in try stream.push(bytes) {
                switch element {
                case .initialization(let bytes): try begin(bytes)
                case .fragment(let fragment):
                    let time = edits.map { fragment.firstPresentation(skipping: $0.mediaTime) } ?? fragment.baseTime
                    if time >= endTime(of: segments.lowerBound + done.count) { try publishCurrent() }
                    current.append(fragment)
                }
            }
        }
    }

    /// Cuts the rest.
    ///
    /// - Throws: as `advance`, and when segments are missing.
    func finish() throws -> Outcome {
        try advance()
        try publishCurrent()
        guard let initialization, stream.isAtBoundary, done.count == segments.count else {
            throw Self.mismatch("\(done.count) of \(segments.count) segments came out")
        }
        let peak = Playlist.peakBitRate(
            of: done.map { (timeline.duration(of: $0.index), $0.bytes) },
            targetDuration: Playlist.targetDuration(of: timeline)
        )
        return Outcome(
            segments: done,
            codecs: initialization.codecs,
            initBytes: initBytes,
            peakBitRate: peak
        )
    }

    private func begin(_ bytes: [UInt8]) throws {
        let initialization = try InitSegment(bytes)
        guard initialization.timescale == timeline.timescale else { throw Self.mismatch("another time scale") }
        if let delay = timeline.sourceTiming?.delay {
            let edits = try EditList(initialization)
            let bytes = try edits.setting(delay, in: bytes)
            try SegmentFiles.write(bytes, to: "\(folder)/init.mp4")
            self.edits = edits
        } else {
            try SegmentFiles.write(bytes, to: "\(folder)/init.mp4")
        }
        initBytes = bytes.count
        self.initialization = initialization
    }

    private func publishCurrent() throws {
        guard !current.isEmpty else { return }
        let index = segments.lowerBound + done.count
        guard index < segments.upperBound else { throw Self.mismatch("more segments than planned") }
        done.append(try edits.map { try publish(current, index: index, $0) } ?? publish(current, index: index))
        current = []
    }

    /// A segment that keeps the source's picture times.
    ///
    /// The delay that the edit list skips depends on a chunk's first pictures; the segments of all chunks share one
    /// init, so they are moved to the version's.
    private func publish(_ fragments: [Fragment], index: Int, _ edits: EditList) throws -> EncodedRung.Segment {
        let delay = timeline.sourceTiming?.delay ?? 0
        let count = fragments.reduce(0) { $0 + $1.samples.count }
        let start = fragments[0].firstPresentation(skipping: edits.mediaTime)
        guard start == timeline.boundaries[index], count <= timeline.sourceFrames[index],
            fragments.allSatisfy({ $0.samples.first?.isSync == true && $0.beginsWithKeyPicture(codec) })
        else {
            throw Self.mismatch("segment \(index) begins at \(start) with \(count) pictures, or has no IDR")
        }
        let bytes = try fragments.flatMap { try $0.bytes(movedBy: delay - edits.mediaTime) }
        try SegmentFiles.write(bytes, to: "\(folder)/\(index).m4s")
        return EncodedRung.Segment(index: index, frames: count, bytes: bytes.count)
    }

    private func endTime(of segment: Int) -> Int {
        guard segment < timeline.segmentCount else { return .max }
        return timeline.boundaries[segment + 1] * timeline.ticksPerFrame
    }

    private func publish(_ fragments: [Fragment], index: Int) throws -> EncodedRung.Segment {
        let frames = timeline.frames(of: index)
        let count = fragments.reduce(0) { $0 + $1.samples.count }
        guard count == frames.count else {
            throw Self.mismatch("segment \(index) has \(count) of \(frames.count) frames")
        }
        var time = frames.lowerBound * timeline.ticksPerFrame
        for fragment in fragments {
            let isKey = fragment.samples.first?.isSync == true && fragment.beginsWithKeyPicture(codec)
            guard fragment.baseTime == time, isKey else {
                throw Self.mismatch("segment \(index) is at \(fragment.baseTime) instead of \(time), or has no IDR")
            }
            time += fragment.duration
        }
        guard time == frames.upperBound * timeline.ticksPerFrame else {
            throw Self.mismatch("segment \(index) ends at \(time)")
        }
        let bytes = fragments.flatMap(\.bytes)
        try SegmentFiles.write(bytes, to: "\(folder)/\(index).m4s")
        return EncodedRung.Segment(index: index, frames: count, bytes: bytes.count)
    }

    private static func mismatch(_ what: String) -> MediaError {
        MediaError(
            .verification,
            "The picture cannot be encoded: its times contradict each other.",
            detail: what
        )
    }
}

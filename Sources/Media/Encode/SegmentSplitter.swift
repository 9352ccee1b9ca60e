/// Cuts ffmpeg's file of one rung into the version's segments, and checks every one against the grid.
struct SegmentSplitter {
    let timeline: Timeline
    let segments: Range<Int>
    let folder: String

    struct Outcome {
        let segments: [EncodedRung.Segment]
        let codecs: String
        let initBytes: Int
        let peakBitRate: Int
    }

    /// Reads `path` once and blocks; memory holds one segment.
    ///
    /// - Throws: `MediaError` when a frame, a key frame or a time is not where the grid has it. Nothing that failed
    ///   the check has been written; what passed before it stays.
    func split(_ path: String) throws -> Outcome {
        var stream = FragmentStream()
        var initialization: InitSegment?
        var current: [Fragment] = []
        var done: [EncodedRung.Segment] = []
        func finish() throws {
            guard !current.isEmpty else { return }
            done.append(try publish(current, index: segments.lowerBound + done.count))
            current = []
        }
        try SegmentFiles.read(path) { bytes in
            for element in try stream.push(bytes) {
                switch element {
                case .initialization(let bytes): initialization = try InitSegment(bytes)
                case .fragment(let fragment):
                    if fragment.baseTime >= endTime(of: segments.lowerBound + done.count) { try finish() }
                    current.append(fragment)
                }
            }
        }
        try finish()
        guard let initialization, stream.isAtBoundary, done.count == segments.count else {
            throw Self.mismatch("\(done.count) of \(segments.count) segments came out")
        }
        guard initialization.timescale == timeline.timescale else { throw Self.mismatch("another time scale") }
        try SegmentFiles.write(initialization.bytes, to: "\(folder)/init.mp4")
        let peak = Playlist.peakBitRate(
            of: done.map { (timeline.duration(of: $0.index), $0.bytes) },
            targetDuration: Playlist.targetDuration(of: timeline)
        )
        return Outcome(
            segments: done,
            codecs: initialization.codecs,
            initBytes: initialization.bytes.count,
            peakBitRate: peak
        )
    }

    private func endTime(of segment: Int) -> Int {
        guard segment < timeline.segmentCount else { return .max }
        return timeline.boundaries[segment + 1] * timeline.ticksPerFrame
    }

    private func publish(_ fragments: [Fragment], index: Int) throws -> EncodedRung.Segment {
        guard index < segments.upperBound else { throw Self.mismatch("more segments than planned") }
        let frames = timeline.frames(of: index)
        let count = fragments.reduce(0) { $0 + $1.samples.count }
        guard count == frames.count else {
            throw Self.mismatch("segment \(index) has \(count) of \(frames.count) frames")
        }
        var time = frames.lowerBound * timeline.ticksPerFrame
        for fragment in fragments {
            guard fragment.baseTime == time, fragment.samples.first?.isSync == true, Self.beginsWithIDR(fragment) else {
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

    /// Whether the first picture's first slice is of an IDR (H.264 NAL unit type 5, behind four bytes of length).
    private static func beginsWithIDR(_ fragment: Fragment) -> Bool {
        guard let sample = fragment.samples.first else { return false }
        let end = fragment.mediaOffset + sample.size
        var position = fragment.mediaOffset
        while position + 5 <= end {
            let length = fragment.bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            let type = fragment.bytes[position + 4] & 0x1F
            if (1...5).contains(type) { return type == 5 }
            position += 4 + length
        }
        return false
    }

    private static func mismatch(_ what: String) -> MediaError {
        MediaError(
            .verification,
            "The encoder did not produce what was planned.",
            detail: what
        )
    }
}

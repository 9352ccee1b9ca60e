/// Groups packets into segments as they come.
///
/// `@unchecked`: only the child's thread touches it until the run ended,
/// only `finish` afterwards.
final class AudioSplitter: @unchecked Sendable {
    private let grid: AudioGrid
    private let directory: String
    private let onSegment: @Sendable (AudioEncoder.Segment) -> Void
    private var stream = FragmentStream()
    private var initialization: InitSegment?
    private var current: [[UInt8]] = []
    private var packets = 0
    private var done: [AudioEncoder.Segment] = []

    init(grid: AudioGrid, directory: String, onSegment: @escaping @Sendable (AudioEncoder.Segment) -> Void) {
        self.grid = grid
        self.directory = directory
        self.onSegment = onSegment
    }

    var hasMedia: Bool { packets > 0 }

    func take(_ bytes: UnsafeRawBufferPointer) throws {
        for element in try stream.push(bytes) {
            switch element {
            case .initialization(let bytes):
                initialization = try InitSegment(bytes)
                try SegmentFiles.write(bytes, to: "\(directory)/init.mp4")
            case .fragment(let fragment): try add(fragment)
            }
        }
    }

    private func add(_ fragment: Fragment) throws {
        // The encoder's priming lies before 0; past the last packet there is at most the encoder's tail.
        guard fragment.baseTime >= 0, packets < grid.boundaries[grid.segmentCount] else { return }
        guard fragment.samples.count == 1, fragment.baseTime == packets * AudioGrid.samplesPerPacket else {
            throw mismatch("a packet is at \(fragment.baseTime) instead of \(packets * AudioGrid.samplesPerPacket)")
        }
        let media = fragment.mediaOffset..<fragment.mediaOffset + fragment.samples[0].size
        current.append(Array(fragment.bytes[media]))
        packets += 1
        while done.count < grid.segmentCount, packets == grid.boundaries[done.count + 1] { try publish() }
    }

    private func publish() throws {
        // One fragment a segment: a `moof` around every packet would add a third to their size.
        let bytes = BoxWriter.audioFragment(
            sequence: done.count + 1,
            baseTime: (packets - current.count) * AudioGrid.samplesPerPacket,
            packetDuration: AudioGrid.samplesPerPacket,
            packets: current
        )
        let segment = AudioEncoder.Segment(index: done.count, packets: current.count, bytes: bytes.count)
        try SegmentFiles.write(bytes, to: "\(directory)/\(segment.index).m4s")
        done.append(segment)
        current = []
        onSegment(segment)
    }

    func finish(errorTail: String) throws -> AudioEncoder.Outcome {
        guard let initialization, packets > 0 else {
            throw MediaError(
                .damaged,
                "The sound of this file cannot be decoded: it is damaged.",
                detail: errorTail
            )
        }
        guard done.count == grid.segmentCount else {
            throw mismatch("\(packets) of \(grid.boundaries[grid.segmentCount]) packets came out: \(errorTail)")
        }
        let lengths = done.map { (grid.duration(of: $0.index), $0.bytes) }
        let target = lengths.map { 1.scaledRounded(by: $0.0) }.max() ?? 1
        let peak = Playlist.peakBitRate(of: lengths, targetDuration: max(1, target))
        return AudioEncoder.Outcome(
            segments: done,
            codecs: initialization.codecs,
            channels: initialization.channels,
            initBytes: initialization.bytes.count,
            peakBitRate: peak,
            grid: grid
        )
    }

    private func mismatch(_ what: String) -> MediaError {
        MediaError(.verification, "The sound cannot be encoded: its times contradict each other.", detail: what)
    }
}

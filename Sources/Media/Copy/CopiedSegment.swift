internal import Core

/// A segment of a copied stream that is on disk, and its init before it.
package struct CopiedSegment: Sendable, Hashable {
    package let index: Int
    package let bytes: Int
    /// RFC 6381.
    package let codecs: String
}

/// Copies a version's picture or sound into segments, in one pass and without decoding.
///
/// Files appear whole by rename: `init.mp4` and `<k>.m4s`. The same input gives the same files.
package struct StreamCopier: Sendable {
    let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Neither the file's tags nor its tracks' (a handler may be named after a camera).
    ///
    /// SEI, which cameras write their place and serial number into, goes by a filter of the picture's.
    static let withoutMetadata = ["-map_metadata", "-1", "-map_metadata:s", "-1"]

    /// - `onSegment`: called on a thread of its own, in order, as soon as a segment is on disk.
    /// - Throws: `MediaError.damaged` when what comes out is not what was planned: then it must be encoded.
    package func video(
        source: String,
        info: MediaInfo,
        timeline: Timeline,
        into directory: String,
        onSegment: @escaping @Sendable (CopiedSegment) -> Void
    ) async throws {
        guard let video = info.video else { throw MediaError(.noStreams, "There is no picture in this file.") }
        let splitter = VideoCopySplitter(timeline: timeline, directory: directory, onSegment: onSegment)
        try await run(source, timeline, directory, splitter) { Self.picture(video, timeline, from: $0) }
    }

    /// What ffmpeg is told for a picture, from the input on.
    static func picture(_ video: VideoStream, _ timeline: Timeline, from input: String) -> [String] {
        ["-copyts", "-i", input, "-map", "0:\(video.index)", "-c", "copy"] + withoutMetadata
            + ["-bsf:v", "filter_units=remove_types=6", "-map_chapters", "-1", "-fflags", "+bitexact"]
            + ["-video_track_timescale", String(timeline.timescale), "-use_editlist", "1", "-movflags"]
            + ["+frag_keyframe+empty_moov+delay_moov+default_base_moof+frag_discont", "-f", "mp4", "pipe:1"]
    }

    /// As `video`, for sound on its own packets.
    package func audio(
        source: String,
        info: MediaInfo,
        timeline: Timeline,
        copied: CopiedAudio,
        into directory: String,
        onSegment: @escaping @Sendable (CopiedSegment) -> Void
    ) async throws {
        guard let audio = info.audio else { throw MediaError(.noStreams, "There is no sound in this file.") }
        let zero = Int(timeline.sourceStart).scaledRounded(by: timeline.sourceTimeBase * Rational(copied.grid.rate))
        let splitter = AudioCopySplitter(grid: copied.grid, zero: zero, directory: directory, onSegment: onSegment)
        try await run(source, timeline, directory, splitter) { Self.sound(audio, from: $0) }
    }

    /// As `picture`, for sound: a fragment a packet.
    static func sound(_ audio: AudioStream, from input: String) -> [String] {
        ["-copyts", "-i", input, "-map", "0:\(audio.index)", "-c", "copy"] + withoutMetadata
            + ["-map_chapters", "-1", "-fflags", "+bitexact", "-avoid_negative_ts", "disabled", "-movflags"]
            + ["+frag_every_frame+empty_moov+default_base_moof+cmaf+frag_discont", "-f", "mp4", "pipe:1"]
    }

    private func run(
        _ source: String,
        _ timeline: Timeline,
        _ directory: String,
        _ splitter: some CopySplitter,
        _ arguments: (String) -> [String]
    ) async throws {
        try await BlockingWork.run("copy") { try SegmentFiles.makeFolder(directory) }
        do {
            let result = try await tools.run(
                .ffmpeg,
                input: source,
                media: timeline.duration.duration,
                onOutput: { try splitter.take($0) },
                arguments: { ["-nostdin", "-v", "error"] + MediaTools.inputGuards + arguments($0.input) }
            )
            try await BlockingWork.run("copy") { try splitter.finish(errorTail: result.errorTail) }
        } catch let error as BoxError {
            throw MediaError(.verification, "The stream could not be copied.", detail: "\(error)")
        }
    }
}

/// Cuts what ffmpeg copies.
protocol CopySplitter: Sendable {
    func take(_ bytes: UnsafeRawBufferPointer) throws
    func finish(errorTail: String) throws
}

/// Groups fragments, each a key frame and what follows, into the timeline's segments.
///
/// `@unchecked`: only the child's thread touches it until the run ended, only `finish` afterwards.
private final class VideoCopySplitter: CopySplitter, @unchecked Sendable {
    private let timeline: Timeline
    private let directory: String
    private let onSegment: @Sendable (CopiedSegment) -> Void
    private var stream = FragmentStream()
    private var head: (codecs: String, delay: Int)?
    /// The presentation of the first picture in ffmpeg's time.
    private var origin: Int?
    private var current: [Fragment] = []
    private var done = 0

    init(timeline: Timeline, directory: String, onSegment: @escaping @Sendable (CopiedSegment) -> Void) {
        self.timeline = timeline
        self.directory = directory
        self.onSegment = onSegment
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws {
        for element in try stream.push(bytes) {
            switch element {
            case .initialization(let bytes):
                let initialization = try InitSegment(bytes)
                guard initialization.timescale == timeline.timescale else { throw mismatch("another time scale") }
                head = (initialization.codecs, try EditList(initialization).mediaTime)
                try SegmentFiles.write(bytes, to: "\(directory)/init.mp4")
            case .fragment(let fragment): try add(fragment)
            }
        }
    }

    private func add(_ fragment: Fragment) throws {
        guard let head else { throw mismatch("a fragment before its init") }
        let shown = fragment.firstPresentation(skipping: head.delay)
        let zero = origin ?? shown
        origin = zero
        if done + 1 < timeline.segmentCount, shown - zero >= timeline.boundaries[done + 1] {
            guard shown - zero == timeline.boundaries[done + 1] else {
                throw mismatch("segment \(done + 1) begins at \(shown - zero)")
            }
            try publish()
        }
        current.append(fragment)
    }

    private func publish() throws {
        guard let first = current.first, let head, let origin, done < timeline.segmentCount else {
            throw mismatch("nothing to publish")
        }
        let count = current.reduce(0) { $0 + $1.samples.count }
        guard count == timeline.sourceFrames[done], first.beginsWithKeyPicture(.h264) else {
            throw mismatch("segment \(done) has \(count) of \(timeline.sourceFrames[done]) pictures, or no IDR")
        }
        // A decoder here may conceal what a browser's refuses: damaged pictures are encoded, not passed on.
        guard current.allSatisfy(\.hasWholeUnits) else { throw mismatch("segment \(done) has a damaged picture") }
        let bytes = try current.flatMap { try $0.bytes(movedBy: -origin) }
        try SegmentFiles.write(bytes, to: "\(directory)/\(done).m4s")
        let segment = CopiedSegment(index: done, bytes: bytes.count, codecs: head.codecs)
        done += 1
        current = []
        onSegment(segment)
    }

    func finish(errorTail: String) throws {
        if !current.isEmpty { try publish() }
        guard done == timeline.segmentCount, stream.isAtBoundary else {
            throw mismatch("\(done) of \(timeline.segmentCount) segments came out: \(errorTail)")
        }
    }

    private func mismatch(_ what: String) -> MediaError {
        MediaError(.damaged, "The picture could not be copied.", detail: what)
    }
}

/// Groups packets into segments that begin at exactly 0.
///
/// `@unchecked`: only the child's thread touches it until the run ended, only `finish` afterwards.
private final class AudioCopySplitter: CopySplitter, @unchecked Sendable {
    private let grid: AudioGrid
    private let zero: Int
    private let directory: String
    private let onSegment: @Sendable (CopiedSegment) -> Void
    private var stream = FragmentStream()
    private var codecs: String?
    private var start: Int?
    private var current: [[UInt8]] = []
    private var packets = 0
    private var done = 0

    init(grid: AudioGrid, zero: Int, directory: String, onSegment: @escaping @Sendable (CopiedSegment) -> Void) {
        self.grid = grid
        self.zero = zero
        self.directory = directory
        self.onSegment = onSegment
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws {
        for element in try stream.push(bytes) {
            switch element {
            case .initialization(let bytes):
                let initialization = try InitSegment(bytes)
                guard initialization.timescale == grid.rate, initialization.codecs.hasPrefix("mp4a") else {
                    throw mismatch("another time scale")
                }
                codecs = initialization.codecs
                try SegmentFiles.write(bytes, to: "\(directory)/init.mp4")
            case .fragment(let fragment): try add(fragment)
            }
        }
    }

    private func add(_ fragment: Fragment) throws {
        let packet = AudioGrid.samplesPerPacket
        // Before the first picture lies the encoder's priming, or sound that nobody would see a picture to.
        guard fragment.baseTime - zero >= -packet / 2, packets < grid.boundaries[grid.segmentCount] else { return }
        let first = start ?? fragment.baseTime
        start = first
        guard fragment.samples.count == 1, first - zero <= packet / 2,
            abs(fragment.baseTime - first - packets * packet) <= packet / 2
        else { throw mismatch("a packet is at \(fragment.baseTime) instead of \(first + packets * packet)") }
        current.append(Array(fragment.bytes[fragment.mediaOffset..<fragment.mediaOffset + fragment.samples[0].size]))
        packets += 1
        while done < grid.segmentCount, packets == grid.boundaries[done + 1] { try publish() }
    }

    private func publish() throws {
        guard let codecs else { throw mismatch("a fragment before its init") }
        let bytes = BoxWriter.audioFragment(
            sequence: done + 1,
            baseTime: (packets - current.count) * AudioGrid.samplesPerPacket,
            packetDuration: AudioGrid.samplesPerPacket,
            packets: current
        )
        try SegmentFiles.write(bytes, to: "\(directory)/\(done).m4s")
        let segment = CopiedSegment(index: done, bytes: bytes.count, codecs: codecs)
        done += 1
        current = []
        onSegment(segment)
    }

    func finish(errorTail: String) throws {
        guard done == grid.segmentCount else {
            throw mismatch("\(packets) of \(grid.boundaries[grid.segmentCount]) packets came out: \(errorTail)")
        }
    }

    private func mismatch(_ what: String) -> MediaError {
        MediaError(.damaged, "The sound could not be copied.", detail: what)
    }
}

internal import Core

/// One segment of a copied stream alone, for a viewer who is ahead of the pass that copies all of it.
///
/// Only from MP4 and MOV, whose index leads to a packet at once.
extension StreamCopier {
    /// Writes `<directory>/<index>.m4s`, to be played behind the init of the whole pass.
    ///
    /// - Throws: `MediaError.damaged` when what comes out is not what was planned.
    package func videoSegment(
        _ index: Int,
        source: String,
        info: MediaInfo,
        timeline: Timeline,
        initialization: [UInt8],
        into directory: String
    ) async throws -> CopiedSegment {
        guard let video = info.video else { throw MediaError(.noStreams, "There is no picture in this file.") }
        let splitter = try SinglePicture(index, timeline, behind: initialization)
        var seek: [String] = []
        if let key = timeline.seekPoints[index] {
            // Half a millisecond late: the index leads to the last key frame before (MEDIA rule 3), of the stream that
            // ffmpeg seeks by; what lies before is passed over.
            let seconds = Double(key) * timeline.sourceTimeBase.value + 0.0005
            seek = ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", Self.fixed(seconds)]
        }
        try await take(source, timeline.duration(of: index), splitter.take) {
            seek + Self.picture(video, timeline, from: $0)
        }
        return try await BlockingWork.run("copy") { try splitter.write(to: directory) }
    }

    /// As `videoSegment`, for sound; nil for a plan that does not say where its packets begin.
    package func audioSegment(
        _ index: Int,
        source: String,
        info: MediaInfo,
        timeline: Timeline,
        copied: CopiedAudio,
        into directory: String
    ) async throws -> CopiedSegment? {
        guard let audio = info.audio else { throw MediaError(.noStreams, "There is no sound in this file.") }
        guard let first = copied.first else { return nil }
        let splitter = SingleSound(index, copied.grid, first: first)
        let begin = Rational(first + copied.grid.boundaries[index] * AudioGrid.samplesPerPacket, copied.grid.rate)
        // Packets are found by the picture's index; what lies before is passed over.
        let seconds = begin.value - 0.1
        let seek = seconds > 0 && index > 0 ? ["-seek_timestamp", "1", "-ss", Self.fixed(seconds)] : []
        try await take(source, copied.grid.duration(of: index), splitter.take) { seek + Self.sound(audio, from: $0) }
        return try await BlockingWork.run("copy") { try splitter.write(to: directory) }
    }

    /// Runs ffmpeg until what takes its output has what it needs.
    func take(
        _ source: String,
        _ length: Rational,
        _ hasEnough: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Bool,
        _ arguments: (String) -> [String]
    ) async throws {
        do {
            _ = try await tools.run(
                .ffmpeg,
                input: source,
                media: length.duration,
                onOutput: { if try hasEnough($0) { throw Enough() } },
                arguments: { ["-nostdin", "-v", "error"] + MediaTools.inputGuards + arguments($0.input) }
            )
        } catch is Enough {
        } catch let error as BoxError {
            throw MediaError(.verification, "The stream could not be copied.", detail: "\(error)")
        }
    }

    private struct Enough: Error {}

    private static func fixed(_ seconds: Double) -> String {
        let micro = Int((max(0, seconds) * 1_000_000).rounded())
        let fraction = String(micro % 1_000_000)
        return "\(micro / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}

/// Picks one segment out of what ffmpeg copies.
private protocol SingleSplitter: Sendable {
    /// True when nothing more is needed.
    func take(_ bytes: UnsafeRawBufferPointer) throws -> Bool
    func write(to directory: String) throws -> CopiedSegment
}

/// `@unchecked`: only the child's thread touches it until the run ended, only `write` afterwards.
private final class SinglePicture: SingleSplitter, @unchecked Sendable {
    private let index: Int
    private let timeline: Timeline
    /// What the pass's init skips, and its codecs.
    private let delay: Int
    private let codecs: String
    private var stream = FragmentStream()
    private var ownDelay: Int?
    private var fragments: [Fragment] = []

    init(_ index: Int, _ timeline: Timeline, behind initialization: [UInt8]) throws {
        let initialization = try InitSegment(initialization)
        self.index = index
        self.timeline = timeline
        delay = try EditList(initialization).mediaTime
        codecs = initialization.codecs
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        for element in try stream.push(bytes) {
            switch element {
            case .initialization(let bytes):
                let initialization = try InitSegment(bytes)
                guard initialization.timescale == timeline.timescale, initialization.codecs == codecs else {
                    throw Self.mismatch("another time scale or codec")
                }
                ownDelay = try EditList(initialization).mediaTime
            case .fragment(let fragment):
                guard let ownDelay else { throw Self.mismatch("a fragment before its init") }
                let shown = fragment.firstPresentation(skipping: ownDelay) - Int(timeline.sourceStart)
                if shown >= timeline.boundaries[index + 1] { return true }
                if shown >= timeline.boundaries[index] { fragments.append(fragment) }
            }
        }
        return fragments.reduce(0) { $0 + $1.samples.count } >= timeline.sourceFrames[index]
    }

    func write(to directory: String) throws -> CopiedSegment {
        guard let ownDelay, let first = fragments.first else { throw Self.mismatch("nothing came out") }
        let start = Int(timeline.sourceStart)
        let shown = first.firstPresentation(skipping: ownDelay) - start
        let count = fragments.reduce(0) { $0 + $1.samples.count }
        guard shown == timeline.boundaries[index], count == timeline.sourceFrames[index],
            first.beginsWithKeyPicture(.h264), fragments.allSatisfy(\.hasWholeUnits)
        else {
            throw Self.mismatch("segment \(index) begins at \(shown) with \(count) pictures, or is damaged")
        }
        let bytes = try fragments.flatMap { try $0.bytes(movedBy: delay - ownDelay - start) }
        try SegmentFiles.write(bytes, to: "\(directory)/\(index).m4s")
        return CopiedSegment(index: index, bytes: bytes.count, codecs: codecs)
    }

    private static func mismatch(_ what: String) -> MediaError {
        MediaError(.damaged, "The picture could not be copied.", detail: what)
    }
}

/// `@unchecked`: only the child's thread touches it until the run ended, only `write` afterwards.
private final class SingleSound: SingleSplitter, @unchecked Sendable {
    private let index: Int
    private let grid: AudioGrid
    private let first: Int
    private let wanted: Range<Int>
    private var stream = FragmentStream()
    private var codecs: String?
    private var packets: [[UInt8]] = []

    init(_ index: Int, _ grid: AudioGrid, first: Int) {
        self.index = index
        self.grid = grid
        self.first = first
        wanted = grid.boundaries[index]..<grid.boundaries[index + 1]
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        let length = AudioGrid.samplesPerPacket
        for element in try stream.push(bytes) {
            switch element {
            case .initialization(let bytes):
                let initialization = try InitSegment(bytes)
                guard initialization.timescale == grid.rate else { throw Self.mismatch("another time scale") }
                codecs = initialization.codecs
            case .fragment(let fragment):
                let place = first + (wanted.lowerBound + packets.count) * length
                guard packets.count < wanted.count, fragment.baseTime - place >= -length / 2 else { continue }
                guard fragment.samples.count == 1, fragment.baseTime - place <= length / 2 else {
                    throw Self.mismatch("a packet is at \(fragment.baseTime) instead of \(place)")
                }
                let media = fragment.mediaOffset..<fragment.mediaOffset + fragment.samples[0].size
                packets.append(Array(fragment.bytes[media]))
            }
        }
        return packets.count == wanted.count
    }

    func write(to directory: String) throws -> CopiedSegment {
        guard let codecs, packets.count == wanted.count else {
            throw Self.mismatch("\(packets.count) of \(wanted.count) packets came out")
        }
        let bytes = BoxWriter.audioFragment(
            sequence: index + 1,
            baseTime: wanted.lowerBound * AudioGrid.samplesPerPacket,
            packetDuration: AudioGrid.samplesPerPacket,
            packets: packets
        )
        try SegmentFiles.write(bytes, to: "\(directory)/\(index).m4s")
        return CopiedSegment(index: index, bytes: bytes.count, codecs: codecs)
    }

    private static func mismatch(_ what: String) -> MediaError {
        MediaError(.damaged, "The sound could not be copied.", detail: what)
    }
}

internal import Core

/// One segment of encoded sound alone, for a viewer who is ahead of the encoder of the whole.
extension AudioEncoder {
    /// Writes `<directory>/init.mp4` and `<directory>/<index>.m4s`, as the whole encoding would within the codec's own
    /// differences: it begins some packets early, so that the encoder has settled, and what is early is cut off.
    ///
    /// - Throws: `MediaError`; `CancellationError`.
    package func encodeSegment(
        _ index: Int,
        source: String,
        info: MediaInfo,
        timeline: Timeline,
        bitRate: Int,
        into directory: String
    ) async throws -> Segment {
        guard let audio = info.audio else { throw MediaError(.noStreams, "There is no sound in this file.") }
        let chunk = AudioChunk(audio: audio, timeline: timeline, index: index, bitRate: bitRate)
        try await BlockingWork.run("audio") { try SegmentFiles.makeFolder(directory) }
        var tail = ""
        for seek in chunk.starts {
            let heard = FirstHeard()
            let result = try await tools.run(
                .ffmpeg,
                input: source,
                output: directory,
                media: chunk.media(from: seek),
                onOutput: { heard.take($0) },
                arguments: { chunk.arguments($0.input, output: $0.output, seek: seek) }
            )
            tail = result.errorTail
            // The index led past what was wanted, or to nothing at all: from further back.
            guard result.succeeded, seek == nil || heard.seconds.map({ $0 <= chunk.begin }) ?? false else { continue }
            return try await BlockingWork.run("audio") { try chunk.cut(in: directory) }
        }
        throw MediaError(.toolFailed, "The sound of this file cannot be decoded: it is damaged.", detail: tail)
    }
}

/// A segment's packets and how they are made.
struct AudioChunk: Sendable {
    let audio: AudioStream
    let timeline: Timeline
    let index: Int
    let bitRate: Int

    /// Packets before the first that is kept (MEDIA: joins within 1.3 dB of the whole).
    private static let lead = 8

    private var grid: AudioGrid { timeline.audioGrid() }
    private var wanted: Range<Int> { grid.boundaries[index]..<grid.boundaries[index + 1] }
    private var firstPacket: Int { max(0, wanted.lowerBound - Self.lead) }

    /// When the first sample is heard, in seconds of the version.
    var begin: Double { Double(firstPacket * AudioGrid.samplesPerPacket) / Double(grid.rate) }

    /// Where decoding may start, in seconds of the source, best first; nil: at its beginning.
    var starts: [Double?] {
        let start = Double(timeline.sourceStart) * timeline.sourceTimeBase.value
        // Decoders settle within a second; indexes of some containers lead many seconds astray.
        return [1, 30].filter { begin > $0 }.map { start + begin - $0 } + [nil]
    }

    func media(from seek: Double?) -> Duration {
        seek == nil ? timeline.duration.duration : grid.duration(of: index).duration + .seconds(60)
    }

    func arguments(_ input: String, output: String, seek: Double?) -> [String] {
        let start = Rational(Int(timeline.sourceStart)) * timeline.sourceTimeBase
        let first = firstPacket * AudioGrid.samplesPerPacket
        // One packet more: the last one overlaps with it.
        let count = (wanted.upperBound + 1 - firstPacket) * AudioGrid.samplesPerPacket
        let filters =
            "asetpts=PTS-(\(start.numerator)/\(start.denominator))/TB,"
            + "ametadata=mode=add:key=n:value=1,ametadata=mode=print:key=n:file=-:direct=1,"
            // `first_pts` counts samples of the input's rate: there must be no other.
            + "aresample=48000,aresample=48000:async=1:first_pts=\(first):min_hard_comp=0.02,"
            + "apad=whole_len=\(count),atrim=end_sample=\(count),asetpts=N+\(first)"
        var line = ["-nostdin", "-v", "error", "-y"] + MediaTools.inputGuards
        if let seek { line += ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", String(seek)] }
        line += ["-copyts", "-i", input, "-map", "0:\(audio.index)", "-vn", "-sn", "-dn", "-af", filters]
        line +=
            ["-ac", "2", "-c:a", "aac", "-b:a", String(bitRate)] + StreamCopier.withoutMetadata + [
                "-map_chapters", "-1",
            ]
        line += ["-fflags", "+bitexact", "-flags:a", "+bitexact", "-avoid_negative_ts", "disabled", "-movflags"]
        line += ["+frag_every_frame+empty_moov+default_base_moof+cmaf+frag_discont", "-f", "mp4"]
        return line + ["\(output)/\(Self.file)"]
    }

    private static let file = "chunk.mp4"

    /// Takes the segment's packets out of what ffmpeg has written.
    func cut(in directory: String) throws -> AudioEncoder.Segment {
        let length = AudioGrid.samplesPerPacket
        var stream = FragmentStream()
        var packets: [[UInt8]] = []
        try SegmentFiles.read("\(directory)/\(Self.file)") { bytes in
            for element in try stream.push(bytes) {
                switch element {
                case .initialization(let bytes): try SegmentFiles.write(bytes, to: "\(directory)/init.mp4")
                case .fragment(let fragment):
                    let place = (wanted.lowerBound + packets.count) * length
                    guard fragment.baseTime >= place, packets.count < wanted.count else { continue }
                    guard fragment.samples.count == 1, fragment.baseTime == place else {
                        throw mismatch("a packet is at \(fragment.baseTime) instead of \(place)")
                    }
                    let media = fragment.mediaOffset..<fragment.mediaOffset + fragment.samples[0].size
                    packets.append(Array(fragment.bytes[media]))
                }
            }
        }
        guard packets.count == wanted.count else { throw mismatch("\(packets.count) of \(wanted.count) packets") }
        let bytes = BoxWriter.audioFragment(
            sequence: index + 1,
            baseTime: wanted.lowerBound * length,
            packetDuration: length,
            packets: packets
        )
        try SegmentFiles.write(bytes, to: "\(directory)/\(index).m4s")
        return AudioEncoder.Segment(index: index, packets: packets.count, bytes: bytes.count)
    }

    private func mismatch(_ what: String) -> MediaError {
        MediaError(.verification, "The sound could not be encoded exactly.", detail: what)
    }
}

/// When the first decoded sound is heard, from the lines of ffmpeg's `ametadata` filter.
///
/// `@unchecked`: only the child's thread touches it until the run has ended.
private final class FirstHeard: @unchecked Sendable {
    private var line: [UInt8] = []
    /// In seconds of the version; nil: nothing was decoded.
    private(set) var seconds: Double?

    func take(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes where seconds == nil {
            if byte != 10 {
                if line.count < 128 { line.append(byte) }
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            line.removeAll(keepingCapacity: true)
            if let field = text.split(separator: " ").first(where: { $0.hasPrefix("pts_time:") }) {
                seconds = Double(field.dropFirst(9))
            }
        }
    }
}

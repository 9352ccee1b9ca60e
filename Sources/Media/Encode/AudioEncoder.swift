internal import Core

/// Encodes a version's sound once, whole, as AAC, and cuts it at packets (MEDIA rules 5 and 6).
package struct AudioEncoder: Sendable {
    /// A segment that is on disk.
    package struct Segment: Sendable, Hashable {
        package let index: Int
        package let packets: Int
        package let bytes: Int
    }

    package struct Outcome: Sendable, Hashable {
        package let segments: [Segment]
        /// `mp4a.40.2`.
        package let codecs: String
        package let channels: Int
        package let initBytes: Int
        /// See `Playlist.peakBitRate`.
        package let peakBitRate: Int
        /// Where the segments are cut: their exact durations.
        package let grid: AudioGrid

        package var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }
    }

    /// AAC-LC (RFC 6381), as `InitSegment` says.
    package static let codecs = "mp4a.40.2"

    let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Writes `<directory>/init.mp4` and `<directory>/<k>.m4s`.
    ///
    /// The sound starts at exactly 0 and lasts as long as the timeline: late sound is preceded by silence, early
    /// sound is cut, a short one is followed by silence.
    ///
    /// - `bitRate`: bits per second, for two channels.
    /// - `onSegment`: called on a thread of its own as soon as a segment (its index) is on disk, `init.mp4` before.
    /// - Throws: `MediaError`: `.damaged` when not one sample can be decoded; `CancellationError`.
    package func encode(
        source: String,
        info: MediaInfo,
        timeline: Timeline,
        bitRate: Int,
        into directory: String,
        onSegment: @escaping @Sendable (Segment) -> Void = { _ in }
    ) async throws -> Outcome {
        guard let audio = info.audio else { throw MediaError(.noStreams, "There is no sound in this file.") }
        let splitter = AudioSplitter(grid: timeline.audioGrid(), directory: directory, onSegment: onSegment)
        try await BlockingWork.run("audio") { try SegmentFiles.makeFolder(directory) }
        let result = try await tools.run(
            .ffmpeg,
            input: source,
            media: timeline.duration.duration,
            onOutput: { try splitter.take($0) },
            arguments: { paths in
                Self.arguments(paths.input, audio: audio, timeline: timeline, bitRate: bitRate)
            }
        )
        guard result.succeeded, !result.errorTail.contains("Conversion failed") else {
            throw MediaError(
                splitter.hasMedia ? .toolFailed : .damaged,
                "The sound of this file cannot be decoded: it is damaged.",
                detail: result.errorTail
            )
        }
        return try await BlockingWork.run("audio") { try splitter.finish(errorTail: result.errorTail) }
    }

    private static func arguments(
        _ input: String,
        audio: AudioStream,
        timeline: Timeline,
        bitRate: Int
    ) -> [String] {
        let start = Rational(Int(timeline.sourceStart)) * timeline.sourceTimeBase
        // Whole packets: a fraction of a sample must not decide whether there is one more.
        let samples = (timeline.audioGrid().boundaries.last ?? 0) * AudioGrid.samplesPerPacket
        let filters =
            "asetpts=PTS-(\(start.numerator)/\(start.denominator))/TB,"
            + "aresample=48000:async=1:first_pts=0:min_hard_comp=0.02,"
            + "apad=whole_len=\(samples),atrim=end_sample=\(samples)"
        return ["-nostdin", "-v", "error"] + MediaTools.inputGuards
            + ["-copyts", "-i", input, "-map", "0:\(audio.index)", "-vn", "-sn", "-dn", "-af", filters]
            + ["-ac", "2", "-c:a", "aac", "-b:a", String(bitRate)] + StreamCopier.withoutMetadata
            + ["-map_chapters", "-1"]
            + ["-fflags", "+bitexact", "-flags:a", "+bitexact", "-avoid_negative_ts", "disabled"]
            + ["-movflags", "+frag_every_frame+empty_moov+default_base_moof+cmaf+frag_discont", "-f", "mp4", "pipe:1"]
    }
}

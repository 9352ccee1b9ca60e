internal import Core

/// Makes an MP3 and a waveform of a sound, from one decode.
package struct SoundMaker: Sendable {
    /// The MP3's name in the folder that it is made in.
    package static let fileName = "sound.mp3"
    /// Contract 2's: samples a second, and bits a second.
    static let sampleRate = 44_100
    static let bitRate = 128_000

    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Writes `<directory>/sound.mp3`: 128 kb/s, 44.1 kHz, mono or stereo, with those of the tags that are given.
    ///
    /// - Returns: the waveform.
    /// - Throws: `MediaError`: `.damaged` when not one sample can be decoded; `CancellationError`.
    package func make(
        of source: String,
        info: MediaInfo,
        tags: [String: String],
        into directory: String
    ) async throws -> Waveform {
        guard let audio = info.audio else { throw MediaError(.noStreams, "There is no sound in this file.") }
        let sink = WaveformSink(WaveformBuilder(sampleRate: Self.sampleRate))
        try await BlockingWork.run("sound") { try SegmentFiles.makeFolder(directory) }
        let result = try await tools.run(
            .ffmpeg,
            input: source,
            output: directory,
            media: .microseconds(info.duration),
            onOutput: { sink.take($0) },
            arguments: { Self.arguments($0, audio: audio, tags: tags) }
        )
        guard result.succeeded, !result.errorTail.contains("Conversion failed") else {
            throw MediaError(
                sink.samples > 0 ? .toolFailed : .damaged,
                "The sound of this file cannot be decoded: it is damaged.",
                detail: result.errorTail
            )
        }
        guard sink.samples > 0 else {
            throw MediaError(.damaged, "There is not one sample in the sound of this file.", detail: result.errorTail)
        }
        return sink.finish()
    }

    private static func arguments(_ paths: Sandbox.Paths, audio: AudioStream, tags: [String: String]) -> [String] {
        let split = "[0:\(audio.index)]aresample=\(sampleRate),asplit=2[sound][wave]"
        let named = tags.sorted { $0.key < $1.key }.flatMap { ["-metadata", "\($0.key)=\($0.value)"] }
        return ["-nostdin", "-v", "error", "-y"] + MediaTools.inputGuards
            + ["-i", paths.input, "-filter_complex", split]
            + ["-map", "[sound]", "-ac", audio.channels == 1 ? "1" : "2", "-c:a", "libmp3lame"]
            + ["-b:a", String(bitRate), "-map_metadata", "-1", "-map_chapters", "-1"] + named
            + ["-id3v2_version", "3", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
            + ["-f", "mp3", "\(paths.output)/\(fileName)"]
            + ["-map", "[wave]", "-ac", "1", "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"]
    }
}

/// Takes samples on the child's thread.
///
/// `@unchecked Sendable`: only the child's thread touches it until the run has ended, only the task that ran it
/// afterwards.
private final class WaveformSink: @unchecked Sendable {
    private var builder: WaveformBuilder

    init(_ builder: WaveformBuilder) {
        self.builder = builder
    }

    var samples: Int64 { builder.samples }
    func take(_ bytes: UnsafeRawBufferPointer) { builder.add(bytes) }
    func finish() -> Waveform { builder.finish() }
}

internal import Core
internal import Foundation

/// Takes the text streams out of a file: subtitles of MP4, Matroska and WebM.
package struct TextExtractor: Sendable {
    /// Streams of one file that are read.
    static let maximumStreams = 16
    /// Codecs that are text; pictures of text (DVD, Blu-ray) are not.
    private static let codecs: Set<String> = ["mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "text"]

    /// What a stream says, in times of the timeline.
    package struct Captions: Sendable {
        /// As the file has it (ISO 639-2 in most), or nil.
        package let language: String?
        package let cues: [Cue]
    }

    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Whether there is anything to take out.
    package static func hasText(_ info: MediaInfo) -> Bool { !streams(of: info).isEmpty }

    private static func streams(of info: MediaInfo) -> [MediaInfo.StreamSummary] {
        Array(info.streams.filter { $0.type == "subtitle" && codecs.contains($0.codec) }.prefix(maximumStreams))
    }

    /// Reads the file once; streams without a readable cue are left out.
    package func captions(
        of path: String,
        info: MediaInfo,
        timeline: Timeline,
        into folder: String
    ) async throws -> [Captions] {
        let streams = Self.streams(of: info)
        guard !streams.isEmpty else { return [] }
        _ = try await tools.run(
            .ffmpeg,
            input: path,
            output: folder,
            media: timeline.duration.duration,
            arguments: { paths in
                var line = ["-nostdin", "-v", "error", "-y"] + MediaTools.inputGuards + ["-copyts", "-i", paths.input]
                for stream in streams {
                    line += ["-map", "0:\(stream.index)", "-c:s", "webvtt", "-map_metadata", "-1"]
                    // Past this the file is refused anyway.
                    line += ["-fs", String(CaptionFile.maximumBytes), "-f", "webvtt"]
                    line.append("\(paths.output)/\(stream.index).vtt")
                }
                return line
            }
        )
        // A stream that could not be read leaves no file, or an empty one: the others count.
        return try await BlockingWork.run("captions") {
            streams.compactMap { stream in
                let path = "\(folder)/\(stream.index).vtt"
                guard let data = FileManager.default.contents(atPath: path), let file = try? CaptionFile(Array(data))
                else { return nil }
                let cues = file.moved(backBy: timeline.startTime.microseconds)
                return cues.isEmpty ? nil : Captions(language: stream.language, cues: cues)
            }
        }
    }
}

internal import Core

/// Cuts a range out of an original without encoding it again.
package struct ClipCutter: Sendable {
    /// Codecs that an MP4 can hold; any others would have to be encoded.
    private static let pictures: Set<String> = ["h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video"]
    private static let sounds: Set<String> = ["aac", "mp3", "opus", "ac3", "eac3", "flac", "alac"]

    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Why a medium cannot be cut, in words; nil when it can.
    package static func obstacle(_ info: MediaInfo) -> String? {
        if let video = info.video, !pictures.contains(video.codec) {
            return "The picture's format (\(video.codec)) cannot be cut without encoding it again."
        }
        if let audio = info.audio, !sounds.contains(audio.codec) {
            return "The sound's format (\(audio.codec)) cannot be cut without encoding it again."
        }
        return nil
    }

    /// Writes an MP4 of the range.
    ///
    /// The packets begin at the key frame before `start`; an edit list makes players begin at `start` itself. The
    /// picture may end some frames late: those that were stored before the last one for its sake.
    ///
    /// `start`, `end`: from the beginning of the timeline. Throws `MediaError` when nothing came out.
    package func cut(
        _ path: String,
        info: MediaInfo,
        timeline: Timeline,
        start: Duration,
        end: Duration,
        into folder: String,
        name: String
    ) async throws {
        let result = try await tools.run(
            .ffmpeg,
            input: path,
            output: folder,
            media: end - start,
            arguments: { paths in
                var line = ["-nostdin", "-v", "error", "-y"] + MediaTools.inputGuards
                let seek = timeline.startTime + start
                if seek > .zero { line += ["-seek_timestamp", "1", "-ss", String(seek.inSeconds)] }
                line += ["-t", String((end - start).inSeconds), "-i", paths.input]
                for index in [info.video?.index, info.audio?.index].compactMap(\.self) {
                    line += ["-map", "0:\(index)"]
                }
                line += ["-c", "copy", "-sn", "-dn"] + StreamCopier.withoutMetadata + ["-map_chapters", "-1"]
                line += ["-fflags", "+bitexact", "-use_editlist", "1", "-movflags", "+faststart"]
                // ffmpeg calls FLAC in MP4 an experiment; browsers have played it for years.
                line += ["-strict", "experimental", "-f", "mp4"]
                return line + ["\(paths.output)/\(name)"]
            }
        )
        let made = try await BlockingWork.run("clip") { SegmentFiles.exists("\(folder)/\(name)") }
        guard result.succeeded, made else {
            throw MediaError(.damaged, "This range could not be cut out of the file.", detail: result.errorTail)
        }
    }
}

internal import Core

/// The streams of an original in a file of their own, without what else the original says: where it was taken, by
/// whom, with which device.
///
/// Picture and sound are copied, not encoded; data streams (an action camera's positions) and attached pictures stay
/// behind.
package struct StrippedCopy: Sendable {
    package struct Form: Sendable, Hashable {
        /// The muxer's name in ffmpeg.
        let muxer: String
        package let fileExtension: String
        package let mimeType: String
    }

    /// The file's name in the folder that it is made in, without its extension.
    package static let baseName = "original"

    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Writes `<directory>/original.<extension>`.
    ///
    /// - Returns: what was written.
    /// - Throws: `MediaError` when its streams fit no container that we write; `CancellationError`.
    package func make(
        of source: String,
        info: MediaInfo,
        tags: [String: String],
        into directory: String
    ) async throws -> Form {
        let form = Self.form(of: info)
        try await BlockingWork.run("copy") { try SegmentFiles.makeFolder(directory) }
        let result = try await tools.run(
            .ffmpeg,
            input: source,
            output: directory,
            media: .microseconds(info.duration),
            arguments: { Self.arguments($0, form, codec: info.video?.codec, tags: tags) }
        )
        guard result.succeeded else {
            throw MediaError(
                .unsupportedCodec,
                "This file cannot be given out without its metadata.",
                detail: result.errorTail
            )
        }
        return form
    }

    /// The same container, where we write it; Matroska takes all others.
    static func form(of info: MediaInfo) -> Form {
        let isSound = info.video == nil
        switch info.container.split(separator: ",").first.map(String.init) ?? "" {
        case "mov":
            // ffprobe calls QuickTime and MP4 by one name; MP4 takes what browsers play.
            let fits =
                ["h264", "hevc", "av1", "vp9", "mpeg4", nil].contains(info.video?.codec)
                && ["aac", "mp3", "ac3", "eac3", "opus", "flac", "alac", nil].contains(info.audio?.codec)
            if !fits { return Form(muxer: "mov", fileExtension: "mov", mimeType: "video/quicktime") }
            return isSound
                ? Form(muxer: "ipod", fileExtension: "m4a", mimeType: "audio/mp4")
                : Form(muxer: "mp4", fileExtension: "mp4", mimeType: "video/mp4")
        case "avi": return Form(muxer: "avi", fileExtension: "avi", mimeType: "video/x-msvideo")
        case "mp3": return Form(muxer: "mp3", fileExtension: "mp3", mimeType: "audio/mpeg")
        case "wav": return Form(muxer: "wav", fileExtension: "wav", mimeType: "audio/wav")
        case "ogg" where isSound: return Form(muxer: "ogg", fileExtension: "ogg", mimeType: "audio/ogg")
        case "aac": return Form(muxer: "adts", fileExtension: "aac", mimeType: "audio/aac")
        case "flac": return Form(muxer: "flac", fileExtension: "flac", mimeType: "audio/flac")
        default:
            let isWeb =
                ["vp8", "vp9", "av1", nil].contains(info.video?.codec)
                && ["opus", "vorbis", nil].contains(info.audio?.codec)
            if isWeb {
                return Form(muxer: "webm", fileExtension: "webm", mimeType: isSound ? "audio/webm" : "video/webm")
            }
            return isSound
                ? Form(muxer: "matroska", fileExtension: "mka", mimeType: "audio/x-matroska")
                : Form(muxer: "matroska", fileExtension: "mkv", mimeType: "video/x-matroska")
        }
    }

    private static func arguments(
        _ paths: Sandbox.Paths,
        _ form: Form,
        codec: String?,
        tags: [String: String]
    ) -> [String] {
        // Cameras write their place and serial number into SEI.
        let units = ["h264": "6", "hevc": "39|40"][codec ?? ""]
        let clean = units.map { ["-bsf:v", "filter_units=remove_types=\($0)"] } ?? []
        let named = tags.sorted { $0.key < $1.key }.flatMap { ["-metadata", "\($0.key)=\($0.value)"] }
        let fast = ["mp4", "mov", "ipod"].contains(form.muxer) ? ["-movflags", "+faststart"] : []
        return ["-nostdin", "-v", "error", "-y"] + MediaTools.inputGuards
            + ["-i", paths.input, "-map", "0:V?", "-map", "0:a?", "-c", "copy", "-strict", "-2"]
            + clean + StreamCopier.withoutMetadata + ["-map_chapters", "-1"] + named + fast
            + ["-fflags", "+bitexact", "-f", form.muxer]
            + ["\(paths.output)/\(baseName).\(form.fileExtension)"]
    }
}

internal import Core

/// The moving picture that stands for a video in a list: three seconds of it, as an animated WebP.
package struct PreviewMaker: Sendable {
    package static let fileName = "preview.webp"
    /// Pixels of the widest.
    static let maximumWidth = 320
    /// Parts of a long video, each this long; a short one is shown from its beginning.
    private static let parts = 4
    private static let part = Duration.milliseconds(750)
    private static let rate = 8

    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Writes `<folder>/preview.webp`, without metadata.
    ///
    /// - Returns: its size in pixels.
    /// - Throws: `MediaError.damaged` when nothing could be decoded where it looks.
    package func make(
        of path: String,
        info: MediaInfo,
        timeline: Timeline,
        into folder: String
    ) async throws -> (width: Int, height: Int) {
        guard let video = info.video else { throw MediaError(.noStreams, "There is no picture in this file.") }
        let size = Self.size(of: video)
        let result = try await tools.run(
            .ffmpeg,
            input: path,
            output: folder,
            media: .seconds(120),
            arguments: { Self.arguments($0, video: video, timeline: timeline, size: size) }
        )
        let made = try await BlockingWork.run("preview") { SegmentFiles.exists("\(folder)/\(Self.fileName)") }
        guard result.succeeded, made else {
            throw MediaError(.damaged, "No moving preview could be made.", detail: result.errorTail)
        }
        return size
    }

    static func size(of video: VideoStream) -> (width: Int, height: Int) {
        let (width, height) = video.displaySize
        let fit = min(Rational(1), Rational(maximumWidth, width), Rational(maximumWidth, height))
        return (max(2, width.scaledRounded(by: fit) / 2 * 2), max(2, height.scaledRounded(by: fit) / 2 * 2))
    }

    /// Where the parts begin, from the beginning of the picture.
    static func starts(duration: Duration) -> [Duration] {
        guard duration > part * (parts * 2) else { return [.zero] }
        return (0..<parts).map { duration * (2 * $0 + 1) / (parts * 2) - part / 2 }
    }

    private static func arguments(
        _ paths: Sandbox.Paths,
        video: VideoStream,
        timeline: Timeline,
        size: (width: Int, height: Int)
    ) -> [String] {
        let duration = timeline.pictureDuration.duration
        let starts = starts(duration: duration)
        let length = starts.count == 1 ? min(duration, part * parts) : part
        var line = ["-nostdin", "-v", "error", "-y"]
        for start in starts {
            let seek = (timeline.startTime + start).inSeconds
            line += MediaTools.inputGuards
            if seek > 0 { line += ["-seek_timestamp", "1", "-ss", String(seek)] }
            line += ["-t", String(length.inSeconds), "-i", paths.input]
        }
        let picture = PictureFilter(video: video).scaled(width: size.width, height: size.height)
        let chains = starts.indices.map {
            "[\($0):\(video.index)]setpts=PTS-STARTPTS,\(picture),fps=\(rate),trim=end_frame=\(rate * 3)[p\($0)]"
        }
        let joined = starts.indices.map { "[p\($0)]" }.joined() + "concat=n=\(starts.count):v=1:a=0[out]"
        line += ["-filter_complex", (chains + [joined]).joined(separator: ";"), "-map", "[out]", "-an", "-sn", "-dn"]
        line += ["-c:v", "libwebp_anim", "-quality", "55", "-compression_level", "4", "-loop", "0"]
        line += ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
        return line + ["-f", "webp", "\(paths.output)/\(fileName)"]
    }
}

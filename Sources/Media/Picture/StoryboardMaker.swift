internal import Core

/// Draws a storyboard's sprites from the key frames alone: 0.07 of a full decode (MEDIA.md).
package struct StoryboardMaker: Sendable {
    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// Writes `<folder>/storyboard-<n>.jpg`, from 0.
    ///
    /// A tile shows the key frame nearest to its time; no metadata.
    /// - Throws: `MediaError.damaged` when not one key frame can be decoded.
    package func draw(
        _ storyboard: Storyboard,
        of path: String,
        info: MediaInfo,
        timeline: Timeline,
        into folder: String
    ) async throws {
        guard let video = info.video else { throw MediaError(.noStreams, "There is no picture in this file.") }
        let result = try await tools.run(
            .ffmpeg,
            input: path,
            output: folder,
            media: timeline.duration.duration,
            arguments: { Self.arguments($0, storyboard, video: video, timeline: timeline) }
        )
        let missing = try await BlockingWork.run("storyboard") {
            (0..<storyboard.sprites).first { !SegmentFiles.exists("\(folder)/\(Self.name($0))") }
        }
        guard missing == nil else {
            throw MediaError(.damaged, "The key frames of this video cannot be decoded.", detail: result.errorTail)
        }
    }

    /// The name of a sprite's file.
    package static func name(_ sprite: Int) -> String { "storyboard-\(sprite).jpg" }

    private static func arguments(
        _ paths: Sandbox.Paths,
        _ storyboard: Storyboard,
        video: VideoStream,
        timeline: Timeline
    ) -> [String] {
        let filter = PictureFilter(video: video)
        let matrix = filter.outputColor.matrix == "bt709" ? "bt709" : "bt601"
        let start = Rational(Int(timeline.sourceStart)) * timeline.sourceTimeBase
        // Scaled before it is repeated: a picture that stands for many tiles costs one. An only key frame is rounded
        // away at the end, unless it is passed.
        let graph =
            "setpts=PTS-(\(start.numerator)/\(start.denominator))/TB,"
            + filter.scaled(width: storyboard.width, height: storyboard.height)
            + ",scale=in_color_matrix=\(matrix):out_color_matrix=bt601:in_range=tv:out_range=pc,format=yuvj420p,"
            + "fps=1000000/\(storyboard.interval):start_time=0:eof_action=pass,tpad=stop=-1:stop_mode=clone,"
            + "trim=end_frame=\(storyboard.count),tile=\(storyboard.columns)x\(storyboard.rows)"
        return ["-nostdin", "-v", "error", "-y"] + MediaTools.inputGuards
            + ["-skip_frame", "nokey", "-copyts", "-i", paths.input, "-map", "0:\(video.index)", "-an", "-sn", "-dn"]
            + ["-vf", graph, "-frames:v", String(storyboard.sprites), "-fps_mode", "passthrough"]
            + ["-c:v", "mjpeg", "-q:v", "5", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
            + ["-f", "image2", "-start_number", "0", "\(paths.output)/storyboard-%d.jpg"]
    }
}

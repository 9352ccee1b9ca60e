internal import Core

/// The still picture that stands for a video.
package struct PosterMaker: Sendable {
    /// Pixels of the widest poster.
    package static let maximumWidth = 1280

    private let tools: MediaTools

    package init(tools: MediaTools) {
        self.tools = tools
    }

    /// A JPEG of the picture at one second, or in the middle of a shorter video: upright, square pixels, no metadata.
    ///
    /// `timeline`: says where the picture begins in the source's own time, and how long it is; without one the
    /// container is believed, which counts what precedes a picture that begins late.
    /// - Throws: `MediaError` when not one picture can be decoded.
    package func poster(of path: String, info: MediaInfo, timeline: Timeline? = nil) async throws -> [UInt8] {
        guard let video = info.video else { throw MediaError(.noStreams, "There is no picture in this file.") }
        let begin = timeline?.startTime ?? .microseconds(video.start ?? 0)
        let length = timeline?.duration.duration ?? .microseconds(info.duration)
        let offset = min(Duration.seconds(1), length / 2)
        var tail = ""
        // A damaged index may lead nowhere: the first picture that decodes serves as well.
        for seek in [begin + offset, nil] {
            let result = try await tools.run(
                .ffmpeg,
                input: path,
                media: .seconds(30),
                outputLimit: 16 << 20,
                arguments: { paths in Self.arguments(paths.input, video: video, seek: seek) }
            )
            if result.standardOutput.starts(with: [0xFF, 0xD8]) { return result.standardOutput }
            tail = result.errorTail
        }
        throw MediaError(.damaged, "Not one picture of this video can be decoded.", detail: tail)
    }

    /// The poster's size: the display's aspect, at most 1280 wide, never enlarged.
    static func size(of video: VideoStream) -> (width: Int, height: Int) {
        let (width, height) = video.displaySize
        let fit = min(Rational(1), Rational(maximumWidth, width), Rational(maximumWidth * 2, height))
        return (max(2, width.scaledRounded(by: fit) / 2 * 2), max(2, height.scaledRounded(by: fit) / 2 * 2))
    }

    private static func arguments(_ input: String, video: VideoStream, seek: Duration?) -> [String] {
        let (width, height) = size(of: video)
        let filter = PictureFilter(video: video)
        let matrix = filter.outputColor.matrix == "bt709" ? "bt709" : "bt601"
        var line = ["-nostdin", "-v", "error"] + MediaTools.inputGuards
        if let seek, seek > .zero { line += ["-seek_timestamp", "1", "-ss", String(seek.inSeconds)] }
        line += ["-i", input, "-map", "0:\(video.index)", "-frames:v", "1", "-an", "-sn", "-dn", "-vf"]
        // JPEG is full range and always of BT.601's matrix.
        line += [
            filter.deinterlacing + filter.scaled(width: width, height: height)
                + ",scale=in_color_matrix=\(matrix):out_color_matrix=bt601:in_range=tv:out_range=pc,format=yuvj420p"
        ]
        line += ["-c:v", "mjpeg", "-q:v", "3", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
        return line + ["-f", "mjpeg", "pipe:1"]
    }
}

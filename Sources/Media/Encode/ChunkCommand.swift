/// ffmpeg's arguments for one chunk: decoded once, scaled in a cascade, every rung in its own file
/// (MEDIA, "The chunk engine").
struct ChunkCommand {
    let info: MediaInfo
    let video: VideoStream
    let timeline: Timeline
    let rungs: [Rung]
    let segments: Range<Int>
    /// Where decoding starts, in the source's ticks; nil: at its beginning.
    let seek: Int64?
    let isAwaited: Bool

    /// Fragments at key frames, exact times by an edit list, nothing that names the tool or the time.
    private static let fragmentFlags = "+frag_keyframe+empty_moov+delay_moov+default_base_moof+frag_discont"

    var frames: Range<Int> {
        timeline.boundaries[segments.lowerBound]..<timeline.boundaries[segments.upperBound]
    }

    func arguments(_ paths: Sandbox.Paths) -> [String] {
        var line = ["-nostdin", "-v", "error", "-y"] + MediaTools.inputGuards
        // A picture that changes its size must not restart the filters, and with them the grid.
        line += seekArguments + ["-copyts", "-reinit_filter", "0", "-i", paths.input, "-filter_complex", graph]
        for index in rungs.indices { line += output(index, folder: paths.output) }
        return line
    }

    /// MOV's index is exact; others land somewhere before, so they aim a second early and what is decoded too soon
    /// is dropped by the grid.
    private var seekArguments: [String] {
        guard let seek else { return [] }
        var seconds = Double(seek) * timeline.sourceTimeBase.value + 0.0005
        if !info.container.hasPrefix("mov") { seconds -= 1 }
        let start = Double(timeline.sourceStart) * timeline.sourceTimeBase.value
        guard seconds > start else { return [] }
        return ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", fixed(seconds)]
    }

    private var graph: String {
        let picture = PictureFilter(video: video)
        // The decoded frames' times go to standard output, so that repeated ones do not hide missing ones.
        var text =
            "[0:\(video.index)]setpts=PTS-(\(timeline.sourceStart)),"
            + "metadata=mode=add:key=n:value=1,metadata=mode=print:key=n:file=-:direct=1,"
            + picture.deinterlacing + timing + picture.scaled(width: rungs[0].width, height: rungs[0].height)
        for index in rungs.indices.dropLast() {
            let next = rungs[index + 1]
            text +=
                ",split=2[o\(index)][c\(index)];[c\(index)]scale=\(next.width):\(next.height):flags=bicubic,setsar=1"
        }
        return text + "[o\(rungs.count - 1)]"
    }

    /// On the grid every frame has its place; a copied source's pictures keep theirs.
    private var timing: String {
        if timeline.sourceTiming != nil {
            let isLast = segments.upperBound == timeline.segmentCount
            return "trim=start_pts=\(frames.lowerBound)" + (isLast ? "," : ":end_pts=\(frames.upperBound),")
        }
        guard isAfterThePicture else {
            return "fps=\(timeline.rate.text):start_time=\(seconds(of: frames.lowerBound)),"
                + "tpad=stop=-1:stop_mode=clone,trim=end_pts=\(frames.upperBound),"
        }
        // From where decoding starts: the last picture, which stands until here, comes before this chunk.
        return "fps=\(timeline.rate.text):start_time=\(seconds(of: seekFrame)):eof_action=pass,"
            + "tpad=stop=-1:stop_mode=clone,trim=start_pts=\(frames.lowerBound):end_pts=\(frames.upperBound),"
    }

    /// Whether the source has no picture here or later: its sound goes on alone.
    private var isAfterThePicture: Bool { timeline.sourceFrames[segments.lowerBound...].allSatisfy { $0 == 0 } }

    private var seekFrame: Int {
        guard let seek else { return 0 }
        return max(0, Int(seek - timeline.sourceStart).scaledDown(by: timeline.sourceTimeBase * timeline.rate))
    }

    private var pictures: Int {
        timeline.sourceTiming == nil ? frames.count : timeline.sourceFrames[segments].reduce(0, +)
    }

    private func output(_ index: Int, folder: String) -> [String] {
        let rung = rungs[index]
        // Half a millisecond early: rounding up by a microsecond would make the next frame the key frame.
        let keys = timeline.keyFrames(in: frames).map { fixed(max(0, exactSeconds(of: $0) - 0.0005)) }
        var line = ["-map", "[o\(index)]", "-an", "-sn", "-dn", "-frames:v", String(pictures)]
        line += [
            "-fps_mode", "passthrough", "-enc_time_base", "\(timeline.rate.denominator)/\(timeline.rate.numerator)",
        ]
        line += EncoderArguments(rung: rung, isAwaited: isAwaited).arguments(keys: keys)
        line += PictureFilter(video: video).outputTags
        line += ["-video_track_timescale", String(timeline.timescale), "-map_metadata", "-1", "-map_chapters", "-1"]
        line += ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-use_editlist", "1"]
        return line + ["-movflags", Self.fragmentFlags, "-f", "mp4", "\(folder)/\(rung.name).mp4"]
    }

    private func exactSeconds(of frame: Int) -> Double { Double(frame) / timeline.rate.value }

    private func seconds(of frame: Int) -> String { fixed(exactSeconds(of: frame)) }

    private func fixed(_ seconds: Double) -> String {
        let micro = Int((seconds * 1_000_000).rounded())
        let fraction = String(micro.magnitude % 1_000_000)
        return (micro < 0 ? "-" : "") + "\(micro.magnitude / 1_000_000)."
            + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}

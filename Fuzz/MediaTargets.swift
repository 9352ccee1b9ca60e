import Core
import Foundation

@testable import Media

enum MovieTarget {
    /// In memory: a disk would be most of the time.
    private static let folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    private static let path = "\(folder)/telecine-fuzz-\(getpid()).mp4"
    private static let limit = 100_000

    static func run(_ bytes: [UInt8]) {
        guard let file = fopen(path, "w") else { fatalError("\(path) cannot be written") }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        defer { unlink(path) }
        guard let movie = try? MovieFile(path) else { return }
        let tracks = (0..<4).compactMap { index in
            (try? movie.track(index, limit: limit)).map { (index: index, track: $0) }
        }
        for (index, track) in tracks {
            check(track.samples.times.count <= limit, "no more samples than allowed")
            check(track.samples.sizes.count == track.samples.times.count, "a time for each sample")
            for sample in [0, track.samples.sizes.count - 1] { _ = track.samples.offset(of: sample) }
            _ = movie.naluLengthBytes(index)
            guard let timeline = timeline(track, index: index) else { continue }
            for (index, track) in tracks { copySound(track, index: index, timeline) }
        }
        _ = try? Boxes(bytes)
        _ = FileSignature.refusal(of: Array(bytes.prefix(4096)))
    }

    /// As if ffprobe had said of the track what its index says.
    private static func timeline(_ track: MovieTrack, index: Int) -> Timeline? {
        guard let shift = track.shift, track.timescale <= Int(Int32.max), let tools = FuzzedStreams.tools else {
            return nil
        }
        let timeBase = Rational(1, track.timescale)
        let start = (Rational((track.samples.times.min() ?? 0) + shift) * timeBase).duration.microseconds
        let video = FuzzedStreams.video(index: index, timeBase: timeBase, start: start)
        guard let found = try? CopyScan.movie(path, video: video, limit: limit),
            let timeline = CopyPlanner(tools: tools).plan(found).copied?.timeline
        else { return nil }
        check(timeline.boundaries.first == 0, "segments begin at 0")
        check(
            zip(timeline.boundaries, timeline.boundaries.dropFirst()).allSatisfy { $0 < $1 },
            "segments have a length"
        )
        _ = Playlist.targetDuration(of: timeline)
        return timeline
    }

    private static func copySound(_ track: MovieTrack, index: Int, _ timeline: Timeline) {
        let timeBase = Rational(1, track.timescale)
        for rate in [44_100, 48_000, track.timescale] {
            let audio = FuzzedStreams.audio(index: index, timeBase: timeBase, rate: rate)
            guard let copied = CopyPlanner.sound(track, audio: audio, timeline: timeline) else { continue }
            check(copied.grid.segmentCount == timeline.segmentCount, "sound has the picture's segments")
            check(copied.grid.boundaries == copied.grid.boundaries.sorted(), "sound does not go back")
        }
    }
}

enum FragmentsTarget {
    static func run(_ bytes: [UInt8]) {
        var stream = FragmentStream()
        var table = SampleTable()
        var edits: EditList?
        // The first byte says in what pieces the rest comes.
        let piece = max(1, Int(bytes.first ?? 1) * 16)
        for start in stride(from: 1, to: bytes.count, by: piece) {
            guard let elements = try? stream.push(bytes[start..<min(start + piece, bytes.count)]) else { return }
            for element in elements {
                switch element {
                case .initialization(let bytes):
                    guard let initialization = try? InitSegment(bytes) else { continue }
                    edits = try? EditList(initialization)
                    _ = try? edits?.setting(1024, in: bytes)
                case .fragment(let fragment):
                    look(at: fragment, delay: edits?.mediaTime ?? 0)
                    try? table.add(fragment, chunkTicks: 90_000)
                }
            }
        }
        if table.sizes.count < 100_000 { _ = table.boxes(chunkOffsets: table.chunks.map(\.start)) }
    }

    private static func look(at fragment: Fragment, delay: Int) {
        check(fragment.samples.count <= 1 << 20, "a fragment has a bounded number of samples")
        let shown = fragment.firstPresentation(skipping: delay)
        for codec in VideoCodec.allCases { _ = fragment.beginsWithKeyPicture(codec) }
        _ = fragment.hasWholeUnits
        _ = fragment.duration
        if let moved = try? fragment.bytes(movedBy: -shown), let again = try? Fragment(moofAndMedia: moved) {
            check(again.samples == fragment.samples, "moving a fragment changes its time alone")
        }
        // One packet of sound, as the audio splitters take it.
        if let first = fragment.samples.first {
            check(fragment.mediaOffset + first.size <= fragment.bytes.count, "samples lie within the fragment")
        }
    }
}

enum PacketsTarget {
    static func run(_ bytes: [UInt8]) {
        if let report = try? JSONDecoder().decode(ProbeReport.self, from: Data(bytes)) {
            for stream in report.streams {
                if let video = stream.video {
                    _ = Ladder.rungs(for: FuzzedStreams.info(video), profiles: Profile.standard)
                }
                _ = stream.audio
            }
            _ = report.format.duration.flatMap(ProbeReport.microseconds)
            return
        }
        let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
        let base = Rational(positive: String(decoding: lines.first ?? [], as: UTF8.self)) ?? Rational(1, 90_000)
        var builder = PacketScan.Builder(timeBase: base)
        for line in lines.dropFirst() { builder.add(line: Array(line)) }
        guard let scan = builder.finish(), let tools = FuzzedStreams.tools else { return }
        let video = FuzzedStreams.video(index: 0, timeBase: base, start: nil)
        let timelines = TimelineBuilder(tools: tools)
        guard
            let grid = try? timelines.grid(
                over: scan,
                video: video,
                ceiling: Rational(30),
                info: FuzzedStreams.info(video)
            )
        else { return }
        check(zip(grid.boundaries, grid.boundaries.dropFirst()).allSatisfy { $0 < $1 }, "segments have a length")
        check(grid.sourceFrames.count == grid.segmentCount, "pictures are counted for each segment")
        _ = grid.keyFrames(in: grid.frames(of: 0))
        _ = grid.audioGrid()
    }
}

/// What ffprobe could have said of a stream.
enum FuzzedStreams {
    /// None: nothing here runs a program; their limits count.
    nonisolated(unsafe) static var tools: MediaTools?

    static func video(index: Int, timeBase: Rational, start: Int64?) -> VideoStream {
        VideoStream(
            index: index,
            codec: "h264",
            profile: "High",
            pixelFormat: "yuv420p",
            bitDepth: 8,
            width: 640,
            height: 360,
            sampleAspectRatio: Rational(1),
            rotation: 0,
            averageFrameRate: nil,
            nominalFrameRate: nil,
            timeBase: timeBase,
            isInterlaced: false,
            colorRange: nil,
            colorSpace: nil,
            colorPrimaries: nil,
            colorTransfer: nil,
            start: start
        )
    }

    static func audio(index: Int, timeBase: Rational, rate: Int) -> AudioStream {
        AudioStream(
            index: index,
            codec: "aac",
            profile: "LC",
            channels: 2,
            sampleRate: max(1, rate),
            language: nil,
            timeBase: timeBase,
            start: 0
        )
    }

    static func info(_ video: VideoStream) -> MediaInfo {
        MediaInfo(
            kind: .video,
            container: "mov,mp4,m4a,3gp,3g2,mj2",
            duration: 1,
            bitRate: 1,
            bytes: 1 << 40,
            video: video,
            audio: nil,
            streams: [],
            tags: [:]
        )
    }
}

import Foundation
import Testing

@testable import Media

/// Clips made with ffmpeg for what the corpus does not have.
enum Clips {
    /// Every two seconds from 1 s on the picture flashes and the sound beeps, each for a tenth of a second.
    ///
    /// `audioFrom`: where the sound track begins, in seconds: late sound; `picture`: seconds of the picture, where it
    /// ends before the sound; `pictureFrom`: where it begins, in seconds: early sound.
    static func flashAndBeep(
        _ path: String,
        seconds: Int = 13,
        rate: String = "25",
        size: String = "320x180",
        audioFrom: Int = 0,
        audio: [String] = ["-c:a", "aac"],
        video: [String] = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "40"],
        offset: Int = 0,
        picture length: Double? = nil,
        pictureFrom: Int = 0
    ) async throws {
        let picture =
            "color=black:size=\(size):rate=\(rate):duration=\((length ?? Double(seconds)) - Double(pictureFrom)),"
            + "drawbox=color=white:t=fill:enable='lt(mod(t+\(1 + pictureFrom).0001\\,2)\\,0.1)'"
        let beep =
            "aevalsrc=0.7*sin(2*PI*1000*t)*lt(mod(t+\(1 + audioFrom)\\,2)\\,0.1):s=48000:d=\(seconds - audioFrom)"
        let result = try await Playback.ffmpeg(
            ["-v", "error", "-y", "-itsoffset", String(pictureFrom), "-f", "lavfi", "-i", picture]
                + ["-itsoffset", String(audioFrom), "-f", "lavfi", "-i", beep, "-map", "0:v", "-map", "1:a"]
                + video + audio
                + (pictureFrom > 0 ? ["-fps_mode", "passthrough"] : []) + ["-output_ts_offset", String(offset), path]
        )
        try #require(result.succeeded, "\(result.errorTail)")
    }

    /// Moving pictures without sound.
    static func moving(_ path: String, _ options: [String], seconds: Int = 8) async throws {
        let result = try await Playback.ffmpeg(
            ["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=\(seconds)"] + options
                + [path]
        )
        try #require(result.succeeded, "\(result.errorTail)")
    }
}

/// A whole version, as the service will make it: rungs, sound and playlists in one folder.
struct MadeVersion {
    let info: MediaInfo
    let timeline: Timeline
    let rungs: [EncodedRung]
    let audio: AudioEncoder.Outcome?
    let folder: String

    init(_ source: String, into folder: String, profiles: [Profile] = Corpus.profiles, chunk: Int = 2) async throws {
        let tools = await Corpus.tools.value
        info = try await Prober(tools: tools).probe(source)
        let ladder = Ladder.rungs(for: info, profiles: profiles)
        timeline = try await TimelineBuilder(tools: tools, segmentSeconds: 2).build(
            source,
            info: info,
            ceiling: Ladder.frameRateCeiling(of: ladder)
        )
        self.folder = folder
        var parts: [[EncodedRung]] = []
        // Last chunk first: no chunk knows of another.
        for start in stride(from: 0, to: timeline.segmentCount, by: chunk).reversed() {
            let encoder = ChunkEncoder(tools: tools)
            parts.append(
                try await encoder.encode(
                    source: source,
                    info: info,
                    timeline: timeline,
                    rungs: ladder,
                    segments: start..<min(start + chunk, timeline.segmentCount),
                    into: folder
                )
            )
        }
        rungs = try #require(parts.first)
        audio =
            info.audio == nil
            ? nil
            : try await AudioEncoder(tools: tools).encode(
                source: source,
                info: info,
                timeline: timeline,
                bitRate: 128_000,
                into: "\(folder)/audio"
            )
    }

    /// Writes `master.m3u8` and a playlist beside each rendition; returns the path of the master.
    func writePlaylists() throws -> String {
        let variants = try rungs.map { encoded in
            let lengths = try (0..<timeline.segmentCount).map { index in
                let path = "\(folder)/\(encoded.rung.name)/\(index).m4s"
                return (timeline.duration(of: index), try Data(contentsOf: URL(fileURLWithPath: path)).count)
            }
            let total = lengths.reduce(0) { $0 + $1.1 }
            try write(encoded.rung.name, lengths.map(\.0))
            return Playlist.Variant(
                uri: "\(encoded.rung.name)/list.m3u8",
                peakBitRate: Playlist.peakBitRate(
                    of: lengths,
                    targetDuration: Playlist.targetDuration(of: timeline)
                ),
                averageBitRate: Int(Double(total) * 8 / timeline.duration.value),
                codecs: encoded.codecs,
                width: encoded.rung.width,
                height: encoded.rung.height,
                frameRate: timeline.rate
            )
        }
        var sound: Playlist.Audio?
        if let audio {
            try write("audio", (0..<audio.grid.segmentCount).map(audio.grid.duration(of:)))
            sound = Playlist.Audio(
                uri: "audio/list.m3u8",
                peakBitRate: audio.peakBitRate,
                averageBitRate: Int(Double(audio.bytes) * 8 / timeline.duration.value),
                codecs: audio.codecs,
                channels: audio.channels,
                language: info.audio?.language
            )
        }
        let path = "\(folder)/master.m3u8"
        try Playlist.master(variants: variants, audio: sound).write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func write(_ rendition: String, _ durations: [Rational]) throws {
        let segments = durations.enumerated().map { Playlist.Segment(duration: $1.duration, uri: "\($0).m4s") }
        let text = Playlist.media(
            targetDuration: Playlist.targetDuration(of: timeline),
            segments: segments,
            map: "init.mp4"
        )
        try text.write(toFile: "\(folder)/\(rendition)/list.m3u8", atomically: true, encoding: .utf8)
    }

    func remux(_ rung: String, to path: String) async throws {
        func track(_ name: String) -> Remuxer.Track {
            Remuxer.Track(
                initialization: "\(folder)/\(name)/init.mp4",
                segments: (0..<timeline.segmentCount).map { "\(folder)/\(name)/\($0).m4s" }
            )
        }
        try await Remuxer().mp4(video: track(rung), audio: audio == nil ? nil : track("audio"), to: path)
    }
}

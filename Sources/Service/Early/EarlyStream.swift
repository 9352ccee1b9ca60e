internal import Core
internal import Media

/// What plays of an upload: how it is copied, and the inits before its segments.
struct EarlyStream: Sendable {
    static let pictureName = "video"
    static let soundName = VersionState.audioName

    let copy: ArrivingCopy
    let picture: InitSegment
    /// nil: there is no sound.
    let sound: InitSegment?

    var timeline: Timeline { copy.video.timeline }

    /// Copies the inits out of what has arrived.
    ///
    /// - Throws: `MediaError`.
    init(_ copy: ArrivingCopy, source: String, tools: MediaTools) async throws {
        let (copier, timeline) = (StreamCopier(tools: tools), copy.video.timeline)
        self.copy = copy
        picture = try await copier.pictureInit(source: source, info: copy.info, timeline: timeline)
        sound =
            copy.audio == nil ? nil : try await copier.soundInit(source: source, info: copy.info, timeline: timeline)
    }

    var master: String {
        let video = copy.video
        let size = copy.info.video?.displaySize ?? (width: picture.width, height: picture.height)
        return Playlist.master(
            variants: [
                Playlist.Variant(
                    uri: "\(Self.pictureName)/playlist.m3u8",
                    peakBitRate: video.peakBitRate,
                    averageBitRate: video.averageBitRate,
                    codecs: picture.codecs,
                    width: size.width,
                    height: size.height,
                    frameRate: timeline.frameRate
                )
            ],
            audio: sound.map { sound in
                Playlist.Audio(
                    uri: "\(Self.soundName)/playlist.m3u8",
                    peakBitRate: copy.audioPeakBitRate,
                    averageBitRate: copy.audioAverageBitRate,
                    codecs: sound.codecs,
                    channels: copy.audio?.channels ?? 2,
                    language: copy.info.audio?.language
                )
            }
        )
    }

    /// The media playlist of a rendition, complete; nil for one that there is not.
    func playlist(_ rendition: String) -> String? {
        let durations: [Rational]
        switch (rendition, copy.audio) {
        case (Self.pictureName, _): durations = (0..<timeline.segmentCount).map { timeline.duration(of: $0) }
        case (Self.soundName, let audio?): durations = (0..<timeline.segmentCount).map { audio.grid.duration(of: $0) }
        default: return nil
        }
        return Playlist.media(
            targetDuration: Playlist.targetDuration(of: timeline),
            segments: durations.enumerated().map { Playlist.Segment(duration: $1.duration, uri: "\($0).m4s") },
            map: "init.mp4"
        )
    }

    func initialization(_ rendition: String) -> [UInt8]? {
        switch rendition {
        case Self.pictureName: picture.bytes
        case Self.soundName: sound?.bytes
        default: nil
        }
    }

    /// Copies a segment to `<folder>/<number>.m4s`.
    ///
    /// - Throws: `MediaError` when what comes out is not what the index says.
    func write(_ number: Int, of rendition: String, from source: String, to folder: String, tools: MediaTools)
        async throws
    {
        let copier = StreamCopier(tools: tools)
        if rendition == Self.soundName, let audio = copy.audio {
            _ = try await copier.audioSegment(
                number,
                source: source,
                info: copy.info,
                timeline: timeline,
                copied: audio,
                into: folder
            )
        } else {
            _ = try await copier.videoSegment(
                number,
                source: source,
                info: copy.info,
                timeline: timeline,
                initialization: picture.bytes,
                into: folder
            )
        }
    }
}

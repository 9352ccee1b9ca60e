internal import Core

/// What stands around the picture in playlists: key frames for winding, and captions.
extension Playlist {
    /// The I-frame playlist of a variant (RFC 8216 section 4.3.4.3).
    package struct KeyFrames: Sendable {
        package let uri: String
        package let peakBitRate: Int
        package let averageBitRate: Int
        package let codecs: String
        package let width: Int
        package let height: Int

        package init(
            uri: String,
            peakBitRate: Int,
            averageBitRate: Int,
            codecs: String,
            width: Int,
            height: Int
        ) {
            self.uri = uri
            self.peakBitRate = peakBitRate
            self.averageBitRate = averageBitRate
            self.codecs = codecs
            self.width = width
            self.height = height
        }
    }

    /// Text of one language.
    package struct Captions: Sendable {
        package let uri: String
        /// BCP 47.
        package let language: String
        /// What a person reads in a menu; no other of the group has it.
        package let name: String

        package init(uri: String, language: String, name: String) {
            self.uri = uri
            self.language = language
            self.name = name
        }
    }

    static let captionGroup = "captions"

    static func line(_ frames: KeyFrames) -> String {
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=\(frames.peakBitRate),AVERAGE-BANDWIDTH=\(frames.averageBitRate),"
            + "CODECS=\"\(frames.codecs)\",RESOLUTION=\(frames.width)x\(frames.height),URI=\"\(frames.uri)\""
    }

    static func line(_ captions: Captions) -> String {
        let name = quotable(captions.name) ?? captions.language
        return "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"\(captionGroup)\",NAME=\"\(name)\","
            + "LANGUAGE=\"\(captions.language)\",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI=\"\(captions.uri)\""
    }

    /// The I-frame playlist: every segment is one key frame, shown until the next one.
    ///
    /// `frames`: in the order of their times; `duration`: of the whole, in microseconds.
    package static func iFrames(_ frames: [KeyFrame], duration: Int64, map: String, uri: (KeyFrame) -> String) -> String
    {
        let lengths = lengths(of: frames, duration: duration)
        // Rounded as the longest is (section 4.3.3.1).
        let target = lengths.map { ($0 + 500_000) / 1_000_000 }.max() ?? 1
        var lines = [
            "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:\(max(1, target))", "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-I-FRAMES-ONLY", "#EXT-X-INDEPENDENT-SEGMENTS",
            "#EXT-X-MAP:URI=\"\(map)\"",
        ]
        for (frame, length) in zip(frames, lengths) {
            lines.append("#EXTINF:\(decimal(microseconds: length)),")
            lines.append(uri(frame))
        }
        return lines.joined(separator: "\n") + "\n#EXT-X-ENDLIST\n"
    }

    /// How long each key frame is shown, in microseconds.
    package static func lengths(of frames: [KeyFrame], duration: Int64) -> [Int64] {
        frames.indices.map { index in
            let end = index + 1 < frames.count ? frames[index + 1].time : duration
            return max(1, end - frames[index].time)
        }
    }

    /// Peak and average of an I-frame playlist, in bits a second: what its fragments take.
    package static func rates(of frames: [KeyFrame], duration: Int64) -> (peak: Int, average: Int) {
        let bytes = frames.map { $0.size + fragmentOverhead }
        let peaks = zip(bytes, lengths(of: frames, duration: duration)).map { size, length in
            Double(size) * 8_000_000 / Double(max(length, 100_000))
        }
        let average = Double(bytes.reduce(0, +)) * 8_000_000 / Double(max(duration, 100_000))
        return (max(1, Int((peaks.max() ?? 0).rounded(.up))), max(1, Int(average.rounded())))
    }

    /// What `moof` and `mdat` add to a picture (`BoxWriter.pictureFragment`).
    private static let fragmentOverhead = 112

    /// The playlist of captions: one file that lasts as long as the picture.
    ///
    /// Its target duration may differ from the others' (RFC 8216 section 6.2.4: subtitles of VOD).
    package static func captions(uri: String, duration: Duration) -> String {
        let target = max(1, Int(duration.inSeconds.rounded(.up)))
        return [
            "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:\(target)", "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-PLAYLIST-TYPE:VOD", "#EXTINF:\(decimal(microseconds: duration.microseconds)),", uri,
            "#EXT-X-ENDLIST", "",
        ].joined(separator: "\n")
    }
}

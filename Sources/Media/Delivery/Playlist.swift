internal import Core

/// Playlists as RFC 8216 and Apple's authoring rules want them: computed, never stored.
package enum Playlist {
    /// A rendition of the picture.
    package struct Variant: Sendable {
        package let uri: String
        /// Of the picture alone, in bits a second: the highest rate of a segment, and the average.
        package let peakBitRate: Int
        package let averageBitRate: Int
        /// RFC 6381, as `InitSegment` has it.
        package let codecs: String
        package let width: Int
        package let height: Int
        package let frameRate: Rational

        package init(
            uri: String,
            peakBitRate: Int,
            averageBitRate: Int,
            codecs: String,
            width: Int,
            height: Int,
            frameRate: Rational
        ) {
            self.uri = uri
            self.peakBitRate = peakBitRate
            self.averageBitRate = averageBitRate
            self.codecs = codecs
            self.width = width
            self.height = height
            self.frameRate = frameRate
        }
    }

    /// The sound that all variants share, or that stands alone.
    package struct Audio: Sendable {
        package let uri: String
        package let peakBitRate: Int
        package let averageBitRate: Int
        package let codecs: String
        package let channels: Int
        /// RFC 5646, when known.
        package let language: String?

        package init(
            uri: String,
            peakBitRate: Int,
            averageBitRate: Int,
            codecs: String,
            channels: Int,
            language: String? = nil
        ) {
            self.uri = uri
            self.peakBitRate = peakBitRate
            self.averageBitRate = averageBitRate
            self.codecs = codecs
            self.channels = channels
            self.language = language
        }
    }

    package struct Segment: Sendable {
        package let duration: Duration
        package let uri: String

        package init(duration: Duration, uri: String) {
            self.duration = duration
            self.uri = uri
        }
    }

    /// The multivariant playlist.
    ///
    /// H.264 comes first, for players that know nothing else and take the first they find; then one codec after the
    /// other, by whose `CODECS` the rest choose. The H.264 variant nearest to 2 Mb/s is the very first (authoring rule
    /// 1.32); within a codec the others follow from the highest. Without variants the sound is the only one.
    ///
    /// `keyFrames`: what a player shows while it is wound fast; `captions`: all of one group.
    package static func master(
        variants: [Variant],
        audio: Audio?,
        keyFrames: [KeyFrames] = [],
        captions: [Captions] = []
    ) -> String {
        var lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
        if let audio, !variants.isEmpty {
            var line = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Audio\","
            if let language = audio.language.flatMap(quotable) { line += "LANGUAGE=\"\(language)\"," }
            lines.append(
                line + "DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"\(audio.channels)\",URI=\"\(audio.uri)\""
            )
        }
        if !variants.isEmpty { lines += captions.map(line) }
        let text = captions.isEmpty ? "" : ",SUBTITLES=\"\(captionGroup)\""
        for variant in ordered(variants) {
            let codecs = [variant.codecs, audio?.codecs].compactMap { $0 }.joined(separator: ",")
            let rates = rates(
                peak: variant.peakBitRate + (audio?.peakBitRate ?? 0),
                average: variant.averageBitRate + (audio?.averageBitRate ?? 0)
            )
            lines.append(
                "#EXT-X-STREAM-INF:\(rates),CODECS=\"\(codecs)\",RESOLUTION=\(variant.width)x\(variant.height),"
                    + "FRAME-RATE=\(decimal(variant.frameRate, places: 3))" + (audio == nil ? "" : ",AUDIO=\"audio\"")
                    + text
            )
            lines.append(variant.uri)
        }
        lines += keyFrames.map(line)
        if variants.isEmpty, let audio {
            let rates = rates(peak: audio.peakBitRate, average: audio.averageBitRate)
            lines.append("#EXT-X-STREAM-INF:\(rates),CODECS=\"\(audio.codecs)\"")
            lines.append(audio.uri)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The peak is never below the average: sound may end a packet after the picture by whose length it was measured.
    private static func rates(peak: Int, average: Int) -> String {
        "BANDWIDTH=\(max(peak, average)),AVERAGE-BANDWIDTH=\(average)"
    }

    /// A media playlist, complete from the first request on: VOD, fMP4, exact durations.
    ///
    /// `targetDuration`: whole seconds, one for all renditions (rule 8.2); nil takes the longest segment's.
    package static func media(targetDuration: Int? = nil, segments: [Segment], map: String) -> String {
        let longest = segments.map { Int(($0.duration.inSeconds).rounded()) }.max() ?? 1
        var lines = [
            "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:\(max(1, targetDuration ?? longest, longest))",
            "#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS",
            "#EXT-X-MAP:URI=\"\(map)\"",
        ]
        for segment in segments {
            lines.append("#EXTINF:\(decimal(microseconds: segment.duration.microseconds)),")
            lines.append(segment.uri)
        }
        return lines.joined(separator: "\n") + "\n#EXT-X-ENDLIST\n"
    }

    /// The target of a timeline's renditions: its longest segment, rounded.
    package static func targetDuration(of timeline: Timeline) -> Int {
        let longest = (0..<timeline.segmentCount).map { timeline.duration(of: $0) }.max() ?? Rational(1)
        return max(1, 1.scaledRounded(by: longest))
    }

    /// The peak as RFC 8216 section 4.3.4.2 defines it: the highest rate of any run of segments that lasts between
    /// 0.5 and 1.5 target durations; of all of them when they are shorter.
    ///
    /// `segments`: seconds and bytes, in order.
    package static func peakBitRate(of segments: [(duration: Rational, bytes: Int)], targetDuration: Int) -> Int {
        let (shortest, longest) = (Double(targetDuration) * 0.5, Double(targetDuration) * 1.5)
        var peak = 0.0
        for start in segments.indices {
            var (seconds, bytes) = (0.0, 0)
            for segment in segments[start...] {
                seconds += segment.duration.value
                bytes += segment.bytes
                guard seconds <= longest else { break }
                if seconds >= shortest { peak = max(peak, Double(bytes) * 8 / seconds) }
            }
        }
        let seconds = segments.reduce(0.0) { $0 + $1.duration.value }
        if peak == 0, seconds > 0 { peak = Double(segments.reduce(0) { $0 + $1.bytes }) * 8 / seconds }
        // A hostile index may promise terabytes a second.
        return Int(min(peak.rounded(.up), 1e15))
    }

    private static func ordered(_ variants: [Variant]) -> [Variant] {
        let target = 2_000_000
        var rest = VideoCodec.allCases.flatMap { codec in
            variants.filter { VideoCodec(codecs: $0.codecs) == codec }.sorted { $0.peakBitRate > $1.peakBitRate }
        }
        guard let codec = rest.first.map({ VideoCodec(codecs: $0.codecs) }) else { return [] }
        let first = rest.indices.filter { VideoCodec(codecs: rest[$0].codecs) == codec }.min {
            abs(rest[$0].averageBitRate - target) < abs(rest[$1].averageBitRate - target)
        }
        return (first.map { [rest.remove(at: $0)] } ?? []) + rest
    }

    /// nil for what may not stand in a quoted string (RFC 8216 section 4.2).
    static func quotable(_ text: String) -> String? {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x7F } ? text : nil
    }

    private static func decimal(_ value: Rational, places: Int) -> String {
        let scale = (0..<places).reduce(1) { product, _ in product * 10 }
        let scaled = scale.scaledRounded(by: value)
        return "\(scaled / scale)." + padded(scaled % scale, places)
    }

    static func decimal(microseconds: Int64) -> String {
        "\(microseconds / 1_000_000)." + padded(Int(microseconds % 1_000_000), 6)
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

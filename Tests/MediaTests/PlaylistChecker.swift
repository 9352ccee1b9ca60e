/// Checks playlists against RFC 8216 and the rules of Apple's authoring specification that VOD must keep.
struct PlaylistChecker {
    private(set) var complaints: [String] = []

    struct Media {
        var durations: [Double] = []
        var uris: [String] = []
        var target = 0
        var map = ""
    }

    struct Variant {
        var attributes: [String: String] = [:]
        var uri = ""
    }

    struct Master {
        var variants: [Variant] = []
        var media: [[String: String]] = []
    }

    mutating func media(_ text: String) -> Media {
        var result = Media()
        var pending: Double?
        var tags: [String: Int] = [:]
        let lines = lines(of: text)
        for line in lines {
            if line.hasPrefix("#EXTINF:") {
                expect(pending == nil, "an EXTINF without its URI")
                let value = line.dropFirst(8)
                expect(value.hasSuffix(","), "EXTINF without its comma: \(line)")
                pending = Double(value.dropLast())
                expect(pending != nil, "EXTINF is not a number: \(line)")
            } else if line.hasPrefix("#EXT") {
                let name = String(line.dropFirst().prefix { $0 != ":" })
                tags[name, default: 0] += 1
                let value = String(line.dropFirst(name.count + 2))
                if name == "EXT-X-TARGETDURATION" { result.target = Int(value) ?? -1 }
                if name == "EXT-X-MAP" { result.map = attributes(value)["URI"] ?? "" }
                if name == "EXT-X-PLAYLIST-TYPE" { expect(value == "VOD", "the type is not VOD") }
                if name == "EXT-X-VERSION" { expect((Int(value) ?? 0) >= 6, "EXT-X-MAP needs version 6") }
            } else if !line.hasPrefix("#") {
                expect(pending != nil, "a URI without EXTINF: \(line)")
                result.durations.append(pending ?? 0)
                result.uris.append(line)
                pending = nil
            }
        }
        let required = [
            "EXTM3U", "EXT-X-VERSION", "EXT-X-TARGETDURATION", "EXT-X-PLAYLIST-TYPE", "EXT-X-MAP", "EXT-X-ENDLIST",
            "EXT-X-INDEPENDENT-SEGMENTS",
        ]
        for name in required { expect(tags[name] == 1, "\(name) must be there once") }
        expect(lines.last == "#EXT-X-ENDLIST", "ENDLIST is not last")
        expect(!result.uris.isEmpty, "no segment")
        expect(Set(result.uris).count == result.uris.count, "a segment twice")
        expect(!result.map.isEmpty, "EXT-X-MAP without URI")
        for duration in result.durations {
            // RFC 8216 section 4.3.3.1: rounded, no longer than the target; authoring rule 7.7.
            expect(Int(duration.rounded()) <= result.target, "\(duration) is longer than \(result.target)")
            expect(duration > 0, "a segment of no length")
        }
        return result
    }

    mutating func master(_ text: String) -> Master {
        var result = Master()
        var pending: [String: String]?
        let lines = lines(of: text)
        for line in lines {
            if line.hasPrefix("#EXT-X-STREAM-INF:") {
                pending = attributes(String(line.dropFirst(18)))
            } else if line.hasPrefix("#EXT-X-MEDIA:") {
                result.media.append(attributes(String(line.dropFirst(13))))
            } else if line.hasPrefix("#EXTINF") || line.hasPrefix("#EXT-X-TARGETDURATION") {
                complaints.append("a media tag in a multivariant playlist: \(line)")
            } else if !line.hasPrefix("#") {
                expect(pending != nil, "a URI without EXT-X-STREAM-INF: \(line)")
                result.variants.append(Variant(attributes: pending ?? [:], uri: line))
                pending = nil
            }
        }
        expect(lines.contains("#EXT-X-INDEPENDENT-SEGMENTS"), "segments are not declared independent")
        expect(!result.variants.isEmpty, "no variant")
        for variant in result.variants { check(variant, in: result) }
        for media in result.media {
            for name in ["TYPE", "GROUP-ID", "NAME"] { expect(media[name] != nil, "EXT-X-MEDIA without \(name)") }
            expect(media["TYPE"] != "AUDIO" || media["CHANNELS"] != nil, "sound without CHANNELS")
        }
        return result
    }

    private mutating func check(_ variant: Variant, in master: Master) {
        let peak = Int(variant.attributes["BANDWIDTH"] ?? "") ?? 0
        let average = Int(variant.attributes["AVERAGE-BANDWIDTH"] ?? "") ?? 0
        expect(peak > 0 && average > 0, "\(variant.uri): no bandwidth")
        expect(average <= peak, "\(variant.uri): the average is above the peak")
        let codecs = variant.attributes["CODECS"] ?? ""
        expect(!codecs.isEmpty, "\(variant.uri): no CODECS")
        if codecs.contains("avc1") {
            expect(codecs.firstMatch(of: /avc1\.[0-9a-fA-F]{6}/) != nil, "\(variant.uri): CODECS \(codecs)")
            let size = (variant.attributes["RESOLUTION"] ?? "").split(separator: "x").compactMap { Int($0) }
            expect(size.count == 2, "\(variant.uri): no RESOLUTION")
            let rate = Double(variant.attributes["FRAME-RATE"] ?? "") ?? 0
            expect(rate > 0 && rate <= 60, "\(variant.uri): FRAME-RATE \(rate)")
        }
        if let group = variant.attributes["AUDIO"] {
            expect(master.media.contains { $0["GROUP-ID"] == group }, "\(variant.uri): no group \(group)")
            expect(codecs.contains("mp4a"), "\(variant.uri): CODECS without the sound's")
        }
    }

    private mutating func lines(of text: String) -> [String] {
        expect(text.hasPrefix("#EXTM3U\n"), "EXTM3U is not first")
        expect(!text.contains("\r") && text.hasSuffix("\n"), "line ends")
        return text.split(separator: "\n").map(String.init)
    }

    /// RFC 8216 section 4.2: names in capitals, values quoted or plain, each name once.
    private mutating func attributes(_ text: String) -> [String: String] {
        var result: [String: String] = [:]
        var rest = text[...]
        while let match = rest.prefixMatch(of: /([A-Z0-9-]+)=(?:"([^"\r\n]*)"|([^",\s]+))(?:,|$)/) {
            expect(result[String(match.1)] == nil, "\(match.1) twice")
            result[String(match.1)] = String(match.2 ?? match.3 ?? "")
            rest = rest[match.range.upperBound...]
        }
        expect(rest.isEmpty, "not an attribute list: \(text)")
        return result
    }

    private mutating func expect(_ holds: Bool, _ complaint: @autoclosure () -> String) {
        if !holds { complaints.append(complaint()) }
    }
}

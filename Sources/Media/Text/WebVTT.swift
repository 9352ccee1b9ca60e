/// A line of text with its time.
package struct Cue: Sendable, Hashable {
    /// Microseconds.
    package let start: Int64
    package let end: Int64
    /// WebVTT cue text: escaped, with `<b>`, `<i>` and `<u>` at most; lines are parted by one newline.
    package let text: String
    /// Cue settings that place it, such as `line:0 align:start`; empty for none.
    package let settings: String

    package init(start: Int64, end: Int64, text: String, settings: String = "") {
        self.start = start
        self.end = end
        self.text = text
        self.settings = settings
    }
}

/// Writes WebVTT files (W3C, section 4).
package enum WebVTT {
    /// A whole file.
    package static func text(of cues: [Cue]) -> String {
        "WEBVTT\n" + cues.map(block).joined()
    }

    /// The same as a segment of HLS: the map says that its times are the timeline's (RFC 8216 section 3.5), which
    /// begins at 0 in every rendition.
    package static func segment(_ file: String) -> String {
        let head = "WEBVTT\n"
        guard file.hasPrefix(head) else { return file }
        return head + "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n" + file.dropFirst(head.count)
    }

    private static func block(_ cue: Cue) -> String {
        let settings = cue.settings.isEmpty ? "" : " \(cue.settings)"
        return "\n\(CueTime.text(cue.start)) --> \(CueTime.text(cue.end))\(settings)\n\(cue.text)\n"
    }

    /// Plain text as cue text.
    static func escaped(_ text: some StringProtocol) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(character)
            }
        }
        return result
    }
}

/// Times of WebVTT and SubRip.
enum CueTime {
    /// `01:02:03.004`.
    static func text(_ microseconds: Int64) -> String {
        let milliseconds = max(0, microseconds) / 1000
        let (seconds, minutes) = (milliseconds / 1000, milliseconds / 60_000)
        return padded(minutes / 60, 2) + ":" + padded(minutes % 60, 2) + ":" + padded(seconds % 60, 2) + "."
            + padded(milliseconds % 1000, 3)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// `1:02:03.004`, `02:03.004`, and SubRip's comma; nil for anything else, and from a hundred hours on.
    static func microseconds(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let last = parts.last else { return nil }
        let fraction = last.split(omittingEmptySubsequences: false) { $0 == "." || $0 == "," }
        guard fraction.count <= 2, let seconds = number(fraction[0], digits: 1...2), seconds < 60 else { return nil }
        var total = Int64(0)
        for (index, part) in parts.dropLast().enumerated() {
            guard let value = number(part, digits: 1...2), index == 0 && parts.count == 3 || value < 60 else {
                return nil
            }
            total = total * 60 + value
        }
        var micro = (total * 60 + seconds) * 1_000_000
        if fraction.count == 2 {
            guard let value = number(fraction[1], digits: 1...3) else { return nil }
            micro += value * (fraction[1].count == 1 ? 100_000 : fraction[1].count == 2 ? 10_000 : 1000)
        }
        return micro
    }

    private static func number(_ text: Substring, digits: ClosedRange<Int>) -> Int64? {
        guard digits.contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }
}

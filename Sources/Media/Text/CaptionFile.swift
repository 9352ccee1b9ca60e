/// Captions as somebody gave them: WebVTT or SubRip, in whatever encoding, read without trust.
///
/// What comes out is text alone: styles, regions, notes, classes, voices and every tag but bold, italic and underlined
/// are dropped; what cannot be read as a cue is passed over, as players do.
package struct CaptionFile: Sendable {
    /// Bytes of a file.
    package static let maximumBytes = 1 << 20
    static let maximumCues = 20_000
    /// Characters of one cue.
    static let maximumLength = 2000

    /// In the order of their times.
    package let cues: [Cue]

    /// - Throws: `MediaError.text` with a sentence for whoever sent it: not text, no cue in it, too many.
    package init(_ bytes: [UInt8]) throws(MediaError) {
        guard bytes.count <= Self.maximumBytes else {
            throw MediaError(.text, "Captions may have at most \(Self.maximumBytes >> 20) MiB.")
        }
        guard let text = TextDecoding.text(of: bytes) else {
            throw MediaError(.text, "This is not a text file. Captions must be WebVTT or SRT, best in UTF-8.")
        }
        var reader = CueReader(text)
        var cues: [Cue] = []
        while let cue = reader.next() {
            guard cues.count < Self.maximumCues else {
                throw MediaError(.text, "Captions may have at most \(Self.maximumCues) cues.")
            }
            cues.append(cue)
        }
        guard !cues.isEmpty else {
            throw MediaError(
                .text,
                "There is no cue in this file. Captions must be WebVTT or SRT: \"00:00:01.000 --> 00:00:02.500\" and "
                    + "the text on the lines below."
            )
        }
        // Stable: cues of the same moment keep their order.
        let ordered = cues.enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
        self.cues = ordered.map(\.element)
    }

    /// The cues with all times earlier; what lies before 0 is dropped.
    package func moved(backBy microseconds: Int64) -> [Cue] {
        cues.compactMap { cue in
            guard cue.end > microseconds else { return nil }
            return Cue(
                start: max(0, cue.start - microseconds),
                end: cue.end - microseconds,
                text: cue.text,
                settings: cue.settings
            )
        }
    }
}

/// Goes from cue to cue of a text; what is no cue is passed over.
private struct CueReader {
    private let lines: [Substring]
    private var position = 0
    private let isWebVTT: Bool

    init(_ text: String) {
        // Swift takes CR LF for one character, and a newline.
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        isWebVTT = text.hasPrefix("WEBVTT")
    }

    mutating func next() -> Cue? {
        while position < lines.count {
            let line = lines[position]
            position += 1
            guard let (start, end, settings) = Self.timing(line) else { continue }
            let text = takeText()
            guard start < end, !text.isEmpty else { continue }
            return Cue(start: start, end: end, text: text, settings: isWebVTT ? settings : "")
        }
        return nil
    }

    /// The lines up to an empty one, or to the next cue where a file does without.
    private mutating func takeText() -> String {
        var taken: [String] = []
        var length = 0
        while position < lines.count {
            let line = lines[position]
            if line.allSatisfy(\.isWhitespace) { break }
            if Self.timing(line) != nil {
                // The number before it is not text.
                if taken.last?.allSatisfy(\.isNumber) == true { taken.removeLast() }
                break
            }
            position += 1
            let clean = CueText.cleaned(line.prefix(CaptionFile.maximumLength), isWebVTT: isWebVTT)
            length += clean.count
            if !clean.isEmpty, length <= CaptionFile.maximumLength { taken.append(clean) }
        }
        return taken.joined(separator: "\n")
    }

    /// `00:00:01.000 --> 00:00:02.500 align:start`.
    private static func timing(_ line: Substring) -> (start: Int64, end: Int64, settings: String)? {
        guard line.utf8.count <= 400 else { return nil }
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.count >= 3, words[1] == "-->", let start = CueTime.microseconds(words[0]),
            let end = CueTime.microseconds(words[2])
        else { return nil }
        return (start, end, words.dropFirst(3).filter(CueText.isSetting).joined(separator: " "))
    }
}

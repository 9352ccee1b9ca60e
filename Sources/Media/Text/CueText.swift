/// The text of cues, made harmless.
enum CueText {
    /// Tags that mean something without a style sheet.
    private static let kept: Set<String> = ["b", "i", "u", "/b", "/i", "/u"]

    /// One line of cue text: known tags stay, others go, and everything else is text.
    static func cleaned(_ line: Substring, isWebVTT: Bool) -> String {
        var result = ""
        var open: [Character] = []
        var rest = line[...]
        while let character = rest.first {
            switch character {
            case "<":
                guard let end = rest.utf8.prefix(200).firstIndex(of: UInt8(ascii: ">")),
                    isTag(rest[rest.index(after: rest.startIndex)..<end])
                else {
                    result += "&lt;"
                    rest = rest.dropFirst()
                    continue
                }
                append(rest[rest.index(after: rest.startIndex)..<end].lowercased(), to: &result, open: &open)
                rest = rest[rest.index(after: end)...]
            case "{":
                // SubRip files carry placements of another format: {\an8}.
                if rest.dropFirst().first == "\\", let end = rest.utf8.prefix(100).firstIndex(of: UInt8(ascii: "}")) {
                    rest = rest[rest.index(after: end)...]
                } else {
                    result.append(character)
                    rest = rest.dropFirst()
                }
            case "&":
                let entity = isWebVTT ? entity(at: rest) : nil
                result += entity ?? "&amp;"
                rest = rest.dropFirst(entity?.count ?? 1)
            default:
                if character == ">" { result += "&gt;" } else if isText(character) { result.append(character) }
                rest = rest.dropFirst()
            }
        }
        for tag in open.reversed() { result += "</\(tag)>" }
        return result.isBlank ? "" : result
    }

    /// Tags are closed in the order in which they were opened, on the same line.
    private static func append(_ tag: String, to result: inout String, open: inout [Character]) {
        guard kept.contains(tag), let letter = tag.last else { return }
        if !tag.hasPrefix("/") {
            // A picture of text has no use for more.
            guard open.count < 8 else { return }
            open.append(letter)
            result += "<\(tag)>"
        } else if open.last == letter {
            open.removeLast()
            result += "<\(tag)>"
        }
    }

    /// `i`, `/c.yellow`, `v Roger Bingham`, `00:00:01.000`; not the "less than" of a sentence.
    private static func isTag(_ inner: Substring) -> Bool {
        guard inner.count <= 200, let first = inner.first(where: { $0 != "/" }) else { return false }
        return (first.isASCII && (first.isLetter || first.isNumber)) && !inner.contains("<")
    }

    private static let entities = ["&amp;", "&lt;", "&gt;", "&nbsp;", "&lrm;", "&rlm;"]

    private static func entity(at text: Substring) -> String? { entities.first { text.hasPrefix($0) } }

    /// Control characters are not; directions and joiners of scripts are.
    private static func isText(_ character: Character) -> Bool {
        character == "\t" || character.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    private static let settings: Set<Substring> = ["vertical", "line", "position", "size", "align"]

    /// `line:0`, `position:50%,center`: the settings of section 4.4 but `region`.
    static func isSetting(_ word: Substring) -> Bool {
        let parts = word.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, settings.contains(parts[0]), parts[1].utf8.count <= 32 else { return false }
        return parts[1].utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
                UInt8(ascii: ","), UInt8(ascii: "-"), UInt8(ascii: "%"):
                true
            default: false
            }
        }
    }
}

extension String {
    fileprivate var isBlank: Bool { allSatisfy(\.isWhitespace) }
}

/// Bytes of unknown encoding as text.
enum TextDecoding {
    /// UTF-8 and UTF-16 by their marks, UTF-8 where it is valid, else Windows-1252, which most old files are in; nil
    /// for what is not text.
    static func text(of bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return String(validating: bytes.dropFirst(3), as: UTF8.self) }
        if bytes.starts(with: [0xFF, 0xFE]) { return utf16(bytes.dropFirst(2), isLittle: true) }
        if bytes.starts(with: [0xFE, 0xFF]) { return utf16(bytes.dropFirst(2), isLittle: false) }
        guard !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self) ?? windows1252(bytes)
    }

    private static func utf16(_ bytes: ArraySlice<UInt8>, isLittle: Bool) -> String? {
        guard bytes.count.isMultiple(of: 2) else { return nil }
        let units = stride(from: bytes.startIndex, to: bytes.endIndex, by: 2).map { index in
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isLittle ? second << 8 | first : first << 8 | second
        }
        return String(validating: units, as: UTF16.self)
    }

    /// What stands at 0x80–0x9F; 0 for the five places without a character.
    private static let high: [UInt16] = [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
        0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E,
        0x0178,
    ]

    private static func windows1252(_ bytes: [UInt8]) -> String? {
        // Text has few control characters; a picture has many.
        let controls = bytes.count { $0 < 0x20 && ![0x09, 0x0A, 0x0D].contains($0) }
        guard controls * 100 <= bytes.count else { return nil }
        let units = bytes.map { (0x80...0x9F).contains($0) ? high[Int($0) - 0x80] : UInt16($0) }
        return units.contains(0) ? nil : String(decoding: units, as: UTF16.self)
    }
}

internal import Foundation

/// Cuts texts into the words that are searched, the same way when they are stored and when they are looked for.
///
/// Case, accents and the width of letters make no difference. Scripts that are written without spaces are cut into
/// overlapping pairs of characters, each character beginning one (docs/decisions/0009).
enum SearchText {
    /// A word of a question.
    enum Term: Equatable, Sendable {
        /// Letters between spaces: may be the beginning of a word.
        case word(String)
        /// Pairs that must follow each other.
        case run([String])
    }

    /// What is stored, in order.
    static func words(of text: String) -> [String] {
        pieces(of: text).flatMap { piece in
            switch piece {
            case .word(let word): [word]
            case .run(let characters): pairs(of: characters) + [characters[characters.count - 1]]
            }
        }
    }

    /// What is looked for: everything else, quotes and operators too, is a space.
    static func terms(_ text: String, limit: Int = 12) -> [Term] {
        pieces(of: text).prefix(limit).map { piece in
            switch piece {
            case .word(let word): .word(word)
            // The beginning of every pair is a character.
            case .run(let characters): characters.count == 1 ? .word(characters[0]) : .run(pairs(of: characters))
            }
        }
    }

    /// One word that stands for a text: sorted by, or compared with.
    static func key(_ text: String, limit: Int = 100) -> String {
        String(folded(text.trimmingCharacters(in: .whitespacesAndNewlines)).prefix(limit))
    }

    private enum Piece {
        case word(String)
        case run([String])
    }

    private static func pairs(of characters: [String]) -> [String] {
        zip(characters, characters.dropFirst()).map { $0 + $1 }
    }

    /// Longer words are cut: nobody types them, and they would fill the index.
    private static let longestWord = 64

    private static func pieces(of text: String) -> [Piece] {
        var result: [Piece] = []
        var word = ""
        var run: [String] = []
        func end() {
            if !word.isEmpty { result.append(.word(String(word.prefix(longestWord)))) }
            if !run.isEmpty { result.append(.run(run)) }
            (word, run) = ("", [])
        }
        for character in folded(text) {
            guard let first = character.unicodeScalars.first, isOfWord(first) else {
                end()
                continue
            }
            if isUnspaced(first) {
                if !word.isEmpty { end() }
                run.append(String(character))
            } else {
                if !run.isEmpty { end() }
                word.append(character)
            }
        }
        end()
        return result
    }

    private static func isOfWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 128 { return (48...57).contains(scalar.value) || (97...122).contains(scalar.value) }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .nonspacingMark, .spacingMark, .enclosingMark, .otherSymbol:
            return true
        default: return false
        }
    }

    /// Scripts whose words have no spaces between them: Thai, Lao, Myanmar, Khmer, kana, Han, Hangul.
    private static func isUnspaced(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3005...0x3007, 0x3040...0x30FF, 0x31F0...0x31FF,
            0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0x20000...0x3_FFFF:
            true
        default: false
        }
    }

    /// Small letters without accents, in their compatible form (`ﬁ` is `fi`, `Ａ` is `a`).
    static func folded(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 128 }) { return text.lowercased() }
        var scalars = String.UnicodeScalarView()
        for scalar in text.decomposedStringWithCompatibilityMapping.lowercased().unicodeScalars {
            if isAccent(scalar) { continue }
            if let plain = plain[scalar] {
                scalars.append(contentsOf: plain.unicodeScalars)
            } else {
                scalars.append(scalar)
            }
        }
        return String(scalars).precomposedStringWithCanonicalMapping
    }

    /// Accents of the alphabets and points of the abjads; marks that make another letter (が) stay.
    private static func isAccent(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0300...0x036F, 0x0483...0x0487, 0x0591...0x05BD, 0x05BF...0x05C7, 0x0610...0x061A, 0x064B...0x065F,
            0x0670, 0x1AB0...0x1AFF, 0x1DC0...0x1DFF, 0x20D0...0x20FF, 0xFE00...0xFE0F, 0x200B...0x200D:
            true
        default: false
        }
    }

    /// Letters that no decomposition makes plain, as people type them.
    private static let plain: [Unicode.Scalar: String] = [
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i",
        "ŧ": "t", "ς": "σ",
    ]
}

/// Stands before every stored word and says where it is from: a private character, which no text's words have.
///
/// A word of the title is another word than the same in a description, so that looking for one does not read all of
/// the other.
enum SearchMark: String {
    case anywhere = "\u{E000}"
    case title = "\u{E001}"
    case tags = "\u{E002}"
    case fileName = "\u{E003}"
    /// Whose it is, and its tags as they are.
    case facet = "\u{E004}"
    /// Alone between two texts: no phrase reaches from one into the next.
    case gap = "\u{E005}"

    func mark(_ words: [String]) -> [String] { words.map { rawValue + $0 } }
}

internal import Core
internal import Foundation

/// A language as BCP 47 writes it: `de`, `pt-BR`, `zh-Hant-TW`; `und` when nobody knows.
package struct LanguageTag: Hashable, Sendable {
    package let text: String

    /// - Throws: `.invalidRequest` for what is no language tag.
    package init(_ tag: some StringProtocol) throws {
        let text = String(tag)
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count <= 35, parts.count <= 4, let first = parts.first, (2...3).contains(first.utf8.count),
            Self.isLetters(first), parts.dropFirst().allSatisfy(Self.isSubtag)
        else {
            throw ServiceError(
                .invalidRequest,
                "The language must be a BCP 47 tag such as en, de or pt-BR.",
                field: "language"
            )
        }
        self.text = ([Self.shortened(first.lowercased())] + parts.dropFirst().map(Self.cased)).joined(separator: "-")
    }

    private init(known text: String) { self.text = text }

    static let unknown = LanguageTag(known: "und")

    /// The language that a file names, in whatever code; `und` for none.
    static func of(stream language: String?) -> LanguageTag {
        guard let language, let tag = try? LanguageTag(language.replacing("_", with: "-")) else { return unknown }
        return tag
    }

    /// What people who speak it call it: `Deutsch`; the tag itself when that is not known.
    package var name: String {
        if self == Self.unknown { return "Unknown language" }
        let own = Locale(identifier: text).localizedString(forIdentifier: text)
        guard let own, let first = own.first, own != text else { return text }
        return first.uppercased() + own.dropFirst()
    }

    private static func isLetters(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) }
    }

    private static func isSubtag(_ text: Substring) -> Bool {
        (2...8).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) }
    }

    /// Scripts as `Hant`, regions as `BR` (RFC 5646 section 2.1.1).
    private static func cased(_ subtag: Substring) -> String {
        switch subtag.utf8.count {
        case 2: subtag.uppercased()
        case 4 where isLetters(subtag): subtag.prefix(1).uppercased() + subtag.dropFirst().lowercased()
        default: subtag.lowercased()
        }
    }

    /// Files carry ISO 639-2; the web wants the shorter code where there is one (RFC 5646 section 2.2.1).
    private static func shortened(_ code: String) -> String { shorter[code] ?? code }

    private static let shorter = [
        "ara": "ar", "bul": "bg", "cat": "ca", "ces": "cs", "cze": "cs", "chi": "zh", "zho": "zh", "dan": "da",
        "deu": "de", "ger": "de", "dut": "nl", "nld": "nl", "ell": "el", "gre": "el", "eng": "en", "est": "et",
        "eus": "eu", "baq": "eu", "fas": "fa", "per": "fa", "fin": "fi", "fra": "fr", "fre": "fr", "gle": "ga",
        "glg": "gl", "heb": "he", "hin": "hi", "hrv": "hr", "hun": "hu", "ice": "is", "isl": "is", "ind": "id",
        "ita": "it", "jpn": "ja", "kor": "ko", "lav": "lv", "lit": "lt", "may": "ms", "msa": "ms", "nob": "nb",
        "nor": "no", "pol": "pl", "por": "pt", "ron": "ro", "rum": "ro", "rus": "ru", "slk": "sk", "slo": "sk",
        "slv": "sl", "spa": "es", "srp": "sr", "swe": "sv", "tam": "ta", "tel": "te", "tha": "th", "tur": "tr",
        "ukr": "uk", "urd": "ur", "vie": "vi",
    ]
}

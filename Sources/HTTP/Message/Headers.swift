/// Header fields in the order they came; names compare without case (RFC 9110 section 5.1).
package struct Headers: Sendable, Sequence, ExpressibleByDictionaryLiteral {
    package typealias Field = (name: String, value: String)

    private var fields: [Field] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    package var count: Int { fields.count }
    package var isEmpty: Bool { fields.isEmpty }

    /// The first value of a name.
    ///
    /// Setting replaces every field of that name; nil removes them.
    package subscript(_ name: String) -> String? {
        get {
            for field in fields where Self.same(field.name, name) { return field.value }
            return nil
        }
        set {
            fields.removeAll { Self.same($0.name, name) }
            if let newValue { add(name, newValue) }
        }
    }

    /// Every value of a name, in order.
    package func all(_ name: String) -> [String] {
        fields.filter { Self.same($0.name, name) }.map(\.value)
    }

    /// Adds a field beside others of the same name.
    ///
    /// Control characters in the value become spaces, so that no value can begin another header line.
    package mutating func add(_ name: String, _ value: String) {
        fields.append((name, Self.isClean(value) ? value : Self.cleaned(value)))
    }

    /// Whether a comma-separated field lists a token, in any case: `Connection`, `Accept-Encoding` and their like.
    package func lists(_ token: String, in name: String) -> Bool {
        all(name).contains { value in
            value.split(separator: ",").contains { Self.same(String($0.trimmingSpaces()), token) }
        }
    }

    package func makeIterator() -> IndexingIterator<[Field]> { fields.makeIterator() }

    /// Adds a field exactly as it came, for the rules of framing to judge.
    mutating func addReceived(_ name: String, _ value: String) { fields.append((name, value)) }

    mutating func reserve(_ count: Int) { fields.reserveCapacity(count) }

    /// Names are ASCII tokens: equal but for the case of A to Z.
    static func same(_ left: String, _ right: String) -> Bool {
        let left = left.utf8
        let right = right.utf8
        guard left.count == right.count else { return false }
        return zip(left, right).allSatisfy { $0 == $1 || ASCII.lower($0) == ASCII.lower($1) }
    }

    private static func isClean(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    private static func cleaned(_ value: String) -> String {
        String(decoding: value.utf8.map { $0 >= 0x20 && $0 != 0x7F ? $0 : 0x20 }, as: UTF8.self)
    }
}

/// Bytes of ASCII by their meaning in HTTP's grammar.
enum ASCII {
    static let cr: UInt8 = 13
    static let lf: UInt8 = 10
    static let space: UInt8 = 32
    static let tab: UInt8 = 9
    static let dash: UInt8 = 45
    static let percent: UInt8 = 37
    static let quote: UInt8 = 34
    static let backslash: UInt8 = 92
    static let slash: UInt8 = 47

    static func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }

    static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    /// A `tchar` of RFC 9110 section 5.6.2: what names and methods are made of.
    static func isToken(_ byte: UInt8) -> Bool {
        if isAlphanumeric(byte) { return true }
        switch byte {
        case 33, 35, 36, 37, 38, 39, 42, 43, 45, 46, 94, 95, 96, 124, 126: return true
        default: return false
        }
    }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}

extension BidirectionalCollection where Element == Character {
    /// Without spaces and tabs at both ends (RFC 9110's OWS).
    func trimmingSpaces() -> SubSequence {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        let start = firstIndex { !isSpace($0) } ?? endIndex
        let end = lastIndex { !isSpace($0) }.map { index(after: $0) } ?? start
        return self[start..<end]
    }
}

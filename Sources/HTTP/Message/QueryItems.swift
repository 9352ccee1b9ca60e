/// Name and value pairs of a query string or an URL-encoded form, in order.
package struct QueryItems: Sendable, Sequence {
    private var items: [(name: String, value: String)] = []

    package init() {}

    /// Reads `application/x-www-form-urlencoded` as the URL standard has it.
    ///
    /// `+` is a space, a broken escape stands for itself, and bytes that are not UTF-8 become U+FFFD.
    package init(parsing text: some StringProtocol) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? PercentCoding.formDecoded(parts[1]) : ""
            items.append((PercentCoding.formDecoded(parts[0]), value))
        }
    }

    package var isEmpty: Bool { items.isEmpty }

    /// The first value of a name.
    package func first(_ name: String) -> String? {
        items.first { $0.name == name }?.value
    }

    /// Every value of a name, in order.
    package func all(_ name: String) -> [String] {
        items.filter { $0.name == name }.map(\.value)
    }

    package func makeIterator() -> IndexingIterator<[(name: String, value: String)]> { items.makeIterator() }
}

/// Percent-encoding of RFC 3986 section 2.1.
enum PercentCoding {
    static func formDecoded(_ text: some StringProtocol) -> String {
        guard text.utf8.contains(where: { $0 == ASCII.percent || $0 == 43 }) else { return String(text) }
        return String(decoding: bytes(text, plusIsSpace: true) ?? lenientBytes(text), as: UTF8.self)
    }

    /// The bytes that an escaped text stands for; nil when an escape is broken.
    static func bytes(_ text: some StringProtocol, plusIsSpace: Bool = false) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            if byte == ASCII.percent {
                guard let high = rest.next().flatMap(ASCII.hexValue), let low = rest.next().flatMap(ASCII.hexValue)
                else { return nil }
                result.append(high << 4 | low)
            } else {
                result.append(plusIsSpace && byte == 43 ? ASCII.space : byte)
            }
        }
        return result
    }

    private static func lenientBytes(_ text: some StringProtocol) -> [UInt8] {
        let source = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < source.count {
            if source[index] == ASCII.percent, index + 2 < source.count,
                let high = ASCII.hexValue(source[index + 1]), let low = ASCII.hexValue(source[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(source[index] == 43 ? ASCII.space : source[index])
                index += 1
            }
        }
        return result
    }
}

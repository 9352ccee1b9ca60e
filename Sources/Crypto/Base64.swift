/// Base 64 (RFC 4648), strict: each byte string has exactly one text, and only that is read.
package enum Base64 {
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafe = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let standardValues = values(of: standard)
    private static let urlSafeValues = values(of: urlSafe)
    private static let padding = UInt8(ascii: "=")

    /// Section 4, with padding.
    package static func encode(_ bytes: [UInt8]) -> String {
        var text = digits(bytes, standard)
        while !text.count.isMultiple(of: 4) { text.append(padding) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Section 5, without padding, as JSON web tokens have it.
    package static func encodeURLSafe(_ bytes: [UInt8]) -> String {
        String(decoding: digits(bytes, urlSafe), as: UTF8.self)
    }

    /// The bytes of a padded text; nil for white space, missing padding, foreign letters or stray bits.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let letters = Array(text.utf8)
        guard letters.count.isMultiple(of: 4) else { return nil }
        let end = letters.count - letters.suffix(2).count { $0 == padding }
        return bytes(letters[..<end], standardValues)
    }

    /// The bytes of an unpadded, URL-safe text; nil for white space, padding, foreign letters or stray bits.
    package static func decodeURLSafe(_ text: some StringProtocol) -> [UInt8]? {
        bytes(Array(text.utf8)[...], urlSafeValues)
    }

    private static func digits(_ bytes: [UInt8], _ alphabet: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(buffer >> UInt32(bits) & 63)])
            }
        }
        if bits > 0 { text.append(alphabet[Int(buffer << UInt32(6 - bits) & 63)]) }
        return text
    }

    private static func bytes(_ letters: ArraySlice<UInt8>, _ values: [UInt8]) -> [UInt8]? {
        // One letter more than a multiple of four holds less than a byte.
        guard letters.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(letters.count / 4 * 3 + 2)
        var buffer: UInt32 = 0
        var bits = 0
        for letter in letters {
            let value = values[Int(letter)]
            guard value < 64 else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        // Bits that belong to no byte are zero in the one canonical text.
        guard buffer & (1 << UInt32(bits) - 1) == 0 else { return nil }
        return bytes
    }

    private static func values(of alphabet: [UInt8]) -> [UInt8] {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }
}

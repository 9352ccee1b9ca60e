/// Reads big-endian numbers; past the end it throws, it never traps.
struct ByteReader {
    private let bytes: [UInt8]
    private(set) var position: Int
    private let end: Int

    init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
        self.bytes = bytes
        let whole = 0..<bytes.count
        let range = (range ?? whole).clamped(to: whole)
        position = range.lowerBound
        end = range.upperBound
    }

    var remaining: Int { end - position }

    mutating func skip(_ count: Int) throws(BoxError) {
        guard count >= 0, count <= remaining else { throw BoxError.truncated }
        position += count
    }

    mutating func integer(_ width: Int) throws(BoxError) -> UInt64 {
        guard width <= remaining else { throw BoxError.truncated }
        var value: UInt64 = 0
        for offset in 0..<width { value = value << 8 | UInt64(bytes[position + offset]) }
        position += width
        return value
    }

    mutating func byte() throws(BoxError) -> UInt8 { UInt8(truncatingIfNeeded: try integer(1)) }
    mutating func u16() throws(BoxError) -> Int { Int(try integer(2)) }
    mutating func u32() throws(BoxError) -> Int { Int(try integer(4)) }
    mutating func i32() throws(BoxError) -> Int { Int(Int32(truncatingIfNeeded: try integer(4))) }

    mutating func data(_ count: Int) throws(BoxError) -> [UInt8] {
        guard count >= 0, count <= remaining else { throw BoxError.truncated }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }
}

/// What is wrong with bytes that should be ISO base media boxes.
package enum BoxError: Error, Sendable, Hashable {
    case truncated
    case malformed(String)
    case missing(String)
    /// Larger than what is ever written here.
    case tooLarge(String)
}

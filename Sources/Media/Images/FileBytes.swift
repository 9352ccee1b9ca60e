/// Reads numbers from bytes that nobody vouches for: what is not there is nil.
struct FileBytes {
    let bytes: UnsafeRawBufferPointer

    var count: Int { bytes.count }

    func byte(_ offset: Int) -> Int? {
        offset >= 0 && offset < count ? Int(bytes[offset]) : nil
    }

    func big16(_ offset: Int) -> Int? { number(offset, 2) { $0 << 8 | $1 } }
    func big32(_ offset: Int) -> Int? { number(offset, 4) { $0 << 8 | $1 } }
    func little16(_ offset: Int) -> Int? { number(offset, 2, fromEnd: true) { $0 << 8 | $1 } }
    func little24(_ offset: Int) -> Int? { number(offset, 3, fromEnd: true) { $0 << 8 | $1 } }
    func little32(_ offset: Int) -> Int? { number(offset, 4, fromEnd: true) { $0 << 8 | $1 } }

    private func number(_ offset: Int, _ length: Int, fromEnd: Bool = false, _ join: (Int, Int) -> Int) -> Int? {
        guard offset >= 0, offset <= count - length else { return nil }
        let range = offset..<offset + length
        return fromEnd
            ? range.reversed().reduce(0) { join($0, Int(bytes[$1])) } : range.reduce(0) { join($0, Int(bytes[$1])) }
    }

    /// Whether these characters stand at a place.
    func has(_ text: StaticString, at offset: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard offset >= 0, offset <= count - length else { return false }
        return (0..<length).allSatisfy { bytes[offset + $0] == text.utf8Start[$0] }
    }

    /// The bytes of a range, as far as there are any.
    func slice(_ offset: Int, _ length: Int) -> UnsafeRawBufferPointer {
        let start = min(max(0, offset), count)
        let end = start + min(max(0, length), count - start)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    func part(_ offset: Int, _ length: Int) -> FileBytes { FileBytes(bytes: slice(offset, length)) }
}

extension [UInt8] {
    mutating func append(big16 value: Int) { self += [UInt8(value >> 8 & 255), UInt8(value & 255)] }

    mutating func append(big32 value: Int) {
        append(big16: value >> 16)
        append(big16: value & 0xFFFF)
    }

    mutating func append(little32 value: Int) { self += (0..<4).map { UInt8(value >> ($0 * 8) & 255) } }
}

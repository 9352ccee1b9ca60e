/// CRC-32 (ISO 3309, the one of gzip and PNG): only for protocols that name it, such as tus checksums.
package struct CRC32: Sendable {
    /// One byte's remainder by the reversed polynomial.
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    private var state: UInt32 = 0xFFFF_FFFF

    package init() {}

    /// Takes more bytes, after those of earlier calls.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var value = state
        Self.table.withUnsafeBufferPointer { table in
            for byte in bytes { value = table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ value >> 8 }
        }
        state = value
    }

    /// The sum of everything given so far.
    package var value: UInt32 { ~state }

    /// The sum, its highest byte first, as checksums are written.
    package var bytes: [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}

/// Which addresses are on the public internet (IANA's special-purpose registries, RFC 6890).
enum PublicAddresses {
    /// Networks of IPv4 that are somebody's own, or nobody's: bytes and how many bits of them count.
    private static let special: [(bytes: [UInt8], bits: Int)] = [
        ([0, 0, 0, 0], 8), ([10, 0, 0, 0], 8), ([100, 64, 0, 0], 10), ([127, 0, 0, 0], 8), ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12), ([192, 0, 0, 0], 24), ([192, 0, 2, 0], 24), ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16), ([198, 18, 0, 0], 15), ([198, 51, 100, 0], 24), ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4), ([240, 0, 0, 0], 4),
    ]
    /// Within 2000::/3, all that is global of IPv6: protocols (Teredo too), documentation, 6to4.
    private static let specialIPv6: [(bytes: [UInt8], bits: Int)] = [
        ([0x20, 0x01, 0, 0], 23), ([0x20, 0x01, 0x0D, 0xB8], 32), ([0x20, 0x02, 0, 0], 16), ([0x3F, 0xFF, 0, 0], 20),
    ]
    /// IPv4 within IPv6: mapped (RFC 4291), and translated by the network (RFC 6052).
    private static let carriers: [[UInt8]] = [
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0],
    ]

    /// `address`: 4 or 16 bytes in network order; anything else is not public.
    static func contain(_ address: [UInt8]) -> Bool {
        switch address.count {
        case 4: !special.contains { isIn(address, $0) }
        case 16:
            if carriers.contains(where: { address.starts(with: $0) }) {
                contain(Array(address.suffix(4)))
            } else {
                address[0] >> 5 == 1 && !specialIPv6.contains { isIn(address, $0) }
            }
        default: false
        }
    }

    private static func isIn(_ address: [UInt8], _ network: (bytes: [UInt8], bits: Int)) -> Bool {
        (0..<network.bits).allSatisfy { bit in
            (address[bit / 8] ^ network.bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
        }
    }
}

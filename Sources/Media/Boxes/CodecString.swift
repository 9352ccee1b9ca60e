/// A picture's `CODECS` (RFC 6381) from its decoder configuration.
enum CodecString {
    /// `entry`: the sample entry's type; `boxes`: what is in it.
    ///
    /// - Throws: `BoxError` when the configuration is missing or cut off.
    static func picture(_ entry: String, _ boxes: Boxes) throws(BoxError) -> String {
        switch entry {
        case "hvc1": try hevc(configuration("hvcC", in: boxes))
        case "av01": try av1(configuration("av1C", in: boxes))
        default: try h264(configuration("avcC", in: boxes))
        }
    }

    private static func configuration(_ type: String, in boxes: Boxes) throws(BoxError) -> ByteReader {
        guard let box = boxes.first(type) else { throw BoxError.missing(type) }
        return ByteReader(boxes.bytes, in: box.payload)
    }

    /// Profile, compatibility and level as they stand in `avcC` (14496-15 section 5.3.3.1).
    private static func h264(_ configuration: ByteReader) throws(BoxError) -> String {
        var reader = configuration
        try reader.skip(1)
        var text = "avc1."
        for _ in 0..<3 { text += hex(Int(try reader.byte()), digits: 2) }
        return text
    }

    /// Profile space and profile, compatibility flags with their bits reversed, tier and level, and the constraint
    /// bytes without the zeros at their end (14496-15 annex E.3).
    private static func hevc(_ configuration: ByteReader) throws(BoxError) -> String {
        var reader = configuration
        try reader.skip(1)
        let profile = try reader.byte()
        let flags = UInt32(truncatingIfNeeded: try reader.integer(4))
        var constraints = try reader.data(6)
        let level = try reader.byte()
        var reversed: UInt32 = 0
        for bit in 0..<32 where flags >> bit & 1 == 1 { reversed |= 1 << (31 - bit) }
        let space = ["", "A", "B", "C"][Int(profile >> 6)]
        let tier = profile & 0x20 == 0 ? "L" : "H"
        while constraints.last == 0 { constraints.removeLast() }
        let head = ["hvc1", "\(space)\(profile & 0x1F)", hex(Int(reversed), digits: 1), "\(tier)\(level)"]
        return (head + constraints.map { hex(Int($0), digits: 1).uppercased() }).joined(separator: ".")
    }

    /// Profile, level, tier and bit depth; what follows has its default, which is SDR (AV1-ISOBMFF section 5).
    private static func av1(_ configuration: ByteReader) throws(BoxError) -> String {
        var reader = configuration
        try reader.skip(1)
        let (profile, depth) = (try reader.byte(), try reader.byte())
        let level = Int(profile & 0x1F)
        let bits = depth & 0x40 == 0 ? "08" : profile >> 5 == 2 && depth & 0x20 != 0 ? "12" : "10"
        return "av01.\(profile >> 5).\(level < 10 ? "0" : "")\(level)\(depth & 0x80 == 0 ? "M" : "H").\(bits)"
    }

    private static func hex(_ value: Int, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

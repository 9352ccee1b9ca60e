/// Makes boxes (ISO/IEC 14496-12).
enum BoxWriter {
    static func box(_ type: String, _ payload: [UInt8]) -> [UInt8] {
        u32(payload.count + 8) + Array(type.utf8) + payload
    }

    static func box(_ type: String, containing boxes: [[UInt8]]) -> [UInt8] {
        box(type, boxes.flatMap { $0 })
    }

    /// A box with a version and flags.
    static func full(_ type: String, version: Int = 0, flags: Int = 0, _ payload: [UInt8]) -> [UInt8] {
        box(type, u32(version << 24 | flags) + payload)
    }

    /// `width` bytes, the highest first.
    static func integer(_ value: Int, _ width: Int) -> [UInt8] { bytes(value, width) }

    static func u16(_ value: Int) -> [UInt8] { bytes(value, 2) }
    static func u32(_ value: Int) -> [UInt8] { bytes(value, 4) }
    static func u64(_ value: Int) -> [UInt8] { bytes(value, 8) }

    private static func bytes(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> ((width - 1 - $0) * 8)) }
    }

    /// `moof` and `mdat` of packets that all last equally long and are all sync samples, on track 1.
    static func audioFragment(
        sequence: Int,
        baseTime: Int,
        packetDuration: Int,
        packets: [[UInt8]]
    ) -> [UInt8] {
        func moof(dataOffset: Int) -> [UInt8] {
            // tfhd: base is the moof; default duration and flags. trun: data offset and sizes.
            let header = full("tfhd", flags: 0x02_0028, u32(1) + u32(packetDuration) + u32(0x0200_0000))
            let time = full("tfdt", version: 1, u64(baseTime))
            let run = full(
                "trun",
                flags: 0x201,
                u32(packets.count) + u32(dataOffset) + packets.flatMap { u32($0.count) }
            )
            let traf = box("traf", containing: [header, time, run])
            return box("moof", containing: [full("mfhd", u32(sequence)), traf])
        }
        let head = moof(dataOffset: moof(dataOffset: 0).count + 8)
        return head + box("mdat", containing: packets)
    }
}

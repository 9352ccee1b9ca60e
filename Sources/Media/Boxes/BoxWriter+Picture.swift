extension BoxWriter {
    /// `moof` and `mdat` of one sync sample on track 1.
    static func pictureFragment(
        sequence: Int,
        baseTime: Int,
        duration: Int,
        compositionOffset: Int,
        picture: [UInt8]
    ) -> [UInt8] {
        func moof(dataOffset: Int) -> [UInt8] {
            // tfhd: the moof is the base. trun: data offset; duration, size, flags and composition offset, signed.
            let header = full("tfhd", flags: 0x02_0000, u32(1))
            let time = full("tfdt", version: 1, u64(baseTime))
            let sample = u32(duration) + u32(picture.count) + u32(0x0200_0000) + u32(compositionOffset)
            let run = full("trun", version: 1, flags: 0xF01, u32(1) + u32(dataOffset) + sample)
            return box(
                "moof",
                containing: [full("mfhd", u32(sequence)), box("traf", containing: [header, time, run])]
            )
        }
        let head = moof(dataOffset: moof(dataOffset: 0).count + 8)
        return head + box("mdat", picture)
    }
}

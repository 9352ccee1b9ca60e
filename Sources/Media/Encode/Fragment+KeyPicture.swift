extension Fragment {
    /// Whether its first picture can be decoded without any other, and nothing after it needs what came before: the
    /// muxer's word for it is not enough.
    func beginsWithKeyPicture(_ codec: VideoCodec) -> Bool {
        guard let sample = samples.first, mediaOffset + sample.size <= bytes.count else { return false }
        let range = mediaOffset..<mediaOffset + sample.size
        switch codec {
        // Slices are types 1 to 5, of an IDR 5 (H.264 table 7-1).
        case .h264: return units(in: range).map { $0 & 0x1F }.first { (1...5).contains($0) } == 5
        // Slices are types below 32, of an IDR 19 and 20 (H.265 table 7-1).
        case .hevc: return [19, 20].contains(units(in: range).map { $0 >> 1 & 0x3F }.first { $0 < 32 })
        case .av1: return beginsWithKeyFrame(in: range)
        }
    }

    /// The first byte of each NAL unit, which stands behind four bytes of length.
    private func units(in range: Range<Int>) -> [UInt8] {
        var (position, heads) = (range.lowerBound, [UInt8]())
        while position + 5 <= range.upperBound {
            heads.append(bytes[position + 4])
            position += 4 + bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        return heads
    }

    /// The first frame (OBU types 3 and 6) is a key frame that is shown: that one resets every reference (AV1 sections
    /// 5.3 and 5.9.2).
    private func beginsWithKeyFrame(in range: Range<Int>) -> Bool {
        var position = range.lowerBound
        while position + 2 <= range.upperBound {
            let header = bytes[position]
            position += header & 4 == 0 ? 1 : 2
            var length = range.upperBound - position
            if header & 2 != 0 {
                length = 0
                for shift in stride(from: 0, to: 56, by: 7) where position < range.upperBound {
                    let byte = bytes[position]
                    position += 1
                    length |= Int(byte & 0x7F) << shift
                    if byte & 0x80 == 0 { break }
                }
            }
            guard position < range.upperBound else { return false }
            // No picture shown again, of type 0, shown: the first four bits are 0001.
            if [3, 6].contains(header >> 3 & 15) { return bytes[position] >> 4 == 1 }
            position += length
        }
        return false
    }
}

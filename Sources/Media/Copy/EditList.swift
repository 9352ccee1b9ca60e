/// The edit list of an initialization segment that our muxer wrote: what players skip of the decoder's delay.
struct EditList {
    /// Ticks that are skipped; 0 without a list.
    let mediaTime: Int
    private let place: Range<Int>?

    init(_ initialization: InitSegment) throws(BoxError) {
        let boxes = initialization.boxes
        guard let edits = try boxes.children(of: initialization.track).first("edts"),
            let list = try boxes.children(of: edits).first("elst")
        else {
            (mediaTime, place) = (0, nil)
            return
        }
        var reader = ByteReader(boxes.bytes, in: list.payload)
        let isLong = try reader.byte() == 1
        try reader.skip(3)
        guard try reader.u32() == 1 else { throw BoxError.malformed("elst") }
        try reader.skip(isLong ? 8 : 4)
        let start = reader.position
        mediaTime = isLong ? Int(truncatingIfNeeded: try reader.integer(8)) : try reader.i32()
        place = start..<reader.position
        guard (0..<1 << 48).contains(mediaTime) else { throw BoxError.malformed("elst") }
    }

    /// The initialization's bytes with another time to skip.
    func setting(_ time: Int, in bytes: [UInt8]) throws(BoxError) -> [UInt8] {
        guard let place else {
            guard time == 0 else { throw BoxError.missing("elst") }
            return bytes
        }
        var bytes = bytes
        bytes.replaceSubrange(place, with: BoxWriter.integer(time, place.count))
        return bytes
    }
}

extension Fragment {
    /// When its first picture is shown, in ticks, given what the edit list skips.
    func firstPresentation(skipping delay: Int) -> Int {
        baseTime + (samples.first?.compositionOffset ?? 0) - delay
    }

    /// Whether each sample is filled by NAL units exactly, four bytes of length before each.
    var hasWholeUnits: Bool {
        var start = mediaOffset
        for sample in samples {
            let end = start + sample.size
            while start + 4 < end {
                start += 4 + bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
            }
            guard start == end else { return false }
        }
        return true
    }

    /// The fragment's bytes with its decoding times moved.
    func bytes(movedBy ticks: Int) throws(BoxError) -> [UInt8] {
        guard ticks != 0 else { return bytes }
        let top = try Boxes(bytes)
        let time = try top.find("moof", "traf", "tfdt").payload
        var moved = bytes
        // The muxer writes the long form always.
        guard time.count == 12, bytes[time.lowerBound] == 1, baseTime + ticks >= 0 else {
            throw BoxError.malformed("tfdt")
        }
        moved.replaceSubrange(time.lowerBound + 4..<time.upperBound, with: BoxWriter.integer(baseTime + ticks, 8))
        return moved
    }
}

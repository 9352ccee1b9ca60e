/// One box of an ISO base media file (ISO/IEC 14496-12 section 4.2), as a place in its bytes.
package struct Box: Sendable, Hashable {
    package let type: String
    /// Header and payload.
    package let range: Range<Int>
    package let payload: Range<Int>
}

/// A bounds-checked reader of boxes.
package struct Boxes: Sendable {
    package let bytes: [UInt8]
    package let list: [Box]

    /// The boxes that fill `range`, or all of the bytes.
    ///
    /// - Throws: `BoxError` when a size does not fit; hostile bytes never trap.
    package init(_ bytes: [UInt8], in range: Range<Int>? = nil) throws(BoxError) {
        self.bytes = bytes
        var list: [Box] = []
        let range = (range ?? 0..<bytes.count).clamped(to: 0..<bytes.count)
        var start = range.lowerBound
        while start < range.upperBound {
            guard let header = try BoxHeader(bytes, at: start, end: range.upperBound) else {
                throw BoxError.truncated
            }
            let size = header.size ?? range.upperBound - start
            guard size <= range.upperBound - start else { throw BoxError.truncated }
            list.append(
                Box(type: header.type, range: start..<start + size, payload: start + header.length..<start + size)
            )
            start += size
        }
        self.list = list
    }

    package func first(_ type: String) -> Box? { list.first { $0.type == type } }

    /// The boxes within a box, after `skipping` bytes of its own fields.
    package func children(of box: Box, skipping: Int = 0) throws(BoxError) -> Boxes {
        guard skipping <= box.payload.count else { throw BoxError.truncated }
        return try Boxes(bytes, in: box.payload.lowerBound + skipping..<box.payload.upperBound)
    }

    /// The first box at the end of a path of containers.
    package func find(_ path: String...) throws(BoxError) -> Box {
        var level = self
        for (depth, type) in path.enumerated() {
            guard let box = level.first(type) else { throw BoxError.missing(path.joined(separator: "/")) }
            if depth == path.count - 1 { return box }
            level = try level.children(of: box)
        }
        throw BoxError.missing("an empty path")
    }

    /// The bytes of a box with its header.
    func data(of box: Box) -> [UInt8] { Array(bytes[box.range]) }
}

/// Size and type at the head of a box.
struct BoxHeader {
    let type: String
    /// 8 or 16 bytes.
    let length: Int
    /// nil: to the end.
    let size: Int?

    /// Returns nil when the header itself is not complete yet.
    init?(_ bytes: [UInt8], at start: Int, end: Int) throws(BoxError) {
        var reader = ByteReader(bytes, in: start..<end)
        guard reader.remaining >= 8 else { return nil }
        let short = try reader.u32()
        type = String(decoding: try reader.data(4), as: UTF8.self)
        switch short {
        case 0:
            length = 8
            size = nil
        case 1:
            guard reader.remaining >= 8 else { return nil }
            let long = try reader.integer(8)
            guard long >= 16, long < 1 << 62 else { throw BoxError.malformed(type) }
            length = 16
            size = Int(long)
        default:
            guard short >= 8 else { throw BoxError.malformed(type) }
            length = 8
            size = short
        }
    }
}

/// A track of a movie's index (ISO/IEC 14496-12 section 8), as far as copying needs it.
struct MovieTrack {
    let handler: String
    let timescale: Int
    /// The four letters of the only sample description; nil when there are several.
    let entry: String?
    /// What presentation times are moved by, in ticks: negative for a codec's delay that is cut off; nil for edits
    /// that do more than that.
    let shift: Int?
    /// Where the presentation ends by the edit list, in ticks after the shift; nil when it does not say.
    let editEnd: Int?
    let samples: SampleIndex

    /// - Throws: `BoxError` for tables that do not fit together, or more samples than `limit`.
    init(_ track: Box, in movie: Boxes, limit: Int) throws(BoxError) {
        let parts = try movie.children(of: track)
        let (media, table) = (try parts.find("mdia", "mdhd"), try parts.find("mdia", "minf", "stbl"))
        timescale = try Self.timescale(media, in: movie)
        var reader = ByteReader(movie.bytes, in: try parts.find("mdia", "hdlr").payload)
        try reader.skip(8)
        handler = String(decoding: try reader.data(4), as: UTF8.self)
        let boxes = try movie.children(of: table)
        let entries = try movie.children(of: try boxes.find("stsd"), skipping: 8).list
        entry = entries.count == 1 ? entries.first?.type : nil
        samples = try SampleIndex(boxes, limit: limit)
        let edits = try Self.edits(parts, movie)
        guard let edits else {
            (shift, editEnd) = (nil, nil)
            return
        }
        guard let movieHeader = movie.first("mvhd") else { throw BoxError.missing("mvhd") }
        let unit = Rational(timescale, try Self.timescale(movieHeader, in: movie))
        let (delay, length) = (edits.empty.scaledRounded(by: unit), edits.length.scaledRounded(by: unit))
        // Centuries in the finest unit: sums with the samples' own times stay far from overflowing.
        guard delay < 1 << 56, length < 1 << 56 else { throw BoxError.malformed("elst") }
        shift = delay - edits.mediaTime
        editEnd = edits.length > 0 ? delay + length : nil
    }

    /// `mdhd` and `mvhd` begin alike.
    private static func timescale(_ box: Box, in movie: Boxes) throws(BoxError) -> Int {
        var reader = ByteReader(movie.bytes, in: box.payload)
        let isLong = try reader.byte() == 1
        try reader.skip(3 + (isLong ? 16 : 8))
        let scale = try reader.u32()
        guard scale > 0 else { throw BoxError.malformed(box.type) }
        return scale
    }

    /// One edit at normal speed, perhaps behind an empty one; nil for anything else.
    private static func edits(
        _ parts: Boxes,
        _ movie: Boxes
    ) throws(BoxError) -> (empty: Int, mediaTime: Int, length: Int)? {
        guard let box = parts.first("edts"), let list = try movie.children(of: box).first("elst") else {
            return (0, 0, 0)
        }
        var reader = ByteReader(movie.bytes, in: list.payload)
        let isLong = try reader.byte() == 1
        try reader.skip(3)
        let count = try reader.u32()
        guard (1...2).contains(count) else { return count == 0 ? (0, 0, 0) : nil }
        var empty = 0
        for index in 0..<count {
            let length = Int(truncatingIfNeeded: try reader.integer(isLong ? 8 : 4))
            let time = isLong ? Int(truncatingIfNeeded: try reader.integer(8)) : try reader.i32()
            let rate = try reader.u32()
            guard rate == 0x1_0000, length >= 0, length < 1 << 48, time < 1 << 48 else { return nil }
            guard time == -1, index == 0, count == 2 else {
                return time >= 0 && index == count - 1 ? (empty, time, length) : nil
            }
            empty = length
        }
        return nil
    }
}

/// The samples of a track, in the order of decoding.
struct SampleIndex {
    /// Presentation times in ticks, before any edit.
    let times: [Int]
    let sizes: [Int]
    /// Numbers of the samples that decoding may start from; nil when all are.
    let keys: [Int]?
    /// Sum of all durations.
    let length: Int
    /// Whether all samples but the last last equally long.
    let step: Int?
    /// Of all samples together.
    let bytes: Int
    /// Bytes of all samples before each.
    private let starts: [Int]
    private let chunks: [(firstSample: Int, offset: Int)]

    init(_ table: Boxes, limit: Int) throws(BoxError) {
        sizes = try Self.sizes(table, limit: limit)
        let count = sizes.count
        var (decoding, total, steps) = ([Int](), 0, Set<Int>())
        decoding.reserveCapacity(count)
        var reader = ByteReader(table.bytes, in: try table.find("stts").payload)
        for _ in 0..<(try Self.rows(&reader, width: 8)) {
            let (run, delta) = (try reader.u32(), try reader.u32())
            for _ in 0..<min(run, count - decoding.count) {
                decoding.append(total)
                total += delta
                if decoding.count < count, steps.count < 2 { steps.insert(delta) }
            }
        }
        guard decoding.count == count else { throw BoxError.malformed("stts") }
        if let offsets = table.first("ctts") {
            reader = ByteReader(table.bytes, in: offsets.payload)
            var index = 0
            for _ in 0..<(try Self.rows(&reader, width: 8)) {
                let (run, offset) = (try reader.u32(), try reader.i32())
                for _ in 0..<min(run, count - index) {
                    decoding[index] += offset
                    index += 1
                }
            }
        }
        var before = 0
        starts = sizes.map { size in
            defer { before += size }
            return before
        }
        bytes = before
        times = decoding
        length = total
        step = steps.count <= 1 ? steps.first ?? total : nil
        keys = try Self.keys(table, count: count)
        chunks = try Self.chunks(table, count: count)
    }

    /// Where a sample's bytes are in the file.
    func offset(of sample: Int) -> Int? {
        var (low, high) = (0, chunks.count)
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].firstSample <= sample { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let chunk = chunks[low - 1]
        return chunk.offset + starts[sample] - starts[chunk.firstSample]
    }

    /// The number of rows that a table says it has, checked against its bytes.
    private static func rows(_ reader: inout ByteReader, width: Int) throws(BoxError) -> Int {
        try reader.skip(4)
        let count = try reader.u32()
        guard count <= reader.remaining / width else { throw BoxError.truncated }
        return count
    }

    private static func sizes(_ table: Boxes, limit: Int) throws(BoxError) -> [Int] {
        var reader = ByteReader(table.bytes, in: try table.find("stsz").payload)
        try reader.skip(4)
        let (fixed, count) = (try reader.u32(), try reader.u32())
        guard count > 0, count <= limit else { throw BoxError.malformed("stsz") }
        if fixed > 0 { return [Int](repeating: fixed, count: count) }
        guard count <= reader.remaining / 4 else { throw BoxError.truncated }
        var sizes: [Int] = []
        sizes.reserveCapacity(count)
        for _ in 0..<count { sizes.append(try reader.u32()) }
        return sizes
    }

    private static func keys(_ table: Boxes, count: Int) throws(BoxError) -> [Int]? {
        guard let box = table.first("stss") else { return nil }
        var reader = ByteReader(table.bytes, in: box.payload)
        var keys: [Int] = []
        for _ in 0..<(try rows(&reader, width: 4)) {
            let number = try reader.u32() - 1
            guard number >= 0, number < count, number > keys.last ?? -1 else { throw BoxError.malformed("stss") }
            keys.append(number)
        }
        return keys
    }

    /// Chunks of samples (`stsc`) at their places (`stco`, `co64`).
    private static func chunks(
        _ table: Boxes,
        count: Int
    ) throws(BoxError) -> [(firstSample: Int, offset: Int)] {
        let isLong = table.first("stco") == nil
        var places = ByteReader(table.bytes, in: try table.find(isLong ? "co64" : "stco").payload)
        let total = try rows(&places, width: isLong ? 8 : 4)
        var runs = ByteReader(table.bytes, in: try table.find("stsc").payload)
        var left = try rows(&runs, width: 12)
        var (chunks, sample, perChunk, next) = ([(firstSample: Int, offset: Int)](), 0, 0, (chunk: 1, samples: 0))
        guard left > 0 else { throw BoxError.malformed("stsc") }
        next = (try runs.u32(), try runs.u32())
        try runs.skip(4)
        left -= 1
        for number in 1..<total + 1 where sample < count {
            while number >= next.chunk {
                perChunk = next.samples
                guard left > 0 else {
                    next.chunk = .max
                    break
                }
                next = (try runs.u32(), try runs.u32())
                try runs.skip(4)
                left -= 1
            }
            let offset = Int(clamping: try places.integer(isLong ? 8 : 4))
            guard perChunk > 0, offset < 1 << 62 else { throw BoxError.malformed("stsc") }
            chunks.append((sample, offset))
            sample += perChunk
        }
        guard sample >= count else { throw BoxError.malformed("stsc") }
        return chunks
    }
}

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The layout of a progressive MP4: `ftyp`, `moov`, `mdat`.
struct ProgressiveFile {
    private typealias W = BoxWriter

    let sources: [TrackSource]

    /// Times of the whole file are counted in the first track's ticks: exact for the picture.
    private var timescale: Int { sources[0].initialization.timescale }

    func write(to path: String) throws {
        let order = interleaved()
        let media = order.reduce(0) { $0 + sources[$1.track].table.chunks[$1.chunk].bytes }
        let head = try header(order: order, media: media)
        let aside = SegmentFiles.asideName(path)
        do {
            let file = try FileWriter(aside)
            try file.write(head)
            var readers = sources.map { $0.makeReader() }
            for place in order {
                try file.write(try readers[place.track].next(sources[place.track].table.chunks[place.chunk].bytes))
            }
            try file.close()
            guard rename(aside, path) == 0 else { throw SegmentFiles.failure(path, "written") }
        } catch {
            unlink(aside)
            throw error
        }
    }

    /// Chunks of all tracks by their time.
    private func interleaved() -> [(track: Int, chunk: Int)] {
        var all: [(time: Double, track: Int, chunk: Int)] = []
        for (track, source) in sources.enumerated() {
            for (index, chunk) in source.table.chunks.enumerated() {
                all.append((Double(chunk.start) / Double(source.initialization.timescale), track, index))
            }
        }
        return all.sorted { ($0.time, $0.track) < ($1.time, $1.track) }.map { ($0.track, $0.chunk) }
    }

    /// Everything before the media.
    ///
    /// The index names places behind itself, so its size is found first.
    private func header(order: [(track: Int, chunk: Int)], media: Int) throws -> [UInt8] {
        let picture = sources.first { $0.initialization.width > 0 }.map { VideoCodec(codecs: $0.initialization.codecs) }
        let brands = "isomiso2\(picture?.sampleEntry ?? "avc1")mp41"
        let type = W.box("ftyp", Array("isom".utf8) + W.u32(0x200) + Array(brands.utf8))
        let mediaHeader =
            media + 8 <= Int(UInt32.max)
            ? W.u32(media + 8) + Array("mdat".utf8) : W.u32(1) + Array("mdat".utf8) + W.u64(media + 16)
        var base = 0
        // Twice for the size, and once more should the longer offsets of a large file have changed it.
        for _ in 0..<3 {
            let index = try movie(offsets: offsets(order, base: base))
            let start = type.count + index.count + mediaHeader.count
            if start == base { return type + index + mediaHeader }
            base = start
        }
        throw BoxError.malformed("moov")
    }

    private func offsets(_ order: [(track: Int, chunk: Int)], base: Int) -> [[Int]] {
        var result = sources.map { [Int](repeating: 0, count: $0.table.chunks.count) }
        var position = base
        for place in order {
            result[place.track][place.chunk] = position
            position += sources[place.track].table.chunks[place.chunk].bytes
        }
        return result
    }

    private func movie(offsets: [[Int]]) throws -> [UInt8] {
        let durations = sources.map(movieDuration)
        var parts = [movieHeader(duration: durations.max() ?? 0)]
        for (index, source) in sources.enumerated() {
            parts.append(try track(source, number: index + 1, duration: durations[index], offsets: offsets[index]))
        }
        return W.box("moov", containing: parts)
    }

    private func movieDuration(_ source: TrackSource) -> Int {
        source.table.shown.scaledRounded(by: Rational(timescale, source.initialization.timescale))
    }

    private static let matrix = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000].flatMap(BoxWriter.u32)

    private func movieHeader(duration: Int) -> [UInt8] {
        let times = W.u64(0) + W.u64(0) + W.u32(timescale) + W.u64(duration)
        let fixed = W.u32(0x1_0000) + W.u16(0x100) + W.u16(0) + W.u64(0) + Self.matrix
        let rest = [UInt8](repeating: 0, count: 24) + W.u32(sources.count + 1)
        return W.full("mvhd", version: 1, times + fixed + rest)
    }

    private func track(_ source: TrackSource, number: Int, duration: Int, offsets: [Int]) throws -> [UInt8] {
        let initialization = source.initialization
        let isPicture = initialization.width > 0
        let header = W.full(
            "tkhd",
            version: 1,
            flags: 3,
            W.u64(0) + W.u64(0) + W.u32(number) + W.u32(0) + W.u64(duration) + W.u64(0) + W.u16(0) + W.u16(0)
                + W.u16(isPicture ? 0 : 0x100) + W.u16(0) + Self.matrix + W.u32(initialization.width << 16)
                + W.u32(initialization.height << 16)
        )
        let skip = source.table.firstPresentation ?? 0
        let edit = W.full("elst", version: 1, W.u32(1) + W.u64(duration) + W.u64(skip) + W.u32(0x1_0000))
        let trak = try initialization.boxes.children(of: initialization.track)
        let language = 0x55C4  // "und" (14496-12 section 8.4.2.3)
        let mediaHeader = W.full(
            "mdhd",
            version: 1,
            W.u64(0) + W.u64(0) + W.u32(initialization.timescale) + W.u64(source.table.duration) + W.u16(language)
                + W.u16(0)
        )
        func copied(_ box: Box) -> [UInt8] { initialization.boxes.data(of: box) }
        let table = W.box(
            "stbl",
            containing: [copied(try trak.find("mdia", "minf", "stbl", "stsd"))]
                + source.table.boxes(chunkOffsets: offsets)
        )
        let information = W.box(
            "minf",
            containing: [
                copied(try trak.find("mdia", "minf", isPicture ? "vmhd" : "smhd")),
                copied(try trak.find("mdia", "minf", "dinf")), table,
            ]
        )
        let media = W.box("mdia", containing: [mediaHeader, copied(try trak.find("mdia", "hdlr")), information])
        return W.box("trak", containing: [header, W.box("edts", edit), media])
    }
}

/// One movie fragment with its media: `moof` and `mdat` of a single track.
package struct Fragment: Sendable {
    package struct Sample: Sendable, Hashable {
        package let size: Int
        package let duration: Int
        /// Presentation minus decoding time, in ticks.
        package let compositionOffset: Int
        package let isSync: Bool
    }

    /// `tfdt`: the decoding time of the first sample, in ticks; negative for AAC's priming packet.
    package let baseTime: Int
    package let samples: [Sample]
    /// Where the samples begin within `bytes`.
    package let mediaOffset: Int
    package let bytes: [UInt8]

    package var duration: Int { samples.reduce(0) { $0 + $1.duration } }
}

extension Fragment {
    /// Ticks: longer than any medium in any unit, and sums of some stay far from overflowing.
    private static let timeLimit = 1 << 60
    /// A fragment of ours lasts some seconds; runs without fields could name billions of samples in a few bytes.
    private static let sampleLimit = 1 << 20

    /// Reads a `moof` followed by its `mdat`.
    ///
    /// - Throws: `BoxError` when there is not exactly one track, or a sample lies outside the media.
    init(moofAndMedia bytes: [UInt8]) throws(BoxError) {
        let top = try Boxes(bytes)
        guard let moof = top.first("moof"), let media = top.first("mdat") else { throw BoxError.missing("moof, mdat") }
        let run = try Self.readTrack(top, moof)
        let offset = run.mediaOffset ?? media.payload.lowerBound
        let total = run.samples.reduce(0) { $0 + $1.size }
        guard offset >= media.payload.lowerBound, offset <= media.payload.upperBound,
            total <= media.payload.upperBound - offset
        else { throw BoxError.malformed("trun") }
        self.init(baseTime: run.baseTime, samples: run.samples, mediaOffset: offset, bytes: bytes)
    }

    /// Reads a `moof` alone; where the media begin is counted from its first byte.
    ///
    /// - Throws: `BoxError` when there is not exactly one track, or it does not say where its media are.
    init(moof bytes: [UInt8]) throws(BoxError) {
        let top = try Boxes(bytes)
        let moof = try top.find("moof")
        let run = try Self.readTrack(top, moof)
        guard let offset = run.mediaOffset, offset >= bytes.count else { throw BoxError.malformed("trun") }
        self.init(baseTime: run.baseTime, samples: run.samples, mediaOffset: offset, bytes: bytes)
    }

    private typealias Track = (baseTime: Int, samples: [Sample], mediaOffset: Int?)

    private static func readTrack(_ top: Boxes, _ moof: Box) throws(BoxError) -> Track {
        let bytes = top.bytes
        let trafs = try top.children(of: moof).list.filter { $0.type == "traf" }
        guard trafs.count == 1, let traf = trafs.first else { throw BoxError.malformed("traf") }
        let parts = try top.children(of: traf)
        var defaults = Defaults()
        var baseTime: Int?
        var samples: [Sample] = []
        var mediaOffset: Int?
        for part in parts.list {
            var reader = ByteReader(bytes, in: part.payload)
            switch part.type {
            case "tfhd": defaults = try Defaults(&reader)
            case "tfdt":
                let isLong = try reader.byte() == 1
                try reader.skip(3)
                let value = try reader.integer(isLong ? 8 : 4)
                // The muxer writes a negative time as it is: two's complement.
                let time = isLong ? Int(Int64(bitPattern: value)) : Int(value)
                guard (-Self.timeLimit...Self.timeLimit).contains(time) else { throw BoxError.malformed("tfdt") }
                baseTime = time
            case "trun":
                let offset = try Self.readRun(&reader, defaults: defaults, into: &samples)
                mediaOffset = mediaOffset ?? offset.map { moof.range.lowerBound + $0 }
            default: break
            }
        }
        guard let baseTime else { throw BoxError.missing("tfdt") }
        return (baseTime, samples, mediaOffset)
    }

    /// What `tfhd` says of samples that do not say it themselves.
    private struct Defaults {
        var duration = 0
        var size = 0
        var flags = 0

        init() {}

        init(_ reader: inout ByteReader) throws(BoxError) {
            let present = try reader.u32() & 0xFF_FFFF
            try reader.skip(4)
            if present & 0x1 != 0 { try reader.skip(8) }
            if present & 0x2 != 0 { try reader.skip(4) }
            if present & 0x8 != 0 { duration = try reader.u32() }
            if present & 0x10 != 0 { size = try reader.u32() }
            if present & 0x20 != 0 { flags = try reader.u32() }
        }
    }

    /// Reads one `trun`; returns its data offset when it has one.
    private static func readRun(
        _ reader: inout ByteReader,
        defaults: Defaults,
        into samples: inout [Sample]
    ) throws(BoxError) -> Int? {
        let present = try reader.u32() & 0xFF_FFFF
        let count = try reader.u32()
        let offset: Int? = present & 0x1 != 0 ? try reader.i32() : nil
        let firstFlags: Int? = present & 0x4 != 0 ? try reader.u32() : nil
        let width = [0x100, 0x200, 0x400, 0x800].reduce(0) { $0 + (present & $1 != 0 ? 4 : 0) }
        // A run of samples without fields costs no bytes: its number alone could be four billion.
        guard width == 0 ? count <= 65_536 : count <= reader.remaining / width, samples.count + count <= sampleLimit
        else { throw BoxError.malformed("trun") }
        for index in 0..<count {
            let duration = present & 0x100 != 0 ? try reader.u32() : defaults.duration
            let size = present & 0x200 != 0 ? try reader.u32() : defaults.size
            var flags = present & 0x400 != 0 ? try reader.u32() : defaults.flags
            let composition = present & 0x800 != 0 ? try reader.i32() : 0
            if index == 0, let firstFlags { flags = firstFlags }
            samples.append(
                Sample(
                    size: size,
                    duration: duration,
                    compositionOffset: composition,
                    isSync: flags & 0x1_0000 == 0
                )
            )
        }
        return offset
    }
}

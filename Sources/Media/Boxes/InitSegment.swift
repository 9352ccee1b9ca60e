/// What an initialization segment (`ftyp`, `moov` with one track) says of its track.
package struct InitSegment: Sendable {
    package let bytes: [UInt8]
    package let timescale: Int
    /// RFC 6381: `avc1.640028`, `hvc1.1.6.L120.90`, `av01.0.08M.08` or `mp4a.40.2`.
    package let codecs: String
    /// Pixels; 0 for sound.
    package let width: Int
    package let height: Int
    /// 0 for a picture.
    package let channels: Int

    let boxes: Boxes
    let track: Box

    /// - Throws: `BoxError` when it is not an initialization of one H.264, HEVC, AV1 or AAC track.
    package init(_ bytes: [UInt8]) throws(BoxError) {
        self.bytes = bytes
        boxes = try Boxes(bytes)
        let moov = try boxes.find("moov")
        let tracks = try boxes.children(of: moov).list.filter { $0.type == "trak" }
        guard tracks.count == 1, let track = tracks.first else { throw BoxError.malformed("trak") }
        self.track = track
        let trak = try boxes.children(of: track)
        var header = ByteReader(bytes, in: try trak.find("mdia", "mdhd").payload)
        let isLong = try header.byte() == 1
        try header.skip(3 + (isLong ? 16 : 8))
        timescale = try header.u32()
        guard timescale > 0 else { throw BoxError.malformed("mdhd") }
        let description = try trak.find("mdia", "minf", "stbl", "stsd")
        guard let entry = try boxes.children(of: description, skipping: 8).list.first else {
            throw BoxError.missing("stsd")
        }
        var fields = ByteReader(bytes, in: entry.payload)
        switch entry.type {
        case "avc1", "hvc1", "av01":
            try fields.skip(24)
            width = try fields.u16()
            height = try fields.u16()
            channels = 0
            // The fields of a visual sample entry take 78 bytes (14496-12 section 12.1.3).
            let inner = try boxes.children(of: entry, skipping: 78)
            codecs = try CodecString.picture(entry.type, inner)
        case "mp4a":
            try fields.skip(16)
            channels = try fields.u16()
            width = 0
            height = 0
            codecs = "mp4a.40.2"
        default: throw BoxError.malformed("stsd/\(entry.type)")
        }
    }
}

/// A picture's file without what its maker wrote beside the pixels, and what its structure says.
///
/// The bytes are copied piece by piece from a list of what is needed to show the picture: positions, names, serial
/// numbers, thumbnails, comments, unknown pieces and whatever follows the end stay behind. Pixels, colour profile,
/// animation and the way up are kept; nothing is encoded again. Only these bytes ever reach a decoder.
struct CleanImage {
    var bytes: [UInt8] = []
    /// As stored, before it is turned upright.
    var width = 0
    var height = 0
    /// EXIF's 1–8.
    var orientation = 1
    var frames = 1
    /// Whether its end is missing.
    var isCutOff = false

    /// Whether width and height change places when the picture is turned upright.
    var isTurned: Bool { (5...8).contains(orientation) }
    var uprightWidth: Int { isTurned ? height : width }
    var uprightHeight: Int { isTurned ? width : height }

    /// - Throws: `MediaError` for a picture that has no recognisable structure, no size, or too much of it.
    init(_ source: [UInt8], format: ImageFormat, limits: ImageLimits) throws {
        let found = source.withUnsafeBytes { bytes -> CleanImage? in
            let reader = FileBytes(bytes: bytes)
            return switch format {
            case .jpeg: CleanJPEG.clean(reader)
            case .png: CleanPNG.clean(reader)
            case .gif: CleanGIF.clean(reader)
            case .webp: CleanWebP.clean(reader)
            case .bmp: CleanBMP.clean(reader)
            }
        }
        guard let found else {
            throw MediaError(
                .damaged,
                "This picture is damaged: its \(format.rawValue.uppercased()) structure ends early."
            )
        }
        try limits.check(width: found.width, height: found.height)
        self = found
    }

    init() {}
}

/// The way up, as EXIF states it (CIPA DC-008, tag 0x0112 of the first directory).
enum Orientation {
    /// 1 for anything that is not a valid statement.
    static func read(tiff: FileBytes) -> Int {
        let isLittle = tiff.has("II", at: 0)
        guard isLittle || tiff.has("MM", at: 0) else { return 1 }
        func short(_ offset: Int) -> Int? { isLittle ? tiff.little16(offset) : tiff.big16(offset) }
        func long(_ offset: Int) -> Int? { isLittle ? tiff.little32(offset) : tiff.big32(offset) }
        guard let directory = long(4), let entries = short(directory) else { return 1 }
        for entry in 0..<min(entries, 512) {
            let place = directory + 2 + entry * 12
            guard let tag = short(place) else { return 1 }
            // Of type SHORT, one of them.
            guard tag == 0x0112, short(place + 2) == 3, let value = short(place + 8) else { continue }
            return (1...8).contains(value) ? value : 1
        }
        return 1
    }

    /// A TIFF structure that states the way up and nothing else.
    static func tiff(_ orientation: Int) -> [UInt8] {
        Array("MM".utf8) + [
            0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, UInt8(orientation), 0, 0, 0, 0, 0, 0,
        ]
    }
}

internal import CVips

/// A picture in libvips' memory.
///
/// Used by one thread at a time, the one that made it: libvips keeps the reason of a failure for the whole process.
final class VipsPicture {
    private let image: OpaquePointer

    private init(_ image: OpaquePointer?) throws {
        guard let image else { throw Self.failure() }
        self.image = image
    }

    deinit { cvips_release(image) }

    /// Opens libvips, and forbids it every loader but those of our formats.
    ///
    /// - Throws: `MediaError` `toolMissing`.
    static func start() throws {
        guard cvips_start() == 0 else {
            throw MediaError(
                .toolMissing,
                "Pictures cannot be processed: libvips is missing on the server.",
                detail: String(cString: cvips_message())
            )
        }
    }

    static var version: String? {
        guard cvips_version(0) >= 0 else { return nil }
        return (0..<3).map { String(cvips_version($0)) }.joined(separator: ".")
    }

    /// A picture of which only the header has been read; the bytes must outlive it.
    convenience init(headerOf file: UnsafeRawBufferPointer, _ format: ImageFormat) throws {
        try self.init(cvips_open(file.baseAddress, file.count, format.rawValue))
    }

    /// Whether its colours are not sRGB's: it brings a profile, or it is made for ink.
    var isForeign: Bool { cvips_is_foreign(image) != 0 }

    /// Decodes to fit a box, upright, in sRGB, never enlarged; the bytes are not needed afterwards.
    ///
    /// `isForeign`: whether the colours must be converted. `covers`: fills the box and cuts what is too much, around what draws attention.
    /// `shrink`: 2, 4 or 8 decodes a JPEG to so much less; 1 leaves that to libvips.
    convenience init(
        decoding file: UnsafeRawBufferPointer,
        into box: (width: Int, height: Int),
        isForeign: Bool,
        covers: Bool,
        frames: Int,
        strictly: Bool,
        shrink: Int
    ) throws {
        try self.init(
            cvips_decode(
                file.baseAddress,
                file.count,
                Int32(box.width),
                Int32(box.height),
                isForeign ? 1 : 0,
                covers ? 1 : 0,
                Int32(frames),
                strictly ? 1 : 0,
                Int32(shrink)
            )
        )
    }

    func shrunk(into box: (width: Int, height: Int), covers: Bool = false) throws -> VipsPicture {
        try VipsPicture(cvips_shrink(image, Int32(box.width), Int32(box.height), covers ? 1 : 0))
    }

    var width: Int { Int(cvips_width(image)) }
    /// Of one frame.
    var height: Int { Int(cvips_height(image)) }
    var hasAlpha: Bool { [2, 4].contains(cvips_bands(image)) }

    /// The pixels; for small pictures.
    func samples() throws -> Samples {
        var count = 0
        let bytes = try Self.taken(cvips_samples(image, &count), count)
        let bands = Int(cvips_bands(image))
        guard (1...4).contains(bands), bytes.count == width * height * bands else {
            throw MediaError(.toolFailed, "This picture could not be processed.", detail: "samples of another size")
        }
        return Samples(width: width, height: height, bands: bands, bytes: bytes)
    }

    /// Encodes, without any metadata.
    ///
    /// `quality`: 1–100, for what has one.
    func encoded(as format: ImageFormat, quality: Int, effort: Int = 4) throws -> [UInt8] {
        var count = 0
        switch format {
        case .webp: return try Self.taken(cvips_webp(image, Int32(quality), Int32(effort), &count), count)
        case .png: return try Self.taken(cvips_png(image, &count), count)
        default: return try Self.taken(cvips_jpeg(image, Int32(quality), &count), count)
        }
    }

    private static func taken(_ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int) throws -> [UInt8] {
        guard let bytes else { throw failure() }
        defer { cvips_free(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    private static func failure() -> MediaError {
        MediaError(
            .damaged,
            "This picture is damaged and cannot be decoded.",
            detail: String(cString: cvips_message())
        )
    }
}

/// Makes the files that pictures are shown by (contract 2), each from one decode.
///
/// Runs inside the image helper, which nothing that it does to itself can leave.
struct ImageRenderer {
    /// Encoded files of one picture, in the order of the report.
    struct Output {
        var files: [(file: ImageReport.File, bytes: [UInt8])] = []
        var facts: ImageReport.Facts?
    }

    /// Contract 2's longer sides in pixels, the largest first: each is made from the one before.
    static let sizes = [("large", 1080), ("medium", 640), ("small", 320)]
    /// Contract 2's square.
    static let thumbnailSide = 150
    private static let jpegQuality = 85
    private static let webpQuality = 80
    /// libwebp's method: the default for stills; a fast one for animations, whose frames are many.
    private static let stillEffort = 4
    private static let animationEffort = 2

    let limits: ImageLimits

    func run(_ work: ImageTask.Work, on bytes: [UInt8], _ format: ImageFormat) throws -> Output {
        let clean = try CleanImage(bytes, format: format, limits: limits)
        var output = Output()
        if case .clean = work {
            add("original", clean.bytes, format, (clean.uprightWidth, clean.uprightHeight), to: &output)
            return output
        }
        try VipsPicture.start()
        let source = try Source(clean: clean, format: format, limits: limits)
        if case .variant(let variant) = work {
            try render(variant, of: source, into: &output)
        } else {
            try derive(from: source, into: &output)
            add("original", clean.bytes, format, (clean.uprightWidth, clean.uprightHeight), to: &output)
        }
        return output
    }

    private func derive(from source: Source, into output: inout Output) throws {
        let (large, isDamaged) = try source.decoded(into: (Self.sizes[0].1, Self.sizes[0].1))
        try addJPEG("large", large, to: &output)
        let medium = try large.shrunk(into: (Self.sizes[1].1, Self.sizes[1].1))
        try addJPEG("medium", medium, to: &output)
        let small = try medium.shrunk(into: (Self.sizes[2].1, Self.sizes[2].1))
        try addJPEG("small", small, to: &output)
        try addThumbnail(of: source, medium, small, to: &output)
        try addWebP(of: source, medium, to: &output)
        let tiny = try small.shrunk(into: (32, 32)).samples()
        output.facts = ImageReport.Facts(
            format: source.format,
            width: source.clean.uprightWidth,
            height: source.clean.uprightHeight,
            frames: source.clean.frames,
            hasAlpha: large.hasAlpha,
            isDamaged: isDamaged || source.clean.isCutOff,
            dominantColor: tiny.dominantColor,
            blurHash: BlurHash.encode(tiny)
        )
    }

    /// A square from the smallest size that has one; of a strip that is too narrow even in the middle size, from the
    /// picture itself.
    private func addThumbnail(
        of source: Source,
        _ medium: VipsPicture,
        _ small: VipsPicture,
        to output: inout Output
    ) throws {
        let side = min(Self.thumbnailSide, source.clean.width, source.clean.height)
        let box = (width: side, height: side)
        if min(small.width, small.height) >= side {
            try addJPEG("thumbnail", try small.shrunk(into: box, covers: true), to: &output)
        } else if min(medium.width, medium.height) >= side {
            try addJPEG("thumbnail", try medium.shrunk(into: box, covers: true), to: &output)
        } else {
            try addJPEG("thumbnail", try source.decoded(into: box, covers: true).picture, to: &output)
        }
    }

    /// With what is transparent, and with the animation where there is one.
    private func addWebP(
        of source: Source,
        _ medium: VipsPicture,
        to output: inout Output
    ) throws {
        let side = Self.sizes[1].1
        if source.animatedFrames > 1 {
            let moving = try source.decoded(into: (side, side), frames: source.animatedFrames).picture
            try add("webp", moving, as: .webp, Self.webpQuality, Self.animationEffort, to: &output)
        } else {
            try add("webp", medium, as: .webp, Self.webpQuality, Self.stillEffort, to: &output)
        }
    }

    private func render(
        _ variant: ImageVariant,
        of source: Source,
        into output: inout Output
    ) throws {
        let clean = source.clean
        var box = (width: variant.width ?? limits.side, height: variant.height ?? limits.side)
        let covers = variant.fit == .cover && variant.width != nil && variant.height != nil
        if covers {
            // Its shape, within the picture: nothing is enlarged.
            let scale = min(
                1,
                Double(clean.uprightWidth) / Double(box.width),
                Double(clean.uprightHeight) / Double(box.height)
            )
            box.width = max(1, Int((Double(box.width) * scale).rounded()))
            box.height = max(1, Int((Double(box.height) * scale).rounded()))
        }
        // libvips cuts one frame only.
        let frames = variant.format == .webp && !covers ? source.animatedFrames : 1
        let picture = try source.decoded(into: box, covers: covers, frames: frames).picture
        let effort = frames > 1 ? Self.animationEffort : Self.stillEffort
        try add("variant", picture, as: variant.format, variant.quality, effort, to: &output)
    }

    private func addJPEG(
        _ name: String,
        _ picture: VipsPicture,
        to output: inout Output
    ) throws {
        try add(name, picture, as: .jpeg, Self.jpegQuality, Self.stillEffort, to: &output)
    }

    private func add(
        _ name: String,
        _ picture: VipsPicture,
        as format: ImageFormat,
        _ quality: Int,
        _ effort: Int,
        to output: inout Output
    ) throws {
        let encoded = try picture.encoded(as: format, quality: quality, effort: effort)
        // Whatever an encoder may have kept, nothing but the picture comes out (MEDIA: 8.14's WebP kept EXIF).
        let bytes = try CleanImage(encoded, format: format, limits: limits).bytes
        add(name, bytes, format, (picture.width, picture.height), to: &output)
    }

    private func add(
        _ name: String,
        _ bytes: [UInt8],
        _ format: ImageFormat,
        _ size: (width: Int, height: Int),
        to output: inout Output
    ) {
        let file = ImageReport.File(
            name: name,
            format: format,
            width: size.width,
            height: size.height,
            count: bytes.count
        )
        output.files.append((file, bytes))
    }
}

/// A picture's clean file, ready to be decoded.
private struct Source {
    let clean: CleanImage
    let format: ImageFormat
    let limits: ImageLimits
    /// Whether its colours must be converted.
    let isForeign: Bool

    /// The decoder's own reading of the size counts as well: two parsers can differ.
    init(clean: CleanImage, format: ImageFormat, limits: ImageLimits) throws {
        self.clean = clean
        self.format = format
        self.limits = limits
        isForeign = try clean.bytes.withUnsafeBytes { bytes in
            let header = try VipsPicture(headerOf: bytes, format)
            try limits.check(width: header.width, height: header.height)
            return header.isForeign
        }
    }

    /// How many frames are shown where animations can be; 1 for what does not move.
    var animatedFrames: Int {
        guard format == .gif || format == .webp else { return 1 }
        return limits.keptFrames(of: clean.frames, width: clean.width, height: clean.height)
    }

    /// Decodes; what is damaged is decoded as far as it goes, as browsers do.
    func decoded(
        into box: (width: Int, height: Int),
        covers: Bool = false,
        frames: Int = 1
    ) throws -> (picture: VipsPicture, isDamaged: Bool) {
        do {
            return (try decode(box, covers, frames, strictly: true), false)
        } catch {
            return (try decode(box, covers, frames, strictly: false), true)
        }
    }

    private func decode(
        _ box: (width: Int, height: Int),
        _ covers: Bool,
        _ frames: Int,
        strictly: Bool
    ) throws -> VipsPicture {
        try clean.bytes.withUnsafeBytes { bytes in
            try VipsPicture(
                decoding: bytes,
                into: box,
                isForeign: isForeign,
                covers: covers,
                frames: frames,
                strictly: strictly,
                shrink: shrink(into: box, covers: covers)
            )
        }
    }

    /// By how much a JPEG is decoded smaller, which costs its square less.
    ///
    /// libvips leaves a factor of two to its own filter; half as much does not show (54 dB, SSIM 0.998), and spares a
    /// 12-megapixel photograph for 1080 pixels three quarters of its samples.
    private func shrink(into box: (width: Int, height: Int), covers: Bool) -> Int {
        guard format == .jpeg else { return 1 }
        let ratios = [
            Double(clean.uprightWidth) / Double(box.width), Double(clean.uprightHeight) / Double(box.height),
        ]
        let ratio = (covers ? ratios.min() : ratios.max()) ?? 1
        // Of a strip some lines are left: libvips makes a picture without any where there are fewer than the factor.
        let narrow = min(clean.width, clean.height)
        return [8, 4, 2].first { ratio / Double($0) >= 1.5 && narrow >= $0 } ?? 1
    }
}

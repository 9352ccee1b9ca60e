package import Core
package import Media

/// What a signed picture link states, as it stands in the path: `v1-w400-h300-cover-q80-auto-e1767225600`.
package struct VariantSpec: Sendable, Hashable {
    /// How the picture is encoded.
    package enum Encoding: Sendable, Hashable {
        /// WebP for those who accept it, JPEG for others.
        case auto
        case fixed(ImageFormat)
    }

    /// Pixels of a side.
    package static let sides = 1...2560
    /// Steps of five: many values that nobody tells apart would each be made and kept.
    package static let qualities = stride(from: 30, through: 95, by: 5)
    package static let formats: [ImageFormat] = [.jpeg, .png, .webp]

    package let version: Int
    package let width: Int?
    package let height: Int?
    package let fit: ImageVariant.Fit
    package let quality: Int
    package let encoding: Encoding
    /// Whole seconds; nil: while the asset exists.
    package let expires: Timestamp?

    /// - Throws: `.invalidRequest` that names what is out of bounds.
    package init(
        version: Int,
        width: Int?,
        height: Int?,
        fit: ImageVariant.Fit,
        quality: Int,
        encoding: Encoding,
        expires: Timestamp?
    ) throws {
        for (field, side) in [("width", width), ("height", height)] {
            guard let side, !Self.sides.contains(side) else { continue }
            throw ServiceError(
                .invalidRequest,
                "\(field) must be from \(Self.sides.lowerBound) to \(Self.sides.upperBound) pixels.",
                field: field
            )
        }
        guard width != nil || height != nil else {
            throw ServiceError(.invalidRequest, "State width, height, or both.", field: "width")
        }
        guard fit == .contain || (width != nil && height != nil) else {
            throw ServiceError(.invalidRequest, "fit=cover needs width and height.", field: "fit")
        }
        guard Self.qualities.contains(quality) else {
            throw ServiceError(.invalidRequest, "quality must be 30, 35, 40 … 95.", field: "quality")
        }
        self.version = version
        self.width = width
        self.height = height
        self.fit = fit
        self.quality = quality
        self.encoding = encoding
        self.expires = expires
    }

    /// The picture for a client that accepts WebP, or one that does not.
    package func variant(acceptsWebP: Bool) -> ImageVariant {
        let format: ImageFormat =
            switch encoding {
            case .auto: acceptsWebP ? .webp : .jpeg
            case .fixed(let format): format
            }
        return ImageVariant(width: width, height: height, fit: fit, format: format, quality: quality)
    }

    /// Whether what is sent depends on the request's `Accept`.
    package var isNegotiated: Bool { encoding == .auto }

    package var text: String {
        var parts = ["v\(version)"]
        if let width { parts.append("w\(width)") }
        if let height { parts.append("h\(height)") }
        parts += [fit.rawValue, "q\(quality)"]
        switch encoding {
        case .auto: parts.append("auto")
        case .fixed(let format): parts.append(format.rawValue)
        }
        if let expires { parts.append("e\(expires.seconds)") }
        return parts.joined(separator: "-")
    }

    /// Reads the text of a spec; nil for what `text` never writes.
    package init?(parsing text: some StringProtocol) {
        guard text.utf8.count <= 100 else { return nil }
        var parts = text.split(separator: "-", omittingEmptySubsequences: false).map { String($0) }[...]
        func number(_ letter: String) -> Int? {
            guard let part = parts.first, part.hasPrefix(letter), let value = Int(part.dropFirst()) else { return nil }
            parts.removeFirst()
            return value
        }
        guard let version = number("v") else { return nil }
        let (width, height) = (number("w"), number("h"))
        guard let fit = parts.popFirst().flatMap(ImageVariant.Fit.init), let quality = number("q"),
            let name = parts.popFirst()
        else { return nil }
        let format = ImageFormat(rawValue: name)
        guard name == "auto" || format.map(Self.formats.contains) == true else { return nil }
        let expires = number("e").map { Timestamp(seconds: Int64($0)) }
        let spec = try? VariantSpec(
            version: version,
            width: width,
            height: height,
            fit: fit,
            quality: quality,
            encoding: format.map(Encoding.fixed) ?? .auto,
            expires: expires
        )
        // Exactly as it is written, so that one picture has one address.
        guard parts.isEmpty, let spec, spec.text == text else { return nil }
        self = spec
    }
}

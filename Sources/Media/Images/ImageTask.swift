/// What the image helper is asked to do with one picture: a line of JSON, then the file's bytes.
struct ImageTask: Codable, Sendable {
    enum Work: Codable, Sendable {
        /// The file without metadata, as `original`.
        case clean
        /// That, and the sizes that every picture has.
        case derivatives
        /// One more size.
        case variant(ImageVariant)
    }

    let work: Work
    let format: ImageFormat
    /// How many bytes follow.
    let count: Int
}

/// A picture made to measure.
package struct ImageVariant: Codable, Hashable, Sendable {
    package enum Fit: String, Codable, Sendable, CaseIterable {
        /// Whole, within the box.
        case contain
        /// Filling the box, with what is too much cut off.
        case cover
    }

    /// The box in pixels; nil leaves that side free.
    ///
    /// Nothing is ever enlarged.
    package let width: Int?
    package let height: Int?
    package let fit: Fit
    package let format: ImageFormat
    /// 1–100; PNG has none.
    package let quality: Int

    package init(width: Int?, height: Int?, fit: Fit, format: ImageFormat, quality: Int) {
        self.width = width
        self.height = height
        self.fit = fit
        self.format = format
        self.quality = quality
    }
}

/// The helper's answer: a line of JSON, then the bytes of the files, one after the other.
package struct ImageReport: Codable, Sendable {
    /// A file that was made.
    package struct File: Codable, Sendable {
        /// `thumbnail`, `small`, `medium`, `large`, `webp`, `original`, or `variant`.
        package let name: String
        package let format: ImageFormat
        /// Upright.
        package let width: Int
        package let height: Int
        package let count: Int
    }

    /// What was found in the picture.
    package struct Facts: Codable, Sendable {
        package let format: ImageFormat
        /// Upright.
        package let width: Int
        package let height: Int
        package let frames: Int
        package let hasAlpha: Bool
        /// Whether a part of it could not be decoded.
        package let isDamaged: Bool
        /// `#rrggbb`.
        package let dominantColor: String
        package let blurHash: String
    }

    /// Why there is nothing: the fields of a `MediaError`.
    struct Refusal: Codable, Sendable {
        let reason: MediaError.Reason
        let message: String
        let detail: String
    }

    package let files: [File]
    package let facts: Facts?
    let refusal: Refusal?
    /// The most memory that the helper ever had, in bytes.
    let peakMemory: Int
}

extension ImageReport {
    /// A report with the files of another in place of one of its own.
    package init(_ report: ImageReport, replacing name: String, with other: ImageReport) {
        self.init(
            files: report.files.filter { $0.name != name } + other.files,
            facts: report.facts,
            refusal: nil,
            peakMemory: report.peakMemory
        )
    }
}

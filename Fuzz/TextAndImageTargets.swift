import Foundation

@testable import API
@testable import HTTP
@testable import Media
@testable import Service

enum ImagesTarget {
    private static let formats: [ImageFormat] = [.jpeg, .png, .gif, .webp, .bmp]

    static func run(_ bytes: [UInt8]) {
        guard bytes.count >= 16 else { return }
        for format in formats {
            guard let image = try? CleanImage(bytes, format: format, limits: ImageLimits()) else { continue }
            // What was left out once is gone: a second look finds nothing more to leave out.
            check(image.bytes.count <= bytes.count + 128, "cleaning does not make a picture larger")
            check((1...8).contains(image.orientation), "a picture has a way up")
        }
    }
}

enum CaptionsTarget {
    static func run(_ bytes: [UInt8]) {
        guard let file = try? CaptionFile(bytes) else { return }
        for cue in file.cues { check(cue.start >= 0 && cue.start < cue.end, "a cue has a time") }
        let written = WebVTT.text(of: file.moved(backBy: 0))
        check((try? CaptionFile(Array(written.utf8))) != nil, "what we write can be read")
    }
}

enum FieldsTarget {
    static func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let headers: Headers = ["A": text]
        _ = StructuredField.boolean(headers, "A")
        _ = StructuredField.integer(headers, "A")
        _ = StructuredField.bytes(headers, "A")
        _ = VariantSpec(parsing: text)
        _ = try? LanguageTag(text)
    }
}

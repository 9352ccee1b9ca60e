import Foundation
import Testing

@testable import Media

@Suite("Cleaned pictures") struct CleanImageTests {
    static let pictures = [
        "i-exif6-landscape.jpg", "i-progressive.jpg", "i-cmyk-icc.jpg", "i-alpha.webp", "i-lossless.webp",
        "i-anim.webp",
        "i-anim.gif", "i-16bit.png", "i-prophoto.png", "i-hat.bmp",
    ]

    private static func load(_ name: String) throws -> (bytes: [UInt8], format: ImageFormat) {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Corpus.path(name))))
        return (bytes, try #require(ImageFormat(head: bytes)))
    }

    @Test(
        "cleaning twice changes nothing more, and the structure is read the same",
        .disabled(if: Corpus.isMissing),
        arguments: pictures
    )
    func idempotent(_ name: String) throws {
        let (bytes, format) = try Self.load(name)
        let once = try CleanImage(bytes, format: format, limits: ImageLimits())
        let twice = try CleanImage(once.bytes, format: format, limits: ImageLimits())
        #expect(once.bytes == twice.bytes)
        #expect(once.bytes.count <= bytes.count)
        #expect((once.width, once.height) == (twice.width, twice.height))
        #expect(once.orientation == twice.orientation && once.frames == twice.frames)
        #expect(ImageFormat(head: once.bytes) == format)
    }

    @Test(
        "whatever bytes are changed, cut off or doubled, reading ends with a picture or an error",
        .disabled(if: Corpus.isMissing),
        arguments: [
            "i-alpha.webp", "i-anim.webp", "i-anim-loop.gif", "i-16bit.png", "i-hat.bmp", "i-exif9-invalid.jpg",
        ]
    )
    func fuzzed(_ name: String) throws {
        let (bytes, format) = try Self.load(name)
        let source = Array(bytes.prefix(20_000))
        var dice = SplitMix(state: 4711)
        for round in 0..<300 {
            var mutant = source
            for _ in 0...round % 8 {
                let place = round % 2 == 0 ? dice.next(below: min(200, mutant.count)) : dice.next(below: mutant.count)
                mutant[place] = [0, 0xFF, 0x7F, UInt8(dice.next(below: 256))][dice.next(below: 4)]
            }
            if round % 3 == 0 { mutant.removeLast(dice.next(below: mutant.count)) }
            do {
                let clean = try CleanImage(mutant, format: format, limits: ImageLimits())
                #expect(clean.width > 0 && clean.height > 0 && (1...8).contains(clean.orientation))
            } catch let error as MediaError {
                #expect([.damaged, .tooManyPixels].contains(error.reason))
            }
        }
    }

    @Test("a way up is read in both byte orders, and written so that it is read again")
    func orientation() {
        for value in 1...8 {
            let tiff = Orientation.tiff(value)
            #expect(tiff.withUnsafeBytes { Orientation.read(tiff: FileBytes(bytes: $0)) } == value)
        }
        let little: [UInt8] = [73, 73, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0]
        #expect(little.withUnsafeBytes { Orientation.read(tiff: FileBytes(bytes: $0)) } == 8)
        // A directory that begins at the end of the world.
        let far: [UInt8] = [73, 73, 42, 0, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(far.withUnsafeBytes { Orientation.read(tiff: FileBytes(bytes: $0)) } == 1)
    }

    @Test("the first bytes decide what a picture is")
    func formats() {
        #expect(ImageFormat(head: [0xFF, 0xD8, 0xFF, 0xE0]) == .jpeg)
        #expect(ImageFormat(head: Array("GIF89a".utf8)) == .gif)
        #expect(ImageFormat(head: Array("BM".utf8) + [1, 2, 3, 4, 0, 0, 0, 0]) == .bmp)
        #expect(ImageFormat(head: Array("BM, a text".utf8)) == nil)
        #expect(ImageFormat(head: Array("RIFF1234WAVE".utf8)) == nil)
        #expect(ImageFormat(head: Array("<svg xmlns=".utf8)) == nil)
        #expect(ImageFormat(head: [UInt8]()) == nil)
    }

    @Test("an even colour is its own dominant colour and the mean of its placeholder")
    func evenColour() {
        let red = Samples(width: 4, height: 4, bands: 3, bytes: (0..<16).flatMap { _ in [255, 0, 0] as [UInt8] })
        #expect(red.dominantColor == "#ff0000")
        // "L": four by three components; "TI:j": 0xff0000 in base 83 (the format's own description).
        let hash = BlurHash.encode(red)
        #expect(hash.count == 28 && hash.hasPrefix("L") && hash.dropFirst(2).hasPrefix("TI:j"))
        let clear = Samples(width: 1, height: 1, bands: 4, bytes: [9, 9, 9, 0])
        #expect(clear.dominantColor == "#ffffff")
    }
}

/// Numbers that look random and are the same in every run (Vigna's SplitMix64).
private struct SplitMix {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ value >> 31) % UInt64(bound))
    }
}

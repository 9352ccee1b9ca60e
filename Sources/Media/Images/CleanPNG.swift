/// PNG (W3C PNG, third edition) and APNG: chunks of length, type, data and CRC.
enum CleanPNG {
    /// What is needed to show the picture; text, times and unknown chunks are not.
    private static let kept: Set<String> = [
        "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "sBIT", "pHYs", "acTL", "fcTL",
        "fdAT",
    ]

    static func clean(_ source: FileBytes) -> CleanImage? {
        var image = CleanImage()
        image.isCutOff = true
        image.bytes.reserveCapacity(source.count)
        image.bytes.append(contentsOf: source.slice(0, 8))
        var place = 8
        while let length = source.big32(place), source.count >= place + 8 {
            let type = String(decoding: source.slice(place + 4, 4), as: UTF8.self)
            let data = source.part(place + 8, length)
            if place == 8 {
                guard type == "IHDR", length == 13 else { return nil }
                image.width = data.big32(0) ?? 0
                image.height = data.big32(4) ?? 0
            }
            if type == "acTL", let frames = data.big32(0) { image.frames = max(1, min(frames, 1 << 20)) }
            if type == "eXIf" { image.orientation = Orientation.read(tiff: data) }
            // The last piece of a file that was cut off is kept as far as it goes.
            if kept.contains(type) { image.bytes.append(contentsOf: source.slice(place, length + 12)) }
            place += length + 12
            if type == "IEND" {
                image.isCutOff = false
                break
            }
        }
        guard image.width > 0 else { return nil }
        if image.orientation != 1 { insertExif(&image) }
        return image
    }

    /// Directly behind IHDR, which is 25 bytes behind the signature's 8.
    private static func insertExif(_ image: inout CleanImage) {
        let tiff = Orientation.tiff(image.orientation)
        var chunk: [UInt8] = []
        chunk.append(big32: tiff.count)
        let content = Array("eXIf".utf8) + tiff
        chunk += content
        chunk.append(big32: crc32(content))
        image.bytes.insert(contentsOf: chunk, at: min(33, image.bytes.count))
    }

    /// Annex D's CRC, for a few bytes.
    private static func crc32(_ bytes: [UInt8]) -> Int {
        let sum = bytes.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
        }
        return Int(~sum)
    }
}

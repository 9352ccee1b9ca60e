/// WebP (RFC 9649): RIFF chunks, padded to even length.
enum CleanWebP {
    /// Bits of VP8X that say that there is EXIF and XMP.
    private static let exifFlag: UInt8 = 0x08
    private static let xmpFlag: UInt8 = 0x04

    static func clean(_ source: FileBytes) -> CleanImage? {
        var image = CleanImage()
        image.frames = 0
        image.bytes.reserveCapacity(source.count)
        image.bytes.append(contentsOf: source.slice(0, 12))
        /// Where VP8X has its flags in our bytes.
        var flags: Int?
        let stated = 8 + (source.little32(4) ?? 0)
        let end = min(source.count, stated)
        image.isCutOff = source.count < stated
        each(source.part(0, end), from: 12) { type, data, whole in
            switch type {
            case "VP8X":
                image.width = max(image.width, (data.little24(4) ?? 0) + 1)
                image.height = max(image.height, (data.little24(7) ?? 0) + 1)
                if flags == nil, data.count >= 10 { flags = image.bytes.count + 8 }
                image.bytes.append(contentsOf: whole.bytes)
            case "VP8 ", "VP8L":
                note(type, data, &image)
                image.frames += 1
                image.bytes.append(contentsOf: whole.bytes)
            case "ANMF":
                image.frames += 1
                append(frame: data, to: &image)
            case "ICCP", "ANIM", "ALPH": image.bytes.append(contentsOf: whole.bytes)
            case "EXIF":
                let tiff = data.has("Exif\0\0", at: 0) ? data.part(6, data.count) : data
                image.orientation = Orientation.read(tiff: tiff)
            default: break
            }
            if !image.bytes.count.isMultiple(of: 2) { image.bytes.append(0) }
        }
        guard image.width > 0, image.frames > 0 else { return nil }
        finish(&image, flags: flags)
        return image
    }

    /// Clears the flags of what is gone, adds the way up where it must be told, and states the length.
    private static func finish(_ image: inout CleanImage, flags: Int?) {
        if let flags {
            image.bytes[flags] &= ~(exifFlag | xmpFlag)
            if image.orientation != 1 {
                image.bytes[flags] |= exifFlag
                let tiff = Orientation.tiff(image.orientation)
                image.bytes += Array("EXIF".utf8)
                image.bytes.append(little32: tiff.count)
                image.bytes += tiff
            }
        } else {
            // Without VP8X there is no place for EXIF, and no reader looks for it.
            image.orientation = 1
        }
        let length = image.bytes.count - 8
        for index in 0..<4 { image.bytes[4 + index] = UInt8(length >> (index * 8) & 255) }
    }

    /// Calls the body for each chunk with its type, its data, and the whole of it without padding.
    private static func each(
        _ source: FileBytes,
        from start: Int,
        _ body: (String, FileBytes, FileBytes) -> Void
    ) {
        var place = start
        while let length = source.little32(place + 4), place + 8 + length <= source.count {
            let type = String(decoding: source.slice(place, 4), as: UTF8.self)
            body(type, source.part(place + 8, length), source.part(place, length + 8))
            place += 8 + length + length % 2
        }
    }

    /// A frame: 16 bytes of its own, then chunks again.
    private static func append(frame: FileBytes, to image: inout CleanImage) {
        guard let left = frame.little24(0), let top = frame.little24(3), let width = frame.little24(6),
            let height = frame.little24(9), frame.count >= 16
        else { return }
        image.width = max(image.width, left * 2 + width + 1)
        image.height = max(image.height, top * 2 + height + 1)
        var content = Array(frame.slice(0, 16))
        each(frame, from: 16) { type, _, whole in
            guard ["ALPH", "VP8 ", "VP8L"].contains(type) else { return }
            content.append(contentsOf: whole.bytes)
            if !content.count.isMultiple(of: 2) { content.append(0) }
        }
        image.bytes += Array("ANMF".utf8)
        image.bytes.append(little32: content.count)
        image.bytes += content
    }

    /// The size in the coded picture's own header: 14 bits each.
    private static func note(_ type: String, _ data: FileBytes, _ image: inout CleanImage) {
        if type == "VP8 " {
            image.width = max(image.width, (data.little16(6) ?? 0) & 0x3FFF)
            image.height = max(image.height, (data.little16(8) ?? 0) & 0x3FFF)
        } else if let bits = data.little32(1) {
            image.width = max(image.width, (bits & 0x3FFF) + 1)
            image.height = max(image.height, (bits >> 14 & 0x3FFF) + 1)
        }
    }
}

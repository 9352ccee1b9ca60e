/// GIF89a: a screen, then images and extensions, whose data are sub-blocks of up to 255 bytes.
enum CleanGIF {
    static func clean(_ source: FileBytes) -> CleanImage? {
        guard let width = source.little16(6), let height = source.little16(8), let flags = source.byte(10)
        else { return nil }
        var image = CleanImage()
        image.width = width
        image.height = height
        image.frames = 0
        image.bytes.reserveCapacity(source.count)
        var place = 13 + colours(flags)
        image.bytes.append(contentsOf: source.slice(0, place))
        // Up to the trailer: what follows it is not the picture.
        while let introducer = source.byte(place), introducer != 0x3B {
            let start = place
            if introducer == 0x2C {
                guard let flags = source.byte(place + 9) else { break }
                note(source, place, &image)
                place += 10 + colours(flags) + 1
            } else if introducer == 0x21 {
                place += 2
            } else {
                // Not a block: decoders stop here too.
                break
            }
            skipSubBlocks(source, &place)
            if introducer == 0x2C || isKept(source, start) {
                image.bytes.append(contentsOf: source.slice(start, place - start))
            }
        }
        image.isCutOff = source.byte(place) != 0x3B
        guard image.frames > 0 else { return nil }
        image.bytes.append(0x3B)
        return image
    }

    /// Bytes of the colour table that a flag byte announces.
    private static func colours(_ flags: Int) -> Int { flags & 0x80 == 0 ? 0 : 3 << ((flags & 7) + 1) }

    /// A frame may reach beyond the screen, and decoders then enlarge it.
    private static func note(_ source: FileBytes, _ place: Int, _ image: inout CleanImage) {
        image.frames += 1
        let numbers = (0..<4).map { source.little16(place + 1 + $0 * 2) ?? 0 }
        image.width = max(image.width, numbers[0] + numbers[2])
        image.height = max(image.height, numbers[1] + numbers[3])
    }

    /// The timing of frames, and how often they are repeated; not comments, text, and what programs add.
    private static func isKept(_ source: FileBytes, _ place: Int) -> Bool {
        if source.byte(place + 1) == 0xF9 { return true }
        return source.byte(place + 1) == 0xFF && source.byte(place + 2) == 11
            && (source.has("NETSCAPE2.0", at: place + 3) || source.has("ANIMEXTS1.0", at: place + 3))
    }

    private static func skipSubBlocks(_ source: FileBytes, _ place: inout Int) {
        while let length = source.byte(place) {
            place += 1 + length
            if length == 0 { return }
        }
        place = min(place, source.count)
    }
}

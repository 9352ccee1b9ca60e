#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// JPEG (ITU-T T.81): segments in order, each a marker with a length, and coded data after each SOS.
enum CleanJPEG {
    static func clean(_ source: FileBytes) -> CleanImage? {
        var image = CleanImage()
        image.isCutOff = true
        image.bytes.reserveCapacity(source.count)
        image.bytes = [0xFF, 0xD8]
        /// Where the statement of the way up belongs: behind JFIF's segment, which comes first.
        var head = 2
        var place = 2
        while let marker = nextMarker(source, &place) {
            // EOI: what follows (a second picture with its own position, a film) is not this picture.
            if marker == 0xD9 {
                image.isCutOff = false
                break
            }
            if marker == 0x01 || (0xD0...0xD7).contains(marker) { continue }
            guard let length = source.big16(place), length >= 2, place + length <= source.count else { break }
            let payload = source.part(place + 2, length - 2)
            note(marker, payload, &image)
            append(marker, payload, to: &image.bytes)
            if marker == 0xE0, head == 2 { head = image.bytes.count }
            place += length
            if marker == 0xDA { copyCodedData(source, &place, to: &image.bytes) }
        }
        guard image.width > 0 else { return nil }
        image.bytes += [0xFF, 0xD9]
        if image.orientation != 1 { image.bytes.insert(contentsOf: exif(image.orientation), at: head) }
        return image
    }

    /// Moves behind the next marker and returns it; anything may stand in between.
    private static func nextMarker(_ source: FileBytes, _ place: inout Int) -> Int? {
        while let byte = source.byte(place) {
            place += 1
            guard byte == 0xFF else { continue }
            while source.byte(place) == 0xFF { place += 1 }
            guard let marker = source.byte(place) else { return nil }
            place += 1
            if marker != 0 { return marker }
        }
        return nil
    }

    private static func note(_ marker: Int, _ payload: FileBytes, _ image: inout CleanImage) {
        // SOF0…SOF15 without DHT, JPG and DAC.
        if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
            // Decoders differ in which of several frames they take: the largest counts.
            image.height = max(image.height, payload.big16(1) ?? 0)
            image.width = max(image.width, payload.big16(3) ?? 0)
        } else if marker == 0xE1, payload.has("Exif\0\0", at: 0), image.orientation == 1 {
            image.orientation = Orientation.read(tiff: payload.part(6, payload.count))
        }
    }

    private static func append(_ marker: Int, _ payload: FileBytes, to bytes: inout [UInt8]) {
        let isKept =
            switch marker {
            case 0xC0...0xCF, 0xDA...0xDF: true
            case 0xE2: payload.has("ICC_PROFILE\0", at: 0)
            case 0xEE: payload.has("Adobe", at: 0)
            default: false
            }
        if marker == 0xE0, payload.has("JFIF\0", at: 0), payload.count >= 14 {
            // Without its thumbnail.
            bytes += [0xFF, 0xE0, 0, 16]
            bytes.append(contentsOf: payload.slice(0, 12))
            bytes += [0, 0]
        } else if isKept {
            bytes += [0xFF, UInt8(marker)]
            bytes.append(big16: payload.count + 2)
            bytes.append(contentsOf: payload.bytes)
        }
    }

    /// Copies up to the next marker that is neither stuffing nor a restart, and leaves it for the caller.
    private static func copyCodedData(_ source: FileBytes, _ place: inout Int, to bytes: inout [UInt8]) {
        let start = place
        while place < source.count {
            let rest = source.slice(place, source.count)
            guard let base = rest.baseAddress, let hit = memchr(base, 0xFF, rest.count) else {
                place = source.count
                break
            }
            place += UnsafeRawPointer(hit) - base
            guard let next = source.byte(place + 1) else {
                // A lone 0xFF at the end.
                bytes.append(contentsOf: source.slice(start, place - start))
                place = source.count
                return
            }
            guard next == 0 || next == 0xFF || (0xD0...0xD7).contains(next) else { break }
            place += next == 0xFF ? 1 : 2
        }
        bytes.append(contentsOf: source.slice(start, place - start))
    }

    private static func exif(_ orientation: Int) -> [UInt8] {
        let tiff = Orientation.tiff(orientation)
        var segment: [UInt8] = [0xFF, 0xE1]
        segment.append(big16: tiff.count + 8)
        return segment + Array("Exif\0\0".utf8) + tiff
    }
}

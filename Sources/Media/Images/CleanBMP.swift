/// Windows bitmaps: two headers, perhaps a palette, then the rows.
enum CleanBMP {
    static func clean(_ source: FileBytes) -> CleanImage? {
        guard let offset = source.little32(10), let header = source.little32(14), offset >= 14 + header,
            offset < source.count
        else { return nil }
        var image = CleanImage()
        if header == 12 {
            image.width = source.little16(18) ?? 0
            image.height = source.little16(20) ?? 0
        } else {
            guard header >= 40, let width = source.little32(18), let height = source.little32(22) else { return nil }
            image.width = width
            // Negative: the rows come from above.
            image.height = height > Int(Int32.max) ? (1 << 32) - height : height
        }
        // What has too much of a size is refused by it, before anything is computed from it.
        guard max(image.width, image.height) < 1 << 20 else { return image }
        guard let end = end(source, offset: offset, header: header, image) else { return nil }
        image.bytes = Array(source.slice(0, end))
        // The fifth header can name a colour profile in a file of its maker's disk, or hold one behind the rows.
        if header >= 124, image.bytes.count >= 14 + 124 {
            image.bytes.replaceSubrange(70..<74, with: Array("BGRs".utf8))
            image.bytes.replaceSubrange(126..<134, with: [UInt8](repeating: 0, count: 8))
        }
        var size: [UInt8] = []
        size.append(little32: image.bytes.count)
        image.bytes.replaceSubrange(2..<6, with: size)
        return image
    }

    /// Where the rows end: as long as the size says, or, compressed, as the header says.
    private static func end(_ source: FileBytes, offset: Int, header: Int, _ image: CleanImage) -> Int? {
        guard let bits = source.little16(header == 12 ? 24 : 28), bits <= 32 else { return nil }
        let compression = header == 12 ? 0 : source.little32(30) ?? 0
        let rows = (image.width * bits + 31) / 32 * 4 * image.height
        // BI_RLE8, BI_RLE4, and JPEG or PNG inside, which no decoder here takes.
        let length = [1, 2].contains(compression) ? source.little32(34) ?? 0 : rows
        return min(source.count, offset + (length > 0 ? length : source.count))
    }
}

/// Cuts a fragmented MP4, as it comes, into its initialization and its fragments.
///
/// Memory holds one fragment.
package struct FragmentStream: Sendable {
    package enum Element: Sendable {
        /// `ftyp` and `moov`.
        case initialization([UInt8])
        case fragment(Fragment)
    }

    /// One fragment of ours is some megabytes; more is not ours.
    private static let limit = 512 << 20

    private var buffer: [UInt8] = []
    private var start = 0
    private var initialization: [UInt8] = []
    private var pendingMoof: [UInt8]?

    package init() {}

    /// Takes the next bytes; returns what is complete now.
    package mutating func push(_ bytes: some Sequence<UInt8>) throws -> [Element] {
        buffer.append(contentsOf: bytes)
        var elements: [Element] = []
        while let box = try nextBox() {
            if let element = try element(box.type, box.bytes) { elements.append(element) }
        }
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        return elements
    }

    /// Whether everything pushed so far ended with a whole fragment.
    package var isAtBoundary: Bool { buffer.isEmpty && pendingMoof == nil }

    private mutating func nextBox() throws(BoxError) -> (type: String, bytes: [UInt8])? {
        guard let header = try BoxHeader(buffer, at: start, end: buffer.count) else { return nil }
        // A box that lasts to the end cannot be cut from a stream; our muxer writes none.
        guard let size = header.size else { throw BoxError.malformed(header.type) }
        guard size <= Self.limit else { throw BoxError.tooLarge(header.type) }
        guard buffer.count - start >= size else { return nil }
        defer { start += size }
        return (header.type, Array(buffer[start..<start + size]))
    }

    private mutating func element(_ type: String, _ bytes: [UInt8]) throws -> Element? {
        switch type {
        case "ftyp":
            initialization = bytes
            return nil
        case "moov":
            return .initialization(initialization + bytes)
        case "moof":
            guard pendingMoof == nil else { throw BoxError.malformed("moof without mdat") }
            pendingMoof = bytes
            return nil
        case "mdat":
            guard let moof = pendingMoof else { throw BoxError.malformed("mdat without moof") }
            pendingMoof = nil
            return .fragment(try Fragment(moofAndMedia: moof + bytes))
        default:
            // styp, sidx, mfra and the like say nothing that the playlists do not.
            return nil
        }
    }
}

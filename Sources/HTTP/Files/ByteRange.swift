/// A `Range` header's meaning for a representation of known length (RFC 9110 section 14).
enum ByteRange: Equatable {
    /// No range, one that is not understood, or several: the whole is sent, which the RFC always allows.
    case whole
    case part(Range<Int64>)
    case unsatisfiable

    init(_ header: String?, length: Int64) {
        self = Self.parse(header, length: length) ?? .whole
    }

    private static func parse(_ header: String?, length: Int64) -> ByteRange? {
        guard let header, header.prefix(6).lowercased() == "bytes=" else { return nil }
        let specification = header.dropFirst(6).trimmingSpaces()
        let ends = specification.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard !specification.contains(","), ends.count == 2 else { return nil }
        let first = ends[0].trimmingSpaces()
        let last = ends[1].trimmingSpaces()
        guard first.utf8.allSatisfy(ASCII.isDigit), last.utf8.allSatisfy(ASCII.isDigit) else { return nil }
        if first.isEmpty {
            guard !last.isEmpty else { return nil }
            // A number beyond 63 bits is as good as the largest one.
            let suffix = Int64(last) ?? .max
            return suffix == 0 || length == 0 ? .unsatisfiable : .part(max(0, length - suffix)..<length)
        }
        let start = Int64(first) ?? .max
        let end = last.isEmpty ? Int64.max : Int64(last) ?? .max
        guard end >= start else { return nil }
        guard start < length else { return .unsatisfiable }
        return .part(start..<min(length - 1, end) + 1)
    }
}

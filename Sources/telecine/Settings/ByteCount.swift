internal import Foundation

/// A number of bytes, read and written with binary units.
struct ByteCount: Hashable, Sendable, CustomStringConvertible {
    let bytes: Int64

    init(_ bytes: Int64) { self.bytes = bytes }

    private static let units: [(name: String, shift: Int64)] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)]

    /// Reads `5 MiB`, `5MB` and `5m` as the same, and a plain number as bytes; nil for anything else.
    init?(parsing text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).trimmingCharacters(in: .whitespaces).lowercased()
        guard let count = Int64(digits) else { return nil }
        let shift: Int64
        switch unit {
        case "", "b": shift = 0
        case "k", "kb", "kib": shift = 10
        case "m", "mb", "mib": shift = 20
        case "g", "gb", "gib": shift = 30
        case "t", "tb", "tib": shift = 40
        default: return nil
        }
        let product = count.multipliedReportingOverflow(by: 1 << shift)
        guard !product.overflow else { return nil }
        bytes = product.partialValue
    }

    var description: String {
        guard let unit = Self.units.first(where: { bytes >= 1 << $0.shift }) else { return "\(bytes) B" }
        let whole = bytes >> unit.shift
        guard bytes & ((1 << unit.shift) - 1) != 0 else { return "\(whole) \(unit.name)" }
        return String(format: "%.1f %@", Double(bytes) / Double(Int64(1) << unit.shift), unit.name)
    }
}

package import Core
internal import SQL

/// A day of the calendar, UTC.
package struct Day: RawRepresentable, Hashable, Comparable, Sendable, SQLConvertible {
    /// Days since 1970-01-01.
    package let rawValue: Int64

    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    package init(_ time: Timestamp) {
        rawValue = Int64((Double(time.seconds) / 86_400).rounded(.down))
    }

    /// Reads `2026-11-21`; nil for anything else, and for days that no calendar has.
    package init?(parsing text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 10, parts.map(\.utf8.count) == [4, 2, 2],
            text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 45 }),
            let year = Int64(parts[0]), let month = Int64(parts[1]), let day = Int64(parts[2]),
            (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        // Years begin in March, so that leap days stand at their end.
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = shifted % 400 * 365 + shifted % 400 / 4 - shifted % 400 / 100 + dayOfYear
        rawValue = shifted / 400 * 146_097 + dayOfEra - 719_468
        guard description == text else { return nil }
    }

    package var start: Timestamp { Timestamp(seconds: rawValue * 86_400) }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    package static func + (day: Self, days: Int64) -> Self { Self(rawValue: day.rawValue + days) }
    package static func - (day: Self, days: Int64) -> Self { Self(rawValue: day.rawValue - days) }
}

extension Day: CustomStringConvertible {
    /// `2026-11-21`.
    package var description: String { String(start.iso8601.prefix(10)) }
}

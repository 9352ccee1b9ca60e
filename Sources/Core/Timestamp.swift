#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A moment: integer microseconds since 1970, UTC.
///
/// The form of every time in the database.
package struct Timestamp: Hashable, Comparable, Sendable, Codable {
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package init(seconds: Int64) {
        microseconds = seconds * 1_000_000
    }

    /// The wall clock.
    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 { microseconds.floorDivided(by: 1_000_000) }

    package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    package static func + (time: Self, duration: Duration) -> Self {
        Timestamp(microseconds: time.microseconds + duration.microseconds)
    }

    package static func - (left: Self, right: Self) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }

    package static func - (time: Self, duration: Duration) -> Self {
        Timestamp(microseconds: time.microseconds - duration.microseconds)
    }
}

extension Duration {
    /// Whole microseconds, rounded towards zero.
    package var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }

    /// Seconds with their fraction: for display and for ffmpeg's arguments, never for storage.
    package var inSeconds: Double { Double(microseconds) / 1_000_000 }
}

extension Int64 {
    func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

// MARK: - Written forms

extension Timestamp {
    /// Year, month (1–12), day, hour, minute, second, microsecond in UTC.
    private var parts: (year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64, micro: Int64)
    {
        let days = seconds.floorDivided(by: 86_400)
        let ofDay = seconds - days * 86_400
        // Days to a civil date in 400-year eras that start on 1 March.
        let shifted = days + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (
            year, month, day, ofDay / 3600, ofDay / 60 % 60, ofDay % 60, microseconds - seconds * 1_000_000
        )
    }

    /// RFC 3339 with milliseconds, `2023-08-14T10:00:00.000Z`: contracts 1 and 4.
    package var iso8601WithMilliseconds: String {
        let parts = parts
        guard (0...9999).contains(parts.year) else {
            return "\(dateText)T\(timeText).\(Self.digits(parts.micro / 1000, 3))Z"
        }
        // Every log line has one, so digit by digit.
        return String(unsafeUninitializedCapacity: 24) { text in
            _ = text.initialize(from: "0000-00-00T00:00:00.000Z".utf8)
            func put(_ value: Int64, at end: Int) {
                var rest = value
                var index = end
                while rest > 0 {
                    text[index] = 48 + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                    index -= 1
                }
            }
            put(parts.year, at: 3)
            put(parts.month, at: 6)
            put(parts.day, at: 9)
            put(parts.hour, at: 12)
            put(parts.minute, at: 15)
            put(parts.second, at: 18)
            put(parts.micro / 1000, at: 22)
            return 24
        }
    }

    /// RFC 3339 without a fraction, `2025-12-04T11:00:00Z`: contracts 2 and 3.
    package var iso8601: String { "\(dateText)T\(timeText)Z" }

    /// IMF-fixdate (RFC 9110 section 5.6.7), for HTTP headers.
    package var httpDate: String {
        let parts = parts
        let weekday = (seconds.floorDivided(by: 86_400) % 7 + 11) % 7
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(days[Int(weekday)]), \(Self.digits(parts.day, 2)) \(months[Int(parts.month) - 1]) "
            + "\(Self.digits(parts.year, 4)) \(timeText) GMT"
    }

    private var dateText: String {
        let parts = parts
        return "\(Self.digits(parts.year, 4))-\(Self.digits(parts.month, 2))-\(Self.digits(parts.day, 2))"
    }

    private var timeText: String {
        let parts = parts
        return "\(Self.digits(parts.hour, 2)):\(Self.digits(parts.minute, 2)):\(Self.digits(parts.second, 2))"
    }

    private static func digits(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

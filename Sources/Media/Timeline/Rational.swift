/// An exact fraction with a positive denominator, in lowest terms: frame rates, time bases, times on a grid.
package struct Rational: Hashable, Sendable, Codable {
    package let numerator: Int
    package let denominator: Int

    /// - Precondition: the denominator is not zero.
    package init(_ numerator: Int, _ denominator: Int = 1) {
        precondition(denominator != 0, "a fraction has a denominator")
        var (a, b) = (numerator.magnitude, denominator.magnitude)
        while b != 0 { (a, b) = (b, a % b) }
        let divisor = Int(max(1, a)) * (denominator < 0 ? -1 : 1)
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
    }

    /// Reads `30000/1001`, `16:9` or `25`; nil when it is something else, zero or out of range.
    init?(positive text: String) {
        let parts = text.split(whereSeparator: { $0 == "/" || $0 == ":" })
        guard let first = parts.first, parts.count <= 2, let numerator = Int32(first), numerator > 0,
            let denominator = parts.count == 2 ? Int32(parts[1]) : 1, denominator > 0
        else { return nil }
        self.init(Int(numerator), Int(denominator))
    }

    package var value: Double { Double(numerator) / Double(denominator) }

    static func * (left: Rational, right: Rational) -> Rational {
        // Reduced crosswise first, so that products stay small.
        let a = Rational(left.numerator, right.denominator)
        let b = Rational(right.numerator, left.denominator)
        var numerator = Int128(a.numerator) * Int128(b.numerator)
        var denominator = Int128(a.denominator) * Int128(b.denominator)
        // A hostile time base may not fit: precision goes, never the process.
        while abs(numerator) > Int128(Int.max) || denominator > Int128(Int.max) {
            numerator /= 2
            denominator /= 2
        }
        return Rational(Int(numerator), Int(max(1, denominator)))
    }

    /// By zero it gives `left` over nothing smaller than the divisor's own unit: never a trap.
    static func / (left: Rational, right: Rational) -> Rational {
        left * Rational(right.denominator, right.numerator == 0 ? 1 : right.numerator)
    }

    /// Within this share of each other: 0.01 is one per cent.
    func isClose(to other: Rational, within share: Double) -> Bool {
        abs(value / other.value - 1) < share
    }

    /// As ffmpeg writes it.
    var text: String { denominator == 1 ? String(numerator) : "\(numerator)/\(denominator)" }

    /// Whether these seconds are a number of microseconds in 64 bits, in which ffmpeg seeks.
    var isTime: Bool { abs(value) < 9.2e12 }

    /// A number of seconds as a duration, exact to the nanosecond.
    package var duration: Duration {
        let nanoseconds = Int128(numerator) * 1_000_000_000 / Int128(denominator)
        return .nanoseconds(Int64(clamping: nanoseconds))
    }
}

extension Rational: Comparable {
    package static func < (left: Rational, right: Rational) -> Bool {
        Int128(left.numerator) * Int128(right.denominator) < Int128(right.numerator) * Int128(left.denominator)
    }
}

extension Int {
    /// `self × fraction`, rounded up.
    func scaledUp(by fraction: Rational) -> Int {
        let product = Int128(self) * Int128(fraction.numerator)
        let denominator = Int128(fraction.denominator)
        return Int(clamping: product >= 0 ? (product + denominator - 1) / denominator : product / denominator)
    }

    /// `self × fraction`, rounded to the nearest, halves up.
    func scaledRounded(by fraction: Rational) -> Int {
        let doubled = Int128(self) * Int128(fraction.numerator) * 2 + Int128(fraction.denominator)
        let divisor = Int128(fraction.denominator) * 2
        let quotient = doubled / divisor
        return Int(clamping: doubled < 0 && doubled % divisor != 0 ? quotient - 1 : quotient)
    }

    /// `self × fraction`, rounded down.
    func scaledDown(by fraction: Rational) -> Int {
        let product = Int128(self) * Int128(fraction.numerator)
        let denominator = Int128(fraction.denominator)
        let quotient = product / denominator
        return Int(clamping: product < 0 && product % denominator != 0 ? quotient - 1 : quotient)
    }
}

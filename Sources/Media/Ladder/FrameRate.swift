/// The one frame rate of a version's rungs (DESIGN 4).
enum FrameRate {
    /// Rates that equipment and players know.
    private static let standards = [
        Rational(10), Rational(12), Rational(15), Rational(24000, 1001), Rational(24), Rational(25),
        Rational(30000, 1001), Rational(30), Rational(50), Rational(60000, 1001), Rational(60),
    ]

    /// Slower sources repeat their frames: a segment then has enough of them to be cut where it should be.
    private static let slowest = Rational(5)

    /// The standard rate within this share of a rate; the closest two standards are a thousandth apart.
    static func standard(near rate: Rational, within share: Double = 0.0006) -> Rational? {
        let nearest = standards.min { abs($0.value / rate.value - 1) < abs($1.value / rate.value - 1) }
        return nearest.flatMap { $0.isClose(to: rate, within: share) ? $0 : nil }
    }

    /// The output grid's rate.
    ///
    /// - `measured`: packets a second, nil for a single frame.
    /// - `nominal`: the container's `r_frame_rate`: the true one of a constant source, the finest tick of a variable.
    /// - `ceiling`: the source's rate is divided by the smallest whole number that brings it within 1.25 × of this.
    static func grid(measured: Rational?, nominal: Rational?, ceiling: Rational) -> Rational {
        guard let measured, measured.value > 0 else { return standard(near: ceiling) ?? ceiling }
        return divided(source(measured: measured, nominal: nominal ?? measured), toFit: ceiling)
    }

    private static func source(measured: Rational, nominal: Rational) -> Rational {
        // A constant source keeps its own rate, whatever it is: no frame is repeated or lost.
        if nominal.isClose(to: measured, within: 0.01) { return standard(near: nominal) ?? writable(nominal) }
        if let standard = standard(near: measured, within: 0.01) { return standard }
        if measured.isWhole(within: 0.001) { return writable(measured) }
        // Variable: the next standard that loses no frame.
        return standards.first { $0 >= measured } ?? writable(measured)
    }

    private static func divided(_ rate: Rational, toFit ceiling: Rational) -> Rational {
        let allowed = ceiling * Rational(5, 4)
        let divisor = max(1, 1.scaledUp(by: rate / allowed))
        let fitting = rate / Rational(divisor)
        guard fitting < slowest else { return fitting }
        return fitting * Rational(max(1, 1.scaledUp(by: slowest / fitting)))
    }

    /// A fraction that a time scale can carry exactly.
    private static func writable(_ rate: Rational) -> Rational {
        if rate.numerator <= 60_000 && rate.denominator <= 1001 { return rate }
        return Rational(max(1, 100.scaledRounded(by: rate)), 100)
    }
}

extension Rational {
    fileprivate func isWhole(within share: Double) -> Bool {
        value >= 1 && abs(value / value.rounded() - 1) < share
    }
}

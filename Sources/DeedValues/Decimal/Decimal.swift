// An exact decimal number: an integer of up to 38 digits, and how many of its digits stand behind the point (0 to 38). 1.50 and
// 1.5 are equal, and print differently.
//
// What the two words hold is a 128-bit integer. It is not stored as one: that would align every `Value` to 16 bytes, and make it
// half as large again.

package struct Decimal: Sendable {
    let low: UInt64
    let high: Int64
    /// Digits behind the point.
    package let scale: UInt8

    package static let digitsMax = 38
    /// The least number of 39 digits.
    package static let limit: UInt128 = 100_000_000_000_000_000_000_000_000_000_000_000_000
    /// 10^0 to 10^38.
    package static let powers: [UInt128] = (0...digitsMax).map { (0..<$0).reduce(1 as UInt128) { power, _ in power * 10 } }

    /// The caller knows that it is in range.
    @inline(__always)
    package init(unchecked coefficient: Int128, scale: UInt8) {
        low = UInt64(truncatingIfNeeded: coefficient)
        high = Int64(truncatingIfNeeded: coefficient >> 64)
        self.scale = scale
    }

    /// nil if it has more than 38 digits, or such a scale.
    package init?(_ coefficient: Int128, scale: Int) {
        guard coefficient.magnitude < Self.limit, (0...Self.digitsMax).contains(scale) else { return nil }
        self.init(unchecked: coefficient, scale: UInt8(truncatingIfNeeded: scale))
    }

    package init(_ integer: Int64) { self.init(unchecked: Int128(integer), scale: 0) }

    /// nil if it is too large.
    private init?(magnitude: UInt128, isNegative: Bool, scale: Int) {
        guard magnitude < Self.limit else { return nil }
        let coefficient = Int128(magnitude)
        self.init(isNegative ? 0 - coefficient : coefficient, scale: scale)
    }

    @inline(__always)
    package var coefficient: Int128 { Int128(high) << 64 | Int128(low) }
    /// The coefficient has 64 bits.
    @inline(__always)
    var isSmall: Bool { high == Int64(bitPattern: low) >> 63 }
    package var isNegative: Bool { high < 0 }
    package var isZero: Bool { high == 0 && low == 0 }
    package var magnitude: UInt128 { coefficient.magnitude }

    /// 0.00 for 1.50.
    package var zero: Decimal { Decimal(unchecked: 0, scale: scale) }
    package var negated: Decimal { Decimal(unchecked: 0 &- coefficient, scale: scale) }
    package var absolute: Decimal { isNegative ? negated : self }
    package var signum: Int { isNegative ? -1 : isZero ? 0 : 1 }

    /// How many digits the coefficient has; 0 for zero.
    package static func digits(_ magnitude: UInt128) -> Int {
        var (low, high) = (0, digitsMax)
        while low < high {
            let middle = (low + high) / 2
            if magnitude < powers[middle] { high = middle } else { low = middle + 1 }
        }
        return magnitude < powers[low] ? low : low + 1
    }

    // MARK: Scales

    /// With so many digits behind the point, which may be negative for zeros before it; halves are rounded away from zero. nil if
    /// it does not fit.
    package func rounded(to wanted: Int) -> Decimal? { rounded(to: wanted, .halfUp) }

    /// The same, but digits are left out.
    package func truncated(to wanted: Int) -> Decimal? { rounded(to: wanted, .down) }

    func rounded(to wanted: Int, _ mode: DecimalRounding.Mode) -> Decimal? {
        let shift = min(wanted, Self.digitsMax) - Int(scale)
        if shift == 0 { return self }
        if shift > 0 {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: Self.powers[shift])
            return overflow ? nil : Decimal(magnitude: product, isNegative: isNegative, scale: Int(scale) + shift)
        }
        // A unit of 39 digits is more than twice every number.
        let unit = -shift > Self.digitsMax ? 3 * Self.limit : Self.powers[-shift]
        var (quotient, rest) = magnitude.quotientAndRemainder(dividingBy: unit)
        let half = rest < unit - rest ? -1 : rest > unit - rest ? 1 : 0
        if rest > 0 && mode.goesAwayFromZero(half: half, isOdd: quotient & 1 == 1, isNegative: isNegative) { quotient += 1 }
        if wanted >= 0 { return Decimal(magnitude: quotient, isNegative: isNegative, scale: wanted) }
        let (whole, overflow) = quotient.multipliedReportingOverflow(by: Self.powers[min(-wanted, Self.digitsMax)])
        return overflow ? nil : Decimal(magnitude: whole, isNegative: isNegative, scale: 0)
    }

    /// Rounded to the scale; nil if it then has more digits than the precision.
    package func fitted(precision: Int, scale: Int) -> Decimal? {
        guard (1...Self.digitsMax).contains(precision), let rounded = rounded(to: scale),
            rounded.magnitude < Self.powers[precision]
        else { return nil }
        return rounded
    }

    /// The integer next below or equal, and the one above or equal.
    package var floor: Decimal { towards(isUp: false) }
    package var ceiling: Decimal { towards(isUp: true) }

    private func towards(isUp: Bool) -> Decimal {
        let (quotient, rest) = coefficient.quotientAndRemainder(dividingBy: Int128(Self.powers[Int(scale)]))
        let step: Int128 = rest == 0 || isNegative == isUp ? 0 : isUp ? 1 : -1
        return Decimal(unchecked: quotient + step, scale: 0)
    }

    /// Halves are rounded away from zero; nil beyond 64 bits.
    package var integer: Int64? { rounded(to: 0).flatMap { Int64(exactly: $0.coefficient) } }

    /// As an integer, if it is one of 64 bits.
    package var exactInteger: Int64? {
        if isSmall && scale <= 18 {
            let (quotient, rest) = Int64(bitPattern: low).quotientAndRemainder(dividingBy: Int64(Self.powers[Int(scale)]))
            return rest == 0 ? quotient : nil
        }
        let (quotient, rest) = coefficient.quotientAndRemainder(dividingBy: Int128(Self.powers[Int(scale)]))
        return rest == 0 ? Int64(exactly: quotient) : nil
    }

    /// The same number without zeros at the end of its digits behind the point.
    package var normalized: Decimal {
        var (coefficient, scale) = (coefficient, scale)
        while scale > 0 {
            let (quotient, rest) = coefficient.quotientAndRemainder(dividingBy: 10)
            if rest != 0 { break }
            (coefficient, scale) = (quotient, scale - 1)
        }
        return Decimal(unchecked: coefficient, scale: scale)
    }
}

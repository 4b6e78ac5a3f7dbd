// Arithmetic of decimals. Sums and differences have the larger scale of both, and are exact or an error. Products have the sum of
// the scales, rounded to the digits there is room for if they have more than 38. Quotients have the scale that PostgreSQL gives
// them: at least 16 significant digits, and no scale below those of the operands; fewer where there is no room. Halves are
// rounded away from zero. Products and dividends have up to 76 digits in between, in 256 bits.

extension Decimal {
    /// nil: the result has more than 38 digits.
    package static func add(_ left: Decimal, _ right: Decimal) -> Decimal? { sum(left, right.coefficient, right.scale) }

    package static func subtract(_ left: Decimal, _ right: Decimal) -> Decimal? { sum(left, 0 - right.coefficient, right.scale) }

    private static func sum(_ left: Decimal, _ other: Int128, _ otherScale: UInt8) -> Decimal? {
        var (one, other) = (left.coefficient, other)
        let scale = max(left.scale, otherScale)
        if left.scale == otherScale, let small = Int64(exactly: other), left.isSmall {
            // Far from 38 digits.
            return Decimal(unchecked: one &+ Int128(small), scale: scale)
        }
        if left.scale != otherScale {
            guard let aligned = shifted(one, scale - left.scale), let otherAligned = shifted(other, scale - otherScale)
            else { return nil }
            (one, other) = (aligned, otherAligned)
        }
        let (sum, overflow) = one.addingReportingOverflow(other)
        return overflow ? nil : Decimal(sum, scale: Int(scale))
    }

    /// With so many zeros behind it.
    static func shifted(_ coefficient: Int128, _ zeros: UInt8) -> Int128? {
        if zeros == 0 { return coefficient }
        let (product, overflow) = coefficient.multipliedReportingOverflow(by: Int128(powers[Int(zeros)]))
        return overflow ? nil : product
    }

    package static func multiply(_ left: Decimal, _ right: Decimal) -> Decimal? {
        let scale = Int(left.scale) + Int(right.scale)
        if left.isSmall && right.isSmall && scale <= digitsMax {
            // 124 bits and a sign are always fewer than 39 digits.
            let product = Int64(bitPattern: left.low).multipliedFullWidth(by: Int64(bitPattern: right.low))
            if product.high.magnitude < 1 << 60 {
                return Decimal(unchecked: Int128(product.high) << 64 | Int128(product.low), scale: UInt8(scale))
            }
        }
        let (one, other) = (left.coefficient, right.coefficient)
        let (product, overflow) = one.multipliedReportingOverflow(by: other)
        if !overflow, let result = Decimal(product, scale: scale) { return result }
        let wide = one.magnitude.multipliedFullWidth(by: other.magnitude)
        return rounded(wide.high, wide.low, scale: scale, isNegative: left.isNegative != right.isNegative)
    }

    /// Of 256 bits, without as many of the digits behind the point as it takes.
    private static func rounded(_ high: UInt128, _ low: UInt128, scale: Int, isNegative: Bool) -> Decimal? {
        for dropped in max(0, scale - digitsMax)...digitsMax where dropped <= scale {
            let unit = powers[dropped]
            guard isLess(high, low, unit.multipliedFullWidth(by: limit)) else { continue }
            var (quotient, rest) = unit.dividingFullWidth((high, low))
            if dropped > 0 && rest >= unit - rest { quotient += 1 }
            // Rounding may have made one digit more.
            if quotient == limit { continue }
            let coefficient = Int128(quotient)
            return Decimal(isNegative ? 0 - coefficient : coefficient, scale: scale - dropped)
        }
        return nil
    }

    static func isLess(_ high: UInt128, _ low: UInt128, _ other: (high: UInt128, low: UInt128)) -> Bool {
        high != other.high ? high < other.high : low < other.low
    }

    // MARK: Division

    /// The divisor is not zero. nil: the result has more than 38 digits before the point.
    package static func divide(_ left: Decimal, _ right: Decimal) -> Decimal? {
        let (dividend, divisor) = (left.magnitude, right.magnitude)
        let isNegative = left.isNegative != right.isNegative
        let digits = digits(dividend)
        var scale = scaleOfQuotient(left, right)
        while scale >= 0 {
            // The quotient at this scale is dividend * 10^zeros / divisor. At a scale without room for it there is none.
            let zeros = scale + Int(right.scale) - Int(left.scale)
            if zeros >= 0, digits + zeros <= 2 * digitsMax {
                let first = dividend * powers[max(zeros - digitsMax, 0)]
                let wide = first.multipliedFullWidth(by: powers[min(zeros, digitsMax)])
                if isLess(wide.high, wide.low, divisor.multipliedFullWidth(by: limit)) {
                    var (quotient, rest) = divisor.dividingFullWidth(wide)
                    if rest >= divisor - rest { quotient += 1 }
                    if quotient < limit {
                        let coefficient = Int128(quotient)
                        return Decimal(isNegative ? 0 - coefficient : coefficient, scale: scale)
                    }
                }
            }
            scale -= 1
        }
        return nil
    }

    /// PostgreSQL estimates the weight of the quotient from the first digits of both numbers, to the base of 10,000.
    private static func scaleOfQuotient(_ left: Decimal, _ right: Decimal) -> Int {
        let (one, other) = (leading(left), leading(right))
        let weight = one.weight - other.weight - (one.digit <= other.digit ? 1 : 0)
        return min(max(16 - 4 * weight, Int(left.scale), Int(right.scale)), digitsMax)
    }

    /// The first digit to the base of 10,000, and the power of 10,000 that it stands for.
    private static func leading(_ number: Decimal) -> (weight: Int, digit: Int) {
        let magnitude = number.magnitude
        if magnitude == 0 { return (0, 0) }
        // The number is 0.d1 d2 d3 ... x 10^point.
        let digits = digits(magnitude)
        let point = digits - Int(number.scale)
        let weight = (point + 39) / 4 - 10
        // Of the digits, those that belong to the first one to the base of 10,000; zeros behind the last.
        let taken = point - 4 * weight
        let digit = taken <= digits ? magnitude / powers[digits - taken] : magnitude * powers[taken - digits]
        return (weight, Int(digit))
    }

    /// With the sign of the dividend and the larger scale. The divisor is not zero.
    package static func modulo(_ left: Decimal, _ right: Decimal) -> Decimal? {
        let scale = max(left.scale, right.scale)
        let rest: UInt128
        if left.scale >= right.scale {
            let (divisor, overflow) = right.magnitude.multipliedReportingOverflow(by: powers[Int(left.scale - right.scale)])
            rest = overflow ? left.magnitude : left.magnitude % divisor
        } else {
            let divisor = right.magnitude
            let wide = (left.magnitude % divisor).multipliedFullWidth(by: powers[Int(right.scale - left.scale)])
            rest = divisor.dividingFullWidth(wide).remainder
        }
        let coefficient = Int128(rest)
        return Decimal(left.isNegative ? 0 - coefficient : coefficient, scale: Int(scale))
    }

    // MARK: Order

    /// -1, 0 or 1.
    package static func compare(_ left: Decimal, _ right: Decimal) -> Int {
        let (one, other) = (left.coefficient, right.coefficient)
        if left.scale == right.scale { return ScalarOrder.compare(one, other) }
        let (sign, otherSign) = (left.signum, right.signum)
        if sign != otherSign { return ScalarOrder.compare(sign, otherSign) }
        let wide = one.magnitude.multipliedFullWidth(by: powers[max(0, Int(right.scale) - Int(left.scale))])
        let otherWide = other.magnitude.multipliedFullWidth(by: powers[max(0, Int(left.scale) - Int(right.scale))])
        if wide == otherWide { return 0 }
        return isLess(wide.high, wide.low, otherWide) ? -sign : sign
    }
}

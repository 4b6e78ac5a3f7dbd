// Decimals beside floats.
//
// Compared with a decimal, a float counts as the number that it is written as, by the fewest digits that give it back: the float
// 0.1 equals 0.1, and not the 0.1000000000000000055511151231257827 that its bits say. From 2^53 on, where floats are integers, it
// counts as that integer, as it does beside integers. Between the two neighbours of a float nothing else is written by its digits,
// so that the order of floats stays, and with it one order and one equality of integers, floats and decimals.

import Glibc

extension Decimal {
    /// The nearest float.
    package var double: Double {
        if let double = quickDouble { return double }
        return strtod(description, nil)
    }

    /// Both numbers are floats without rounding, so that their quotient is rounded once.
    @inline(__always)
    private var quickDouble: Double? {
        guard high == 0 && low < 1 << 53 || high == -1 && low > 0 &- (1 << 53) as UInt64, scale <= 22 else { return nil }
        return Double(Int64(bitPattern: low)) / Self.floatPowers[Int(scale)]
    }

    private static let floatPowers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// A float and the decimal beside it.
    package struct NearestFloat {
        package let float: Double
        /// -1, 0 or 1 as the decimal is less than, equal to or greater than what the float counts as.
        package let order: Int
    }

    package var nearestFloat: NearestFloat {
        let float = double
        // 15 digits are told apart by floats, so that none with fewer digits gives the same one.
        if magnitude < 1_000_000_000_000_000 && float.magnitude < 0x1p53 { return NearestFloat(float: float, order: 0) }
        return NearestFloat(float: float, order: orderBeside(float))
    }

    private func orderBeside(_ float: Double) -> Int {
        if float.magnitude >= 0x1p53 {
            // Below 2^127, which no decimal exceeds.
            let (quotient, rest) = coefficient.quotientAndRemainder(dividingBy: Int128(Self.powers[Int(scale)]))
            let whole = Int128(float)
            return quotient != whole ? ScalarOrder.compare(quotient, whole) : ScalarOrder.compare(rest, 0)
        }
        return Self.compare(self, toShortest: float)
    }

    /// With the decimal digits that the float is written by, of which there may be more behind the point than a decimal has.
    private static func compare(_ decimal: Decimal, toShortest float: Double) -> Int {
        let sign = decimal.signum
        let other = float > 0 ? 1 : float < 0 ? -1 : 0
        if sign != other || sign == 0 { return ScalarOrder.compare(sign, other) }
        let (digits, point) = DecimalRounding.decimal(float.magnitude)
        let coefficient = digits.reduce(0 as UInt128) { $0 * 10 + UInt128($1) }
        // coefficient * 10^-scale
        let scale = digits.count - point
        let shift = scale - Int(decimal.scale)
        // Numbers of which one is the float next to the other are about as large, so that the scales are not far apart.
        guard abs(shift) <= digitsMax else { return shift > 0 ? sign : -sign }
        let one = decimal.magnitude.multipliedFullWidth(by: powers[max(shift, 0)])
        let two = coefficient.multipliedFullWidth(by: powers[max(-shift, 0)])
        if one == two { return 0 }
        return isLess(one.high, one.low, two) ? -sign : sign
    }

    /// -1, 0 or 1; NaN comes after every decimal.
    package static func compare(_ left: Decimal, _ right: Double) -> Int {
        if right.isNaN { return -1 }
        let nearest = left.nearestFloat
        return nearest.float != right ? ScalarOrder.compare(nearest.float, right) : nearest.order
    }

    /// With the 15 significant digits that PostgreSQL takes of a float. nil for NaN, infinities and what is too large.
    package init?(_ float: Double) {
        guard float.isFinite else { return nil }
        if let integer = Int64(exactly: float), integer.magnitude < 1_000_000_000_000_000 {
            self.init(integer)
            return
        }
        let (digits, point) = DecimalRounding.decimal(float.magnitude, significant: 15)
        let magnitude = digits.reduce(0 as Int128) { $0 * 10 + Int128($1) }
        let coefficient = float < 0 ? 0 - magnitude : magnitude
        let scale = digits.count - point
        if scale < 0 {
            guard scale >= -Self.digitsMax, let whole = Self.shifted(coefficient, UInt8(-scale)) else { return nil }
            self.init(whole, scale: 0)
        } else if scale <= Self.digitsMax {
            self.init(coefficient, scale: scale)
        } else {
            let dropped = scale - Self.digitsMax
            let unit = dropped > Self.digitsMax ? Int128(Self.limit) : Int128(Self.powers[dropped])
            let (quotient, rest) = magnitude.quotientAndRemainder(dividingBy: unit)
            let rounded = dropped <= Self.digitsMax && rest >= unit - rest ? quotient + 1 : quotient
            self.init(float < 0 ? 0 - rounded : rounded, scale: Self.digitsMax)
        }
    }
}

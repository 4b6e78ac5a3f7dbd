// Decimal numbers with 18 places, for the fractions of durations.
//
// A duration of 0.1 days is exactly 8640 seconds, which binary floating point does not say. Floats are therefore taken by
// their shortest decimal text, that is, as they were written, and all that follows is whole-number arithmetic in 128 bits.

struct FixedPoint: Equatable {
    /// In units of 10^-18.
    var units: Int128

    static let one: Int128 = 1_000_000_000_000_000_000

    init(units: Int128) { self.units = units }

    init(_ whole: Int64) { units = Int128(whole) * Self.one }

    /// Nil if it is not finite, or beyond Int64.
    init?(_ number: Double) {
        guard abs(number) < 9.2e18 else { return nil }
        let text = Array(abs(number).description.utf8)
        guard let magnitude = Self.parse(text) else { return nil }
        units = number < 0 ? -magnitude : magnitude
    }

    /// `12.5`, `1e-05`, `1.5e+18`, as Double prints.
    private static func parse(_ text: [UInt8]) -> Int128? {
        let parts = text.split(separator: UInt8(ascii: "e"), maxSplits: 1)
        guard let mantissa = parts.first else { return nil }
        var exponent = 18
        if parts.count == 2 {
            guard let given = Int(String(decoding: parts[1], as: UTF8.self)) else { return nil }
            exponent += given
        }
        var digits: Int128 = 0
        var isFraction = false
        for byte in mantissa {
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else {
                // Safe: a Double prints at most 17 significant digits, and 19 in all below 9.2e18.
                digits = digits &* 10 &+ Int128(byte &- UInt8(ascii: "0"))
                if isFraction { exponent -= 1 }
            }
        }
        while exponent < 0, digits != 0 {
            digits /= 10
            exponent += 1
        }
        while exponent > 0, digits != 0 {
            let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            digits = product
            exponent -= 1
        }
        return digits
    }

    func multiplied(by factor: Int64) throws(QueryError) -> FixedPoint {
        let (product, overflow) = units.multipliedReportingOverflow(by: Int128(factor))
        guard !overflow else { throw .temporalOverflow("a part of the duration is out of range") }
        return FixedPoint(units: product)
    }

    func adding(_ other: FixedPoint) throws(QueryError) -> FixedPoint {
        let (sum, overflow) = units.addingReportingOverflow(other.units)
        guard !overflow else { throw .temporalOverflow("a part of the duration is out of range") }
        return FixedPoint(units: sum)
    }

    /// value * units / by, in full width, towards zero.
    static func scaled(_ value: Int128, times: Int128, dividedBy divisor: Int128) throws(QueryError) -> Int128 {
        let product = value.magnitude.multipliedFullWidth(by: times.magnitude)
        guard product.high < divisor.magnitude else { throw .temporalOverflow("a part of the duration is out of range") }
        let quotient = divisor.magnitude.dividingFullWidth(product).quotient
        guard quotient <= UInt128(Int128.max) else { throw .temporalOverflow("a part of the duration is out of range") }
        let isNegative = (value < 0) != ((times < 0) != (divisor < 0))
        return isNegative ? -Int128(quotient) : Int128(quotient)
    }
}

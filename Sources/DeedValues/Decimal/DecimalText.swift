// Decimals and texts: `-12.50`, and read also `.5`, `5.`, `1.5e3` and spaces around. Digits behind the point that there is no room
// for are rounded away.

extension Decimal {
    package var description: String {
        var bytes = InlineArray<42, UInt8>(repeating: UInt8(ascii: "0"))
        var (rest, end, count) = (magnitude, 42, 0)
        // At least one digit stands before the point.
        while rest > 0 || count <= Int(scale) {
            if count == Int(scale) && count > 0 {
                end -= 1
                bytes[end] = UInt8(ascii: ".")
            }
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            end -= 1
            bytes[end] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
            (rest, count) = (quotient, count + 1)
        }
        if isNegative {
            end -= 1
            bytes[end] = UInt8(ascii: "-")
        }
        var text = ""
        text.reserveCapacity(42 - end)
        for index in end..<42 { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        return text
    }

    package enum Reading: Sendable {
        case number(Decimal)
        /// No number, or NaN or an infinity.
        case malformed
        /// More than 38 digits before the point.
        case tooLarge
    }

    /// Of bytes of a text.
    package static func read(_ text: String) -> Reading { TextBytes.with(text) { read($0) } }

    package static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Reading {
        var bytes = bytes[...]
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte >= 0x09 && byte <= 0x0D }
        while let byte = bytes.first, isSpace(byte) { bytes.removeFirst() }
        while let byte = bytes.last, isSpace(byte) { bytes.removeLast() }
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative || bytes.first == UInt8(ascii: "+") { bytes.removeFirst() }
        var digits = Digits()
        var hasDigits = false
        while let byte = bytes.first {
            if byte == UInt8(ascii: ".") && !digits.isAfterPoint {
                digits.isAfterPoint = true
            } else if byte >= 0x30 && byte <= 0x39 {
                digits.append(byte - 0x30)
                hasDigits = true
            } else {
                break
            }
            bytes.removeFirst()
        }
        guard hasDigits, let exponent = exponent(bytes) else { return .malformed }
        return digits.number(isNegative: isNegative, exponent: exponent).map { .number($0) } ?? .tooLarge
    }

    /// 0 for none, nil for something else. What is far beyond any number of 38 digits is cut.
    private static func exponent(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        guard let mark = bytes.first else { return 0 }
        guard mark | 0x20 == UInt8(ascii: "e") else { return nil }
        var rest = bytes.dropFirst()
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        var value = 0
        for byte in rest {
            guard byte >= 0x30 && byte <= 0x39 else { return nil }
            value = min(value * 10 + Int(byte - 0x30), 1_000_000_000)
        }
        return isNegative ? -value : value
    }
}

/// Digits as they are read: the first 38 that count, and whether what follows is a half or more.
private struct Digits {
    private var coefficient: UInt128 = 0
    private var count = 0
    private var next: UInt8?
    /// Digits before the point that there was no room for, or, negative, those behind it that there was.
    private var point = 0
    var isAfterPoint = false

    mutating func append(_ digit: UInt8) {
        if count == Decimal.digitsMax {
            if next == nil { next = digit }
            if !isAfterPoint { point += 1 }
            return
        }
        if count > 0 || digit > 0 { count += 1 }
        // There is room: 38 digits are less than 127 bits.
        coefficient = coefficient * 10 + UInt128(digit)
        // No text has more digits than an integer counts.
        if isAfterPoint { point -= 1 }
    }

    func number(isNegative: Bool, exponent: Int) -> Decimal? {
        // The number is coefficient * 10^point, and less than one unit more.
        let point = point + exponent
        var coefficient = coefficient
        if point > 0 {
            if coefficient == 0 { return Decimal(0, scale: 0) }
            guard count + point <= Decimal.digitsMax else { return nil }
            coefficient *= Decimal.powers[point]
            return signed(coefficient, isNegative, scale: 0)
        }
        let dropped = max(0, -point - Decimal.digitsMax)
        if dropped > 0 {
            // One more than 38 leaves nothing to round.
            guard dropped <= Decimal.digitsMax else { return Decimal(0, scale: Decimal.digitsMax) }
            let unit = Decimal.powers[dropped]
            let (quotient, rest) = coefficient.quotientAndRemainder(dividingBy: unit)
            coefficient = rest >= unit - rest ? quotient + 1 : quotient
            return signed(coefficient, isNegative, scale: Decimal.digitsMax)
        }
        guard let next, next >= 5 else { return signed(coefficient, isNegative, scale: -point) }
        coefficient += 1
        if coefficient < Decimal.limit { return signed(coefficient, isNegative, scale: -point) }
        return point < 0 ? signed(coefficient / 10, isNegative, scale: -point - 1) : nil
    }

    private func signed(_ coefficient: UInt128, _ isNegative: Bool, scale: Int) -> Decimal? {
        guard coefficient < Decimal.limit else { return nil }
        return Decimal(isNegative ? 0 - Int128(coefficient) : Int128(coefficient), scale: scale)
    }
}

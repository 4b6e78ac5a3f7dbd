// What is in a literal or a quoted name: numbers, strings with their escapes, names in backticks.

enum Literals {
    /// The number without its sign. One more than the largest integer is allowed where a minus stands before it, and comes
    /// back as the smallest.
    static func integer(
        _ bytes: UnsafeBufferPointer<UInt8>, _ range: SourceRange, isNegative: Bool
    ) throws(SyntaxError) -> Int64 {
        var digits = bytes[range]
        var radix: UInt64 = 10
        if digits.count > 2 && digits.first == 0x30 && !isDigit(bytes[range.lowerBound + 1]) {
            radix = bytes[range.lowerBound + 1] | 0x20 == UInt8(ascii: "x") ? 16 : 8
            digits = digits.dropFirst(2)
        } else if digits.count > 1 && digits.first == 0x30 {
            throw SyntaxError(
                "InvalidNumberLiteral", "An integer does not begin with 0; octal ones are written as 0o17", range)
        }
        var value: UInt64 = 0
        for byte in digits {
            let digit = UInt64(isDigit(byte) ? byte - 0x30 : (byte | 0x20) - UInt8(ascii: "a") + 10)
            let (product, overflow) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(digit)
            if overflow || carry { throw tooLarge(range) }
            value = sum
        }
        if let result = Int64(exactly: value) { return result }
        if isNegative && value == 1 << 63 { return .min }
        throw tooLarge(range)
    }

    private static func tooLarge(_ range: SourceRange) -> SyntaxError {
        SyntaxError("IntegerOverflow", "The integer is beyond 64 bits; write it with a decimal point for a float", range)
    }

    static func float(_ bytes: UnsafeBufferPointer<UInt8>, _ range: SourceRange) throws(SyntaxError) -> Double {
        guard let value = Double(text(bytes, range)) else {
            throw SyntaxError("InvalidNumberLiteral", "This is not a number", range)
        }
        guard value.isFinite else { throw SyntaxError("FloatingPointOverflow", "The number is beyond 1.8e308", range) }
        return value
    }

    static func text(_ bytes: UnsafeBufferPointer<UInt8>, _ range: SourceRange) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    /// The name between the backticks at both ends of the range; two backticks in it are one, and it may be empty.
    static func quotedName(_ bytes: UnsafeBufferPointer<UInt8>, _ range: SourceRange) -> String {
        let inner = range.lowerBound + 1..<range.upperBound - 1
        let backtick = UInt8(ascii: "`")
        guard bytes[inner].contains(backtick) else { return text(bytes, inner) }
        var result: [UInt8] = []
        var position = inner.lowerBound
        while position < inner.upperBound {
            result.append(bytes[position])
            position += bytes[position] == backtick ? 2 : 1
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The string between the quotes at both ends of the range, with its escapes resolved.
    static func string(_ bytes: UnsafeBufferPointer<UInt8>, _ range: SourceRange) throws(SyntaxError) -> String {
        let inner = range.lowerBound + 1..<range.upperBound - 1
        guard bytes[inner].contains(UInt8(ascii: "\\")) else { return text(bytes, inner) }
        var result: [UInt8] = []
        result.reserveCapacity(inner.count)
        var position = inner.lowerBound
        while position < inner.upperBound {
            if bytes[position] == UInt8(ascii: "\\") {
                try appendEscape(bytes, &position, inner.upperBound, to: &result)
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func appendEscape(
        _ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int, _ end: Int, to result: inout [UInt8]
    ) throws(SyntaxError) {
        let start = position
        let letter = start + 1 < end ? bytes[start + 1] : 0
        position += 2
        switch letter {
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "/"):
            result.append(letter)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            position = start
            let scalar = try unicodeEscape(bytes, &position, end)
            result.append(contentsOf: String(Character(scalar)).utf8)
        default:
            let size = decodeScalar(bytes, at: start + 1)?.size ?? 1
            throw SyntaxError(
                "UnexpectedSyntax", "There is no such escape; a backslash itself is written as \\\\", start..<start + 1 + size)
        }
    }

    /// `\uXXXX`, two of them for one code point (surrogates, as JSON has them), or `\UXXXXXXXX`.
    static func unicodeEscape(
        _ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int, _ end: Int
    ) throws(SyntaxError) -> Unicode.Scalar {
        let start = position
        let first = try codeUnit(bytes, &position, end)
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first >= 0xD800 && first < 0xDC00 && position + 1 < end && bytes[position] == UInt8(ascii: "\\")
            && bytes[position + 1] == UInt8(ascii: "u")
        {
            let second = try codeUnit(bytes, &position, end)
            if second >= 0xDC00 && second < 0xE000, let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) {
                return scalar
            }
        }
        throw SyntaxError("InvalidUnicodeLiteral", "The escape is not a code point of Unicode", start..<position)
    }

    private static func codeUnit(
        _ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int, _ end: Int
    ) throws(SyntaxError) -> UInt32 {
        let start = position
        let count = bytes[start + 1] == UInt8(ascii: "u") ? 4 : 8
        var value: UInt32 = 0
        position += 2
        for _ in 0..<count {
            guard position < end && isHexadecimalDigit(bytes[position]) else {
                throw SyntaxError(
                    "InvalidUnicodeLiteral", "\\u needs four hexadecimal digits, and \\U eight", start..<min(position + 1, end))
            }
            let byte = bytes[position]
            value = value << 4 | UInt32(isDigit(byte) ? byte - 0x30 : (byte | 0x20) - UInt8(ascii: "a") + 10)
            position += 1
        }
        return value
    }
}

extension Literals {
    /// The name of a parameter without its dollar.
    static func parameterName(_ bytes: UnsafeBufferPointer<UInt8>, _ range: SourceRange) -> String {
        let name = range.lowerBound + 1..<range.upperBound
        return bytes[name.lowerBound] == UInt8(ascii: "`") ? quotedName(bytes, name) : text(bytes, name)
    }
}

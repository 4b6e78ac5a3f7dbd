// What is in a literal or a quoted name of SQL, by PostgreSQL's rules.

enum SQLLiterals {
    // MARK: Numbers

    /// nil where the number is beyond 64 bits.
    static func integer(_ bytes: UnsafeBufferPointer<UInt8>, _ range: SourceRange, isNegative: Bool) -> Int64? {
        var digits = bytes[range]
        var radix: UInt64 = 10
        if digits.count > 2 && digits.first == 0x30 && !isDigit(bytes[range.lowerBound + 1]) {
            switch bytes[range.lowerBound + 1] | 0x20 {
            case UInt8(ascii: "x"): radix = 16
            case UInt8(ascii: "o"): radix = 8
            case UInt8(ascii: "b"): radix = 2
            // 0_1
            default: break
            }
            digits = digits.dropFirst(2)
        }
        var value: UInt64 = 0
        for byte in digits where byte != UInt8(ascii: "_") {
            let digit = UInt64(isDigit(byte) ? byte - 0x30 : (byte | 0x20) - UInt8(ascii: "a") + 10)
            let (product, overflow) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = sum
        }
        if isNegative { return value <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- value) : nil }
        return Int64(exactly: value)
    }

    /// The digits without underscores.
    static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ range: SourceRange) -> String {
        let text = Literals.text(bytes, range)
        return text.utf8.contains(UInt8(ascii: "_")) ? String(text.unicodeScalars.filter { $0 != "_" }.map(Character.init)) : text
    }

    // MARK: Names

    /// A name with double quotes at both ends; in it, two of them are one.
    static func quotedName(_ bytes: UnsafeBufferPointer<UInt8>, _ range: SourceRange) throws(SyntaxError) -> String {
        let isUnicode = bytes[range.lowerBound] != UInt8(ascii: "\"")
        let inner = range.lowerBound + (isUnicode ? 3 : 1)..<range.upperBound - 1
        if inner.isEmpty { throw SyntaxError("UnexpectedSyntax", "A name has at least one character", range) }
        let text = undoubled(bytes, inner, UInt8(ascii: "\""))
        return isUnicode ? try unicode(text, escape: UInt8(ascii: "\\"), range) : String(decoding: text, as: UTF8.self)
    }

    // MARK: Strings

    /// The string of the token; `escape` is what UESCAPE says.
    static func string(
        _ bytes: UnsafeBufferPointer<UInt8>, _ range: SourceRange, escape: UInt8 = UInt8(ascii: "\\")
    ) throws(SyntaxError) -> String {
        let quote = UInt8(ascii: "'")
        switch bytes[range.lowerBound] {
        case quote:
            let inner = range.lowerBound + 1..<range.upperBound - 1
            return String(decoding: undoubled(bytes, inner, quote), as: UTF8.self)
        case UInt8(ascii: "$"):
            var tag = 1
            while bytes[range.lowerBound + tag] != UInt8(ascii: "$") { tag += 1 }
            return Literals.text(bytes, range.lowerBound + tag + 1..<range.upperBound - tag - 1)
        case UInt8(ascii: "e"), UInt8(ascii: "E"):
            return try escaped(bytes, range.lowerBound + 2..<range.upperBound - 1, range)
        default:
            let inner = range.lowerBound + 3..<range.upperBound - 1
            return try unicode(undoubled(bytes, inner, quote), escape: escape, range)
        }
    }

    private static func undoubled(_ bytes: UnsafeBufferPointer<UInt8>, _ inner: SourceRange, _ quote: UInt8) -> [UInt8] {
        guard bytes[inner].contains(quote) else { return Array(bytes[inner]) }
        var result: [UInt8] = []
        result.reserveCapacity(inner.count)
        var position = inner.lowerBound
        while position < inner.upperBound {
            result.append(bytes[position])
            position += bytes[position] == quote ? 2 : 1
        }
        return result
    }

    // MARK: Escapes

    /// E'...': `\n` and the like, `\101` (octal), `\x41`, `\u0041`, `\U00000041`; before anything else a backslash is nothing.
    private static func escaped(
        _ bytes: UnsafeBufferPointer<UInt8>, _ inner: SourceRange, _ range: SourceRange
    ) throws(SyntaxError) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(inner.count)
        var hasBytes = false
        var position = inner.lowerBound
        while position < inner.upperBound {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "\\") && position < inner.upperBound else {
                result.append(byte)
                // Two quotes are one.
                if byte == UInt8(ascii: "'") { position += 1 }
                continue
            }
            let letter = bytes[position]
            position += 1
            switch letter {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "v"): result.append(0x0B)
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                position -= 1
                result.append(UInt8(truncatingIfNeeded: number(bytes, &position, inner.upperBound, digits: 3, radix: 8) ?? 0))
                hasBytes = true
            case UInt8(ascii: "x"):
                if let value = number(bytes, &position, inner.upperBound, digits: 2, radix: 16) {
                    result.append(UInt8(truncatingIfNeeded: value))
                    hasBytes = true
                } else {
                    result.append(letter)
                }
            case UInt8(ascii: "u"), UInt8(ascii: "U"):
                position -= 2
                let scalar = try Literals.unicodeEscape(bytes, &position, inner.upperBound)
                result.append(contentsOf: String(Character(scalar)).utf8)
            default:
                result.append(letter)
            }
        }
        let text = String(decoding: result, as: UTF8.self)
        if hasBytes && !text.utf8.elementsEqual(result) {
            throw SyntaxError("InvalidUnicodeLiteral", "The bytes of the escapes are not UTF-8", range)
        }
        return text
    }

    /// Up to so many digits; nil where there is none.
    private static func number(
        _ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int, _ end: Int, digits: Int, radix: UInt32
    ) -> UInt32? {
        let start = position
        var value: UInt32 = 0
        while position < end && position - start < digits {
            guard let digit = hexadecimal(bytes[position]), digit < radix else { break }
            value = value * radix + digit
            position += 1
        }
        return position == start ? nil : value
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt32? {
        guard isHexadecimalDigit(byte) else { return nil }
        return UInt32(isDigit(byte) ? byte - 0x30 : (byte | 0x20) - UInt8(ascii: "a") + 10)
    }

    /// U&'...': `\0041`, `\+000041`, and the escape itself twice.
    private static func unicode(_ text: [UInt8], escape: UInt8, _ range: SourceRange) throws(SyntaxError) -> String {
        var result: [UInt8] = []
        var position = 0
        var leading: UInt32?
        while position < text.count {
            let byte = text[position]
            position += 1
            if byte != escape || position < text.count && text[position] == escape {
                if byte == escape { position += 1 }
                if leading != nil { throw noCodePoint(range) }
                result.append(byte)
                continue
            }
            let isLong = position < text.count && text[position] == UInt8(ascii: "+")
            if isLong { position += 1 }
            var value: UInt32 = 0
            for _ in 0..<(isLong ? 6 : 4) {
                guard position < text.count, let digit = hexadecimal(text[position]) else { throw noCodePoint(range) }
                value = value << 4 | digit
                position += 1
            }
            if let high = leading {
                guard value >= 0xDC00 && value < 0xE000 else { throw noCodePoint(range) }
                value = 0x10000 + (high - 0xD800) << 10 + (value - 0xDC00)
                leading = nil
            } else if value >= 0xD800 && value < 0xDC00 {
                leading = value
                continue
            }
            guard let scalar = Unicode.Scalar(value) else { throw noCodePoint(range) }
            result.append(contentsOf: String(Character(scalar)).utf8)
        }
        if leading != nil { throw noCodePoint(range) }
        return String(decoding: result, as: UTF8.self)
    }

    private static func noCodePoint(_ range: SourceRange) -> SyntaxError {
        SyntaxError("InvalidUnicodeLiteral", "An escape is no code point of Unicode: write \\0041 or \\+000041", range)
    }
}

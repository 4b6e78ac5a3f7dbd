// Reads JSON that somebody else has written: strictly, with bounded depth.

struct JSONParser {
    struct Malformed: Error {
        let reason: String
        /// In bytes of the text.
        let position: Int
    }

    private let bytes: [UInt8]
    private var position = 0
    /// Plans are a few levels deep.
    private static let depthMax = 32

    static func parse(_ text: String) throws(Malformed) -> JSON {
        var parser = JSONParser(bytes: Array(text.utf8))
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        if parser.position < parser.bytes.count { throw parser.malformed("there is more behind the end") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func malformed(_ reason: String) -> Malformed { Malformed(reason: reason, position: position) }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(Malformed) -> JSON {
        if depth > Self.depthMax { throw malformed("it is nested too deep") }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(Malformed) -> JSON {
        guard bytes[position...].starts(with: word.utf8) else { throw malformed("a value is missing") }
        position += word.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(Malformed) -> [(key: String, value: JSON)] {
        position += 1
        var entries: [(key: String, value: JSON)] = []
        skipSpace()
        if accept("}") { return entries }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw malformed("a key is missing") }
            let key = try string()
            if entries.contains(where: { $0.key.utf8.elementsEqual(key.utf8) }) { throw malformed("the key '\(key)' comes twice") }
            skipSpace()
            guard accept(":") else { throw malformed("a colon is missing") }
            entries.append((key, try value(depth: depth + 1)))
            // Nothing that is read here has more, and keys are compared with each other.
            if entries.count > 64 { throw malformed("an object has too many keys") }
            skipSpace()
            if accept("}") { return entries }
            guard accept(",") else { throw malformed("a comma or brace is missing") }
        }
    }

    private mutating func array(depth: Int) throws(Malformed) -> [JSON] {
        position += 1
        var items: [JSON] = []
        skipSpace()
        if accept("]") { return items }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            if accept("]") { return items }
            guard accept(",") else { throw malformed("a comma or bracket is missing") }
        }
    }

    private mutating func number() throws(Malformed) -> JSON {
        let start = position
        _ = accept("-")
        let isZero = current == UInt8(ascii: "0")
        let whole = digits()
        var isWhole = true
        var isGood = whole == 1 || whole > 1 && !isZero
        if accept(".") {
            isWhole = false
            isGood = digits() > 0 && isGood
        }
        if accept("e") || accept("E") {
            isWhole = false
            if !accept("+") { _ = accept("-") }
            isGood = digits() > 0 && isGood
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isGood, isWhole, let value = Int(text) { return .int(value) }
        guard isGood, let value = Double(text) else {
            position = start
            throw malformed(whole == 0 ? "a value is missing" : "a number is not written as JSON has them")
        }
        return .number(value)
    }

    /// Passes over digits, and counts them.
    private mutating func digits() -> Int {
        let start = position
        while let byte = current, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
        return position - start
    }

    // MARK: Strings

    private mutating func string() throws(Malformed) -> String {
        position += 1
        var result: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: result, as: UTF8.self)
            case UInt8(ascii: "\\"): try appendEscape(to: &result)
            case 0..<0x20: throw malformed("a control character stands in a string")
            default: result.append(byte)
            }
        }
        throw malformed("a string does not end")
    }

    private mutating func appendEscape(to result: inout [UInt8]) throws(Malformed) {
        let letter = current
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(letter ?? 0)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"): result += String(try scalar()).utf8
        default: throw malformed("an escape is unknown")
        }
    }

    /// Behind `\u`: one unit of UTF-16, or two that belong together.
    private mutating func scalar() throws(Malformed) -> Character {
        let first = try hexadecimal()
        var code = first
        if first & 0xFC00 == 0xD800, accept("\\"), accept("u") {
            let second = try hexadecimal()
            guard second & 0xFC00 == 0xDC00 else { throw malformed("half a character stands alone") }
            code = 0x10000 + (first & 0x3FF) << 10 + second & 0x3FF
        }
        guard let scalar = Unicode.Scalar(code) else { throw malformed("half a character stands alone") }
        return Character(scalar)
    }

    private mutating func hexadecimal() throws(Malformed) -> UInt32 {
        guard position + 4 <= bytes.count else { throw malformed("an escape is cut off") }
        let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
        guard let code = UInt32(digits, radix: 16), digits.first != "+", digits.first != "-" else {
            throw malformed("an escape has other than hexadecimal digits")
        }
        position += 4
        return code
    }
}

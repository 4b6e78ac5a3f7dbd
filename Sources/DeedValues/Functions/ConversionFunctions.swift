// Conversions between scalars. A text that says no number is null; a type that has no conversion is an error, or null with
// the functions whose names end in OrNull. Those that end in List convert each item, to null where there is no conversion.

enum ConversionFunctions {
    static let all: [ScalarFunction] = functions(of: "toInteger", integer) + functions(of: "toFloat", float)
        + functions(of: "toBoolean", boolean) + functions(of: "toString", text) + [
            ScalarFunction("valuetype", 1...1) { (arguments, _) throws(QueryError) in .string(arguments[0].fullTypeName) }
        ]

    private typealias Conversion = @Sendable (Value) throws(QueryError) -> Value

    private static func functions(of name: String, _ convert: @escaping Conversion) -> [ScalarFunction] {
        // The names are ASCII.
        let lower = name.lowercased()
        return [
            ScalarFunction(lower, 1...1) { (arguments, _) throws(QueryError) in try convert(arguments[0]) },
            ScalarFunction(lower + "ornull", 1...1) { (arguments, _) throws(QueryError) in orNull(arguments[0], convert) },
            ScalarFunction(lower + "list", 1...1) { (arguments, _) throws(QueryError) in
                try Arguments.list(arguments[0], name + "List").map { .list($0.map { orNull($0, convert) }) } ?? .null
            },
        ]
    }

    private static func orNull(_ value: Value, _ convert: Conversion) -> Value {
        do { return try convert(value) } catch { return .null }
    }

    private static func integer(_ value: Value) throws(QueryError) -> Value {
        switch value {
        case .null, .int: return value
        case .bool(let flag): return .int(flag ? 1 : 0)
        case .float(let number): return .int(try integer(truncating: number))
        case .decimal(let number):
            guard let integer = number.truncated(to: 0)?.integer else {
                throw .outOfRange("\(number.description) is beyond the range of 64-bit integers")
            }
            return .int(integer)
        case .string(let text):
            let trimmed = trimming(text)
            if let integer = Int64(trimmed) { return .int(integer) }
            guard let number = number(trimmed) else { return .null }
            return .int(try integer(truncating: number))
        default: throw .invalidValue("toInteger() takes a number, a text or a boolean", value)
        }
    }

    private static func integer(truncating number: Double) throws(QueryError) -> Int64 {
        guard let integer = Int64(exactly: number.rounded(.towardZero)) else {
            throw .outOfRange("\(ValueText.float(number)) is beyond the range of 64-bit integers")
        }
        return integer
    }

    private static func float(_ value: Value) throws(QueryError) -> Value {
        switch value {
        case .null, .float: return value
        case .int(let integer): return .float(Double(integer))
        case .decimal(let number): return .float(number.double)
        case .string(let text): return number(trimming(text)).map { .float($0) } ?? .null
        default: throw .invalidValue("toFloat() takes a number or a text", value)
        }
    }

    private static func boolean(_ value: Value) throws(QueryError) -> Value {
        switch value {
        case .null, .bool: return value
        case .int(let integer): return .bool(integer != 0)
        case .string(let text):
            let word = trimming(text).lowercased()
            if TextBytes.areEqual(word, "true") { return .bool(true) }
            return TextBytes.areEqual(word, "false") ? .bool(false) : .null
        default: throw .invalidValue("toBoolean() takes a boolean, a text or an integer", value)
        }
    }

    private static func text(_ value: Value) throws(QueryError) -> Value {
        if value.isNull { return .null }
        guard let text = value.scalarText else {
            throw .invalidValue("toString() takes a number, a boolean, a text or a temporal value", value)
        }
        return .string(text)
    }

    // MARK: Texts of numbers

    private static func trimming(_ text: String) -> String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
        let rest = text.utf8.drop(while: isSpace)
        guard let last = rest.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(Substring(rest[...last]))
    }

    /// Decimal notation, NaN and Infinity; not the hexadecimal one that Swift reads as well.
    private static func number(_ text: String) -> Double? {
        var unsigned = Substring(text).utf8
        let isNegative = unsigned.first == UInt8(ascii: "-")
        if isNegative || unsigned.first == UInt8(ascii: "+") { unsigned = unsigned.dropFirst() }
        if TextBytes.areEqual(String(Substring(unsigned)), "NaN") { return .nan }
        if TextBytes.areEqual(String(Substring(unsigned)), "Infinity") { return isNegative ? -.infinity : .infinity }
        let isDecimal = unsigned.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"),
                UInt8(ascii: "+"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return isDecimal ? Double(text) : nil
    }
}

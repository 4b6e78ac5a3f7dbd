// A small evaluator, enough for tables of temporal expressions as openCypher writes them:
// `duration.between(date('1984-10-11'), other).days`.

@testable import DeedValues

let temporalContext = FunctionContext(seconds: 1_700_000_000, nanoseconds: 123_456_789)

struct TemporalExpression {
    struct Unreadable: Error { let text: String }

    private let text: [UInt8]
    private var position = 0
    private let variables: [String: Value]

    static func evaluate(_ text: String, _ variables: [String: Value] = [:]) throws -> Value {
        var expression = TemporalExpression(text: Array(text.utf8), variables: variables)
        let value = try expression.comparison()
        guard expression.next == nil else { throw Unreadable(text: text) }
        return value
    }

    /// As results print it.
    static func describe(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool(let bool): "\(bool)"
        case .int(let number): "\(number)"
        case .float(let number): "\(number)"
        case .string(let text): "'\(text)'"
        case .list(let values): "[" + values.map(describe).joined(separator: ", ") + "]"
        default: "'" + TemporalText.describe(value) + "'"
        }
    }

    private init(text: [UInt8], variables: [String: Value]) { (self.text, self.variables) = (text, variables) }

    private var next: UInt8? {
        mutating get {
            while position < text.count, text[position] == 32 { position += 1 }
            return position < text.count ? text[position] : nil
        }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func need(_ scalar: Unicode.Scalar) throws {
        guard take(scalar) else { throw Unreadable(text: String(decoding: text, as: UTF8.self)) }
    }

    private mutating func comparison() throws -> Value {
        let left = try sum()
        guard take("=") else { return left }
        return .bool(Self.describe(left) == Self.describe(try sum()))
    }

    private mutating func sum() throws -> Value {
        var value = try product()
        while true {
            if take("+") {
                value = try TemporalArithmetic.add(value, product()) ?? .null
            } else if take("-") {
                value = try TemporalArithmetic.subtract(value, product()) ?? .null
            } else {
                return value
            }
        }
    }

    private mutating func product() throws -> Value {
        var value = try postfix()
        while true {
            if take("*") {
                value = try TemporalArithmetic.multiply(value, postfix()) ?? .null
            } else if take("/") {
                value = try TemporalArithmetic.divide(value, postfix()) ?? .null
            } else {
                return value
            }
        }
    }

    private mutating func postfix() throws -> Value {
        var value = try primary()
        while take(".") {
            let name = word()
            if case .map(let map) = value { value = map[name] ?? .null } else { value = TemporalAccess.component(value, name) ?? .null }
        }
        return value
    }

    private mutating func word() -> String {
        _ = next
        let start = position
        while position < text.count, Character(Unicode.Scalar(text[position])).isLetter || TemporalScanner.isDigit(text[position]) {
            position += 1
        }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private mutating func list(until end: Unicode.Scalar) throws -> [Value] {
        var values: [Value] = []
        while !take(end) {
            values.append(try comparison())
            _ = take(",")
        }
        return values
    }

    private mutating func primary() throws -> Value {
        if take("'") {
            let start = position
            while position < text.count, text[position] != UInt8(ascii: "'") { position += 1 }
            defer { position += 1 }
            return .string(String(decoding: text[start..<position], as: UTF8.self))
        }
        if take("[") { return .list(try list(until: "]")) }
        if take("{") {
            var keys: [String] = []
            var values: [Value] = []
            while !take("}") {
                keys.append(word())
                try need(":")
                values.append(try comparison())
                _ = take(",")
            }
            return .map(MapValue(keys: keys, values: values))
        }
        let negative = take("-")
        if let byte = next, TemporalScanner.isDigit(byte) { return number(negative) }
        return try name()
    }

    private mutating func number(_ negative: Bool) -> Value {
        let start = position
        while position < text.count, TemporalScanner.isDigit(text[position]) || text[position] == UInt8(ascii: ".") { position += 1 }
        let digits = (negative ? "-" : "") + String(decoding: text[start..<position], as: UTF8.self)
        return Int64(digits).map(Value.int) ?? .float(Double(digits) ?? .nan)
    }

    private mutating func name() throws -> Value {
        var name = word()
        if name == "null" { return .null }
        if let value = variables[name] { return value }
        while take(".") { name += "." + word() }
        try need("(")
        let arguments = try list(until: ")")
        name = name.lowercased()
        if name == "tostring" { return .string(TemporalText.describe(arguments[0])) }
        guard let function = TemporalFunctions.all.first(where: { $0.name == name }), function.arity.contains(arguments.count) else {
            throw Unreadable(text: String(decoding: text, as: UTF8.self))
        }
        return try function.evaluate(arguments, temporalContext)
    }
}

// Functions of numbers. Outside of their domain they give NaN, as the arithmetic of floats does, and no error.

import Glibc

enum MathFunctions {
    static let all: [ScalarFunction] = realFunctions + numberFunctions + constants

    /// Of one number, as a float.
    private static func real(_ name: String, _ body: @escaping @Sendable (Double) -> Double) -> ScalarFunction {
        ScalarFunction(name, 1...1) { (arguments, _) throws(QueryError) in
            try Arguments.number(arguments[0], name).map { .float(body($0)) } ?? .null
        }
    }

    private static let realFunctions: [ScalarFunction] = [
        real("sqrt") { $0.squareRoot() },
        real("exp") { exp($0) },
        real("log") { log($0) },
        real("log10") { log10($0) },
        real("sin") { sin($0) },
        real("cos") { cos($0) },
        real("tan") { tan($0) },
        real("cot") { 1 / tan($0) },
        real("asin") { asin($0) },
        real("acos") { acos($0) },
        real("atan") { atan($0) },
        real("sinh") { sinh($0) },
        real("cosh") { cosh($0) },
        real("tanh") { tanh($0) },
        real("coth") { 1 / tanh($0) },
        real("degrees") { $0 * (180 / Double.pi) },
        real("radians") { $0 * (Double.pi / 180) },
        // Half the versine.
        real("haversin") { sin($0 / 2) * sin($0 / 2) },
        ScalarFunction("atan2", 2...2) { (arguments, _) throws(QueryError) in
            guard let y = try Arguments.number(arguments[0], "atan2"), let x = try Arguments.number(arguments[1], "atan2")
            else { return .null }
            return .float(atan2(y, x))
        },
    ]

    /// To an integer; a decimal stays one.
    private static func whole(
        _ name: String, _ rule: FloatingPointRoundingRule, _ body: @escaping @Sendable (Decimal) -> Decimal
    ) -> ScalarFunction {
        ScalarFunction(name, 1...1) { (arguments, _) throws(QueryError) in
            if case .decimal(let number) = arguments[0] { return .decimal(body(number)) }
            return try Arguments.number(arguments[0], name).map { .float($0.rounded(rule)) } ?? .null
        }
    }

    private static let numberFunctions: [ScalarFunction] = [
        whole("ceil", .up) { $0.ceiling },
        whole("ceiling", .up) { $0.ceiling },
        whole("floor", .down) { $0.floor },
        ScalarFunction("abs", 1...1) { (arguments, _) throws(QueryError) in
            switch arguments[0] {
            case .int(let value): return value < 0 ? try Value.negate(arguments[0]) : .int(value)
            case .decimal(let value): return .decimal(value.absolute)
            default: return try Arguments.number(arguments[0], "abs").map { .float($0.magnitude) } ?? .null
            }
        },
        ScalarFunction("sign", 1...1) { (arguments, _) throws(QueryError) in
            try Arguments.number(arguments[0], "sign").map { .int($0 > 0 ? 1 : $0 < 0 ? -1 : 0) } ?? .null
        },
        ScalarFunction("isnan", 1...1) { (arguments, _) throws(QueryError) in
            try Arguments.number(arguments[0], "isNaN").map { .bool($0.isNaN) } ?? .null
        },
        ScalarFunction("round", 1...3) { (arguments, _) throws(QueryError) in try round(arguments) },
    ]

    private static let constants: [ScalarFunction] = [
        ScalarFunction("pi", 0...0) { (_, _) throws(QueryError) in .float(.pi) },
        ScalarFunction("e", 0...0) { (_, _) throws(QueryError) in .float(exp(1)) },
        ScalarFunction("rand", 0...0, isDeterministic: false) { (_, _) throws(QueryError) in .float(Double.random(in: 0..<1)) },
    ]

    // MARK: round

    /// `round(x)` goes to the nearest integer, halves upward. With a number of digits it rounds the decimal number that the
    /// float is written as; halves go upward too, unless a mode says something else.
    private static func round(_ arguments: [Value]) throws(QueryError) -> Value {
        if case .decimal(let number) = arguments[0] { return try round(number, Array(arguments.dropFirst())) }
        guard let number = try Arguments.number(arguments[0], "round") else { return .null }
        guard arguments.count > 1 else {
            // Adding a half would make 0.49999999999999994 round to 1.
            let floor = number.rounded(.down)
            return .float(number - floor >= 0.5 ? floor + 1 : floor)
        }
        guard let precision = try Arguments.integer(arguments[1], "round") else { return .null }
        if precision < 0 { throw .outOfRange("round() takes no negative number of digits") }
        guard let mode = try mode(arguments.dropFirst(2).first, .halfTowardPositive) else { return .null }
        // No float has digits beyond these.
        return .float(DecimalRounding.round(number, digits: Int(min(precision, 400)), mode))
    }

    /// Halves of decimals are rounded away from zero. Zeros may be made of digits before the point.
    private static func round(_ number: Decimal, _ options: [Value]) throws(QueryError) -> Value {
        guard let digits = try Arguments.integer(options.first ?? .int(0), "round"),
            let mode = try mode(options.dropFirst().first, .halfUp)
        else { return .null }
        guard let result = number.rounded(to: Int(max(-400, min(digits, 400))), mode) else { throw .decimalOverflow }
        return .decimal(result)
    }

    /// nil for null.
    private static func mode(
        _ name: Value?, _ otherwise: DecimalRounding.Mode
    ) throws(QueryError) -> DecimalRounding.Mode? {
        guard let name else { return otherwise }
        guard let text = try Arguments.text(name, "round") else { return nil }
        if let mode = DecimalRounding.Mode(rawValue: text.uppercased()) { return mode }
        throw QueryError(
            .argumentError, "InvalidArgumentValue",
            "round() knows the modes UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN and HALF_EVEN, not '\(text)'")
    }
}

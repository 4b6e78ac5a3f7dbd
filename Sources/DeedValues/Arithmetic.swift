// The arithmetic operators. Null with anything is null. Integers stay integers and an overflow is an error; a float on
// either side makes both floats, which never fail. Decimals with each other and with integers are decimals, and may fail. Temporal
// operands are TemporalArithmetic's.
//
//   +   also joins texts, a text with a scalar, lists, and a list with an item on either side
//   /   of integers truncates toward zero, and fails for a divisor of zero
//   %   has the sign of the dividend
//   ^   is always a float

import Glibc

extension Value {
    package static func add(_ left: Value, _ right: Value) throws(QueryError) -> Value {
        switch (left, right) {
        case (.int(let first), .int(let second)):
            let (sum, overflow) = first.addingReportingOverflow(second)
            if overflow { throw .overflow("\(first) + \(second)") }
            return .int(sum)
        case (.null, _), (_, .null): return .null
        case (.list(let first), .list(let second)): return try join(first, second)
        case (.list(let items), let item): return try join(items, [item])
        case (let item, .list(let items)): return try join([item], items)
        case (.string(let first), .string(let second)): return try join(first, second)
        case (.string(let text), let other):
            guard let added = other.scalarText else { break }
            return try join(text, added)
        case (let other, .string(let text)):
            guard let added = other.scalarText else { break }
            return try join(added, text)
        default:
            if let (first, second) = decimals(left, right) { return try decimal(Decimal.add(first, second)) }
            if let (first, second) = floats(left, right) { return .float(first + second) }
            if let sum = try TemporalArithmetic.add(left, right) { return sum }
        }
        throw mismatch("+", left, right)
    }

    /// `||`: two texts or two lists, and nothing else.
    package static func concatenate(_ left: Value, _ right: Value) throws(QueryError) -> Value {
        switch (left, right) {
        case (.null, _), (_, .null): return .null
        case (.list(let first), .list(let second)): return try join(first, second)
        case (.string(let first), .string(let second)): return try join(first, second)
        case (.bytes(let first), .bytes(let second)):
            try ValueLimits.checkText(size: first.count + second.count)
            return .bytes(first + second)
        default: throw mismatch("||", left, right)
        }
    }

    package static func subtract(_ left: Value, _ right: Value) throws(QueryError) -> Value {
        switch (left, right) {
        case (.int(let first), .int(let second)):
            let (difference, overflow) = first.subtractingReportingOverflow(second)
            if overflow { throw .overflow("\(first) - \(second)") }
            return .int(difference)
        case (.null, _), (_, .null): return .null
        default:
            if let (first, second) = decimals(left, right) { return try decimal(Decimal.subtract(first, second)) }
            if let (first, second) = floats(left, right) { return .float(first - second) }
            if let difference = try TemporalArithmetic.subtract(left, right) { return difference }
            throw mismatch("-", left, right)
        }
    }

    package static func multiply(_ left: Value, _ right: Value) throws(QueryError) -> Value {
        switch (left, right) {
        case (.int(let first), .int(let second)):
            let (product, overflow) = first.multipliedReportingOverflow(by: second)
            if overflow { throw .overflow("\(first) * \(second)") }
            return .int(product)
        case (.null, _), (_, .null): return .null
        default:
            if let (first, second) = decimals(left, right) { return try decimal(Decimal.multiply(first, second)) }
            if let (first, second) = floats(left, right) { return .float(first * second) }
            if let product = try TemporalArithmetic.multiply(left, right) { return product }
            throw mismatch("*", left, right)
        }
    }

    package static func divide(_ left: Value, _ right: Value) throws(QueryError) -> Value {
        switch (left, right) {
        case (.int(let first), .int(let second)):
            if second == 0 { throw divisionByZero("/") }
            let (quotient, overflow) = first.dividedReportingOverflow(by: second)
            if overflow { throw .overflow("\(first) / \(second)") }
            return .int(quotient)
        case (.null, _), (_, .null): return .null
        default:
            if let (first, second) = decimals(left, right) {
                if second.isZero { throw SQLFunctions.divisionByZero }
                return try decimal(Decimal.divide(first, second))
            }
            if let (first, second) = floats(left, right) { return .float(first / second) }
            if let quotient = try TemporalArithmetic.divide(left, right) { return quotient }
            throw mismatch("/", left, right)
        }
    }

    package static func modulo(_ left: Value, _ right: Value) throws(QueryError) -> Value {
        switch (left, right) {
        case (.int(let first), .int(let second)):
            if second == 0 { throw divisionByZero("%") }
            // The one overflow, of the smallest integer by -1, has the remainder 0.
            return .int(first.remainderReportingOverflow(dividingBy: second).partialValue)
        case (.null, _), (_, .null): return .null
        default:
            if let (first, second) = decimals(left, right) {
                if second.isZero { throw SQLFunctions.divisionByZero }
                return try decimal(Decimal.modulo(first, second))
            }
            if let (first, second) = floats(left, right) { return .float(fmod(first, second)) }
            throw mismatch("%", left, right)
        }
    }

    package static func power(_ left: Value, _ right: Value) throws(QueryError) -> Value {
        if left.isNull || right.isNull { return .null }
        if let (first, second) = floats(left, right) { return .float(pow(first, second)) }
        throw mismatch("^", left, right)
    }

    package static func negate(_ value: Value) throws(QueryError) -> Value {
        switch value {
        case .null: return .null
        case .int(let integer):
            let (negative, overflow) = Int64(0).subtractingReportingOverflow(integer)
            if overflow { throw .overflow("-(\(integer))") }
            return .int(negative)
        case .float(let number): return .float(-number)
        case .decimal(let number): return .decimal(number.negated)
        default:
            if let negative = try TemporalArithmetic.negate(value) { return negative }
            throw .invalidType("the sign - takes a number or a duration", value)
        }
    }

    /// Both as floats, if both are numbers.
    private static func floats(_ left: Value, _ right: Value) -> (Double, Double)? {
        guard let left = left.number, let right = right.number else { return nil }
        return (left, right)
    }

    /// Both as decimals, if one is and the other is a decimal or an integer.
    private static func decimals(_ left: Value, _ right: Value) -> (Decimal, Decimal)? {
        switch (left, right) {
        case (.decimal(let left), .decimal(let right)): (left, right)
        case (.decimal(let left), .int(let right)): (left, Decimal(right))
        case (.int(let left), .decimal(let right)): (Decimal(left), right)
        default: nil
        }
    }

    private static func decimal(_ result: Decimal?) throws(QueryError) -> Value {
        guard let result else { throw .decimalOverflow }
        return .decimal(result)
    }

    /// A number as a float; nil for anything else.
    package var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .float(let value): value
        case .decimal(let value): value.double
        default: nil
        }
    }

    private static func join(_ left: [Value], _ right: [Value]) throws(QueryError) -> Value {
        try ValueLimits.checkList(count: left.count + right.count)
        return .list(left + right)
    }

    private static func join(_ left: String, _ right: String) throws(QueryError) -> Value {
        try ValueLimits.checkText(size: left.utf8.count + right.utf8.count)
        return .string(left + right)
    }

    private static func divisionByZero(_ operation: String) -> QueryError {
        QueryError(.arithmeticError, "DivisionByZero", "\(operation) by zero; with a float on either side it gives infinity or NaN")
    }

    private static func mismatch(_ operation: String, _ left: Value, _ right: Value) -> QueryError {
        QueryError(
            .typeError, "InvalidArgumentType", "\(operation) has no meaning for \(left.typeName) and \(right.typeName)")
    }
}

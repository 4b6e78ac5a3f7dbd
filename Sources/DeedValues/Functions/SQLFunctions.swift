// What SQL's operators and functions come to where Cypher has nothing like it. The names have a colon, so that they are no names of
// functions in any language; the planner writes them.

enum SQLFunctions {
    static let all: [ScalarFunction] = conversions + [
        // IS NOT DISTINCT FROM: null is like null.
        ScalarFunction("sql:same", 2...2) { (arguments, _) in
            if arguments[0].isNull || arguments[1].isNull { return .bool(arguments[0].isNull && arguments[1].isNull) }
            return .bool(Value.equals(arguments[0], arguments[1]) ?? false)
        },
        ScalarFunction("sql:divide", 2...2) { (arguments, _) throws(QueryError) in
            if let divisor = arguments[1].number, divisor == 0, !arguments[0].isNull { throw divisionByZero }
            return try Value.divide(arguments[0], arguments[1])
        },
        ScalarFunction("sql:modulo", 2...2) { (arguments, _) throws(QueryError) in
            if let divisor = arguments[1].number, divisor == 0, !arguments[0].isNull { throw divisionByZero }
            return try Value.modulo(arguments[0], arguments[1])
        },
        // The element of a list, counted from 1; null beyond its ends.
        ScalarFunction("sql:subscript", 2...2) { (arguments, _) throws(QueryError) in
            switch (arguments[0], arguments[1]) {
            case (.null, _), (_, .null): return .null
            case (.list(let items), .int(let place)):
                return place >= 1 && place <= Int64(items.count) ? items[Int(place - 1)] : .null
            case (.map(let map), .string(let key)): return map[key] ?? .null
            default: throw .invalidType("a subscript needs a list and an integer", arguments[0])
            }
        },
        // The value of a subquery, of the list of its rows.
        ScalarFunction("sql:single", 1...1) { (arguments, _) throws(QueryError) in
            guard case .list(let rows) = arguments[0] else { return .null }
            if rows.count > 1 {
                throw QueryError(.semanticError, "CardinalityViolation", "a subquery used as an expression returned more than one row")
            }
            return rows.first ?? .null
        },
        // A pattern of LIKE and its escape character, as a regular expression.
        ScalarFunction("sql:pattern", 2...2) { (arguments, _) throws(QueryError) in
            guard let pattern = try Arguments.text(arguments[0], "LIKE"), let escape = try Arguments.text(arguments[1], "LIKE")
            else { return .null }
            return .string(try LikePattern.expression(pattern, escape: escape))
        },
    ]

    package static let divisionByZero = QueryError(.arithmeticError, "DivisionByZero", "division by zero")

    // MARK: Conversions

    private static let conversions: [ScalarFunction] = [
        converting("sql:bool", boolean), converting("sql:int", integer), converting("sql:float", float),
        converting("sql:text") { (value, _) in .string(text(value)) },
        temporal("sql:date", "date"), temporal("sql:time", "localtime"), temporal("sql:timetz", "time"),
        temporal("sql:timestamp", "localdatetime"), temporal("sql:timestamptz", "datetime"),
        converting("sql:interval", interval),
    ]

    private static func converting(
        _ name: String, _ convert: @escaping @Sendable (Value, FunctionContext) throws -> Value
    ) -> ScalarFunction {
        ScalarFunction(name, 1...1) { (arguments, context) in
            arguments[0].isNull ? .null : try convert(arguments[0], context)
        }
    }

    private static func invalid(_ value: Value, _ type: String) -> QueryError {
        QueryError(.argumentError, "InvalidTextRepresentation", "invalid input for type \(type): \(ValueText.literal(value))")
    }

    private static func trimmed(_ text: String) -> String {
        var rest = Substring(text).unicodeScalars
        rest = rest.drop { $0.properties.isWhitespace }
        while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
        return String(rest)
    }

    private static func boolean(_ value: Value, _ context: FunctionContext) throws(QueryError) -> Value {
        switch value {
        case .bool: return value
        case .int(let number): return .bool(number != 0)
        case .string(let text):
            switch trimmed(text).lowercased() {
            case "t", "true", "y", "yes", "on", "1": return .bool(true)
            case "f", "false", "n", "no", "off", "0": return .bool(false)
            default: throw invalid(value, "boolean")
            }
        default: throw invalid(value, "boolean")
        }
    }

    /// Floats are rounded to the nearest integer, halves to the even one.
    private static func integer(_ value: Value, _ context: FunctionContext) throws(QueryError) -> Value {
        switch value {
        case .int: return value
        case .bool(let flag): return .int(flag ? 1 : 0)
        case .float(let number):
            guard let integer = Int64(exactly: number.rounded(.toNearestOrEven)) else {
                throw .outOfRange("\(ValueText.float(number)) is beyond the range of 64-bit integers")
            }
            return .int(integer)
        case .string(let text):
            guard let integer = Int64(trimmed(text)) else { throw invalid(value, "bigint") }
            return .int(integer)
        default: throw invalid(value, "bigint")
        }
    }

    private static func float(_ value: Value, _ context: FunctionContext) throws(QueryError) -> Value {
        switch value {
        case .float: return value
        case .int(let number): return .float(Double(number))
        case .string(let text):
            guard let number = Double(trimmed(text)) else { throw invalid(value, "double precision") }
            return .float(number)
        default: throw invalid(value, "double precision")
        }
    }

    /// As PostgreSQL prints a value.
    static func text(_ value: Value) -> String {
        switch value {
        case .string(let text): return text
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return String(number)
        case .float(let number):
            if let integer = Int64(exactly: number), abs(integer) < 1_000_000_000_000_000 { return String(integer) }
            return ValueText.float(number)
        case .date, .localTime, .zonedTime, .localDatetime, .zonedDatetime:
            let text = TemporalText.describe(value)
            return text.contains("T") ? text.split(separator: "T", maxSplits: 1).joined(separator: " ") : text
        case .duration: return TemporalText.describe(value)
        default: return ValueText.literal(value)
        }
    }

    /// By the constructor of that name, which takes texts and other moments.
    private static func temporal(_ name: String, _ constructor: String) -> ScalarFunction {
        let construct = TemporalFunctions.all.first { $0.name == constructor }
        return converting(name) { (value, context) in
            guard let construct else { return .null }
            guard case .string(let text) = value else { return try construct.evaluate([value], context) }
            // SQL has a space where ISO 8601 has a T.
            var bytes = Array(trimmed(text).utf8)
            if bytes.count > 10, bytes[10] == 0x20, constructor.hasSuffix("datetime") { bytes[10] = 0x54 }
            if bytes.count == 10, constructor.hasSuffix("datetime") { bytes += Array("T00:00".utf8) }
            if bytes.count > 10, constructor == "date" { bytes = Array(bytes[..<10]) }
            return try construct.evaluate([.string(String(decoding: bytes, as: UTF8.self))], context)
        }
    }

    private static func interval(_ value: Value, _ context: FunctionContext) throws(QueryError) -> Value {
        switch value {
        case .duration: return value
        case .string(let text): return .duration(try IntervalText.parse(text))
        default: throw invalid(value, "interval")
        }
    }
}

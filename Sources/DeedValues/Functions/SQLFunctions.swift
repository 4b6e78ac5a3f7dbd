// What SQL's operators and functions come to where Cypher has nothing like it. The names have a colon, so that they are no names of
// functions in any language; the planner writes them.

enum SQLFunctions {
    static let all: [ScalarFunction] = conversions + texts + [
        // IS NOT DISTINCT FROM: null is like null.
        ScalarFunction("sql:same", 2...2) { (arguments, _) in
            if arguments[0].isNull || arguments[1].isNull { return .bool(arguments[0].isNull && arguments[1].isNull) }
            return .bool(Value.equals(arguments[0], arguments[1]) ?? false)
        },
        // Nulls do not count.
        ScalarFunction("sql:greatest", 1...Int.max) { (arguments, _) in
            arguments.lazy.filter { !$0.isNull }.max { Value.order($0, $1) < 0 } ?? .null
        },
        ScalarFunction("sql:least", 1...Int.max) { (arguments, _) in
            arguments.lazy.filter { !$0.isNull }.min { Value.order($0, $1) < 0 } ?? .null
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

    // MARK: Texts and numbers

    private static let texts: [ScalarFunction] = [
        // From a position on, counted from 1, so many characters; positions before the first one count.
        ScalarFunction("sql:substring", 2...3) { (arguments, _) throws(QueryError) in
            guard let text = try Arguments.text(arguments[0], "substring"),
                let start = try Arguments.integer(arguments[1], "substring")
            else { return .null }
            let scalars = Array(text.unicodeScalars)
            var end = Int64.max
            if arguments.count > 2 {
                guard let count = try Arguments.integer(arguments[2], "substring") else { return .null }
                if count < 0 { throw .outOfRange("substring() takes no negative length") }
                let (sum, overflow) = start.addingReportingOverflow(count)
                end = overflow ? .max : sum
            }
            return part(scalars, start, end)
        },
        // The texts of a list with another between each two.
        ScalarFunction("sql:join", 2...2) { (arguments, _) throws(QueryError) in
            guard case .list(let items) = arguments[0], let separator = try Arguments.text(arguments[1], "string_agg")
            else { return .null }
            var result = ""
            for (index, item) in items.enumerated() {
                if index > 0 { result += separator }
                result += text(item)
            }
            return .string(result)
        },
        // Of the first occurrence, counted from 1; 0 if there is none.
        ScalarFunction("sql:position", 2...2) { (arguments, _) throws(QueryError) in
            guard let text = try Arguments.text(arguments[0], "position"), let part = try Arguments.text(arguments[1], "position")
            else { return .null }
            let (all, wanted) = (Array(text.utf8), Array(part.utf8))
            if wanted.isEmpty { return .int(1) }
            if wanted.count > all.count { return .int(0) }
            for start in 0...(all.count - wanted.count)
            where all[start] == wanted[0] && all[start..<start + wanted.count].elementsEqual(wanted) {
                // UTF-8's continuation bytes are no characters.
                return .int(Int64(all[..<start].count { $0 & 0xC0 != 0x80 } + 1))
            }
            return .int(0)
        },
        // So many characters, or all but so many at the other end.
        ScalarFunction("sql:left", 2...2) { (arguments, _) throws(QueryError) in
            guard let text = try Arguments.text(arguments[0], "left"), let count = try Arguments.integer(arguments[1], "left")
            else { return .null }
            let scalars = Array(text.unicodeScalars)
            return part(scalars, 1, count >= 0 ? min(count, Int64(scalars.count)) + 1 : max(Int64(scalars.count) &+ count, 0) + 1)
        },
        ScalarFunction("sql:right", 2...2) { (arguments, _) throws(QueryError) in
            guard let text = try Arguments.text(arguments[0], "right"), let count = try Arguments.integer(arguments[1], "right")
            else { return .null }
            let scalars = Array(text.unicodeScalars)
            let total = Int64(scalars.count)
            return part(scalars, count >= 0 ? max(total - min(count, total), 0) + 1 : (0 &- max(count, -total)) + 1, .max)
        },
        ScalarFunction("sql:trunc", 1...2) { (arguments, _) throws(QueryError) in
            if case .decimal(let number) = arguments[0] {
                guard let digits = try Arguments.integer(arguments.dropFirst().first ?? .int(0), "trunc") else { return .null }
                return .decimal(number.truncated(to: Int(max(-400, min(digits, Int64(number.scale))))) ?? number)
            }
            guard arguments.count == 2 else {
                guard let number = try Arguments.number(arguments[0], "trunc") else { return .null }
                if case .int = arguments[0] { return arguments[0] }
                return .float(number.rounded(.towardZero))
            }
            guard let number = try Arguments.number(arguments[0], "trunc"), let digits = try Arguments.integer(arguments[1], "trunc")
            else { return .null }
            if digits > 300 { return arguments[0] }
            if digits < -300 { return .float(0) }
            let factor = pow10(Int(digits))
            return .float((number * factor).rounded(.towardZero) / factor)
        },
    ]

    /// The characters from `start` up to `end`, which is none of them; positions count from 1.
    private static func part(_ scalars: [Unicode.Scalar], _ start: Int64, _ end: Int64) -> Value {
        let total = Int64(scalars.count)
        let first = max(start, 1), last = min(end, total + 1)
        if first >= last { return .string("") }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[Int(first - 1)..<Int(last - 1)])
        return .string(String(text))
    }

    private static func pow10(_ exponent: Int) -> Double {
        (0..<abs(exponent)).reduce(1.0) { result, _ in exponent < 0 ? result / 10 : result * 10 }
    }

    // MARK: Conversions

    private static let conversions: [ScalarFunction] = [
        converting("sql:bool", boolean), converting("sql:int", integer), converting("sql:float", float),
        ScalarFunction("sql:numeric", 1...3) { (arguments, _) throws(QueryError) in try numeric(arguments) },
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
        case .decimal(let number):
            guard let integer = number.integer else {
                throw .outOfRange("\(number.description) is beyond the range of 64-bit integers")
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
        case .decimal(let number): return .float(number.double)
        case .string(let text):
            guard let number = Double(trimmed(text)) else { throw invalid(value, "double precision") }
            return .float(number)
        default: throw invalid(value, "double precision")
        }
    }

    /// A value; the digits that it may have in all, and behind the point. With more of these it is rounded.
    private static func numeric(_ arguments: [Value]) throws(QueryError) -> Value {
        let number: Decimal?
        switch arguments[0] {
        case .null: return .null
        case .decimal(let given): number = given
        case .int(let integer): number = Decimal(integer)
        case .float(let float):
            guard float.isFinite else {
                throw QueryError(.arithmeticError, "NumericValueOutOfRange", "numeric has neither NaN nor infinities")
            }
            number = Decimal(float)
        case .string(let text):
            switch Decimal.read(text) {
            case .number(let read): number = read
            case .tooLarge: number = nil
            case .malformed: throw invalid(arguments[0], "numeric")
            }
        default: throw invalid(arguments[0], "numeric")
        }
        guard let number else { throw .decimalOverflow }
        guard arguments.count == 3, case .int(let precision) = arguments[1], case .int(let scale) = arguments[2] else {
            return .decimal(number)
        }
        guard let fitting = number.fitted(precision: Int(precision), scale: Int(scale)) else {
            throw QueryError(
                .arithmeticError, "NumericValueOutOfRange",
                "numeric field overflow: \(number.description) does not fit into numeric(\(precision), \(scale))")
        }
        return .decimal(fitting)
    }

    /// As PostgreSQL prints a value.
    static func text(_ value: Value) -> String {
        switch value {
        case .string(let text): return text
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return String(number)
        case .decimal(let number): return number.description
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

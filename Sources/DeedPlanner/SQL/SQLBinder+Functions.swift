// Calls of functions by the names that PostgreSQL gives them. Most are functions of values that Cypher has too; the others are made of
// expressions here.

import DeedExecution
import DeedSyntax
import DeedValues

/// What SQL calls a function of values, and what is known of it.
private struct SQLFunction {
    let target: String
    let arity: ClosedRange<Int>
    let type: SQLType
    /// What the arguments are to be; the last one counts for all behind it.
    let arguments: [SQLType]

    init(_ target: String, _ arity: ClosedRange<Int>, _ type: SQLType, _ arguments: SQLType...) {
        (self.target, self.arity, self.type, self.arguments) = (target, arity, type, arguments)
    }
}

private let functions: [String: SQLFunction] = [
    "upper": SQLFunction("toupper", 1...1, .text, .text), "lower": SQLFunction("tolower", 1...1, .text, .text),
    "length": SQLFunction("char_length", 1...1, .integer, .text),
    "char_length": SQLFunction("char_length", 1...1, .integer, .text),
    "character_length": SQLFunction("char_length", 1...1, .integer, .text),
    "btrim": SQLFunction("btrim", 1...2, .text, .text), "trim": SQLFunction("btrim", 1...2, .text, .text),
    "ltrim": SQLFunction("ltrim", 1...2, .text, .text), "rtrim": SQLFunction("rtrim", 1...2, .text, .text),
    "replace": SQLFunction("replace", 3...3, .text, .text), "reverse": SQLFunction("reverse", 1...1, .text, .text),
    "lpad": SQLFunction("lpad", 2...3, .text, .text, .integer, .text),
    "rpad": SQLFunction("rpad", 2...3, .text, .text, .integer, .text),
    "string_to_array": SQLFunction("split", 2...2, .list(.text), .text),
    "sqrt": SQLFunction("sqrt", 1...1, .float, .float), "exp": SQLFunction("exp", 1...1, .float, .float),
    "ln": SQLFunction("log", 1...1, .float, .float), "log10": SQLFunction("log10", 1...1, .float, .float),
    "sin": SQLFunction("sin", 1...1, .float, .float), "cos": SQLFunction("cos", 1...1, .float, .float),
    "tan": SQLFunction("tan", 1...1, .float, .float), "asin": SQLFunction("asin", 1...1, .float, .float),
    "acos": SQLFunction("acos", 1...1, .float, .float), "atan": SQLFunction("atan", 1...1, .float, .float),
    "atan2": SQLFunction("atan2", 2...2, .float, .float), "cot": SQLFunction("cot", 1...1, .float, .float),
    "degrees": SQLFunction("degrees", 1...1, .float, .float), "radians": SQLFunction("radians", 1...1, .float, .float),
    "pi": SQLFunction("pi", 0...0, .float), "random": SQLFunction("rand", 0...0, .float),
    "gen_random_uuid": SQLFunction("randomuuid", 0...0, .text),
    "current_date": SQLFunction("date", 0...0, .date), "now": SQLFunction("datetime", 0...0, .timestampWithZone),
    "current_timestamp": SQLFunction("datetime", 0...0, .timestampWithZone),
    "transaction_timestamp": SQLFunction("datetime", 0...0, .timestampWithZone),
    "localtimestamp": SQLFunction("localdatetime", 0...0, .timestamp), "localtime": SQLFunction("localtime", 0...0, .time),
    "current_time": SQLFunction("time", 0...0, .timeWithZone), "array_length": SQLFunction("size", 1...1, .integer, .list(.any)),
    "cardinality": SQLFunction("size", 1...1, .integer, .list(.any)), "element_id": SQLFunction("id", 1...1, .integer),
    "path_length": SQLFunction("length", 1...1, .integer), "vertices": SQLFunction("nodes", 1...1, .list(.element)),
    "edges": SQLFunction("relationships", 1...1, .list(.element)), "labels": SQLFunction("labels", 1...1, .list(.text)),
]

extension SQLBinder {
    func bindCall(_ call: FunctionCall, _ context: SQLContext, at range: SourceRange) throws -> SQLValue {
        var name = call.name.text.lowercased()
        if name.hasPrefix("pg_catalog.") { name.removeFirst("pg_catalog.".count) }
        if Self.aggregates[name] != nil { return try bindAggregate(call, order: [], filter: nil, context, at: range) }
        if name == "grouping" { return try bindGrouping(call, context, at: range) }
        if Self.windowFunctions[name] != nil {
            throw failure("WindowingError", "\(call.name.text)() is a window function, and needs OVER", at: range)
        }
        if call.isStar || call.isDistinct {
            throw failure("SyntaxError", "\(call.name.text)() is no aggregate", at: range)
        }
        if let value = try bindSpecial(name, call, context, at: range) { return value }
        if let value = try bindCatalogFunction(name, call, context, at: range) { return value }
        guard let function = functions[name] else {
            let known = Array(functions.keys) + Self.catalogFunctionNames + Array(Self.aggregates.keys) + Array(Self.windowFunctions.keys)
            let hint = core.suggestion(for: name, among: known)
            throw failure("UndefinedFunction", "there is no function \"\(call.name.text)\"\(hint)", at: call.name.range)
        }
        try require(call, function.arity, at: range)
        let arguments = try call.arguments.enumerated().map { index, argument -> Expr in
            let value = try bind(argument, context)
            guard let wanted = function.arguments.isEmpty ? nil : function.arguments[min(index, function.arguments.count - 1)]
            else { return value.expr }
            guard value.type.isOpen || wanted == value.type || SQLType.common(wanted, value.type) != nil else {
                throw mismatch(argument, wanted.name, value.type)
            }
            return cast(unknown: value, to: wanted).expr
        }
        return SQLValue(.call(function.target, arguments), function.type)
    }

    func require(_ call: FunctionCall, _ arity: ClosedRange<Int>, at range: SourceRange) throws {
        if arity.contains(call.arguments.count) { return }
        let wanted = arity.lowerBound == arity.upperBound ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
        throw failure(
            "UndefinedFunction", "\(call.name.text)() takes \(wanted) arguments, not \(call.arguments.count)", at: range)
    }

    /// Functions that are more than a call; nil for all others.
    private func bindSpecial(
        _ name: String, _ call: FunctionCall, _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue? {
        switch name {
        case "coalesce":
            try require(call, 1...Int.max, at: range)
            let (values, type) = try unified(call.arguments, context, "COALESCE")
            return SQLValue(.call("coalesce", values), type)
        case "nullif":
            try require(call, 2...2, at: range)
            let (a, b, type) = try operands(call.arguments[0], call.arguments[1], context, "NULLIF")
            var shared: [(slot: Slot, value: Expr)] = []
            let value = core.once(a, &shared)
            let result = Expr.conditional([(.compare(.equal, value, b), .constant(.null))], otherwise: value)
            return SQLValue(core.using(shared, result), type == .unknown ? .text : type)
        case "greatest", "least":
            try require(call, 1...Int.max, at: range)
            let (values, type) = try unified(call.arguments, context, name.uppercased())
            return SQLValue(.call("sql:" + name, values), type)
        case "abs", "ceil", "ceiling", "floor", "sign", "round", "trunc", "mod", "power", "pow":
            return try bindNumeric(name, call, context, at: range)
        case "substring", "substr", "left", "right", "position", "strpos", "concat", "starts_with":
            return try bindText(name, call, context, at: range)
        case "extract", "date_part":
            try require(call, 2...2, at: range)
            return try extract(call, context)
        default: return nil
        }
    }

    private func bindNumeric(
        _ name: String, _ call: FunctionCall, _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        let isBinary = name == "mod" || name == "power" || name == "pow"
        let arity = isBinary ? 2...2 : name == "round" || name == "trunc" ? 1...2 : 1...1
        try require(call, arity, at: range)
        if isBinary { return try arithmetic(name == "mod" ? .modulo : .power, call.arguments[0], call.arguments[1], context, at: range) }
        let values = try call.arguments.map { argument -> SQLValue in
            let value = cast(unknown: try bind(argument, context), to: .float)
            guard value.type.mayBeNumber else { throw mismatch(argument, "a number", value.type) }
            return value
        }
        let type = values[0].type.unsized
        // Floats and what becomes one.
        let rounded: SQLType = type.isNumeric || type == .any ? type : .float
        switch name {
        case "sign" where type.isNumeric: return cast(SQLValue(.call(name, [values[0].expr]), .integer), to: type)
        case "abs", "sign": return SQLValue(.call(name, [values[0].expr]), type)
        case "ceil", "ceiling", "floor":
            return type == .integer ? values[0] : SQLValue(.call(name == "floor" ? "floor" : "ceil", [values[0].expr]), rounded)
        case "round":
            if type == .integer && values.count == 1 { return values[0] }
            return SQLValue(.call("round", values.map(\.expr) + (values.count == 2 ? [.constant(.string("HALF_UP"))] : [])), rounded)
        default: return SQLValue(.call("sql:trunc", values.map(\.expr)), type)
        }
    }

    private func bindText(
        _ name: String, _ call: FunctionCall, _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        let arity: [String: ClosedRange<Int>] = ["substring": 2...3, "substr": 2...3, "concat": 1...Int.max]
        try require(call, arity[name] ?? 2...2, at: range)
        let values = try call.arguments.map { try bind($0, context) }
        let texts = values.map { cast(unknown: $0, to: .text) }
        switch name {
        case "concat":
            let parts = values.map { Expr.call("coalesce", [cast($0, to: .text).expr, .constant(.string(""))]) }
            return SQLValue(Expr.balanced(parts[...]) { .arithmetic(.concatenate, $0, $1) }, .text)
        case "starts_with": return SQLValue(.textTest(.startsWith, texts[0].expr, texts[1].expr), .bool)
        case "position", "strpos":
            let (text, part) = name == "position" ? (texts[1], texts[0]) : (texts[0], texts[1])
            return SQLValue(.call("sql:position", [text.expr, part.expr]), .integer)
        case "left", "right": return SQLValue(.call("sql:" + name, [texts[0].expr, values[1].expr]), .text)
        default: return SQLValue(.call("sql:substring", [texts[0].expr] + values.dropFirst().map(\.expr)), .text)
        }
    }

    /// EXTRACT(field FROM moment).
    private func extract(_ call: FunctionCall, _ context: SQLContext) throws -> SQLValue {
        guard case .string(let field) = call.arguments[0].kind else {
            throw failure("InvalidParameterValue", "EXTRACT needs the name of a field", at: call.arguments[0].range)
        }
        let moment = try bind(call.arguments[1], context)
        let keys = [
            "year": "year", "month": "month", "day": "day", "hour": "hour", "minute": "minute", "second": "second",
            "quarter": "quarter", "week": "week", "doy": "ordinalDay", "isodow": "dayOfWeek", "isoyear": "weekYear",
            "epoch": "epochSeconds", "millisecond": "millisecond", "microsecond": "microsecond",
        ]
        let name = field.lowercased()
        if name == "dow" { return SQLValue(.arithmetic(.modulo, .property(moment.expr, "dayOfWeek"), .constant(.int(7))), .integer) }
        guard let key = keys[name] else {
            let hint = core.suggestion(for: name, among: Array(keys.keys))
            throw failure("InvalidParameterValue", "EXTRACT knows no field \"\(field)\"\(hint)", at: call.arguments[0].range)
        }
        return SQLValue(.property(moment.expr, key), .integer)
    }

    // MARK: LIKE

    func like(
        _ operand: Expression, _ op: LikeOperator, pattern: Expression, escape: Expression?, negated: Bool, _ context: SQLContext
    ) throws -> SQLValue {
        let text = cast(unknown: try bind(operand, context), to: .text)
        let pattern = (value: cast(unknown: try bind(pattern, context), to: .text), place: pattern)
        guard text.type.mayBeText else { throw mismatch(operand, "text", text.type) }
        guard pattern.value.type.mayBeText else { throw mismatch(pattern.place, "text", pattern.value.type) }
        let escape = try escape.map { try bind($0, context).expr } ?? .constant(.string("\\"))
        let test: Expr
        if case .constant(.string(let written)) = pattern.value.expr, case .constant(.string(let sign)) = escape {
            test = try matching(text.expr, op, written, escape: sign, at: pattern.place.range)
        } else if op == .like {
            test = .textTest(.matches, text.expr, .call("sql:pattern", [pattern.value.expr, escape]))
        } else {
            throw unsupported("a pattern of ILIKE or SIMILAR TO that is no literal", at: pattern.place.range)
        }
        return SQLValue(negated ? .not(test) : test, .bool)
    }

    private func matching(
        _ text: Expr, _ op: LikeOperator, _ pattern: String, escape: String, at range: SourceRange
    ) throws -> Expr {
        if op == .like, let simple = LikePattern.simple(pattern, escape: escape) {
            let part = Expr.constant(.string(simple.text))
            switch (simple.anyBefore, simple.anyBehind) {
            case (false, false): return .compare(.equal, text, part)
            case (false, true): return .textTest(.startsWith, text, part)
            case (true, false): return .textTest(.endsWith, text, part)
            case (true, true): return .textTest(.contains, text, part)
            }
        }
        do throws(QueryError) {
            let expression = op == .similar
                ? try LikePattern.similarExpression(pattern, escape: escape)
                : try LikePattern.expression(pattern, escape: escape, ignoresCase: op == .ilike)
            return .textTest(.matches, text, .constant(.string(expression)))
        } catch {
            throw QueryError(error.kind, error.detail, error.message, at: range)
        }
    }
}

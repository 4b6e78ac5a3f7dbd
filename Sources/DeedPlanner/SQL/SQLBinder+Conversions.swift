// Conversions between types, and arithmetic, which depends on them.

import DeedExecution
import DeedSyntax
import DeedValues

extension SQLBinder {
    /// A literal that has no type yet becomes one of the type; other values stay as they are.
    func cast(unknown value: SQLValue, to type: SQLType) -> SQLValue {
        guard value.type == .unknown else { return value }
        if case .constant(.null) = value.expr { return SQLValue(value.expr, type) }
        if type == .unknown { return value }
        if type == .any { return SQLValue(value.expr, .text) }
        return cast(SQLValue(value.expr, .text), to: type)
    }

    /// Values that are to have the type among others of it: numbers that are not of the same kind, moments likewise, and literals.
    func convert(_ value: SQLValue, to type: SQLType) -> SQLValue {
        if value.type == .unknown { return cast(unknown: value, to: type) }
        if value.type == type || type == .any || value.type == .any { return value }
        if value.type.isNumeric && type == .numeric(nil) { return SQLValue(value.expr, type) }
        return cast(value, to: type)
    }

    /// CAST.
    func cast(_ value: SQLValue, to type: SQLType) -> SQLValue {
        if value.type == type { return value }
        if case .constant(.null) = value.expr { return SQLValue(value.expr, type) }
        if value.type == .unknown && type == .text { return SQLValue(value.expr, .text) }
        if case .numeric(let size) = type {
            let sizes: [Int] = size.map { [$0.precision, $0.scale] } ?? []
            return SQLValue(folded("sql:numeric", [value.expr] + sizes.map { .constant(.int(Int64($0))) }), type)
        }
        guard let function = type.conversion else { return SQLValue(value.expr, type) }
        return SQLValue(folded(function, [value.expr]), type)
    }

    /// The call, or its result where that is known. What fails is left to the execution: it may never come to it.
    func folded(_ function: String, _ arguments: [Expr]) -> Expr {
        var values: [Value] = []
        for argument in arguments {
            guard case .constant(let value) = argument else { return .call(function, arguments) }
            values.append(value)
        }
        let context = FunctionContext(seconds: 0, nanoseconds: 0)
        guard let known = ScalarFunctions.named(function), known.isDeterministic, let result = try? known.evaluate(values, context)
        else { return .call(function, arguments) }
        return .constant(result)
    }

    // MARK: Arithmetic

    func arithmetic(
        _ op: BinaryOperator, _ left: Expression, _ right: Expression, _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        var (a, b) = (try bind(left, context), try bind(right, context))
        if let moment = moments(op, a, b) { return moment }
        // A literal takes after the other side.
        if a.type == .unknown { a = cast(unknown: a, to: b.type.isOpen ? .float : b.type) }
        if b.type == .unknown { b = cast(unknown: b, to: a.type.isOpen ? .float : a.type) }
        for (value, place) in [(a, left), (b, right)] {
            guard value.type.mayBeNumber || value.type == .interval else { throw mismatch(place, "a number", value.type) }
        }
        let type = a.type == .interval || b.type == .interval ? .interval : (SQLType.common(a.type, b.type) ?? .any).unsized
        (a, b) = (beside(type, a), beside(type, b))
        switch op {
        case .add: return SQLValue(.arithmetic(.add, a.expr, b.expr), type)
        case .subtract: return SQLValue(.arithmetic(.subtract, a.expr, b.expr), type)
        case .multiply: return SQLValue(.arithmetic(.multiply, a.expr, b.expr), type)
        case .divide: return SQLValue(quotient("sql:divide", .divide, a, b), type)
        case .modulo: return SQLValue(quotient("sql:modulo", .modulo, a, b), type)
        case .power: return SQLValue(.arithmetic(.power, a.expr, b.expr), .float)
        default: throw unsupported("this operator", at: range)
        }
    }

    /// Division by zero is an error, which it is anyway for integers.
    private func quotient(_ checked: String, _ op: Arithmetic, _ a: SQLValue, _ b: SQLValue) -> Expr {
        // Integers and decimals look out for it themselves.
        if a.type != .float && b.type != .float && a.type.isNumber && b.type.isNumber { return .arithmetic(op, a.expr, b.expr) }
        if case .constant(let divisor) = b.expr, let number = divisor.number, number != 0 { return .arithmetic(op, a.expr, b.expr) }
        return .call(checked, [a.expr, b.expr])
    }

    /// Sums and differences of moments, intervals and days; nil if neither side is a moment.
    private func moments(_ op: BinaryOperator, _ a: SQLValue, _ b: SQLValue) -> SQLValue? {
        guard op == .add || op == .subtract, a.type.isMoment || b.type.isMoment else { return nil }
        let arithmetic: Arithmetic = op == .add ? .add : .subtract
        switch (a.type, b.type) {
        case (.date, .date) where op == .subtract:
            return SQLValue(.property(.call("duration.indays", [b.expr, a.expr]), "days"), .integer)
        case (.date, .integer):
            return SQLValue(shifted(a.expr, arithmetic, .call("duration", [.map([("days", b.expr)])])), .date)
        case (.integer, .date) where op == .add:
            return SQLValue(shifted(b.expr, .add, .call("duration", [.map([("days", a.expr)])])), .date)
        case (_, _) where a.type.isMoment && b.type.isMoment && op == .subtract:
            return SQLValue(.call("duration.inseconds", [b.expr, a.expr]), .interval)
        case (.interval, _) where op == .add: return moments(op, b, a)
        case (_, .interval), (_, .unknown), (_, .any):
            let interval = convert(b, to: .interval).expr
            let moment = a.type == .date ? cast(a, to: .timestamp) : a
            return SQLValue(shifted(moment.expr, arithmetic, interval), moment.type)
        default: return nil
        }
    }

    private func shifted(_ moment: Expr, _ op: Arithmetic, _ interval: Expr) -> Expr {
        if case .constant(let a) = moment, case .constant(let b) = interval,
            let result = try? op == .add ? Value.add(a, b) : Value.subtract(a, b) { return .constant(result) }
        return .arithmetic(op, moment, interval)
    }

    /// Both sides of a comparison as values that can be compared.
    func comparable(_ a: SQLValue, _ b: SQLValue, _ type: SQLType) -> (Expr, Expr) {
        let (left, right) = (beside(type, cast(unknown: a, to: type)), beside(type, cast(unknown: b, to: type)))
        if !type.isMoment || left.type == right.type { return (left.expr, right.expr) }
        // A date beside a timestamp that is midnight is compared as the date that the latter is.
        if left.type == .date, let date = midnight(right.expr) { return (left.expr, date) }
        if right.type == .date, let date = midnight(left.expr) { return (date, right.expr) }
        return (convert(left, to: type).expr, convert(right, to: type).expr)
    }

    /// A literal among floats is the float that it stands for.
    func beside(_ type: SQLType, _ value: SQLValue) -> SQLValue {
        guard type == .float, value.type.isNumeric, case .constant = value.expr else { return value }
        return cast(value, to: .float)
    }

    private func midnight(_ expr: Expr) -> Expr? {
        guard case .constant(.localDatetime(let moment)) = expr, moment.nanoseconds == 0, moment.seconds % 86_400 == 0 else { return nil }
        return .constant(.date(CalendarDate(days: moment.seconds / 86_400)))
    }
}

extension SQLType {
    /// The function that makes values of the type; nil if there is none.
    var conversion: String? {
        switch self {
        case .bool: "sql:bool"
        case .integer: "sql:int"
        case .float: "sql:float"
        case .text: "sql:text"
        case .date: "sql:date"
        case .time: "sql:time"
        case .timeWithZone: "sql:timetz"
        case .timestamp: "sql:timestamp"
        case .timestampWithZone: "sql:timestamptz"
        case .interval: "sql:interval"
        case .numeric: "sql:numeric"
        case .any, .unknown, .bytes, .list, .map, .element: nil
        }
    }
}

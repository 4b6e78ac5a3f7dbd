// Functions of windows. They are bound where they stand, as a slot that holds what they give; the plan gets a node for all functions
// of one window, above grouping and below DISTINCT and ORDER BY, with a sort below it where the rows are not in its order yet.

import DeedExecution
import DeedSyntax
import DeedValues

/// A window as it was bound: what rows are divided and ordered by, and of the order what frames need to know.
struct SQLWindow {
    var partition: [Expr] = []
    var order: [SortKey] = []
    /// What stands in ORDER BY.
    var items: [(value: SQLValue, isDescending: Bool, place: SourceRange)] = []
    var frame: WindowFrame?
}

/// The functions of windows of a SELECT.
final class SQLWindows {
    struct Found {
        let slot: Slot
        var window: SQLWindow
        var function: WindowFunction
        let place: SourceRange
        /// As they were bound first, to know them again.
        let original: (window: SQLWindow, function: WindowFunction)
    }

    var named: [(name: String, window: SQLWindow)] = []
    var found: [Found] = []
    /// True if what comes now has to be there.
    var isComplete = false
    /// Different ones among them. Each may sort all rows anew, with the columns of those before it.
    var windowCount = 0
    static let windowsMax = 64

    /// Puts other expressions in the place of all that functions are computed from.
    func replace(_ new: (Expr, SourceRange) throws -> Expr) rethrows {
        for index in found.indices {
            let (place, function) = (found[index].place, found[index].function)
            found[index].window.partition = try found[index].window.partition.map { try new($0, place) }
            found[index].window.order = try found[index].window.order.map {
                SortKey(value: try new($0.value, place), isDescending: $0.isDescending)
            }
            let frame = function.frame
            let key = try frame.key.map { SortKey(value: try new($0.value, place), isDescending: $0.isDescending) }
            found[index].function = WindowFunction(
                kind: function.kind, arguments: try function.arguments.map { try new($0, place) },
                frame: RowFrame(unit: frame.unit, start: frame.start, end: frame.end, exclusion: frame.exclusion, key: key))
        }
    }
}

extension SQLBinder {
    /// By name: how many arguments they take.
    static let windowFunctions: [String: (arity: ClosedRange<Int>, kind: WindowFunction.Kind)] = [
        "row_number": (0...0, .rowNumber), "rank": (0...0, .rank), "dense_rank": (0...0, .denseRank),
        "percent_rank": (0...0, .percentRank), "cume_dist": (0...0, .cumeDist), "ntile": (1...1, .ntile), "lag": (1...3, .lag),
        "lead": (1...3, .lead), "first_value": (1...1, .firstValue), "last_value": (1...1, .lastValue),
        "nth_value": (2...2, .nthValue),
    ]

    /// Whether the expression has a function of a window, subqueries left aside.
    func containsWindow(_ expression: Expression) -> Bool {
        if case .sql(.aggregate(_, _, _, .some)) = expression.kind { return true }
        return sqlChildren(of: expression).contains(where: containsWindow)
    }

    func containsAggregate(_ window: WindowDefinition) -> Bool {
        (window.partition + window.order.map(\.expression)).contains(where: containsAggregate)
    }

    // MARK: Definitions

    /// WINDOW: each may be based on those before it.
    func declare(_ windows: [(name: Name, definition: WindowDefinition)], _ context: SQLContext) throws {
        guard let known = context.windows else { return }
        for (name, definition) in windows {
            if known.named.contains(where: { SQLName.areSame($0.name, name.text) }) {
                throw failure("WindowingError", "window \"\(name.text)\" is already defined", at: name.range)
            }
            known.named.append((name.text, try bind(definition, context, at: name.range)))
        }
    }

    private func window(_ name: Name, _ context: SQLContext) throws -> SQLWindow {
        if let found = SQLName.find(name.text, in: context.windows?.named ?? [], { $0.name }) { return found.window }
        let hint = core.suggestion(for: name.text, among: (context.windows?.named ?? []).map(\.name))
        throw failure("UndefinedObject", "window \"\(name.text)\" does not exist\(hint)", at: name.range)
    }

    private func bind(_ window: Window, _ context: SQLContext, at range: SourceRange) throws -> SQLWindow {
        switch window {
        case .named(let name): try self.window(name, context)
        case .definition(let definition): try bind(definition, context, at: range)
        }
    }

    private func bind(_ definition: WindowDefinition, _ context: SQLContext, at range: SourceRange) throws -> SQLWindow {
        var result = SQLWindow()
        if let base = definition.base {
            result = try window(base, context)
            let name = base.text
            if !definition.partition.isEmpty {
                throw failure("WindowingError", "PARTITION BY cannot be added to window \"\(name)\"", at: base.range)
            }
            if !definition.order.isEmpty && !result.items.isEmpty {
                throw failure("WindowingError", "window \"\(name)\" has an ORDER BY already", at: base.range)
            }
            if result.frame != nil {
                throw failure("WindowingError", "window \"\(name)\" has a frame, and cannot be added to", at: base.range)
            }
        }
        let inner = inside(context, "the definition of a window")
        for expression in definition.partition {
            result.partition.append(cast(unknown: try bind(expression, inner), to: .text).expr)
        }
        for item in definition.order {
            let value = cast(unknown: try bind(item.expression, inner), to: .text)
            result.order += sortKeys(item, value.expr)
            result.items.append((value, item.isDescending, item.expression.range))
        }
        result.frame = definition.frame
        if let frame = definition.frame { _ = try bind(frame, of: result, at: range) }
        return result
    }

    /// What windows are made of cannot have windows again.
    private func inside(_ context: SQLContext, _ clause: String) -> SQLContext {
        var inner = context
        (inner.windows, inner.clause) = (nil, clause)
        return inner
    }

    // MARK: Frames

    private func bind(_ frame: WindowFrame, of window: SQLWindow, at range: SourceRange) throws -> RowFrame {
        func refuse(_ message: String) -> QueryError { failure("WindowingError", message, at: range) }
        switch (frame.start, frame.end) {
        case (.unboundedFollowing, _): throw refuse("a frame cannot start with UNBOUNDED FOLLOWING")
        case (_, .unboundedPreceding): throw refuse("a frame cannot end with UNBOUNDED PRECEDING")
        case (.currentRow, .preceding): throw refuse("a frame that starts with the current row cannot end with rows before it")
        case (.following, .preceding), (.following, .currentRow):
            throw refuse("a frame that starts with rows behind the current one cannot end before them")
        default: break
        }
        if frame.unit == .groups && window.items.isEmpty { throw refuse("GROUPS needs an ORDER BY in the window") }
        let unit: RowFrame.Unit = frame.unit == .rows ? .rows : frame.unit == .range ? .range : .groups
        let exclusion: RowFrame.Exclusion =
            switch frame.exclusion {
            case .noOthers: .none
            case .currentRow: .currentRow
            case .group: .group
            case .ties: .ties
            }
        let key = unit == .range && frame.hasDistance ? try frameKey(of: window, at: range) : nil
        return RowFrame(
            unit: unit, start: try bind(frame.start, unit, key?.type, at: range), end: try bind(frame.end, unit, key?.type, at: range),
            exclusion: exclusion, key: key?.key)
    }

    /// What distances are added to: the only key of the order.
    private func frameKey(of window: SQLWindow, at range: SourceRange) throws -> (key: SortKey, type: SQLType) {
        guard window.items.count == 1 else {
            throw failure("WindowingError", "RANGE with an offset needs exactly one ORDER BY column in the window", at: range)
        }
        let (value, isDescending, place) = window.items[0]
        guard value.type.mayBeNumber || value.type.isMoment || value.type == .interval else {
            throw failure("WindowingError", "RANGE with an offset cannot be used with a column of type \(value.type.name)", at: place)
        }
        // As with sums, a day with an interval is a moment.
        let moment = value.type == .date ? cast(value, to: .timestamp) : value
        return (SortKey(value: moment.expr, isDescending: isDescending), moment.type)
    }

    private func bind(
        _ bound: WindowFrame.Bound, _ unit: RowFrame.Unit, _ key: SQLType?, at range: SourceRange
    ) throws -> RowFrame.Bound {
        switch bound {
        case .unboundedPreceding: .unboundedPreceding
        case .preceding(let distance): .preceding(try bindDistance(distance, unit, key))
        case .currentRow: .currentRow
        case .following(let distance): .following(try bindDistance(distance, unit, key))
        case .unboundedFollowing: .unboundedFollowing
        }
    }

    /// No columns are in sight: the distance is the same for all rows.
    private func bindDistance(_ expression: Expression, _ unit: RowFrame.Unit, _ key: SQLType?) throws -> Expr {
        let empty = SQLContext(SQLScope(outer: nil), clause: "the offset of a frame")
        let wanted: SQLType = unit != .range ? .integer : key.map { $0.isMoment || $0 == .interval ? .interval : .float } ?? .any
        let value = cast(unknown: try bind(expression, empty), to: wanted)
        let fits =
            switch wanted {
            case .integer: value.type.isOpen || value.type == .integer
            case .float: value.type.mayBeNumber
            case .interval: value.type.isOpen || value.type == .interval
            default: true
            }
        if !fits { throw mismatch(expression, wanted == .float ? "a number" : wanted.name, value.type) }
        if case .constant(let known) = value.expr, let number = known.number, number < 0 {
            throw failure("InvalidFrame", "the offset of a frame must not be negative", at: expression.range)
        }
        return value.expr
    }

    // MARK: Functions

    func bindWindow(
        _ call: FunctionCall, order: [SortItem], filter: Expression?, _ over: Window, _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        let name = call.name.text.lowercased()
        guard context.windows != nil else {
            throw failure(
                "WindowingError", "\(call.name.text)() is computed over a window, which cannot stand in \(context.clause)", at: range)
        }
        if call.isDistinct { throw unsupported("DISTINCT in a window function", at: range) }
        if !order.isEmpty { throw unsupported("ORDER BY in the arguments of a window function", at: range) }
        let window = try bind(over, context, at: range)
        let inner = inside(context, "the arguments of a window function")
        if let known = Self.windowFunctions[name] {
            if filter != nil { throw failure("SyntaxError", "FILTER is for aggregates, and \(call.name.text)() is none", at: range) }
            return try bind(known.kind, known.arity, call, window, context, inner, at: range)
        }
        guard let arity = Self.aggregates[name] else {
            let hint = core.suggestion(for: name, among: Array(Self.windowFunctions.keys) + Array(Self.aggregates.keys))
            throw failure("UndefinedFunction", "there is no window function \"\(call.name.text)\"\(hint)", at: call.name.range)
        }
        guard call.isStar ? name == "count" : call.arguments.count == arity else {
            throw failure("UndefinedFunction", "\(call.name.text)() takes \(arity) argument", at: range)
        }
        let condition = try filter.map { try bindCondition($0, inner) }
        guard let argument = call.arguments.first, !call.isStar else {
            let one = condition.map { Expr.conditional([($0, .constant(.int(1)))], otherwise: .constant(.null)) }
            return SQLValue(try collect(.aggregate("count"), one.map { [$0] } ?? [], window, context, at: range), .integer)
        }
        var value = cast(unknown: try bind(argument, inner), to: .text)
        if let condition { value.expr = .conditional([(condition, value.expr)], otherwise: .constant(.null)) }
        return try aggregate(name, value, argument, window, context, at: range)
    }

    private func bind(
        _ kind: WindowFunction.Kind, _ arity: ClosedRange<Int>, _ call: FunctionCall, _ window: SQLWindow, _ context: SQLContext,
        _ inner: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        guard arity.contains(call.arguments.count), !call.isStar else {
            let wanted = arity.lowerBound == arity.upperBound ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
            throw failure(
                "UndefinedFunction", "\(call.name.text)() takes \(wanted) arguments, not \(call.arguments.count)", at: range)
        }
        func result(_ arguments: [Expr], _ type: SQLType) throws -> SQLValue {
            SQLValue(try collect(kind, arguments, window, context, at: range), type)
        }
        func integer(_ index: Int) throws -> Expr {
            let value = cast(unknown: try bind(call.arguments[index], inner), to: .integer)
            guard value.type.isOpen || value.type == .integer else { throw mismatch(call.arguments[index], "an integer", value.type) }
            return value.expr
        }
        switch kind {
        case .rowNumber, .rank, .denseRank: return try result([], .integer)
        case .percentRank, .cumeDist: return try result([], .float)
        case .ntile: return try result([try integer(0)], .integer)
        case .nthValue:
            let value = cast(unknown: try bind(call.arguments[0], inner), to: .text)
            return try result([value.expr, try integer(1)], value.type)
        case .lag, .lead:
            if call.arguments.count < 3 {
                let value = cast(unknown: try bind(call.arguments[0], inner), to: .text)
                return try result([value.expr] + (call.arguments.count > 1 ? [try integer(1)] : []), value.type)
            }
            let (values, type) = try unified([call.arguments[0], call.arguments[2]], inner, call.name.text.lowercased())
            return try result([values[0], try integer(1), values[1]], type)
        default:
            let value = cast(unknown: try bind(call.arguments[0], inner), to: .text)
            return try result([value.expr], value.type)
        }
    }

    private func aggregate(
        _ name: String, _ value: SQLValue, _ argument: Expression, _ window: SQLWindow, _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        func result(_ function: String) throws -> Expr { try collect(.aggregate(function), [value.expr], window, context, at: range) }
        switch name {
        case "count": return SQLValue(try result("count"), .integer)
        case "min", "max": return SQLValue(try result(name), value.type)
        case "bool_and", "every", "bool_or":
            guard value.type.mayBeBool else { throw mismatch(argument, "boolean", value.type) }
            return SQLValue(try result(name == "bool_or" ? "max" : "min"), .bool)
        case "sum", "avg", "total", "stddev", "stddev_samp", "stddev_pop":
            guard value.type.mayBeNumber || value.type == .interval else { throw mismatch(argument, "a number", value.type) }
            switch name {
            case "sum": return SQLValue(try result("sum"), value.type.unsized)
            case "avg": return SQLValue(try result("avg"), averageType(value.type))
            case "total":
                let none = Expr.constant(.float(0))
                return SQLValue(.arithmetic(.add, .call("coalesce", [try result("sum"), none]), none), .float)
            default: return SQLValue(try result(name == "stddev_pop" ? "stdevp" : "stdev"), .float)
            }
        default: throw unsupported("\(name) over a window", at: range)
        }
    }

    /// A function that is there already serves again.
    private func collect(
        _ kind: WindowFunction.Kind, _ arguments: [Expr], _ window: SQLWindow, _ context: SQLContext, at range: SourceRange
    ) throws -> Expr {
        guard let windows = context.windows else { throw failure("WindowingError", "no window can stand here", at: range) }
        let frame = try window.frame.map { try bind($0, of: window, at: range) }
        let function = WindowFunction(kind: kind, arguments: arguments, frame: frame ?? .standard)
        let known = windows.found.first { areSame($0.original.window, window) && areSame($0.original.function, function) }
        if let known { return .slot(known.slot) }
        if windows.isComplete { throw failure("WindowingError", "this window function of ORDER BY must be a column too", at: range) }
        if !windows.found.contains(where: { areSame($0.original.window, window) }) { windows.windowCount += 1 }
        if windows.windowCount > SQLWindows.windowsMax {
            throw failure("StatementTooComplex", "more than \(SQLWindows.windowsMax) different windows up to here", at: range)
        }
        let slot = core.newSlot()
        windows.found.append(
            SQLWindows.Found(slot: slot, window: window, function: function, place: range, original: (window, function)))
        return .slot(slot)
    }

    // MARK: Plan

    /// Computes the functions. What they and the columns read is computed before rows are sorted, while they are where they lie.
    func append(_ windows: SQLWindows, to rows: inout SelectRows) {
        if windows.found.isEmpty { return }
        prepare(windows, &rows)
        var open = windows.found[...]
        var nodes: [(window: SQLWindow, functions: [(slot: Slot, WindowFunction)])] = []
        while let first = open.first {
            let same = open.filter { areSame($0.window, first.window) }
            nodes.append((first.window, same.map { ($0.slot, $0.function) }))
            open = open.filter { found in !same.contains { $0.slot == found.slot } }[...]
        }
        // Those that want most of the order come first: others may find that it is theirs too.
        nodes.sort { $0.window.keys.count > $1.window.keys.count }
        var sorted: [SortKey] = []
        for (window, functions) in nodes {
            let count = rows.state.plan.estimatedRows
            if !isPrefix(window.keys, of: sorted) {
                sorted = window.keys
                rows.state.append(.sort(child: rows.state.plan, sorted), rows: count)
            }
            rows.state.append(
                .window(child: rows.state.plan, partition: window.partition, order: window.order, functions), rows: count)
        }
    }

    private func prepare(_ windows: SQLWindows, _ rows: inout SelectRows) {
        var computed: [(slot: Slot, value: Expr)] = []
        func slot(of expr: Expr) -> Expr {
            switch expr {
            case .slot, .constant, .parameter: return expr
            default: break
            }
            if let known = computed.first(where: { DeedPlanner.areSame($0.value, expr) }) { return .slot(known.slot) }
            let slot = core.newSlot()
            computed.append((slot, expr))
            core.estimator.note(slot, is: expr)
            return .slot(slot)
        }
        windows.replace { expr, _ in slot(of: expr) }
        let given = NumberSet(windows.found.map(\.slot))
        for column in rows.columns {
            let used = slotsUsed(column.value.expr)
            // Queries, and what is different each time, would not be known again.
            if used.contains(-1) { continue }
            if used.isDisjoint(with: given) {
                _ = slot(of: column.value.expr)
            } else {
                _ = column.value.expr.replacing { part in
                    if case .property(.slot, _) = part { _ = slot(of: part) }
                    return nil
                }
            }
        }
        if computed.isEmpty { return }
        rows.state.append(.project(child: rows.state.plan, computed))
        rows.computed = computed
    }

    private func isPrefix(_ keys: [SortKey], of others: [SortKey]) -> Bool {
        keys.count <= others.count && zip(keys, others).allSatisfy { areSame($0, $1) }
    }

    private func areSame(_ left: SortKey, _ right: SortKey) -> Bool {
        left.isDescending == right.isDescending && DeedPlanner.areSame(left.value, right.value)
    }

    private func areSame(_ left: SQLWindow, _ right: SQLWindow) -> Bool {
        left.partition.count == right.partition.count && left.order.count == right.order.count
            && zip(left.partition, right.partition).allSatisfy { DeedPlanner.areSame($0, $1) }
            && zip(left.order, right.order).allSatisfy { areSame($0, $1) }
    }

    private func areSame(_ left: WindowFunction, _ right: WindowFunction) -> Bool {
        left.kind == right.kind && left.arguments.count == right.arguments.count
            && zip(left.arguments, right.arguments).allSatisfy { DeedPlanner.areSame($0, $1) } && areSame(left.frame, right.frame)
    }

    private func areSame(_ left: RowFrame, _ right: RowFrame) -> Bool {
        func areSame(_ left: RowFrame.Bound, _ right: RowFrame.Bound) -> Bool {
            switch (left, right) {
            case (.preceding(let a), .preceding(let b)), (.following(let a), .following(let b)): DeedPlanner.areSame(a, b)
            case (.unboundedPreceding, .unboundedPreceding), (.currentRow, .currentRow), (.unboundedFollowing, .unboundedFollowing): true
            default: false
            }
        }
        return left.unit == right.unit && left.exclusion == right.exclusion && areSame(left.start, right.start)
            && areSame(left.end, right.end)
    }
}

extension SQLWindow {
    /// What rows are sorted by.
    fileprivate var keys: [SortKey] { partition.map { SortKey(value: $0, isDescending: false) } + order }
}

extension WindowFrame {
    fileprivate var hasDistance: Bool {
        for bound in [start, end] {
            switch bound {
            case .preceding, .following: return true
            default: continue
            }
        }
        return false
    }
}

// From an Expr to an Evaluator: chains of AND and OR are made flat, functions looked up, parameters put in, and whatever has
// the same value for every row evaluated here and now. If that fails (1 / 0 in a branch that no row may ever get to) it is
// left as it is, to fail where it is reached.

import DeedEngine
import DeedValues

package func makeEvaluator(_ expr: Expr, _ context: QueryContext) throws -> Evaluator {
    var builder = ExpressionBuilder(context)
    return try builder.build(expr).evaluator
}

enum ExpressionLimits {
    /// Expressions inside each other, chains of AND and OR apart. Building and evaluating recurse along them, with less than
    /// a kilobyte of stack for each in a release build.
    static let depthMax = 1_000
}

/// An evaluator, and what is known about it.
struct BuiltExpression {
    var evaluator: Evaluator
    var needed: NeededSlots
    /// Whether it may come to something else each time: it draws random numbers or looks into the graph.
    var isVolatile: Bool
    /// Whether it is of one execution: it reads parameters or calls functions, and some of these look at the clock.
    var isOfExecution: Bool
    /// Lists and maps that it may put around what it reads, at most.
    var nesting: Int
}

struct ExpressionBuilder {
    private let context: QueryContext
    private var depth = 0
    /// Of the subexpressions of the node that is being built.
    private var facts = Facts()

    private struct Facts {
        var needed = NeededSlots()
        var isVolatile = false
        var isOfExecution = false
        var nesting = 0
    }

    init(_ context: QueryContext) { self.context = context }

    mutating func build(_ expr: Expr) throws -> BuiltExpression {
        depth += 1
        defer { depth -= 1 }
        if depth > ExpressionLimits.depthMax {
            throw QueryError(.syntaxError, "ExpressionTooDeep", "expressions nest at most \(ExpressionLimits.depthMax) deep")
        }
        let outer = facts
        facts = Facts()
        let evaluator = try node(expr)
        let built = BuiltExpression(
            evaluator: evaluator, needed: facts.needed, isVolatile: facts.isVolatile, isOfExecution: facts.isOfExecution,
            nesting: facts.nesting)
        facts = outer
        return fold(built)
    }

    private func fold(_ built: BuiltExpression) -> BuiltExpression {
        guard built.needed.isEmpty, !built.isVolatile, built.evaluator.constant == nil else { return built }
        var folded = built
        if built.isOfExecution {
            if !(built.evaluator is FixedEvaluator) { folded.evaluator = FixedEvaluator(built.evaluator) }
            return folded
        }
        let row = Chunk(slots: context.slotCount, count: 1)
        guard let value = try? built.evaluator.evaluate(row, context).value(0) else { return built }
        folded.evaluator = ConstantEvaluator(value)
        return folded
    }

    // MARK: Parts

    /// A subexpression that reads the same rows.
    private mutating func part(_ expr: Expr) throws -> Evaluator {
        let built = try build(expr)
        note(built)
        return built.evaluator
    }

    private mutating func part(_ expr: Expr?) throws -> Evaluator? {
        guard let expr else { return nil }
        return try part(expr)
    }

    /// A subexpression in which these slots are bound; also what it reads of the row around it.
    private mutating func part(_ expr: Expr, binding slots: [Slot]) throws -> (evaluator: Evaluator, needed: NeededSlots) {
        var built = try build(expr)
        built.needed.slots.subtract(slots)
        note(built)
        return (built.evaluator, built.needed)
    }

    private mutating func note(_ built: BuiltExpression) {
        facts.needed.formUnion(built.needed)
        facts.isVolatile = facts.isVolatile || built.isVolatile
        facts.isOfExecution = facts.isOfExecution || built.isOfExecution
        facts.nesting = max(facts.nesting, built.nesting)
    }

    // MARK: Nodes

    private mutating func node(_ expr: Expr) throws -> Evaluator {
        switch expr {
        case .constant(let value): return ConstantEvaluator(value)
        case .slot(let slot):
            facts.needed.slots.insert(slot)
            return SlotEvaluator(slot)
        case .parameter(let name): return try parameter(name)
        case .property(let subject, let name):
            let subject = try part(subject)
            noteLookup(subject)
            return PropertyEvaluator(subject, name)
        case .element(let container, let index):
            let (container, index) = (try part(container), try part(index))
            noteLookup(container)
            return ElementEvaluator(container, index: index)
        case .slice(let list, let from, let to): return SliceEvaluator(try part(list), from: try part(from), to: try part(to))
        case .call(let name, let arguments): return try call(name, arguments)
        case .not(let term): return NotEvaluator(try part(term))
        case .and: return try junction(expr, isAnd: true)
        case .or: return try junction(expr, isAnd: false)
        case .xor(let left, let right): return XorEvaluator(try part(left), try part(right))
        case .compare(let comparison, let left, let right):
            return CompareEvaluator(comparison, try part(left), try part(right))
        case .arithmetic(let operation, let left, let right):
            return ArithmeticEvaluator(operation, try part(left), try part(right))
        case .negate(let term): return NegateEvaluator(try part(term))
        case .textTest(let test, let left, let right): return TextTestEvaluator(test, try part(left), try part(right))
        case .isIn(let value, let list): return MembershipEvaluator(try part(value), try part(list))
        case .isNull(let term): return IsNullEvaluator(try part(term))
        case .hasLabels(let subject, let test):
            facts.isVolatile = true
            return LabelsEvaluator(try part(subject), test)
        case .list(let items):
            let evaluators = try items.map { try part($0) }
            facts.nesting += 1
            return ListEvaluator(evaluators)
        case .map(let entries):
            let evaluators = try entries.map { (key: $0.key, value: try part($0.value)) }
            facts.nesting += 1
            return MapEvaluator(evaluators)
        default: return try largeNode(expr)
        }
    }

    /// The nodes that evaluate parts of themselves over other rows.
    private mutating func largeNode(_ expr: Expr) throws -> Evaluator {
        switch expr {
        case .conditional(let branches, let otherwise):
            let evaluators = try branches.map { (condition: try part($0.condition), result: try part($0.result)) }
            let last = try part(otherwise)
            return ConditionalEvaluator(evaluators, otherwise: last, needed: facts.needed)
        case .comprehension(let slot, let list, let filter, let projection):
            let list = try part(list)
            var needed = NeededSlots()
            let (test, result) = (
                try filter.map { try inner($0, [slot], &needed) }, try projection.map { try inner($0, [slot], &needed) }
            )
            facts.nesting += 1
            return ComprehensionEvaluator(slot, list: list, filter: test, projection: result, needed: needed)
        case .quantifier(let kind, let slot, let list, let predicate):
            let list = try part(list)
            var needed = NeededSlots()
            let test = try inner(predicate, [slot], &needed)
            return QuantifierEvaluator(kind, slot, list: list, predicate: test, needed: needed)
        case .reduce(let accumulator, let initial, let element, let list, let body):
            let (initial, list) = (try part(initial), try part(list))
            let built = try build(body)
            let (step, needed) = try part(body, binding: [accumulator, element])
            return ReduceEvaluator(
                accumulator: accumulator, initial: initial, element: element, list: list, body: step, needed: needed,
                nestingOfStep: built.nesting)
        case .once(let values, let body):
            let evaluators = try values.map { (slot: $0.slot, value: try part($0.value)) }
            return OnceEvaluator(evaluators, try part(body, binding: values.map(\.slot)).evaluator)
        case .subquery(let subquery):
            if subquery.isIndependent { return FixedEvaluator(try SubqueryEvaluator(subquery, context)) }
            facts.needed.isAll = true
            facts.isVolatile = true
            return try SubqueryEvaluator(subquery, context)
        case .path(let start, let steps):
            facts.isVolatile = true
            return PathEvaluator(start: try part(start), steps: try steps.map { try part($0) })
        default: throw DeedError(.internalError, "an expression that nobody evaluates")
        }
    }

    private mutating func inner(_ expr: Expr, _ slots: [Slot], _ needed: inout NeededSlots) throws -> Evaluator {
        let (evaluator, reads) = try part(expr, binding: slots)
        needed.formUnion(reads)
        return evaluator
    }

    private mutating func parameter(_ name: String) throws -> Evaluator {
        guard let position = context.parameters.position(name) else {
            throw QueryError(.parameterMissing, "MissingParameter", "the query needs a value for its parameter $\(name)")
        }
        facts.isOfExecution = true
        switch context.parameters.values[position] {
        case .entity, .relationship: facts.isVolatile = true
        default: break
        }
        return FixedEvaluator(parameter: position)
    }

    /// The properties of an element of the graph may change; those of other values do not.
    private mutating func noteLookup(_ subject: Evaluator) {
        switch subject.constant {
        case .entity, .relationship: facts.isVolatile = true
        default: break
        }
    }

    private mutating func junction(_ expr: Expr, isAnd: Bool) throws -> Evaluator {
        var terms: [Evaluator] = []
        var needed = NeededSlots()
        var open = [expr]
        while let next = open.popLast() {
            switch next {
            case .and(let left, let right) where isAnd: open += [right, left]
            case .or(let left, let right) where !isAnd: open += [right, left]
            default:
                let built = try build(next)
                note(built)
                if !terms.isEmpty { needed.formUnion(built.needed) }
                terms.append(built.evaluator)
            }
        }
        return JunctionEvaluator(terms, isAnd: isAnd, needed: needed)
    }

    private mutating func call(_ name: String, _ arguments: [Expr]) throws -> Evaluator {
        let evaluators = try arguments.map { try part($0) }
        if name == "coalesce" {
            if arguments.isEmpty { throw FunctionNames.wrongCount(name, 1...Int.max, 0) }
            return CoalesceEvaluator(evaluators, needed: facts.needed)
        }
        if name == GraphFunctions.mergeMaps, evaluators.count == 2 {
            facts.nesting += 1
            return MergeMapsEvaluator(evaluators[0], evaluators[1])
        }
        if let function = GraphFunction(rawValue: name) {
            guard evaluators.count == 1 else { throw FunctionNames.wrongCount(name, 1...1, evaluators.count) }
            facts.isVolatile = true
            return GraphFunctionEvaluator(function, evaluators[0])
        }
        guard let function = ScalarFunctions.named(name) else { throw FunctionNames.unknown(name) }
        guard function.arity.contains(evaluators.count) else {
            throw FunctionNames.wrongCount(name, function.arity, evaluators.count)
        }
        facts.isOfExecution = true
        if !function.isDeterministic { facts.isVolatile = true }
        // A function may wrap what it gets in a list, and in that of an argument.
        facts.nesting += 2
        return ScalarCallEvaluator(function, evaluators)
    }
}

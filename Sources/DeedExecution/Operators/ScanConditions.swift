// Which parts of a filter a scan can decide by itself, on the values as they are stored: comparisons of a property of the scanned
// entity with something that is the same for all rows.

import DeedEngine
import DeedValues

struct ScanCondition {
    let property: String
    let comparison: ScanPredicate.Comparison
    let value: Value
}

/// The terms of a conjunction, divided.
struct ScanConditions {
    private(set) var decided: [ScanCondition] = []
    /// What is left for a filter; nil if nothing is.
    private(set) var rest: Expr?

    init(_ condition: Expr, of entity: Slot, _ context: QueryContext) throws {
        var open = [condition]
        var others: [Expr] = []
        while let next = open.popLast() {
            if case .and(let left, let right) = next {
                open += [right, left]
            } else if let condition = try Self.condition(next, entity, context) {
                decided.append(condition)
            } else {
                others.append(next)
            }
        }
        rest = Expr.all(others)
    }

    private static func condition(_ expr: Expr, _ entity: Slot, _ context: QueryContext) throws -> ScanCondition? {
        switch expr {
        case .compare(let comparison, .property(.slot(entity), let name), let other):
            return try condition(name, comparison.ofScan, other, context)
        case .compare(let comparison, let other, .property(.slot(entity), let name)):
            return try condition(name, comparison.mirrored.ofScan, other, context)
        case .textTest(let test, .property(.slot(entity), let name), let other):
            switch test {
            case .contains: return try condition(name, .contains, other, context)
            case .startsWith: return try condition(name, .hasPrefix, other, context)
            case .endsWith: return try condition(name, .hasSuffix, other, context)
            case .matches: return nil
            }
        default: return nil
        }
    }

    private static func condition(
        _ name: String, _ comparison: ScanPredicate.Comparison, _ other: Expr, _ context: QueryContext
    ) throws -> ScanCondition? {
        guard other.mayBeConstant, let value = try makeEvaluator(other, context).valueForAll(context),
            ScanPredicate(0, comparison, value) != nil
        else { return nil }
        return ScanCondition(property: name, comparison: comparison, value: value)
    }
}

extension Comparison {
    fileprivate var ofScan: ScanPredicate.Comparison {
        switch self {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        }
    }
}

extension Expr {
    /// False for what reads rows in plain sight, so that nobody makes an evaluator of it to find out.
    fileprivate var mayBeConstant: Bool {
        switch self {
        case .slot, .property, .subquery, .path, .hasLabels: false
        default: true
        }
    }
}

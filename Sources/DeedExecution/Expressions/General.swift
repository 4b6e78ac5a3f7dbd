// The operators over single values, by the operator's name in the plan: what kernels fall back on.

import DeedEngine
import DeedValues

enum General {
    /// A boolean or null.
    static func compare(_ comparison: Comparison, _ left: Value, _ right: Value) -> Value {
        switch comparison {
        case .equal: return truth(Value.equals(left, right))
        case .notEqual: return truth(Value.equals(left, right).map { !$0 })
        default:
            guard let order = Value.compare(left, right) else { return .null }
            switch (comparison, order) {
            case (.less, .less), (.lessOrEqual, .less), (.lessOrEqual, .equal): return .bool(true)
            case (.greater, .greater), (.greaterOrEqual, .greater), (.greaterOrEqual, .equal): return .bool(true)
            default: return .bool(false)
            }
        }
    }

    static func arithmetic(_ operation: Arithmetic, _ left: Value, _ right: Value) throws(QueryError) -> Value {
        switch operation {
        case .add: try Value.add(left, right)
        case .subtract: try Value.subtract(left, right)
        case .multiply: try Value.multiply(left, right)
        case .divide: try Value.divide(left, right)
        case .modulo: try Value.modulo(left, right)
        case .power: try Value.power(left, right)
        case .concatenate: try Value.concatenate(left, right)
        }
    }

    static func truth(_ value: Bool?) -> Value { value.map { .bool($0) } ?? .null }

    /// An element that a statement deleted, or that never was.
    static func deleted(_ what: String) -> QueryError {
        QueryError(.entityNotFound, "DeletedEntityAccess", "\(what) was deleted, or never was there")
    }

    /// The engine says of a row that it is not there; to a query that is an error of its own.
    static func readingElements<Result>(_ body: () throws(DeedError) -> Result) throws -> Result {
        do {
            return try body()
        } catch where error.status == .notFound {
            throw QueryError(.entityNotFound, "DeletedEntityAccess", error.message)
        }
    }
}

/// For each row of an operand the value that `body` makes of its value.
func mapValues(_ count: Int, _ body: (Int) throws -> Value) rethrows -> ColumnVector {
    var values: [Value] = []
    values.reserveCapacity(count)
    for row in 0..<count { values.append(try body(row)) }
    return ColumnVector(values)
}

/// For each row a boolean or null.
func mapTruth(_ count: Int, _ body: (Int) throws -> Bool?) rethrows -> ColumnVector {
    let result = ColumnVector.booleans(count)
    let bools = result.bools
    for row in 0..<count {
        let value = try body(row)
        bools[row] = value == true ? 1 : 0
        if value == nil { result.setNull(row) }
    }
    return result
}

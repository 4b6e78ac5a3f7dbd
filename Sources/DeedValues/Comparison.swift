// What the operators of comparison say of two values, in three-valued logic: true, false, or null (nil here).
//
//   equals     `=`. Null if a null decides. Values of different types are not equal; integers and floats are compared as
//              the numbers they are, exactly; NaN equals nothing. DecimalFloat.swift says what floats are beside decimals.
//   compare    `<` and its kin. Nil where the two have no common order, `.unordered` if a NaN takes part, for which every
//              comparison is false and not null.
//
// Equivalence and the total order over all values, which know no null result, are in Equivalence.swift and Ordering.swift.
// Nesting bounds the recursion here: see Value.nestingMax.

extension Value {
    package enum Comparability: Sendable { case less, equal, greater, unordered }

    package static func equals(_ left: Value, _ right: Value) -> Bool? {
        switch (left, right) {
        case (.null, _), (_, .null): return nil
        case (.int(let left), .int(let right)): return left == right
        case (.string(let left), .string(let right)): return TextBytes.areEqual(left, right)
        case (.float(let left), .float(let right)): return left == right
        case (.int(let left), .float(let right)), (.float(let right), .int(let left)):
            return ScalarOrder.compare(left, right) == 0
        case (.list(let left), .list(let right)): return equals(left, right)
        case (.map(let left), .map(let right)): return equals(left, right)
        case (.vector(let left), .vector(let right)): return left == right
        default: return isEquivalent(left, right)
        }
    }

    private static func equals(_ left: [Value], _ right: [Value]) -> Bool? {
        guard left.count == right.count else { return false }
        var result: Bool? = true
        for index in left.indices {
            switch equals(left[index], right[index]) {
            case false?: return false
            case nil: result = nil
            case true?: break
            }
        }
        return result
    }

    private static func equals(_ left: MapValue, _ right: MapValue) -> Bool? {
        guard let matches = left.positions(in: right) else { return false }
        var result: Bool? = true
        for (index, match) in matches.enumerated() {
            switch equals(left.values[index], right.values[match]) {
            case false?: return false
            case nil: result = nil
            case true?: break
            }
        }
        return result
    }

    /// Nil where `<` is null: a null, different types, or a type that has no order for it (maps, paths, durations, elements
    /// of the graph). Lists compare item by item, and the first pair that is not equal decides.
    package static func compare(_ left: Value, _ right: Value) -> Comparability? {
        switch (left, right) {
        case (.int(let left), .int(let right)): return comparability(ScalarOrder.compare(left, right))
        case (.float(let left), .float(let right)):
            return left.isNaN || right.isNaN ? .unordered : comparability(ScalarOrder.compare(left, right))
        case (.int(let left), .float(let right)):
            return right.isNaN ? .unordered : comparability(ScalarOrder.compare(left, right))
        case (.float(let left), .int(let right)):
            return left.isNaN ? .unordered : comparability(-ScalarOrder.compare(right, left))
        case (.decimal, .float(let number)), (.float(let number), .decimal):
            return number.isNaN ? .unordered : comparability(order(left, right))
        case (.decimal, .decimal), (.decimal, .int), (.int, .decimal): return comparability(order(left, right))
        case (.list(let left), .list(let right)): return compare(left, right)
        case (.string, .string), (.bool, .bool), (.bytes, .bytes), (.date, .date), (.localTime, .localTime),
            (.zonedTime, .zonedTime), (.localDatetime, .localDatetime), (.zonedDatetime, .zonedDatetime):
            return comparability(order(left, right))
        default: return nil
        }
    }

    private static func compare(_ left: [Value], _ right: [Value]) -> Comparability? {
        for index in 0..<min(left.count, right.count) {
            switch equals(left[index], right[index]) {
            case true?: continue
            case nil: return nil
            case false?: return compare(left[index], right[index])
            }
        }
        return comparability(ScalarOrder.compare(left.count, right.count))
    }

    private static func comparability(_ order: Int) -> Comparability { order < 0 ? .less : order == 0 ? .equal : .greater }

    package static func isLess(_ left: Value, _ right: Value) -> Bool? {
        compare(left, right).map { $0 == .less }
    }

    package static func isLessOrEqual(_ left: Value, _ right: Value) -> Bool? {
        compare(left, right).map { $0 == .less || $0 == .equal }
    }

    /// `value IN list`: true if an item is equal; otherwise null if for some item that is not known, else false.
    package static func isIn(_ value: Value, _ list: Value) throws(QueryError) -> Bool? {
        switch list {
        case .null: return nil
        case .list(let items):
            var result: Bool? = false
            for item in items {
                switch equals(value, item) {
                case true?: return true
                case nil: result = nil
                case false?: break
                }
            }
            return result
        default: throw .invalidType("IN takes a list on its right side", list)
        }
    }
}

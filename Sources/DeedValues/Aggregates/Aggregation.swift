// Aggregate functions over values: one state for each group, fed row by row, mergeable so that several workers can each
// aggregate a part of the rows. All of them leave nulls out.

/// What one group has so far. For one worker at a time.
package class AggregateState {
    init() {}

    /// The arguments for one row, as many as the function has; none for `count(*)`.
    package func add(_ arguments: [Value]) throws(QueryError) {}

    /// Adds what the other has seen, as if it came after what this one has. The other is not to be used any more. It must
    /// come from the same function.
    package func merge(_ other: AggregateState) throws(QueryError) {}

    package func result() throws(QueryError) -> Value { .null }
}

package enum AggregateFunctions {
    /// How many arguments; nil if no aggregate function has the name, which is in lower case. `count(*)` is `count` without
    /// arguments.
    package static func arity(_ name: String) -> ClosedRange<Int>? {
        switch name {
        case "count": 0...1
        case "sum", "avg", "min", "max", "collect", "stdev", "stdevp": 1...1
        case "percentilecont", "percentiledisc": 2...2
        default: nil
        }
    }

    /// A state for one group; nil if no aggregate function has the name. Distinct states see each combination of
    /// equivalent arguments once.
    package static func state(_ name: String, isDistinct: Bool = false) -> AggregateState? {
        guard let state = plainState(name) else { return nil }
        // The smallest is the smallest of those that differ as well.
        return isDistinct && name != "min" && name != "max" ? DistinctState(state) : state
    }

    private static func plainState(_ name: String) -> AggregateState? {
        switch name {
        case "count": CountState()
        case "sum": SumState()
        case "avg": AverageState()
        case "min": ExtremeState(sign: -1)
        case "max": ExtremeState(sign: 1)
        case "collect": CollectState()
        case "stdev": DeviationState(isOfPopulation: false)
        case "stdevp": DeviationState(isOfPopulation: true)
        case "percentilecont": PercentileState(isContinuous: true)
        case "percentiledisc": PercentileState(isContinuous: false)
        default: nil
        }
    }
}

/// Lets each combination of arguments through once, in the order in which they came.
final class DistinctState: AggregateState {
    private let state: AggregateState
    private var seen: Set<GroupKey> = []
    private var order: [GroupKey] = []

    init(_ state: AggregateState) { self.state = state }

    override func add(_ arguments: [Value]) throws(QueryError) {
        // No aggregate function takes nulls, and there is nothing to remember about them.
        if arguments.first?.isNull == true { return }
        try add(GroupKey(arguments))
    }

    private func add(_ key: GroupKey) throws(QueryError) {
        guard seen.insert(key).inserted else { return }
        order.append(key)
        try state.add(key.values)
    }

    override func merge(_ other: AggregateState) throws(QueryError) {
        guard let other = other as? DistinctState else { return assertionFailure("another function's state") }
        for key in other.order { try add(key) }
    }

    override func result() throws(QueryError) -> Value { try state.result() }
}

final class CountState: AggregateState {
    private var count: Int64 = 0

    override func add(_ arguments: [Value]) throws(QueryError) {
        if arguments.first?.isNull != true { count &+= 1 }
    }

    override func merge(_ other: AggregateState) throws(QueryError) {
        guard let other = other as? CountState else { return assertionFailure("another function's state") }
        count &+= other.count
    }

    override func result() throws(QueryError) -> Value { .int(count) }
}

/// The first or last by the order over all values; of equivalent ones the one that came first.
final class ExtremeState: AggregateState {
    private let sign: Int
    private var best: Value = .null

    /// -1 for the smallest, 1 for the largest.
    init(sign: Int) { self.sign = sign }

    override func add(_ arguments: [Value]) throws(QueryError) {
        guard let value = arguments.first, !value.isNull else { return }
        if best.isNull || Value.order(value, best).signum() == sign { best = value }
    }

    override func merge(_ other: AggregateState) throws(QueryError) {
        guard let other = other as? ExtremeState else { return assertionFailure("another function's state") }
        try add([other.best])
    }

    override func result() throws(QueryError) -> Value { best }
}

final class CollectState: AggregateState {
    private var items: [Value] = []

    override func add(_ arguments: [Value]) throws(QueryError) {
        guard let value = arguments.first, !value.isNull else { return }
        try ValueLimits.checkList(count: items.count + 1)
        items.append(value)
    }

    override func merge(_ other: AggregateState) throws(QueryError) {
        guard let other = other as? CollectState else { return assertionFailure("another function's state") }
        try ValueLimits.checkList(count: items.count + other.items.count)
        items.append(contentsOf: other.items)
    }

    override func result() throws(QueryError) -> Value { .list(items) }
}

// stDev, stDevP, percentileCont and percentileDisc, of numbers.

/// Mean and sum of squared differences from it, updated row by row (Welford) and merged (Chan), which keeps the digits that
/// the textbook's difference of two large sums loses.
final class DeviationState: AggregateState {
    private let isOfPopulation: Bool
    private var count = 0.0
    private var mean = 0.0
    private var squares = 0.0

    init(isOfPopulation: Bool) { self.isOfPopulation = isOfPopulation }

    override func add(_ arguments: [Value]) throws(QueryError) {
        guard let value = arguments.first, let number = try Arguments.number(value, isOfPopulation ? "stDevP" : "stDev") else {
            return
        }
        count += 1
        let difference = number - mean
        mean += difference / count
        squares += difference * (number - mean)
    }

    override func merge(_ other: AggregateState) throws(QueryError) {
        guard let other = other as? DeviationState else { return assertionFailure("another function's state") }
        if other.count == 0 { return }
        let total = count + other.count
        let difference = other.mean - mean
        squares += other.squares + difference * difference * count * other.count / total
        mean += difference * other.count / total
        count = total
    }

    /// 0 where there are too few numbers to deviate.
    override func result() throws(QueryError) -> Value {
        let divisor = isOfPopulation ? count : count - 1
        return .float(divisor > 0 ? (squares / divisor).squareRoot() : 0)
    }
}

/// Keeps all numbers; the percentile is that of the first row.
final class PercentileState: AggregateState {
    private let isContinuous: Bool
    private var values: [Value] = []
    private var percentile: Double?

    init(isContinuous: Bool) { self.isContinuous = isContinuous }

    private var name: String { isContinuous ? "percentileCont" : "percentileDisc" }

    override func add(_ arguments: [Value]) throws(QueryError) {
        guard arguments.count == 2 else { return }
        if percentile == nil {
            guard let given = arguments[1].number else {
                throw .invalidType("the percentile of \(name)() is a number", arguments[1])
            }
            guard given >= 0 && given <= 1 else { throw .outOfRange("the percentile of \(name)() is between 0 and 1") }
            percentile = given
        }
        if try Arguments.number(arguments[0], name) != nil {
            try ValueLimits.checkList(count: values.count + 1)
            values.append(arguments[0])
        }
    }

    override func merge(_ other: AggregateState) throws(QueryError) {
        guard let other = other as? PercentileState else { return assertionFailure("another function's state") }
        try ValueLimits.checkList(count: values.count + other.values.count)
        values.append(contentsOf: other.values)
        percentile = percentile ?? other.percentile
    }

    override func result() throws(QueryError) -> Value {
        guard let percentile, !values.isEmpty else { return .null }
        values.sort { Value.order($0, $1) < 0 }
        let last = values.count - 1
        guard isContinuous else {
            // The first value that has at least this share of all values up to itself.
            let rank = Int((percentile * Double(values.count)).rounded(.up)) - 1
            return values[min(max(rank, 0), last)]
        }
        let place = percentile * Double(last)
        let lower = min(Int(place), last)
        guard let low = values[lower].number, let high = values[min(lower + 1, last)].number else { return .null }
        let share = place - Double(lower)
        // Without the test an infinite neighbour that has no share would make it NaN.
        return .float(share == 0 ? low : low * (1 - share) + high * share)
    }
}

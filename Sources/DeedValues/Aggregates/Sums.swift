// sum and avg, of numbers or of durations.

/// Running sums. Integers are summed exactly in 128 bits, which no number of rows overflows, so that only a sum that is too
/// large in the end is an error, in whatever order the rows came. Durations are summed part by part.
struct Sums {
    private(set) var count: Int64 = 0
    private var integers: Int128 = 0
    private var floats = 0.0
    private var hasFloats = false
    private var hasDurations = false
    private var months: Int128 = 0
    private var days: Int128 = 0
    private var seconds: Int128 = 0
    private var nanoseconds: Int128 = 0

    var isOfDurations: Bool { hasDurations }

    mutating func add(_ value: Value, _ function: String) throws(QueryError) {
        switch value {
        case .null: return
        case .int(let integer): integers &+= Int128(integer)
        case .float(let number):
            floats += number
            hasFloats = true
        case .duration(let duration):
            months &+= Int128(duration.months)
            days &+= Int128(duration.days)
            seconds &+= Int128(duration.seconds)
            nanoseconds &+= Int128(duration.nanoseconds)
            if count > 0 && !hasDurations { throw Sums.mixture(function) }
            hasDurations = true
            count &+= 1
            return
        default: throw .invalidType("\(function)() takes numbers or durations", value)
        }
        if hasDurations { throw Sums.mixture(function) }
        count &+= 1
    }

    mutating func merge(_ other: Sums, _ function: String) throws(QueryError) {
        if count > 0 && other.count > 0 && hasDurations != other.hasDurations { throw Sums.mixture(function) }
        count &+= other.count
        integers &+= other.integers
        floats += other.floats
        hasFloats = hasFloats || other.hasFloats
        hasDurations = hasDurations || other.hasDurations
        months &+= other.months
        days &+= other.days
        seconds &+= other.seconds
        nanoseconds &+= other.nanoseconds
    }

    /// Of the numbers, as a float.
    var number: Double { Double(integers) + floats }

    func total() throws(QueryError) -> Value {
        if hasDurations { return .duration(try duration()) }
        if hasFloats { return .float(number) }
        guard let sum = Int64(exactly: integers) else { throw .overflow("the sum") }
        return .int(sum)
    }

    private func duration() throws(QueryError) -> CalendarDuration {
        let perSecond: Int128 = 1_000_000_000
        let whole = seconds &+ nanoseconds / perSecond
        guard let months = Int64(exactly: months), let days = Int64(exactly: days), let seconds = Int64(exactly: whole) else {
            throw .overflow("the sum of durations")
        }
        return CalendarDuration(
            months: months, days: days, seconds: seconds, nanoseconds: Int32(truncatingIfNeeded: nanoseconds % perSecond))
    }

    private static func mixture(_ function: String) -> QueryError {
        QueryError(.typeError, "InvalidArgumentType", "\(function)() takes either numbers or durations, not both")
    }
}

/// Nothing at all sums up to 0.
final class SumState: AggregateState {
    private var sums = Sums()

    override func add(_ arguments: [Value]) throws(QueryError) {
        if let value = arguments.first { try sums.add(value, "sum") }
    }

    override func merge(_ other: AggregateState) throws(QueryError) {
        guard let other = other as? SumState else { return assertionFailure("another function's state") }
        try sums.merge(other.sums, "sum")
    }

    override func result() throws(QueryError) -> Value { try sums.total() }
}

/// Of numbers always a float; null of nothing.
final class AverageState: AggregateState {
    private var sums = Sums()

    override func add(_ arguments: [Value]) throws(QueryError) {
        if let value = arguments.first { try sums.add(value, "avg") }
    }

    override func merge(_ other: AggregateState) throws(QueryError) {
        guard let other = other as? AverageState else { return assertionFailure("another function's state") }
        try sums.merge(other.sums, "avg")
    }

    override func result() throws(QueryError) -> Value {
        if sums.count == 0 { return .null }
        if sums.isOfDurations { return try Value.divide(try sums.total(), .int(sums.count)) }
        return .float(sums.number / Double(sums.count))
    }
}

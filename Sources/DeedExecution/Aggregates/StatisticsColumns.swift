// Standard deviations and percentiles, of numbers.

import DeedEngine
import DeedValues

/// By Welford's method, which does not lose digits where values are large and close together.
final class DeviationColumn: AggregateColumn {
    private struct State {
        var count = 0.0
        var mean = 0.0
        /// The sum of the squares of differences from the mean.
        var squares = 0.0
    }

    private let isPopulation: Bool
    private var states: [State] = []

    init(isPopulation: Bool) { self.isPopulation = isPopulation }

    override func resize(_ groups: Int) {
        if groups > states.count { states += repeatElement(State(), count: groups - states.count) }
    }

    override func update(
        _ groups: UnsafePointer<UInt32>, _ arguments: [ColumnVector], admitted: UnsafePointer<UInt8>?, count: Int
    ) throws {
        guard let argument = arguments.first else { return }
        for row in 0..<count where (admitted == nil || admitted.unsafelyUnwrapped[row] != 0) && !argument.isNull(row) {
            let number = try statisticsNumber(argument.value(row), "stDev")
            var state = states[Int(groups[row])]
            state.count += 1
            let difference = number - state.mean
            state.mean += difference / state.count
            state.squares += difference * (number - state.mean)
            states[Int(groups[row])] = state
        }
    }

    override func finish(_ group: Int) -> Value {
        let state = states[group]
        let divisor = isPopulation ? state.count : state.count - 1
        return .float(divisor > 0 ? (state.squares / divisor).squareRoot() : 0)
    }

    override func states(_ groups: Range<Int>) -> [ColumnVector] {
        let found = states[groups]
        return [
            ColumnVector(floats: found.map(\.count)), ColumnVector(floats: found.map(\.mean)),
            ColumnVector(floats: found.map(\.squares)),
        ]
    }

    override func absorb(_ added: [ColumnVector], _ groups: UnsafePointer<UInt32>, count rows: Int) {
        for row in 0..<rows where added[0].floats[row] > 0 {
            let from = State(count: added[0].floats[row], mean: added[1].floats[row], squares: added[2].floats[row])
            var state = states[Int(groups[row])]
            let count = state.count + from.count
            let difference = from.mean - state.mean
            state.squares += from.squares + difference * difference * state.count * from.count / count
            state.mean += difference * from.count / count
            state.count = count
            states[Int(groups[row])] = state
        }
    }
}

/// Keeps all numbers. The fraction is that of the group's last row; it is the same for all rows in a sane query.
final class PercentileColumn: AggregateColumn {
    private let isContinuous: Bool
    private var numbers: [[Value]] = []
    private var fractions: [Double] = []
    private var total = 0

    init(isContinuous: Bool) { self.isContinuous = isContinuous }

    override var bytesOutside: Int { total * MemoryLayout<Value>.stride }

    override func resize(_ groups: Int) {
        if groups <= numbers.count { return }
        let more = groups - numbers.count
        numbers += repeatElement([], count: more)
        fractions += repeatElement(0, count: more)
    }

    override func update(
        _ groups: UnsafePointer<UInt32>, _ arguments: [ColumnVector], admitted: UnsafePointer<UInt8>?, count: Int
    ) throws {
        guard arguments.count == 2 else { return }
        for row in 0..<count where (admitted == nil || admitted.unsafelyUnwrapped[row] != 0) && !arguments[0].isNull(row) {
            let fraction = try statisticsNumber(arguments[1].value(row), "percentile")
            guard (0...1).contains(fraction) else {
                throw QueryError(.argumentError, "NumberOutOfRange", "a percentile must lie between 0.0 and 1.0")
            }
            let value = arguments[0].value(row)
            _ = try statisticsNumber(value, "percentile")
            let group = Int(groups[row])
            fractions[group] = fraction
            numbers[group].append(value)
            total += 1
        }
    }

    override func finish(_ group: Int) throws -> Value {
        let sorted = numbers[group].sorted { Value.order($0, $1) < 0 }
        guard let last = sorted.last else { return .null }
        let fraction = fractions[group]
        if !isContinuous {
            let position = (fraction * Double(sorted.count)).rounded(.up) - 1
            return sorted[max(0, min(sorted.count - 1, Int(position)))]
        }
        let position = fraction * Double(sorted.count - 1)
        let below = Int(position.rounded(.down))
        if below + 1 >= sorted.count { return .float(try statisticsNumber(last, "percentile")) }
        let low = try statisticsNumber(sorted[below], "percentile")
        let high = try statisticsNumber(sorted[below + 1], "percentile")
        return .float(low + (high - low) * (position - Double(below)))
    }

    override func states(_ groups: Range<Int>) -> [ColumnVector] {
        [ColumnVector(lists: numbers[groups]), ColumnVector(floats: fractions[groups])]
    }

    override func absorb(_ states: [ColumnVector], _ groups: UnsafePointer<UInt32>, count: Int) {
        for row in 0..<count {
            guard case .list(let items) = states[0].value(row), !items.isEmpty else { continue }
            total += items.count
            numbers[Int(groups[row])] += items
            fractions[Int(groups[row])] = states[1].floats[row]
        }
    }
}

private func statisticsNumber(_ value: Value, _ function: String) throws -> Double {
    switch value {
    case .int(let number): Double(number)
    case .float(let number): number
    case .decimal(let number): number.double
    default: throw QueryError(.typeError, "InvalidArgumentType", "\(function) needs numbers")
    }
}

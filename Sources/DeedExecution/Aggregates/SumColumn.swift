// Sums and averages. Integers are summed as such while only they come, and a sum that they cannot hold is an error; an average is
// always a float. Durations can be summed too.

import DeedEngine
import DeedValues

final class SumColumn: AggregateColumn {
    private struct State {
        var integers: Int64 = 0
        var floats = 0.0
        var count: Int64 = 0
        var hasFloat = false
        var duration: CalendarDuration?
    }

    private let isAverage: Bool
    private var states: [State] = []

    init(isAverage: Bool) { self.isAverage = isAverage }

    override func resize(_ groups: Int) {
        if groups > states.count { states += repeatElement(State(), count: groups - states.count) }
    }

    override func update(
        _ groups: UnsafePointer<UInt32>, _ arguments: [ColumnVector], admitted: UnsafePointer<UInt8>?, count: Int
    ) throws {
        guard let argument = arguments.first else { return }
        switch argument.kind {
        case .null: return
        case .int64: try addIntegers(groups, argument, admitted, count)
        case .float64:
            let values = argument.floats
            states.withUnsafeMutableBufferPointer { states in
                for row in 0..<count where isIn(argument, admitted, row) {
                    let group = Int(groups[row])
                    states[group].floats += values[row]
                    states[group].count &+= 1
                    states[group].hasFloat = true
                }
            }
        default:
            for row in 0..<count where isIn(argument, admitted, row) {
                try add(argument.value(row), to: &states[Int(groups[row])])
            }
        }
    }

    private func addIntegers(
        _ groups: UnsafePointer<UInt32>, _ argument: ColumnVector, _ admitted: UnsafePointer<UInt8>?, _ count: Int
    ) throws {
        let values = argument.ints
        var hasOverflow = false
        states.withUnsafeMutableBufferPointer { states in
            for row in 0..<count where isIn(argument, admitted, row) {
                let group = Int(groups[row])
                if isAverage {
                    states[group].floats += Double(values[row])
                } else {
                    let (sum, overflow) = states[group].integers.addingReportingOverflow(values[row])
                    states[group].integers = sum
                    hasOverflow = hasOverflow || overflow
                }
                states[group].count &+= 1
            }
        }
        if hasOverflow { throw Self.overflow }
    }

    @inline(__always)
    private func isIn(_ argument: ColumnVector, _ admitted: UnsafePointer<UInt8>?, _ row: Int) -> Bool {
        (admitted == nil || admitted.unsafelyUnwrapped[row] != 0) && !argument.isNull(row)
    }

    private func add(_ value: Value, to state: inout State) throws {
        switch value {
        case .null: return
        case .int(let number):
            if isAverage {
                state.floats += Double(number)
            } else {
                let (sum, overflow) = state.integers.addingReportingOverflow(number)
                if overflow { throw Self.overflow }
                state.integers = sum
            }
        case .float(let number):
            state.floats += number
            state.hasFloat = true
        case .duration(let duration):
            guard let old = state.duration else {
                state.duration = duration
                break
            }
            guard case .duration(let sum) = try Value.add(.duration(old), .duration(duration)) else { return }
            state.duration = sum
        default:
            let name = isAverage ? "avg" : "sum"
            throw QueryError(.typeError, "InvalidArgumentType", "\(name)() needs numbers or durations")
        }
        state.count += 1
    }

    override func finish(_ group: Int) throws -> Value {
        let state = states[group]
        if let duration = state.duration {
            guard state.integers == 0 && state.floats == 0 else {
                throw QueryError(.typeError, "InvalidArgumentType", "numbers and durations have no sum")
            }
            return isAverage ? try Value.divide(.duration(duration), .int(state.count)) : .duration(duration)
        }
        if isAverage { return state.count == 0 ? .null : .float(state.floats / Double(state.count)) }
        return state.hasFloat ? .float(state.floats + Double(state.integers)) : .int(state.integers)
    }

    override func merge(_ other: AggregateColumn, _ map: [UInt32]) throws {
        guard let other = other as? SumColumn else { return }
        for (group, from) in other.states.enumerated() {
            var state = states[Int(map[group])]
            let (sum, overflow) = state.integers.addingReportingOverflow(from.integers)
            if overflow { throw Self.overflow }
            state.integers = sum
            state.floats += from.floats
            state.hasFloat = state.hasFloat || from.hasFloat
            let count = state.count + from.count
            if let duration = from.duration { try add(.duration(duration), to: &state) }
            state.count = count
            states[Int(map[group])] = state
        }
    }

    private static let overflow = QueryError(
        .arithmeticError, "NumberOutOfRange", "the sum is too large for an integer: sum floats instead, as in sum(toFloat(x))")
}

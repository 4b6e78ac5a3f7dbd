// Sums and averages. Integers are summed as such while only they come, and a sum that they cannot hold is an error; an average is
// always a float. Decimals make a decimal, with the largest of their scales, and an exact average, unless floats come too. Durations
// can be summed as well.

import DeedEngine
import DeedValues

final class SumColumn: AggregateColumn {
    private struct State {
        /// Averages have integers here too, as long as they fit: their sum then does not depend on the order of rows.
        var integers: Int64 = 0
        var floats = 0.0
        var count: Int64 = 0
        var hasFloat = false
    }

    private let isAverage: Bool
    /// Whether no values have no sum; otherwise it is 0.
    private let isNullOfNone: Bool
    private var states: [State] = []
    /// By group; rare, and large.
    private var durations: [Int: CalendarDuration] = [:]
    /// By group; empty until a decimal comes.
    private var decimals: [Decimal?] = []

    init(isAverage: Bool, isNullOfNone: Bool = false) { (self.isAverage, self.isNullOfNone) = (isAverage, isNullOfNone) }

    override func resize(_ groups: Int) {
        if groups > states.count { states += repeatElement(State(), count: groups - states.count) }
    }

    override func update(
        _ groups: UnsafePointer<UInt32>, _ arguments: [ColumnVector], admitted: UnsafePointer<UInt8>?, count: Int
    ) throws {
        guard let argument = arguments.first else { return }
        switch argument.kind {
        case .null: return
        case .int64:
            let values = argument.ints
            var hasOverflow = false
            updateStates(groups, argument, admitted, count) { state, row in
                let (sum, overflow) = state.integers.addingReportingOverflow(values[row])
                if overflow {
                    hasOverflow = true
                    state.floats += Double(state.integers)
                    state.integers = values[row]
                } else {
                    state.integers = sum
                }
            }
            if hasOverflow && !isAverage { throw Self.overflow }
        case .float64:
            let values = argument.floats
            updateStates(groups, argument, admitted, count) { state, row in
                state.floats += values[row]
                state.hasFloat = true
            }
        default:
            for row in 0..<count where isIn(argument, admitted, row) {
                try add(argument.value(row), to: Int(groups[row]))
            }
        }
    }

    /// One loop for rows that all count, which is the common case, and one for others.
    @inline(__always)
    private func updateStates(
        _ groups: UnsafePointer<UInt32>, _ argument: ColumnVector, _ admitted: UnsafePointer<UInt8>?, _ count: Int,
        _ body: (inout State, Int) -> Void
    ) {
        states.withUnsafeMutableBufferPointer { states in
            guard let states = states.baseAddress else { return }
            if admitted == nil && argument.nulls == nil {
                for row in 0..<count {
                    let group = Int(groups[row])
                    body(&states[group], row)
                    states[group].count &+= 1
                }
            } else {
                for row in 0..<count where isIn(argument, admitted, row) {
                    let group = Int(groups[row])
                    body(&states[group], row)
                    states[group].count &+= 1
                }
            }
        }
    }

    @inline(__always)
    private func isIn(_ argument: ColumnVector, _ admitted: UnsafePointer<UInt8>?, _ row: Int) -> Bool {
        (admitted == nil || admitted.unsafelyUnwrapped[row] != 0) && !argument.isNull(row)
    }

    private func add(_ value: Value, to group: Int) throws {
        switch value {
        case .null: return
        case .int(let number): try add(number, to: group)
        case .float(let number):
            states[group].floats += number
            states[group].hasFloat = true
        case .decimal(let number): try add(number, to: group)
        case .duration(let duration): try add(duration, to: group)
        default:
            let name = isAverage ? "avg" : "sum"
            throw QueryError(.typeError, "InvalidArgumentType", "\(name)() needs numbers or durations")
        }
        states[group].count += 1
    }

    private func add(_ number: Int64, to group: Int) throws {
        let (sum, overflow) = states[group].integers.addingReportingOverflow(number)
        if !overflow {
            states[group].integers = sum
        } else if isAverage {
            states[group].floats += Double(states[group].integers)
            states[group].integers = number
        } else {
            throw Self.overflow
        }
    }

    private func add(_ number: Decimal, to group: Int) throws {
        if decimals.count <= group { decimals += repeatElement(nil, count: states.count - decimals.count) }
        guard let sum = decimals[group] else {
            decimals[group] = number
            return
        }
        guard let next = Decimal.add(sum, number) else { throw QueryError.decimalOverflow }
        decimals[group] = next
    }

    /// The decimals and integers of a group; nil if there were none, or floats as well.
    private func decimal(_ group: Int, _ state: State) throws -> Decimal? {
        guard group < decimals.count, let sum = decimals[group], !state.hasFloat, state.floats == 0 else { return nil }
        guard let total = Decimal.add(sum, Decimal(state.integers)) else { throw QueryError.decimalOverflow }
        return total
    }

    private func add(_ duration: CalendarDuration, to group: Int) throws {
        guard let old = durations[group] else {
            durations[group] = duration
            return
        }
        guard case .duration(let sum) = try Value.add(.duration(old), .duration(duration)) else { return }
        durations[group] = sum
    }

    override func finish(_ group: Int) throws -> Value {
        var state = states[group]
        if let duration = durations[group] {
            guard state.integers == 0 && state.floats == 0 && (group >= decimals.count || decimals[group] == nil) else {
                throw QueryError(.typeError, "InvalidArgumentType", "numbers and durations have no sum")
            }
            return isAverage ? try Value.divide(.duration(duration), .int(state.count)) : .duration(duration)
        }
        if let total = try decimal(group, state) {
            if !isAverage { return .decimal(total) }
            guard let average = Decimal.divide(total, Decimal(state.count)) else { throw QueryError.decimalOverflow }
            return .decimal(average)
        }
        if group < decimals.count, let number = decimals[group] { state.floats += number.double }
        if isAverage {
            return state.count == 0 ? .null : .float((state.floats + Double(state.integers)) / Double(state.count))
        }
        if isNullOfNone && state.count == 0 { return .null }
        return state.hasFloat ? .float(state.floats + Double(state.integers)) : .int(state.integers)
    }

    override func states(_ groups: Range<Int>) -> [ColumnVector] {
        let found = states[groups]
        let hasFloat = ColumnVector(.bool, capacity: found.count)
        for (row, state) in found.enumerated() { hasFloat.bools[row] = state.hasFloat ? 1 : 0 }
        let durations = ColumnVector(groups.map { group in self.durations[group].map { .duration($0) } ?? .null })
        let decimals = ColumnVector(
            groups.map { group in group < self.decimals.count ? self.decimals[group].map { .decimal($0) } ?? .null : .null })
        return [
            ColumnVector(integers: found.map(\.integers)[...]), ColumnVector(floats: found.map(\.floats)),
            ColumnVector(integers: found.map(\.count)[...]), hasFloat, durations, decimals,
        ]
    }

    override func absorb(_ added: [ColumnVector], _ groups: UnsafePointer<UInt32>, count: Int) throws {
        for row in 0..<count {
            let group = Int(groups[row])
            try add(added[0].ints[row], to: group)
            states[group].floats += added[1].floats[row]
            states[group].count += added[2].ints[row]
            states[group].hasFloat = states[group].hasFloat || added[3].bools[row] != 0
            if case .duration(let duration) = added[4].value(row) { try add(duration, to: group) }
            if case .decimal(let number) = added[5].value(row) { try add(number, to: group) }
        }
    }

    private static let overflow = QueryError(
        .arithmeticError, "NumberOutOfRange", "the sum is too large for an integer: sum floats instead, as in sum(toFloat(x))")
}

// Aggregates over frames. Frames move forward only, so that most of a frame is that of the row before:
//
// 1. Rows that come are added. If the beginning moves, the rows that go are taken away, where that gives what adding the others
//    gives: for counts and sums of integers, and for the least and the greatest, which remember what can still become it.
// 2. A frame that ends with the partition is computed from the last row on to the first, by adding alone.
// 3. Otherwise the frame is added up anew: sums of floats would depend on what has passed.
//
// Where all rows of a partition have the same frame, which is all of it, that is computed once, and no frame is ever written down.
//
// What a frame leaves out is taken away and put back, or is passed over when the frame is added up.

import DeedEngine
import DeedValues

/// What has been added of a frame.
class WindowState {
    /// Whether rows at the beginning of the frame can be taken away.
    var canForget: Bool { false }
    /// Whether any can.
    var canRemove: Bool { false }

    func clear() {}
    /// Rows in order. What cannot forget may get stretches of them from the last one to the first.
    func add(_ rows: Range<Int>) throws {}
    func remove(_ rows: Range<Int>) {}
    /// The result for a row.
    func write(_ row: Int) throws {}
    /// The same for some rows.
    func write(rows: Range<Int>) throws { for row in rows { try write(row) } }
    func finish() -> ColumnVector { .nulls(count: 0) }
}

enum WindowAggregates {
    static func compute(
        _ name: String, _ argument: ColumnVector?, _ frames: WindowFrames, _ rows: WindowRows, _ work: WindowWork
    ) throws -> ColumnVector {
        let state = try makeState(name, argument, rows.count)
        let isBackward = endsWithPartition(frames.frame) && !frames.hasHoles && !state.canForget
        for index in 0..<rows.partitionCount {
            let part = rows.partition(index).rows
            state.clear()
            if frames.hasHoles {
                try passHoles(state, frames, part, work)
            } else if isBackward {
                try passBackward(state, frames, part, work)
            } else {
                try passForward(state, frames, part, work)
            }
        }
        return state.finish()
    }

    /// Every frame is all of its partition.
    static func computeWhole(
        _ name: String, _ argument: ColumnVector?, _ rows: WindowRows, _ work: WindowWork
    ) throws -> ColumnVector {
        let state = try makeState(name, argument, rows.count)
        for index in 0..<rows.partitionCount {
            let part = rows.partition(index).rows
            if part.isEmpty { continue }
            state.clear()
            try add(part, to: state, work)
            try state.write(rows: part)
        }
        return state.finish()
    }

    private static func endsWithPartition(_ frame: RowFrame) -> Bool {
        if case .unboundedFollowing = frame.end { true } else { false }
    }

    private static func makeState(_ name: String, _ argument: ColumnVector?, _ count: Int) throws -> WindowState {
        guard let argument else { return CountState(nil, count) }
        switch name {
        case "count": return CountState(argument, count)
        case "sum", "avg":
            let isAverage = name == "avg"
            switch argument.kind {
            case .int64: return IntegerSumState(argument, count, isAverage: isAverage)
            case .float64: return FloatSumState(argument, count, isAverage: isAverage)
            default: return MixedSumState(argument, count, isAverage: isAverage)
            }
        case "min", "max": return extremeState(argument, count, isMaximum: name == "max")
        case "stdev", "stdevp": return DeviationState(argument, count, isPopulation: name == "stdevp")
        default: throw DeedError(.internalError, "a window has an aggregate that nothing computes")
        }
    }

    private static func extremeState(_ argument: ColumnVector, _ count: Int, isMaximum: Bool) -> WindowState {
        switch argument.kind {
        case .int64, .date: ExtremeState(IntegerOrder(argument), argument, count, isMaximum: isMaximum)
        case .float64: ExtremeState(FloatOrder(argument), argument, count, isMaximum: isMaximum)
        case .string: ExtremeState(TextOrder(argument), argument, count, isMaximum: isMaximum)
        default: ExtremeState(ValueOrder(argument), argument, count, isMaximum: isMaximum)
        }
    }

    // MARK: Passing over rows

    private static func passForward(
        _ state: WindowState, _ frames: WindowFrames, _ part: Range<Int>, _ work: WindowWork
    ) throws {
        var (start, end) = (part.lowerBound, part.lowerBound)
        let canForget = state.canForget
        for row in part {
            let (nextStart, nextEnd) = (frames.starts[row], frames.ends[row])
            if nextStart >= end || nextStart > start && !canForget {
                state.clear()
                (start, end) = (nextStart, nextStart)
            } else if nextStart > start {
                state.remove(start..<nextStart)
                start = nextStart
            }
            if nextEnd > end {
                try add(end..<nextEnd, to: state, work)
                end = nextEnd
            }
            try work.take(0)
            try state.write(row)
        }
    }

    /// All frames end with the partition.
    private static func passBackward(
        _ state: WindowState, _ frames: WindowFrames, _ part: Range<Int>, _ work: WindowWork
    ) throws {
        var start = part.upperBound
        for row in part.reversed() {
            let next = frames.starts[row]
            if next < start {
                try add(next..<start, to: state, work)
                start = next
            }
            try work.take(0)
            try state.write(row)
        }
    }

    private static func passHoles(
        _ state: WindowState, _ frames: WindowFrames, _ part: Range<Int>, _ work: WindowWork
    ) throws {
        if !state.canRemove {
            for row in part {
                state.clear()
                let (before, own, behind) = frames.pieces(row)
                try add(before, to: state, work)
                try add(own, to: state, work)
                try add(behind, to: state, work)
                try state.write(row)
            }
            return
        }
        var (start, end) = (part.lowerBound, part.lowerBound)
        for row in part {
            let (nextStart, nextEnd) = (frames.starts[row], frames.ends[row])
            if nextStart >= end {
                state.clear()
                (start, end) = (nextStart, nextStart)
            }
            state.remove(start..<nextStart)
            try add(end..<max(end, nextEnd), to: state, work)
            (start, end) = (nextStart, max(end, nextEnd))
            let (before, own, behind) = frames.pieces(row)
            let out = min(before.upperBound, behind.lowerBound)..<max(before.upperBound, behind.lowerBound)
            state.remove(out)
            try add(own, to: state, work)
            try state.write(row)
            state.remove(own)
            try add(out, to: state, work)
        }
    }

    /// In steps, so that interrupts are noticed.
    private static func add(_ rows: Range<Int>, to state: WindowState, _ work: WindowWork) throws {
        var first = rows.lowerBound
        while first < rows.upperBound {
            let end = min(first + (1 << 15), rows.upperBound)
            try work.take(end - first)
            try state.add(first..<end)
            first = end
        }
    }
}

/// COUNT; without argument of all rows.
private final class CountState: WindowState {
    private let argument: ColumnVector?
    private let result: ColumnVector
    private var rows: Int64 = 0

    init(_ argument: ColumnVector?, _ count: Int) {
        self.argument = argument
        result = ColumnVector(.int64, capacity: count)
    }

    override var canForget: Bool { true }
    override var canRemove: Bool { true }
    override func clear() { rows = 0 }
    override func add(_ rows: Range<Int>) { self.rows &+= number(rows) }
    override func remove(_ rows: Range<Int>) { self.rows &-= number(rows) }

    private func number(_ rows: Range<Int>) -> Int64 {
        guard let argument else { return Int64(rows.count) }
        if argument.kind == .null { return 0 }
        if argument.kind != .any && argument.nulls == nil { return Int64(rows.count) }
        var number: Int64 = 0
        for row in rows where !argument.isNull(row) { number &+= 1 }
        return number
    }

    override func write(_ row: Int) { result.ints[row] = rows }
    override func write(rows: Range<Int>) { (result.ints + rows.lowerBound).update(repeating: self.rows, count: rows.count) }
    override func finish() -> ColumnVector { result }
}

/// Of a column of integers. The sum itself has room for more than any number of them; what it gives out has to be an integer again.
private final class IntegerSumState: WindowState {
    private let argument: UnsafeMutablePointer<Int64>
    private let nulls: UnsafeMutablePointer<UInt8>?
    /// Whose memory the above are.
    private let owner: ColumnVector
    private let isAverage: Bool
    private let result: ColumnVector
    private var sum: Int128 = 0
    private var count: Int64 = 0

    init(_ argument: ColumnVector, _ count: Int, isAverage: Bool) {
        (self.argument, nulls, owner, self.isAverage) = (argument.ints, argument.nulls, argument, isAverage)
        result = ColumnVector(isAverage ? .float64 : .int64, capacity: count)
    }

    override var canForget: Bool { true }
    override var canRemove: Bool { true }
    override func clear() { (sum, count) = (0, 0) }

    override func add(_ rows: Range<Int>) {
        for row in rows where nulls.map({ $0[row] == 0 }) ?? true {
            sum &+= Int128(argument[row])
            count &+= 1
        }
    }

    override func remove(_ rows: Range<Int>) {
        for row in rows where nulls.map({ $0[row] == 0 }) ?? true {
            sum &-= Int128(argument[row])
            count &-= 1
        }
    }

    override func write(_ row: Int) throws {
        if count == 0 {
            result.ids[row] = 0
            result.setNull(row)
        } else if isAverage {
            result.floats[row] = Double(sum) / Double(count)
        } else {
            guard let sum = Int64(exactly: sum) else { throw sumOverflow }
            result.ints[row] = sum
        }
    }

    override func write(rows: Range<Int>) throws {
        try write(rows.lowerBound)
        result.repeatWord(of: rows.lowerBound, over: rows)
    }

    override func finish() -> ColumnVector { result }
}

private let sumOverflow = QueryError(
    .arithmeticError, "NumberOutOfRange", "the sum is too large for an integer: sum floats instead, as in sum(CAST(x AS float))")

private final class FloatSumState: WindowState {
    private let argument: ColumnVector
    private let isAverage: Bool
    private let result: ColumnVector
    private var sum = 0.0
    private var count: Int64 = 0

    init(_ argument: ColumnVector, _ count: Int, isAverage: Bool) {
        (self.argument, self.isAverage) = (argument, isAverage)
        result = ColumnVector(.float64, capacity: count)
    }

    override func clear() { (sum, count) = (0, 0) }

    override func add(_ rows: Range<Int>) {
        let floats = argument.floats
        for row in rows where !argument.isNull(row) {
            sum += floats[row]
            count &+= 1
        }
    }

    override func write(_ row: Int) {
        if count == 0 {
            result.floats[row] = 0
            result.setNull(row)
        } else {
            result.floats[row] = isAverage ? sum / Double(count) : sum
        }
    }

    override func write(rows: Range<Int>) {
        write(rows.lowerBound)
        result.repeatWord(of: rows.lowerBound, over: rows)
    }

    override func finish() -> ColumnVector { result }
}

/// Of integers and floats together, and of intervals.
private final class MixedSumState: WindowState {
    private let argument: ColumnVector
    private let isAverage: Bool
    private var results: [Value]
    private var integers: Int128 = 0
    private var floats = 0.0
    private var hasFloat = false
    private var durations: Value?
    private var decimals: Value?
    private var count: Int64 = 0

    init(_ argument: ColumnVector, _ count: Int, isAverage: Bool) {
        (self.argument, self.isAverage) = (argument, isAverage)
        results = Array(repeating: .null, count: count)
    }

    override func clear() { (integers, floats, hasFloat, durations, decimals, count) = (0, 0, false, nil, nil, 0) }

    override func add(_ rows: Range<Int>) throws {
        for row in rows {
            let value = argument.value(row)
            switch value {
            case .null: continue
            case .int(let number): integers &+= Int128(number)
            case .float(let number): (floats, hasFloat) = (floats + number, true)
            case .decimal: decimals = try decimals.map { try Value.add($0, value) } ?? value
            case .duration: durations = try durations.map { try Value.add($0, value) } ?? value
            default:
                let name = isAverage ? "avg" : "sum"
                throw QueryError(.typeError, "InvalidArgumentType", "\(name)() needs numbers or durations")
            }
            count &+= 1
        }
    }

    override func write(_ row: Int) throws {
        if count == 0 { return }
        let floats = floats + (decimals?.number ?? 0)
        if let durations {
            guard integers == 0 && !hasFloat && decimals == nil else {
                throw QueryError(.typeError, "InvalidArgumentType", "numbers and durations have no sum")
            }
            results[row] = isAverage ? try Value.divide(durations, .int(count)) : durations
        } else if let decimals, !hasFloat {
            guard let whole = Decimal(integers, scale: 0) else { throw QueryError.decimalOverflow }
            let sum = try Value.add(decimals, .decimal(whole))
            results[row] = isAverage ? try Value.divide(sum, .int(count)) : sum
        } else if isAverage {
            results[row] = .float((floats + Double(integers)) / Double(count))
        } else if hasFloat {
            results[row] = .float(floats + Double(integers))
        } else {
            guard let sum = Int64(exactly: integers) else { throw sumOverflow }
            results[row] = .int(sum)
        }
    }

    override func finish() -> ColumnVector { ColumnVector(results) }
}

/// By Welford's method, as without windows.
private final class DeviationState: WindowState {
    private let argument: ColumnVector
    private let isPopulation: Bool
    private let result: ColumnVector
    private var (count, mean, squares) = (0.0, 0.0, 0.0)

    init(_ argument: ColumnVector, _ count: Int, isPopulation: Bool) {
        (self.argument, self.isPopulation) = (argument, isPopulation)
        result = ColumnVector(.float64, capacity: count)
    }

    override func clear() { (count, mean, squares) = (0, 0, 0) }

    override func add(_ rows: Range<Int>) throws {
        for row in rows where !argument.isNull(row) {
            guard let number = argument.value(row).number else {
                throw QueryError(.typeError, "InvalidArgumentType", "a deviation needs numbers")
            }
            count += 1
            let difference = number - mean
            mean += difference / count
            squares += difference * (number - mean)
        }
    }

    override func write(_ row: Int) {
        let divisor = isPopulation ? count : count - 1
        if divisor > 0 {
            result.floats[row] = (squares / divisor).squareRoot()
        } else {
            result.floats[row] = 0
            result.setNull(row)
        }
    }

    override func finish() -> ColumnVector { result }
}

// MARK: The least and the greatest

private protocol RowOrder {
    /// Whether one row's value is before another's.
    func isLess(_ left: Int, _ right: Int) -> Bool
}

private struct IntegerOrder: RowOrder {
    private let values: UnsafeMutablePointer<Int64>
    init(_ vector: ColumnVector) { values = vector.ints }
    @inline(__always) func isLess(_ left: Int, _ right: Int) -> Bool { values[left] < values[right] }
}

private struct FloatOrder: RowOrder {
    private let values: UnsafeMutablePointer<Double>
    init(_ vector: ColumnVector) { values = vector.floats }
    @inline(__always) func isLess(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (values[left], values[right])
        return a < b || !(a >= b) && Value.order(.float(a), .float(b)) < 0
    }
}

private struct TextOrder: RowOrder {
    let vector: ColumnVector
    init(_ vector: ColumnVector) { self.vector = vector }
    @inline(__always) func isLess(_ left: Int, _ right: Int) -> Bool {
        orderOfTexts(vector.stringBytes(left), vector.stringBytes(right)) < 0
    }
}

private struct ValueOrder: RowOrder {
    let vector: ColumnVector
    init(_ vector: ColumnVector) { self.vector = vector }
    func isLess(_ left: Int, _ right: Int) -> Bool { Value.order(vector.value(left), vector.value(right)) < 0 }
}

/// Keeps the rows that can still become the best: each is better than all behind it.
private final class ExtremeState<Order: RowOrder>: WindowState {
    private let order: Order
    private let argument: ColumnVector
    private let isMaximum: Bool
    /// From `first` on, in the order of rows.
    private var open: [Int] = []
    private var first = 0
    private var places: [Int]

    init(_ order: Order, _ argument: ColumnVector, _ count: Int, isMaximum: Bool) {
        (self.order, self.argument, self.isMaximum) = (order, argument, isMaximum)
        places = Array(repeating: -1, count: count)
    }

    override var canForget: Bool { true }

    override func clear() {
        open.removeAll(keepingCapacity: true)
        first = 0
    }

    override func add(_ rows: Range<Int>) {
        for row in rows where !argument.isNull(row) {
            while open.count > first, let last = open.last, isMaximum ? order.isLess(last, row) : order.isLess(row, last) {
                open.removeLast()
            }
            open.append(row)
        }
    }

    override func remove(_ rows: Range<Int>) {
        while first < open.count && open[first] < rows.upperBound { first += 1 }
        // Once half of it is done with, the rest moves to the front.
        if first > 1_024 && first * 2 > open.count {
            open.removeFirst(first)
            first = 0
        }
    }

    override func write(_ row: Int) { if first < open.count { places[row] = open[first] } }
    override func finish() -> ColumnVector { argument.gathered(optional: places) }
}

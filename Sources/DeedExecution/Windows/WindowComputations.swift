// What functions of windows give for whole partitions. Those that ask for the place of a row only are here; WindowFrames says which
// rows a frame has, and WindowAggregates what they come to.

import DeedEngine
import DeedValues

final class WindowComputations {
    private let context: QueryContext
    private let functions: [WindowFunction]
    /// What is evaluated for each row: the arguments of all functions, and the keys of frames by value.
    let expressions: [Evaluator]
    /// Of each function, in `expressions`.
    private let arguments: [Range<Int>]
    private let keys: [Int?]
    private let frames: [FrameDistances]

    init(_ functions: [WindowFunction], _ context: QueryContext) throws {
        (self.functions, self.context) = (functions, context)
        var expressions: [Evaluator] = []
        var arguments: [Range<Int>] = []
        var keys: [Int?] = []
        for function in functions {
            let first = expressions.count
            expressions += try function.arguments.map { try makeEvaluator($0, context) }
            arguments.append(first..<expressions.count)
            keys.append(function.frame.key == nil ? nil : expressions.count)
            if let key = function.frame.key { expressions.append(try makeEvaluator(key.value, context)) }
        }
        (self.expressions, self.arguments, self.keys) = (expressions, arguments, keys)
        frames = try functions.map { try FrameDistances($0.frame, context) }
    }

    /// For another run: distances are found anew.
    func restart() { for frame in frames { frame.restart() } }

    func compute(_ rows: WindowRows) throws -> [ColumnVector] {
        try functions.indices.map { index in
            try context.checkInterrupt()
            let arguments = arguments[index].map { rows.columns[$0] }
            let work = WindowWork(context)
            return try compute(functions[index], arguments, rows, index, work)
        }
    }

    private func compute(
        _ function: WindowFunction, _ arguments: [ColumnVector], _ rows: WindowRows, _ index: Int, _ work: WindowWork
    ) throws -> ColumnVector {
        func frame() throws -> WindowFrames {
            try WindowFrames(frames[index], rows, key: keys[index].map { rows.columns[$0] }, context)
        }
        switch function.kind {
        case .rowNumber, .rank, .denseRank: return numbers(function.kind, rows)
        case .percentRank, .cumeDist: return shares(function.kind, rows)
        case .ntile: return try parts(arguments[0], rows)
        case .lag: return try neighbors(arguments, rows, isBefore: true)
        case .lead: return try neighbors(arguments, rows, isBefore: false)
        case .firstValue: return try arguments[0].gathered(optional: frame().places(work) { $0.first })
        case .lastValue: return try arguments[0].gathered(optional: frame().places(work) { $0.last })
        case .nthValue: return try nth(arguments, frame(), work)
        case .aggregate(let name):
            if rows.haveWholeFrames(function.frame) { return try WindowAggregates.computeWhole(name, arguments.first, rows, work) }
            return try WindowAggregates.compute(name, arguments.first, try frame(), rows, work)
        }
    }

    // MARK: Places

    private func numbers(_ kind: WindowFunction.Kind, _ rows: WindowRows) -> ColumnVector {
        let result = ColumnVector(.int64, capacity: rows.count)
        let numbers = result.ints
        for index in 0..<rows.partitionCount {
            let (part, groups) = rows.partition(index)
            if kind == .rowNumber {
                for row in part { numbers[row] = Int64(row - part.lowerBound + 1) }
                continue
            }
            for group in groups {
                let first = rows.groups[group]
                let number = kind == .rank ? first - part.lowerBound + 1 : group - groups.lowerBound + 1
                for row in first..<rows.groups[group + 1] { numbers[row] = Int64(number) }
            }
        }
        return result
    }

    private func shares(_ kind: WindowFunction.Kind, _ rows: WindowRows) -> ColumnVector {
        let result = ColumnVector(.float64, capacity: rows.count)
        let shares = result.floats
        for index in 0..<rows.partitionCount {
            let (part, groups) = rows.partition(index)
            for group in groups {
                let (first, end) = (rows.groups[group], rows.groups[group + 1])
                let share: Double
                if kind == .cumeDist {
                    share = Double(end - part.lowerBound) / Double(part.count)
                } else {
                    share = part.count == 1 ? 0 : Double(first - part.lowerBound) / Double(part.count - 1)
                }
                for row in first..<end { shares[row] = share }
            }
        }
        return result
    }

    /// NTILE: the number of parts is that of the partition's first row; the first parts have a row more if it does not divide.
    private func parts(_ argument: ColumnVector, _ rows: WindowRows) throws -> ColumnVector {
        let result = ColumnVector(.int64, capacity: rows.count)
        for index in 0..<rows.partitionCount {
            let part = rows.partition(index).rows
            guard let wanted = try integer(argument, part.lowerBound, "ntile") else {
                for row in part {
                    result.ints[row] = 0
                    result.setNull(row)
                }
                continue
            }
            guard wanted > 0 else {
                throw QueryError(.argumentError, "NumberOutOfRange", "the argument of ntile() must be greater than zero")
            }
            let count = Int(min(wanted, Int64(part.count)))
            let (size, more) = part.count.quotientAndRemainder(dividingBy: count)
            for row in part {
                let place = row - part.lowerBound
                let inLarge = more * (size + 1)
                let number = place < inLarge ? place / (size + 1) : more + (place - inLarge) / size
                result.ints[row] = Int64(number + 1)
            }
        }
        return result
    }

    private func integer(_ vector: ColumnVector, _ row: Int, _ function: String) throws -> Int64? {
        if vector.isNull(row) { return nil }
        if vector.kind == .int64 { return vector.ints[row] }
        guard case .int(let number) = vector.value(row) else {
            throw QueryError(.typeError, "InvalidArgumentType", "\(function)() needs an integer")
        }
        return number
    }

    // MARK: Values of other rows

    private func neighbors(_ arguments: [ColumnVector], _ rows: WindowRows, isBefore: Bool) throws -> ColumnVector {
        var places = [Int](repeating: -1, count: rows.count)
        var needsDefault = false
        for index in 0..<rows.partitionCount {
            let part = rows.partition(index).rows
            for row in part {
                var distance: Int64 = 1
                if arguments.count > 1 {
                    guard let given = try integer(arguments[1], row, isBefore ? "lag" : "lead") else { continue }
                    distance = given
                }
                let (place, overflow) = isBefore
                    ? Int64(row).subtractingReportingOverflow(distance) : Int64(row).addingReportingOverflow(distance)
                if !overflow && place >= part.lowerBound && place < part.upperBound {
                    places[row] = Int(place)
                } else {
                    // A row of its own kind: the value that stands for one that is not there.
                    places[row] = -2
                    needsDefault = true
                }
            }
        }
        guard arguments.count > 2, needsDefault else { return arguments[0].gathered(optional: places) }
        let builder = ColumnBuilder(capacity: max(rows.count, 1))
        for (row, place) in places.enumerated() {
            switch place {
            case -1: builder.appendNull()
            case -2: builder.append(arguments[2], row)
            default: builder.append(arguments[0], place)
            }
        }
        return builder.finish()
    }

    private func nth(_ arguments: [ColumnVector], _ frame: WindowFrames, _ work: WindowWork) throws -> ColumnVector {
        // Choosing a place throws nothing: what is wrong with a number is said when all rows have been passed.
        let number = arguments[1]
        var failure: QueryError?
        let places = try frame.places(work) { row in
            do {
                guard let wanted = try self.integer(number, row.row, "nth_value") else { return nil }
                if wanted > 0 { return row.nth(wanted) }
                failure = QueryError(.argumentError, "NumberOutOfRange", "the number given to nth_value() must be greater than zero")
            } catch {
                failure = failure ?? (error as? QueryError)
            }
            return nil
        }
        if let failure { throw failure }
        return arguments[0].gathered(optional: places)
    }
}

/// Notices interrupts in loops whose length depends on frames.
final class WindowWork {
    private let context: QueryContext
    private var steps = 0

    init(_ context: QueryContext) { self.context = context }

    @inline(__always)
    func take(_ count: Int) throws {
        steps &+= count &+ 1
        if steps > 1 << 16 { try look() }
    }

    @inline(never)
    private func look() throws {
        steps = 0
        try context.checkInterrupt()
    }
}

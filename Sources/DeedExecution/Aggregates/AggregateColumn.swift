// The states of one aggregate function for all groups: arrays by the number of the group, fed a chunk at a time.

import DeedEngine
import DeedValues

class AggregateColumn {
    /// There are so many groups now.
    func resize(_ groups: Int) {}

    /// `groups[row]` is the group of the row; rows for which `admitted` (if given) is 0 do not count. `arguments` are
    /// vectors with row i for row i.
    func update(
        _ groups: UnsafePointer<UInt32>, _ arguments: [ColumnVector], admitted: UnsafePointer<UInt8>?, count: Int
    ) throws {}

    /// As many rows of group 0 more, if that is all the function wants to know; false if it wants to see them.
    func count(_ rows: Int, arguments: Int) -> Bool { false }

    func finish(_ group: Int) throws -> Value { .null }

    /// The same for some groups.
    func finish(_ groups: Range<Int>) throws -> ColumnVector { ColumnVector(try groups.map { try finish($0) }) }

    /// The states of these groups as columns, always as many: what `absorb` makes them of again.
    func states(_ groups: Range<Int>) -> [ColumnVector] { [] }

    /// Takes in states of which row i is of the group `groups[i]`, as if the rows behind them came now.
    func absorb(_ states: [ColumnVector], _ groups: UnsafePointer<UInt32>, count: Int) throws {}

    /// Bytes held beyond a few words for each group.
    var bytesOutside: Int { 0 }

    static func make(_ aggregate: Aggregate) throws -> AggregateColumn {
        switch aggregate.function {
        case "count": return CountColumn()
        case "sum": return SumColumn(isAverage: false)
        case Aggregate.sumOrNull: return SumColumn(isAverage: false, isNullOfNone: true)
        case "avg": return SumColumn(isAverage: true)
        case "min": return ExtremeColumn(isMaximum: false)
        case "max": return ExtremeColumn(isMaximum: true)
        case "collect": return CollectColumn()
        case "stdev": return DeviationColumn(isPopulation: false)
        case "stdevp": return DeviationColumn(isPopulation: true)
        case "percentilecont": return PercentileColumn(isContinuous: true)
        case "percentiledisc": return PercentileColumn(isContinuous: false)
        default: throw QueryError(.syntaxError, "UnknownFunction", "there is no aggregate function `\(aggregate.function)`")
        }
    }
}

/// Rows that count, and all rows.
final class CountColumn: AggregateColumn {
    private var counts: [Int64] = []

    override func resize(_ groups: Int) {
        if groups > counts.count { counts += repeatElement(0, count: groups - counts.count) }
    }

    override func update(
        _ groups: UnsafePointer<UInt32>, _ arguments: [ColumnVector], admitted: UnsafePointer<UInt8>?, count: Int
    ) {
        counts.withUnsafeMutableBufferPointer { counts in
            guard let argument = arguments.first else {
                for row in 0..<count { counts[Int(groups[row])] &+= 1 }
                return
            }
            for row in 0..<count where (admitted == nil || admitted.unsafelyUnwrapped[row] != 0) && !argument.isNull(row) {
                counts[Int(groups[row])] &+= 1
            }
        }
    }

    override func count(_ rows: Int, arguments: Int) -> Bool {
        if arguments > 0 { return false }
        counts[0] &+= Int64(rows)
        return true
    }

    override func finish(_ group: Int) -> Value { .int(counts[group]) }
    override func finish(_ groups: Range<Int>) -> ColumnVector { ColumnVector(integers: counts[groups]) }

    override func states(_ groups: Range<Int>) -> [ColumnVector] { [ColumnVector(integers: counts[groups])] }

    override func absorb(_ states: [ColumnVector], _ groups: UnsafePointer<UInt32>, count: Int) {
        let added = states[0].ints
        for row in 0..<count { counts[Int(groups[row])] &+= added[row] }
    }
}

/// Lists of the values that are not null, in order.
final class CollectColumn: AggregateColumn {
    private var lists: [[Value]] = []
    private var bytes = 0

    override var bytesOutside: Int { bytes }

    override func resize(_ groups: Int) {
        if groups > lists.count { lists += repeatElement([], count: groups - lists.count) }
    }

    override func update(
        _ groups: UnsafePointer<UInt32>, _ arguments: [ColumnVector], admitted: UnsafePointer<UInt8>?, count: Int
    ) {
        guard let argument = arguments.first else { return }
        for row in 0..<count where (admitted == nil || admitted.unsafelyUnwrapped[row] != 0) && !argument.isNull(row) {
            let value = argument.value(row)
            bytes &+= value.bytesOutside &+ MemoryLayout<Value>.stride
            lists[Int(groups[row])].append(value)
        }
    }

    override func finish(_ group: Int) -> Value { .list(lists[group]) }

    override func states(_ groups: Range<Int>) -> [ColumnVector] { [ColumnVector(lists: lists[groups])] }

    override func absorb(_ states: [ColumnVector], _ groups: UnsafePointer<UInt32>, count: Int) {
        for row in 0..<count {
            guard case .list(let items) = states[0].value(row) else { continue }
            for item in items { bytes &+= item.bytesOutside &+ MemoryLayout<Value>.stride }
            lists[Int(groups[row])] += items
        }
    }
}

extension ColumnVector {
    convenience init(integers: ArraySlice<Int64>) {
        self.init(.int64, capacity: integers.count)
        for (row, value) in integers.enumerated() { ints[row] = value }
    }

    convenience init(floats: some Collection<Double>) {
        self.init(.float64, capacity: floats.count)
        for (row, value) in floats.enumerated() { self.floats[row] = value }
    }

    convenience init(lists: ArraySlice<[Value]>) {
        self.init(.any, capacity: lists.count)
        values = lists.map { .list($0) }
    }
}

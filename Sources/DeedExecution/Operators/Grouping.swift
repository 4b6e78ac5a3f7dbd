// What an aggregation has gathered: the groups and the state of every aggregate. One for each worker; they are merged at the
// end.

import DeedEngine
import DeedValues

/// Evaluators of one worker.
struct AggregateExpressions {
    let keys: [(slot: Slot, value: Evaluator)]
    let aggregates: [(slot: Slot, arguments: [Evaluator])]

    init(
        _ keys: [(slot: Slot, value: Expr)], _ aggregates: [(slot: Slot, Aggregate)], _ context: QueryContext
    ) throws {
        self.keys = try keys.map { ($0.slot, try makeEvaluator($0.value, context)) }
        self.aggregates = try aggregates.map { slot, aggregate in
            (slot, try aggregate.arguments.map { try makeEvaluator($0, context) })
        }
    }
}

final class Grouping {
    private let context: QueryContext
    private let expressions: AggregateExpressions
    private let table: KeyTable
    private let columns: [AggregateColumn]
    /// For DISTINCT aggregates what each group has seen: keys are the group, if there are several, and the argument.
    private let seen: [KeyTable?]
    private let account: MemoryAccount
    private let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    private let distinctNumbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    private let admitted = UnsafeMutablePointer<UInt8>.allocate(capacity: Chunk.rowsMax)
    private let hasKeys: Bool

    init(_ expressions: AggregateExpressions, _ aggregates: [Aggregate], _ context: QueryContext) throws {
        self.context = context
        self.expressions = expressions
        hasKeys = !expressions.keys.isEmpty
        table = KeyTable(width: max(expressions.keys.count, 1))
        columns = try aggregates.map { try AggregateColumn.make($0) }
        let width = hasKeys ? 2 : 1
        // For these it makes no difference.
        seen = aggregates.map { aggregate in
            let isDistinct = aggregate.isDistinct && !aggregate.arguments.isEmpty
            return isDistinct && aggregate.function != "min" && aggregate.function != "max" ? KeyTable(width: width) : nil
        }
        account = MemoryAccount(context)
        numbers.initialize(repeating: 0, count: Chunk.rowsMax)
        if !hasKeys { for column in columns { column.resize(1) } }
    }

    deinit {
        numbers.deallocate()
        distinctNumbers.deallocate()
        admitted.deallocate()
    }

    var groupCount: Int { hasKeys ? table.count : 1 }

    func update(_ chunk: Chunk) throws {
        if hasKeys {
            let keys = try expressions.keys.map { try $0.value.evaluate(chunk, context) }
            table.insert(keys, count: chunk.count, into: numbers)
        }
        for (index, column) in columns.enumerated() {
            column.resize(groupCount)
            if !hasKeys, column.count(chunk.count, arguments: expressions.aggregates[index].arguments.count) { continue }
            let arguments = try expressions.aggregates[index].arguments.map { try $0.evaluate(chunk, context) }
            if let seen = seen[index] {
                admitNew(arguments[0], chunk.count, seen)
                try column.update(numbers, arguments, admitted: admitted, count: chunk.count)
            } else {
                try column.update(numbers, arguments, admitted: nil, count: chunk.count)
            }
        }
        try charge()
    }

    /// Marks the rows whose value the row's group has not seen.
    private func admitNew(_ argument: ColumnVector, _ count: Int, _ seen: KeyTable) {
        var keys = [argument]
        if hasKeys {
            let groups = ColumnVector(.int64, capacity: count)
            for row in 0..<count { groups.ints[row] = Int64(numbers[row]) }
            keys.insert(groups, at: 0)
        }
        var known = seen.count
        seen.insert(keys, count: count, into: distinctNumbers)
        for row in 0..<count {
            let isNew = Int(distinctNumbers[row]) >= known
            admitted[row] = isNew ? 1 : 0
            if isNew { known = Int(distinctNumbers[row]) + 1 }
        }
    }

    private func charge() throws {
        var bytes = table.size + table.count * columns.count * 40
        for column in columns { bytes += column.bytesOutside }
        for case let table? in seen { bytes += table.size }
        if bytes > account.bytes { try account.charge(bytes - account.bytes) }
    }

    /// True if states of several workers can be merged; what DISTINCT aggregates have seen cannot.
    static func isMergeable(_ aggregates: [Aggregate]) -> Bool {
        aggregates.allSatisfy { !$0.isDistinct || $0.arguments.isEmpty || $0.function == "min" || $0.function == "max" }
    }

    func merge(_ other: Grouping) throws {
        var map = [UInt32](repeating: 0, count: other.groupCount)
        var first = 0
        while hasKeys && first < other.groupCount {
            let range = first..<min(first + Chunk.rowsMax, other.groupCount)
            let keys = expressions.keys.indices.map { other.table.column($0, range) }
            table.insert(keys, count: range.count, into: numbers)
            for row in 0..<range.count { map[first + row] = numbers[row] }
            first = range.upperBound
        }
        for (column, from) in zip(columns, other.columns) {
            column.resize(groupCount)
            from.resize(other.groupCount)
            try column.merge(from, map)
        }
        try charge()
    }

    /// The rows of these groups.
    func rows(_ groups: Range<Int>) throws -> Chunk {
        var chunk = Chunk(slots: context.slotCount, count: groups.count)
        for (index, key) in expressions.keys.enumerated() { chunk.set(key.slot, table.column(index, groups)) }
        for (index, column) in columns.enumerated() {
            chunk.set(expressions.aggregates[index].slot, ColumnVector(try groups.map { try column.finish($0) }))
        }
        return chunk
    }
}

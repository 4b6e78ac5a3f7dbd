// What an aggregation has gathered: the groups and the state of every aggregate. One for each worker; they are merged at the
// end. When no more may be held, the groups are put aside: their keys and states are written as rows, divided by the hash of
// the keys, and gathering begins anew. GroupParts makes groups of them again.

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
    private let aggregates: [Aggregate]
    private var table: KeyTable
    private var columns: [AggregateColumn] = []
    /// For DISTINCT aggregates what each group has seen: keys are the group, if there are several, and the argument.
    private var seen: [KeyTable?] = []
    private let held: HeldMemory
    /// Counts what cannot be put aside.
    private let account: MemoryAccount
    private let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    private let distinctNumbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    private let admitted = UnsafeMutablePointer<UInt8>.allocate(capacity: Chunk.rowsMax)
    private let hasKeys: Bool
    /// How often the rows behind these groups have been divided.
    private let level: Int
    /// Groups that were put aside.
    private var aside: PartitionedRows?

    init(_ expressions: AggregateExpressions, _ aggregates: [Aggregate], level: Int = 0, _ context: QueryContext) throws {
        (self.context, self.expressions, self.aggregates, self.level) = (context, expressions, aggregates, level)
        hasKeys = !expressions.keys.isEmpty
        table = KeyTable(width: max(expressions.keys.count, 1))
        held = HeldMemory(context)
        account = MemoryAccount(context)
        if !hasKeys { numbers.initialize(repeating: 0, count: Chunk.rowsMax) }
        try begin()
    }

    deinit {
        numbers.deallocate()
        distinctNumbers.deallocate()
        admitted.deallocate()
    }

    /// Without groups.
    private func begin() throws {
        table = KeyTable(width: max(expressions.keys.count, 1))
        columns = try aggregates.map { try AggregateColumn.make($0) }
        let width = hasKeys ? 2 : 1
        seen = aggregates.map { $0.comparesValues ? KeyTable(width: width) : nil }
        if !hasKeys { for column in columns { column.resize(1) } }
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
            try update(index, arguments, count: chunk.count)
        }
        try settle()
    }

    /// Rows of the groups `numbers`.
    private func update(_ index: Int, _ arguments: [ColumnVector], count: Int) throws {
        guard let seen = seen[index] else {
            return try columns[index].update(numbers, arguments, admitted: nil, count: count)
        }
        admitNew(arguments[0], count, seen)
        try columns[index].update(numbers, arguments, admitted: admitted, count: count)
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

    // MARK: Memory

    private var bytes: Int {
        var bytes = table.size + table.count * columns.count * 40
        for column in columns { bytes += column.bytesOutside }
        // Putting them aside makes lists of the values.
        for case let table? in seen { bytes += table.size + table.count * MemoryLayout<Value>.stride }
        return bytes
    }

    /// Counts what is held, and puts it aside if that is too much. A single group would come back as large as it is, so that
    /// it may take what the memory limit allows.
    private func settle() throws {
        let bytes = bytes
        if account.bytes == 0, try held.admits(bytes) { return }
        if groupCount > 1 && level < PartitionedRows.levelsMax { return try putAside() }
        held.clear()
        if bytes > account.bytes { try account.charge(bytes - account.bytes) }
    }

    private func putAside() throws {
        let width = expressions.keys.count + statesWidth
        let rows = try aside ?? PartitionedRows(context, width: width, level: level)
        aside = rows
        let lists = seenValues()
        for first in stride(from: 0, to: groupCount, by: Chunk.rowsMax) {
            let groups = states(first..<min(first + Chunk.rowsMax, groupCount), lists)
            try rows.append(groups, keys: (0..<expressions.keys.count).compactMap { groups.columns[$0]?.vector })
        }
        try begin()
        held.clear()
        account.clear()
    }

    /// All groups in parts, if some have been put aside; there are no others left then.
    func parts(isForced: Bool = false) throws -> [RowSequence]? {
        if aside == nil && !isForced { return nil }
        try putAside()
        defer { aside = nil }
        try aside?.finish()
        return aside?.parts
    }

    // MARK: States

    /// Columns of the states of all aggregates.
    private var statesWidth: Int { aggregates.indices.reduce(0) { $0 + statesWidth(of: $1) } }

    private func statesWidth(of index: Int) -> Int {
        seen[index] == nil ? columns[index].states(0..<0).count : aggregates[index].arguments.count
    }

    /// For each DISTINCT aggregate the values that each group has seen, in the order in which they came.
    private func seenValues() -> [[[Value]]] {
        seen.map { table in
            guard let table else { return [] }
            var lists = [[Value]](repeating: [], count: groupCount)
            for number in 0..<table.count {
                guard hasKeys else {
                    lists[0].append(table.value(number, 0))
                    continue
                }
                if case .int(let group) = table.value(number, 0) { lists[Int(group)].append(table.value(number, 1)) }
            }
            return lists
        }
    }

    /// Groups as rows: their keys, and the states of the aggregates.
    private func states(_ groups: Range<Int>, _ lists: [[[Value]]]) -> Chunk {
        let vectors =
            expressions.keys.indices.map { table.column($0, groups) }
            + aggregates.indices.flatMap { states(of: $0, groups, lists[$0]) }
        var chunk = Chunk(slots: vectors.count, count: groups.count)
        for (slot, vector) in vectors.enumerated() { chunk.set(slot, vector) }
        return chunk
    }

    /// Of an aggregate of DISTINCT values the values are its state: what they come to is computed anew.
    private func states(of index: Int, _ groups: Range<Int>, _ lists: [[Value]]) -> [ColumnVector] {
        columns[index].resize(groupCount)
        let states = columns[index].states(groups)
        if seen[index] == nil { return states }
        // A second argument, which is the same for all rows of a group, is the last state.
        return [ColumnVector(lists: lists[groups])] + states.suffix(aggregates[index].arguments.count - 1)
    }

    /// Takes in groups as `states` gives them.
    func absorb(_ chunk: Chunk) throws {
        let vectors = chunk.columns.compactMap { $0?.vector }
        if hasKeys { table.insert(Array(vectors.prefix(expressions.keys.count)), count: chunk.count, into: numbers) }
        var first = expressions.keys.count
        for index in columns.indices {
            columns[index].resize(groupCount)
            let width = statesWidth(of: index)
            let own = Array(vectors[first..<first + width])
            first += width
            if seen[index] == nil {
                try columns[index].absorb(own, numbers, count: chunk.count)
            } else {
                try absorbValues(index, own, count: chunk.count)
            }
        }
        try settle()
    }

    /// Takes in lists of values that are DISTINCT each, as rows.
    private func absorbValues(_ index: Int, _ states: [ColumnVector], count: Int) throws {
        let groups = Array(UnsafeBufferPointer(start: numbers, count: count))
        defer { for (row, group) in groups.enumerated() { numbers[row] = group } }
        for (row, group) in groups.enumerated() {
            guard case .list(let values) = states[0].value(row) else { continue }
            for first in stride(from: 0, to: values.count, by: Chunk.rowsMax) {
                let piece = Array(values[first..<min(first + Chunk.rowsMax, values.count)])
                let others = states.dropFirst().map { ColumnVector([Value](repeating: $0.value(row), count: piece.count)) }
                for row in piece.indices { numbers[row] = group }
                try update(index, [ColumnVector(piece)] + others, count: piece.count)
            }
        }
    }

    /// True if states of several workers can be merged; DISTINCT aggregates would only move their work to the end.
    static func isMergeable(_ aggregates: [Aggregate]) -> Bool { aggregates.allSatisfy { !$0.comparesValues } }

    /// Takes in the groups of another worker, which has put none aside.
    func merge(_ other: Grouping) throws {
        let lists = other.seenValues()
        for first in stride(from: 0, to: other.groupCount, by: Chunk.rowsMax) {
            try context.checkInterrupt()
            try absorb(other.states(first..<min(first + Chunk.rowsMax, other.groupCount), lists))
        }
    }

    /// The other workers have ended.
    func endTeam() { held.workers = 1 }

    /// The rows of these groups.
    func rows(_ groups: Range<Int>) throws -> Chunk {
        var chunk = Chunk(slots: context.slotCount, count: groups.count)
        for (index, key) in expressions.keys.enumerated() { chunk.set(key.slot, table.column(index, groups)) }
        for (index, column) in columns.enumerated() {
            chunk.set(expressions.aggregates[index].slot, try column.finish(groups))
        }
        return chunk
    }
}

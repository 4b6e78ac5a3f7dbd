// `reduce(accumulator = initial, element IN list | body)`: one element after the other of each list, but all lists at once.
// The rows are taken longest list first, so that those that still have an element at some position are always the leading
// ones, and the accumulators of one step are the column that the next one reads.

import DeedEngine
import DeedValues

final class ReduceEvaluator: Evaluator {
    private let accumulator: Slot
    private let initial: Evaluator
    private let element: Slot
    private let list: Evaluator
    private let body: Evaluator
    private let needed: NeededSlots
    /// Lists and maps that one step of the body can put around its accumulator, at most.
    private let nestingOfStep: Int

    init(
        accumulator: Slot, initial: Evaluator, element: Slot, list: Evaluator, body: Evaluator, needed: NeededSlots,
        nestingOfStep: Int
    ) {
        (self.accumulator, self.initial, self.element) = (accumulator, initial, element)
        (self.list, self.body, self.needed, self.nestingOfStep) = (list, body, needed, nestingOfStep)
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let count = chunk.count
        let lists = try ListCursor(list.operand(chunk, context), count: count, most: context.chunkRows).lists
        let order = (0..<count).sorted { (lists[$0]?.count ?? -1) > (lists[$1]?.count ?? -1) }
        let start = try initial.evaluate(chunk, context)
        var accumulators = start.gathered(Selection(order.map { UInt32($0) }))
        var results = [Value](repeating: .null, count: count)
        var active = count
        var inner = Chunk(slots: 0, count: 0)
        var nesting = NestingGuard(perStep: nestingOfStep)
        var step = 0
        while true {
            let remaining = order[..<active].partitionPoint { (lists[$0]?.count ?? 0) <= step }
            if remaining < active || step == 0 {
                for place in remaining..<active where lists[order[place]] != nil {
                    results[order[place]] = accumulators.value(place)
                }
                active = remaining
                if active == 0 { break }
                inner = chunk.selecting(Selection(order[..<active].map { UInt32($0) }), needed)
                while inner.columns.count <= max(accumulator, element) { inner.columns.append(nil) }
            }
            if step % Chunk.rowsMax == 0 { try context.checkInterrupt() }
            inner.columns[accumulator] = ChunkColumn(accumulators)
            inner.columns[element] = ChunkColumn(ColumnVector(order[..<active].map { lists[$0]?[step] ?? .null }))
            accumulators = try body.evaluate(inner, context)
            try nesting.check(accumulators, count: active)
            step += 1
        }
        return ColumnVector(results)
    }
}

/// Keeps values that grow around themselves from nesting too deep. They are looked at only when the steps since the last look
/// could have brought them there.
private struct NestingGuard {
    let perStep: Int
    private var depthMax = 0
    private var isFresh = true

    init(perStep: Int) { self.perStep = perStep }

    mutating func check(_ vector: ColumnVector, count: Int) throws {
        guard perStep > 0, vector.kind == .any else { return }
        depthMax += perStep
        if depthMax <= Value.nestingMax && !isFresh { return }
        depthMax = 0
        isFresh = false
        for row in 0..<count {
            guard let depth = vector.value(row).nesting() else {
                throw QueryError(.argumentError, "NestingTooDeep", "lists and maps nest at most \(Value.nestingMax) deep")
            }
            depthMax = max(depthMax, depth)
        }
    }
}

extension ArraySlice<Int> {
    /// The first position whose item passes the test, which all items after it pass too.
    fileprivate func partitionPoint(_ test: (Int) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if test(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

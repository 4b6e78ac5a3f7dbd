// Expressions over the elements of lists. The lists of a chunk are laid end to end and cut into batches, each of which is a
// chunk of its own: a column of elements, and beside it the columns of the rows that the elements come from, through a
// selection. So the inner expression runs over full chunks even where each list is short, and needs no call for each
// element.

import DeedEngine
import DeedValues

/// Goes over the lists of a column in batches.
struct ListCursor {
    struct Batch {
        /// For each element the row that its list is in.
        let parents: Selection
        let elements: [Value]

        /// The row that the list of an element is in, by the element's position among those that passed.
        @inline(__always)
        func parent(of index: Int, _ passed: Selection?) -> Int {
            Int(parents.rows[passed.map { Int($0.rows[index]) } ?? index])
        }
    }

    /// By row; nil for null.
    let lists: [[Value]?]
    /// Elements of a batch.
    private let most: Int
    private var row = 0
    private var position = 0

    init(_ operand: Operand, count: Int, most: Int) throws {
        var lists: [[Value]?] = []
        lists.reserveCapacity(count)
        for row in 0..<count {
            switch operand.value(row) {
            case .null: lists.append(nil)
            case .list(let items): lists.append(items)
            case .vector(let items): lists.append(items.map { .float(Double($0)) })
            case let other: throw QueryError.invalidType("what goes over the items of a list takes a LIST", other)
            }
        }
        (self.lists, self.most) = (lists, most)
    }

    /// The next elements; nil at the end. The remaining elements of a row are passed over if `isDecided` says so.
    mutating func next(_ isDecided: (Int) -> Bool = { _ in false }) -> Batch? {
        var parents: [UInt32] = []
        var elements: [Value] = []
        while row < lists.count, elements.count < most {
            guard let list = lists[row], position < list.count, !isDecided(row) else {
                (row, position) = (row + 1, 0)
                continue
            }
            let end = min(list.count, position + most - elements.count)
            elements.append(contentsOf: list[position..<end])
            parents.append(contentsOf: repeatElement(UInt32(row), count: end - position))
            position = end
        }
        return elements.isEmpty ? nil : Batch(parents: Selection(parents), elements: elements)
    }
}

extension ColumnVector {
    /// Adds the values of these rows.
    func append(_ rows: Range<Int>, to values: inout [Value]) {
        if kind == .int64, nulls == nil {
            let ints = self.ints
            for row in rows { values.append(.int(ints[row])) }
        } else if kind == .any {
            values.append(contentsOf: self.values[rows])
        } else {
            for row in rows { values.append(value(row)) }
        }
    }
}

extension Chunk {
    /// The chunk of a batch's elements, with the columns that are needed of the rows they come from.
    func exploded(_ batch: ListCursor.Batch, into slot: Slot, _ needed: NeededSlots) -> Chunk {
        var inner = selecting(batch.parents, needed)
        while inner.columns.count <= slot { inner.columns.append(nil) }
        inner.columns[slot] = ChunkColumn(ColumnVector(batch.elements))
        return inner
    }
}

/// `[element IN list WHERE filter | projection]`
final class ComprehensionEvaluator: Evaluator {
    private let slot: Slot
    private let list: Evaluator
    private let filter: Evaluator?
    private let projection: Evaluator?
    private let needed: NeededSlots

    init(_ slot: Slot, list: Evaluator, filter: Evaluator?, projection: Evaluator?, needed: NeededSlots) {
        (self.slot, self.list, self.filter, self.projection, self.needed) = (slot, list, filter, projection, needed)
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        var cursor = try ListCursor(list.operand(chunk, context), count: chunk.count, most: context.chunkRows)
        var values: [Value] = cursor.lists.map { $0 == nil ? .null : .list([]) }
        // Elements come row by row, so that one list at a time is under construction.
        var (current, row): ([Value], Int) = ([], -1)
        var work = RowWork(context)
        while let batch = cursor.next() {
            try context.checkInterrupt()
            let inner = chunk.exploded(batch, into: slot, needed)
            let passed = try filter?.select(inner, context)
            let count = passed?.count ?? inner.count
            if count == 0 { continue }
            try work.note(bytes: count * MemoryLayout<Value>.stride)
            let projected = try project(inner, passed, context)
            var first = 0
            while first < count {
                let parent = batch.parent(of: first, passed)
                var end = first + 1
                while end < count, batch.parent(of: end, passed) == parent { end += 1 }
                if parent != row {
                    if row >= 0 { values[row] = .list(current) }
                    (current, row) = ([], parent)
                    current.reserveCapacity(end - first)
                }
                if let projected {
                    projected.append(first..<end, to: &current)
                } else {
                    for index in first..<end { current.append(batch.elements[passed.map { Int($0.rows[index]) } ?? index]) }
                }
                first = end
            }
        }
        if row >= 0 { values[row] = .list(current) }
        return ColumnVector(values)
    }

    private func project(_ inner: Chunk, _ passed: Selection?, _ context: QueryContext) throws -> ColumnVector? {
        guard let projection else { return nil }
        return try projection.evaluate(passed.map { inner.selecting($0) } ?? inner, context)
    }
}

/// `all(element IN list WHERE predicate)` and its kin, in three-valued logic.
final class QuantifierEvaluator: Evaluator {
    private let kind: QuantifierKind
    private let slot: Slot
    private let list: Evaluator
    private let predicate: Evaluator
    private let needed: NeededSlots

    init(_ kind: QuantifierKind, _ slot: Slot, list: Evaluator, predicate: Evaluator, needed: NeededSlots) {
        (self.kind, self.slot, self.list, self.predicate, self.needed) = (kind, slot, list, predicate, needed)
    }

    /// What the elements of one list have come to so far.
    private struct Tally {
        var trues = 0
        var falses = 0
        var nulls = 0

        func isDecided(_ kind: QuantifierKind) -> Bool {
            switch kind {
            case .all: falses > 0
            case .any, .none: trues > 0
            case .single: trues > 1
            }
        }

        func result(_ kind: QuantifierKind) -> Bool? {
            switch kind {
            case .all: falses > 0 ? false : nulls > 0 ? nil : true
            case .any: trues > 0 ? true : nulls > 0 ? nil : false
            case .none: trues > 0 ? false : nulls > 0 ? nil : true
            case .single: trues > 1 ? false : nulls > 0 ? nil : trues == 1
            }
        }
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        var cursor = try ListCursor(list.operand(chunk, context), count: chunk.count, most: context.chunkRows)
        var tallies = [Tally](repeating: Tally(), count: chunk.count)
        while let batch = cursor.next({ tallies[$0].isDecided(kind) }) {
            try context.checkInterrupt()
            let inner = chunk.exploded(batch, into: slot, needed)
            let verdict = try predicate.evaluate(inner, context)
            try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(inner.count, 1)) { buffer in
                let states = buffer.baseAddress.unsafelyUnwrapped
                try Truth.read(verdict, count: inner.count, into: states)
                for index in 0..<inner.count {
                    let parent = Int(batch.parents.rows[index])
                    switch states[index] {
                    case Truth.isTrue: tallies[parent].trues += 1
                    case Truth.isNull: tallies[parent].nulls += 1
                    default: tallies[parent].falses += 1
                    }
                }
            }
        }
        return mapTruth(chunk.count) { cursor.lists[$0] == nil ? nil : tallies[$0].result(kind) }
    }
}

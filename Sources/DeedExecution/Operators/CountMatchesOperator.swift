// The number of matches of a pattern, for each entity that its root can be, or of all of them (CountedPattern).
//
// Each term is a tree. From its leaves to its root every entity gets a weight, the number of ways in which what hangs on it
// can be matched: the product, over what hangs on it, of the sums of the neighbours' weights. One pass over the lists of all
// entities counts one relationship of all matches at once.

import DeedEngine

final class CountMatchesOperator: Operator {
    private let pattern: CountedPattern
    private let terms: [CountTerm]
    private let filters: [[Evaluator]]
    private var argument: Chunk?
    private var isDone = false
    private var result: CountVector?
    private var nextId = 0
    /// Places of the arrays.
    private var size = 0
    /// Which entities each one of the pattern can be; nil: any.
    private var masks: [CountVector?] = []
    private var loops: [(types: [String], counts: CountVector?)] = []

    init(_ pattern: CountedPattern, _ context: QueryContext) throws {
        self.pattern = pattern
        terms = pattern.terms() ?? []
        filters = try pattern.entities.map { try $0.filters.map { try makeEvaluator($0, context) } }
        super.init(context)
        if terms.isEmpty { throw DeedError(.internalError, "a pattern is counted that cannot be") }
    }

    override func reset(argument: Chunk) {
        self.argument = argument
        (isDone, result, nextId) = (false, nil, 0)
    }

    override func next() throws -> Chunk? {
        guard let argument, argument.count > 0, !isDone else { return nil }
        guard let root = pattern.root else {
            isDone = true
            return rows(of: argument, [try countAll(argument)], ids: nil)
        }
        let counts = try result ?? countByRoot(root, argument)
        result = counts
        var (ids, numbers): ([UInt64], [Int64]) = ([], [])
        while nextId < counts.count && ids.count < Chunk.rowsMax {
            if counts.values[nextId] != 0 {
                ids.append(UInt64(nextId))
                numbers.append(counts.values[nextId])
            }
            nextId &+= 1
        }
        if ids.isEmpty { return nil }
        return rows(of: argument, numbers, ids: ids)
    }

    private func rows(of argument: Chunk, _ numbers: [Int64], ids: [UInt64]?) -> Chunk {
        var chunk = argument.repeating(0, count: numbers.count)
        let counts = ColumnVector(.int64, capacity: numbers.count)
        for (row, number) in numbers.enumerated() { counts.ints[row] = number }
        chunk.set(pattern.count, counts)
        if let ids, let root = pattern.root {
            chunk.set(pattern.entities[root].slot, ColumnVector(.entity, copying: ids, count: ids.count))
        }
        return chunk
    }

    // MARK: Terms

    private func begin(_ argument: Chunk) throws {
        size = try context.view.beginCounting()
        masks = try pattern.entities.indices.map { pattern.entities[$0].isFree ? nil : try mask($0, argument) }
        loops = []
    }

    private func countAll(_ argument: Chunk) throws -> Int64 {
        try begin(argument)
        var total: Int64 = 0
        for term in terms {
            let root = (0..<term.entityCount).max { term.degree($0) < term.degree($1) } ?? 0
            guard let weights = try weights(term, root) else { continue }
            let (product, overflow) = try weights.sum().multipliedReportingOverflow(by: Int64(term.factor))
            let (sum, overflowOfSum) = total.addingReportingOverflow(product)
            if overflow || overflowOfSum { throw CountVector.tooLarge }
            total = sum
        }
        return total
    }

    private func countByRoot(_ root: Int, _ argument: Chunk) throws -> CountVector {
        try begin(argument)
        let total = try CountVector(count: size, repeating: 0, context)
        for term in terms {
            guard let weights = try weights(term, term.numbers[root]) else { continue }
            try total.add(weights, times: Int64(term.factor))
        }
        return total
    }

    /// The weights of the root; nil if the term comes to nothing.
    private func weights(_ term: CountTerm, _ root: Int) throws -> CountVector? {
        for loop in term.loops where try loopCounts(loop.types) == nil { return nil }
        return try weights(term, root, from: nil) ?? CountVector(count: size, repeating: 1, context)
    }

    /// For each entity that `number` of the term can be, the ways to match what hangs on it, away from `edge`; nil: one way
    /// for every entity.
    private func weights(_ term: CountTerm, _ number: Int, from edge: Int?) throws -> CountVector? {
        var result: CountVector?
        for position in pattern.entities.indices where term.numbers[position] == number {
            if let mask = masks[position] { try multiply(&result, by: mask) }
        }
        for loop in term.loops where loop.entity == number {
            if let counts = try loopCounts(loop.types) { try multiply(&result, by: counts) }
        }
        for (position, next) in term.edges.enumerated() where position != edge && (next.from == number || next.to == number) {
            let values = try weights(term, next.other(number), from: position)
            let weights = try result ?? CountVector(count: size, repeating: 1, context)
            try multiply(weights, by: next.lists(from: number), values)
            result = weights
        }
        return result
    }

    private func multiply(_ result: inout CountVector?, by factor: CountVector) throws {
        let product = try result ?? CountVector(count: size, repeating: 1, context)
        try product.multiply(by: factor)
        result = product
    }

    private func multiply(_ weights: CountVector, by lists: [CountTerm.List], _ values: CountVector?) throws {
        let wanted = lists.map { listsWanted($0.types, $0.direction, $0.skipsLoops ? .excluded : .included) }
        let marks = try wanted.dropFirst().map { _ in try CountVector(count: size, repeating: 0, context) }
        let neighborValues = values?.neighborValues
        for segment in 0..<context.view.segmentCount(ids: size) {
            try context.checkInterrupt()
            if wanted.count == 1 {
                try context.view.multiply(weights.values, ofSegment: segment, by: wanted[0], neighborValues)
            } else {
                try context.view.multiply(
                    weights.values, ofSegment: segment, byCommon: wanted, neighborValues, marks: marks.map(\.values),
                    ids: size)
            }
        }
    }

    private func listsWanted(_ names: [String], _ direction: ExpandDirection, _ loops: ListsWanted.Loops) -> ListsWanted {
        var types = RelationshipTypes(names)
        return ListsWanted(types: types.resolve(context.view), Directions(direction), loops: loops)
    }

    /// The number of self-loops of each entity; nil if there are none.
    private func loopCounts(_ types: [String]) throws -> CountVector? {
        if let known = loops.first(where: { $0.types == types }) { return known.counts }
        let counts = try CountVector(count: size, repeating: 1, context)
        let wanted = listsWanted(types, .out, .only)
        for segment in 0..<context.view.segmentCount(ids: size) {
            try context.checkInterrupt()
            try context.view.multiply(counts.values, ofSegment: segment, by: wanted, nil)
        }
        let result = counts.largest == 0 ? nil : counts
        loops.append((types, result))
        return result
    }

    // MARK: Entities

    /// 1 for each entity that `position` of the pattern can be.
    private func mask(_ position: Int, _ argument: Chunk) throws -> CountVector {
        let entity = pattern.entities[position]
        let mask = try CountVector(count: size, repeating: 0, context)
        let test = entity.labels.dropFirst().reduce(entity.labels.first) { left, right in left.map { .and($0, right) } }
        let scan = ScanEntitiesOperator(EntityScan(entity: entity.slot, labels: test), context)
        scan.reset(argument: argument.row(0))
        while var chunk = try scan.next() {
            for filter in filters[position] where chunk.count > 0 {
                if let kept = try filter.select(chunk, context) { chunk = chunk.selecting(kept) }
            }
            guard let column = chunk.columns[entity.slot] else { continue }
            for row in 0..<chunk.count {
                let index = Int(truncatingIfNeeded: column.vector.ids[column.position(row)])
                if index < size { mask.values[index] = 1 }
            }
        }
        return mask
    }
}

extension CountTerm {
    /// Edges at an entity.
    func degree(_ entity: Int) -> Int { edges.reduce(0) { $0 + ($1.from == entity || $1.to == entity ? 1 : 0) } }
}

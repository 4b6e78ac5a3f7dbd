// The number of matches of a pattern, for each entity that its root can be, or of all of them (CountedPattern).
//
// From the leaves of each term to its root every entity gets a weight, the number of ways in which what hangs on it can be
// matched: the product, over what hangs on it, of the sums of the neighbours' weights. One pass over the lists of all
// entities counts one relationship of all matches at once. Cycles are counted entity by entity (CycleCounter).
//
// Passes over all entities, and the entities at which cycles are counted, are divided among the query's workers.
//
// All of that takes arrays with a place for every entity. Where there is no memory for them, the matches are made after all,
// and count one each.

import DeedEngine
import DeedValues

final class CountMatchesOperator: Operator {
    private enum State {
        case beginning
        /// The next id to look at.
        case counted(CountVector, next: Int)
        case making
        case done
    }

    private let pattern: CountedPattern
    private let terms: [CountTerm]?
    /// What gives the entities that each one of the pattern can be; nil: any.
    private let scans: [DividedInput?]
    /// The same of relationships.
    private let relationshipScans: [DividedInput?]
    private let matches: Operator
    private var argument: Chunk?
    private var state = State.beginning
    /// Places of the arrays.
    private var size = 0
    /// Among whom passes over all of them are divided.
    private var workers = 1
    /// Which entities each one of the pattern can be; nil: any.
    private var masks: [CountVector?] = []
    private var loops: [(loop: CountTerm.Loop, counts: CountVector?)] = []
    /// Which relationships pass the filters of some of the pattern's.
    private var relationshipMasks: [[Int]: CountMask] = [:]
    private var lists: [(list: CountTerm.List, copy: NeighborLists)] = []

    init(_ pattern: CountedPattern, matches: Operator, _ context: QueryContext) throws {
        (self.pattern, self.matches) = (pattern, matches)
        terms = pattern.terms()
        func input(_ scan: PlanNode) throws -> DividedInput {
            let divides = context.threads > 1 && scan.isDivisible
            return DividedInput(try makeOperator(scan, context), plan: divides ? scan : nil, ScanWish(), context)
        }
        scans = try pattern.entities.map { $0.isFree ? nil : try input($0.scan) }
        relationshipScans = try pattern.relationships.map { try pattern.scan($0).map { try input($0) } }
        super.init(context)
    }

    override func restart(argument: Chunk) {
        matches.reset(argument: argument)
        self.argument = argument
        state = .beginning
    }

    override func produce() throws -> Chunk? {
        guard let argument, argument.count > 0 else { return nil }
        switch state {
        case .beginning: return try begin(argument)
        case .counted(let counts, let next): return rows(of: argument, counts, from: next)
        case .making: return try makeMatches()
        case .done: return nil
        }
    }

    private func begin(_ argument: Chunk) throws -> Chunk? {
        guard let terms else {
            state = .making
            return try makeMatches()
        }
        defer { (masks, loops, lists, relationshipMasks) = ([], [], [], [:]) }
        do {
            try prepare(argument)
            if let root = pattern.root { return rows(of: argument, try count(terms, by: root), from: 0) }
            let number = try countAll(terms)
            state = .done
            return number == 0 ? nil : rows(of: argument, [number], ids: nil)
        } catch let error as DeedError where error.status == .outOfMemory {
            state = .making
            return try makeMatches()
        }
    }

    private func makeMatches() throws -> Chunk? {
        guard var chunk = try matches.next() else { return nil }
        chunk.setConstant(pattern.count, ColumnVector([.int(1)]))
        return chunk
    }

    private func rows(of argument: Chunk, _ counts: CountVector, from first: Int) -> Chunk? {
        var (ids, numbers): ([UInt64], [Int64]) = ([], [])
        var next = first
        while next < counts.count && ids.count < context.chunkRows {
            if counts.values[next] != 0 {
                ids.append(UInt64(next))
                numbers.append(counts.values[next])
            }
            next &+= 1
        }
        state = .counted(counts, next: next)
        return ids.isEmpty ? nil : rows(of: argument, numbers, ids: ids)
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

    private func prepare(_ argument: Chunk) throws {
        size = try context.view.beginCounting()
        let graph = context.view.graph
        let rows = graph.rowTotals()
        workers = max(rows.entities, rows.relationships) < graph.options.parallelRowsMin ? 1 : context.threads
        masks = try pattern.entities.indices.map { position in
            try scans[position].map { try mask(pattern.entities[position].slot, $0, argument) }
        }
        for (position, relationship) in pattern.relationships.enumerated() {
            guard let scan = relationshipScans[position], let slot = relationship.slot else { continue }
            let mask = try CountMask(count: context.view.relationshipIds, context)
            scan.reset(argument: argument.row(0))
            _ = try scan.readAll { _ in mask } add: { $0.admit(try $1.bound(slot), rows: $1.count) }
            relationshipMasks[[position]] = mask
        }
    }

    private func countAll(_ terms: [CountTerm]) throws -> Int64 {
        var total: Int64 = 0
        for term in terms {
            let root = term.core?.root ?? (0..<term.entityCount).max { term.degree($0) < term.degree($1) } ?? 0
            guard let weights = try weights(term, root) else { continue }
            let (product, overflow) = try weights.sum().multipliedReportingOverflow(by: Int64(term.factor))
            let (sum, overflowOfSum) = total.addingReportingOverflow(product)
            if overflow || overflowOfSum { throw CountVector.tooLarge }
            total = sum
        }
        return total
    }

    private func count(_ terms: [CountTerm], by root: Int) throws -> CountVector {
        let total = try CountVector(count: size, repeating: 0, context)
        for term in terms {
            guard let weights = try weights(term, term.numbers[root]) else { continue }
            try total.add(weights, times: Int64(term.factor))
        }
        return total
    }

    /// The weights of the root; nil if the term comes to nothing.
    private func weights(_ term: CountTerm, _ root: Int) throws -> CountVector? {
        for loop in term.loops where try loopCounts(loop) == nil { return nil }
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
            if let counts = try loopCounts(loop) { try multiply(&result, by: counts) }
        }
        for (position, next) in term.edges.enumerated()
        where position != edge && term.core?.edges.contains(position) != true && (next.from == number || next.to == number) {
            let values = try weights(term, next.other(number), from: position)
            try multiply(&result, by: next.lists(from: number), values)
        }
        if let core = term.core, core.root == number { try multiply(&result, by: core, of: term) }
        return result
    }

    private func multiply(_ result: inout CountVector?, by core: CountTerm.Core, of term: CountTerm) throws {
        let weights = try result ?? CountVector(count: size, repeating: 1, context)
        let shape = try CycleShape(
            term, core, lists: { edge, entity in try edge.lists(from: entity).map { try copied($0) } },
            weights: { $0 == core.root ? nil : try self.weights(term, $0, from: nil) })
        let piece = Self.rootsOfPiece
        try context.share(size / piece, among: workers) { worker in
            try CycleCounter(shape, ids: size, worker)
        } _: { counter, number in
            try counter.multiply(weights.values, ids: (number * piece)..<((number + 1) * piece))
        }
        result = weights
    }

    /// Few enough that some entities with very many cycles do not keep all others waiting; divides any number of places.
    private static let rootsOfPiece = 256

    private func copied(_ list: CountTerm.List) throws -> NeighborLists {
        if let known = lists.first(where: { $0.list == list }) { return known.copy }
        let wanted = try listsWanted(list)
        let copy = try NeighborLists(wanted, ids: size, workers: workers, context)
        lists.append((list, copy))
        return copy
    }

    private func multiply(_ result: inout CountVector?, by factor: CountVector) throws {
        let product = try result ?? CountVector(count: size, repeating: 1, context)
        try product.multiply(by: factor)
        result = product
    }

    private func multiply(_ result: inout CountVector?, by lists: [CountTerm.List], _ values: CountVector?) throws {
        let wanted = try lists.map { try listsWanted($0) }
        let neighborValues = values?.neighborValues
        let isNew = result == nil
        let weights = try result ?? CountVector(unfilled: size, context)
        result = weights
        let view = context.view
        let blocks = view.blockCount(ids: size)
        if wanted.count == 1 {
            return try context.share(blocks, among: workers) { block in
                if isNew { weights.fill(block: block) }
                try view.multiply(weights.values, ofBlock: block, by: wanted[0], neighborValues)
            }
        }
        try context.share(blocks, among: workers) { worker in
            try wanted.dropFirst().map { _ in try CountVector(count: size, repeating: 0, worker) }
        } _: { marks, block in
            if isNew { weights.fill(block: block) }
            try view.multiply(
                weights.values, ofBlock: block, byCommon: wanted, neighborValues, marks: marks.map(\.values), ids: size)
        }
    }

    private func listsWanted(_ list: CountTerm.List) throws -> ListsWanted {
        try listsWanted(list.types, list.masks, list.direction, list.skipsLoops ? .excluded : .included)
    }

    private func listsWanted(
        _ names: [NameKey], _ masks: [Int], _ direction: ExpandDirection, _ loops: ListsWanted.Loops
    ) throws -> ListsWanted {
        var types = RelationshipTypes(names.map(\.text))
        return ListsWanted(
            types: types.resolve(context.view), Directions(direction), loops: loops, mask: try relationshipMask(masks)?.mask)
    }

    /// Which relationships pass the filters of all of these.
    private func relationshipMask(_ positions: [Int]) throws -> CountMask? {
        guard let last = positions.last else { return nil }
        if let known = relationshipMasks[positions] { return known }
        guard let others = try relationshipMask(positions.dropLast()), let one = relationshipMasks[[last]] else { return nil }
        let both = try CountMask(of: others, and: one, context)
        relationshipMasks[positions] = both
        return both
    }

    /// The number of self-loops of each entity; nil if there are none.
    private func loopCounts(_ loop: CountTerm.Loop) throws -> CountVector? {
        if let known = loops.first(where: { $0.loop.types == loop.types && $0.loop.masks == loop.masks }) { return known.counts }
        let counts = try CountVector(unfilled: size, context)
        let wanted = try listsWanted(loop.types, loop.masks, .out, .only)
        let view = context.view
        try context.share(view.blockCount(ids: size), among: workers) {
            counts.fill(block: $0)
            try view.multiply(counts.values, ofBlock: $0, by: wanted, nil)
        }
        let result = counts.largest == 0 ? nil : counts
        loops.append((loop, result))
        return result
    }

    // MARK: Entities

    /// 1 for each entity that the scan gives.
    private func mask(_ slot: Slot, _ scan: DividedInput, _ argument: Chunk) throws -> CountVector {
        let (mask, size) = (try CountVector(count: size, repeating: 0, context), size)
        scan.reset(argument: argument.row(0))
        _ = try scan.readAll { _ in mask } add: { mask, chunk in
            let column = try chunk.bound(slot)
            for row in 0..<chunk.count {
                let index = Int(truncatingIfNeeded: column.vector.ids[column.position(row)])
                if index < size { mask.values[index] = 1 }
            }
        }
        return mask
    }
}

extension CountedPattern.Entity {
    /// The plan that gives all of them.
    fileprivate var scan: PlanNode {
        let test = labels.dropFirst().reduce(labels.first) { left, right in left.map { .and($0, right) } }
        let all = PlanNode(.scanEntities(entity: slot, labels: test))
        return filters.reduce(all) { PlanNode(.filter(child: $0, $1)) }
    }
}

extension CountedPattern {
    /// The plan that gives all relationships that can be one of the pattern's; nil if all of its types can.
    fileprivate func scan(_ relationship: Relationship) -> PlanNode? {
        guard let slot = relationship.slot, !relationship.filters.isEmpty else { return nil }
        let (source, target) = (entities[relationship.from].slot, entities[relationship.to].slot)
        let all = PlanNode(
            .scanRelationships(relationship: slot, source: source, target: target, types: relationship.types))
        return relationship.filters.reduce(all) { PlanNode(.filter(child: $0, $1)) }
    }
}

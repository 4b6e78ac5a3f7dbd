// Every entity that passes a test of labels and the conditions on its properties, for each row of the argument.

import DeedEngine

/// What is scanned, and with whom.
struct EntityScan {
    let entity: Slot
    let labels: LabelTest?
    /// All of them must be true.
    var conditions: [ScanCondition] = []
    var wish = ScanWish()
    /// The morsels, if they are divided among clones of the operator.
    var shared: MorselSource?
}

/// What the operator above a scan would have of it.
struct ScanWish {
    /// Rows beyond it need not come, and those come first that are likely to narrow it.
    var bound: ScanBound?
    /// Whether each row's place in the scan goes into a hidden column behind those of the argument.
    var notesPlaces = false
    /// Whether nobody looks at the rows: then chunks have no columns, and may be larger than others.
    var countsOnly = false
}

final class ScanEntitiesOperator: Operator {
    private let scan: EntityScan
    private var predicates: [ScanPredicate]?
    private var source: MorselSource?
    private var claim: MorselSource.Claim?
    private var argument: Chunk?
    private var argumentRow = 0
    private let passes = UnsafeMutablePointer<UInt8>.allocate(capacity: Chunk.rowsMax)

    init(_ scan: EntityScan, _ context: QueryContext) {
        self.scan = scan
        super.init(context)
    }

    deinit { passes.deallocate() }

    override func restart(argument: Chunk) {
        self.argument = argument
        (source, claim, argumentRow) = (nil, nil, 0)
    }

    override func produce() throws -> Chunk? {
        guard let argument, let predicates = findPredicates() else { return nil }
        if scan.wish.countsOnly && argument.count == 1 { return try countRows(argument, predicates) }
        let vector = ColumnVector(.entity, capacity: Chunk.rowsMax)
        let places = scan.wish.notesPlaces ? ColumnVector(.int64, capacity: Chunk.rowsMax) : nil
        let parents = argument.count > 1 ? Selection(count: Chunk.rowsMax) : nil
        var count = 0
        while argumentRow < argument.count && (count == 0 || context.chunkRows - count >= GraphView.roomMin) {
            try context.checkInterrupt()
            let source = try findSource()
            guard let current = claim ?? source.claim() else {
                argumentRow += 1
                if argumentRow < argument.count { source.rewind() }
                continue
            }
            claim = current
            let found = try read(predicates, into: vector.ids + count, max: context.chunkRows - count)
            if let places { note(current.place, vector.ids, places.ints, count..<count &+ found) }
            if let parents {
                for row in count..<count &+ found { parents.rows[row] = UInt32(truncatingIfNeeded: argumentRow) }
            }
            count &+= found
        }
        if count == 0 { return nil }
        var result = spread(argument, parents, count)
        result.set(scan.entity, vector)
        if let places { result.columns.append(ChunkColumn(places)) }
        return result
    }

    /// The number of rows of the next morsel that has any, as rows without columns.
    private func countRows(_ argument: Chunk, _ predicates: [ScanPredicate]) throws -> Chunk? {
        let source = try findSource()
        let ids = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)
        defer { ids.deallocate() }
        while var current = source.claim() {
            try context.checkInterrupt()
            var count = 0
            if current.needsTest {
                claim = current
                while claim != nil { count &+= try read(predicates, into: ids, max: Chunk.rowsMax) }
            } else {
                count = try context.view.count(&current.morsel, where: predicates)
            }
            if count > 0 { return Chunk(slots: argument.columns.count, count: count) }
        }
        return nil
    }

    /// For each row found the columns of the argument's row it was found for.
    private func spread(_ argument: Chunk, _ parents: Selection?, _ count: Int) -> Chunk {
        if let parents { return argument.selecting(Selection(copying: parents.rows, count: count)) }
        if argument.columns.allSatisfy({ $0 == nil }) { return Chunk(slots: argument.columns.count, count: count) }
        return argument.selecting(.constant(count: count))
    }

    /// nil while no row can have such a property.
    private func findPredicates() -> [ScanPredicate]? {
        if let predicates { return predicates }
        var result: [ScanPredicate] = []
        for condition in scan.conditions {
            guard let key = context.view.propertyKey(condition.property),
                let predicate = ScanPredicate(key, condition.comparison, condition.value)
            else { return nil }
            result.append(predicate)
        }
        predicates = result
        return result
    }

    /// Made when rows are first asked for: what comes before may make entities and labels.
    private func findSource() throws -> MorselSource {
        if let source { return source }
        var made = scan.shared ?? .entities(context.view, scan.labels)
        if let bound = scan.wish.bound, scan.shared == nil { made = try made.ordered(by: bound, context.view) }
        source = made
        return made
    }

    /// Of the next rows of the claimed morsel those that pass; at the morsel's end there is no claim any more.
    private func read(_ predicates: [ScanPredicate], into ids: UnsafeMutablePointer<UInt64>, max: Int) throws -> Int {
        guard var claim else { return 0 }
        let limit = scan.wish.bound?.limit(context.view)
        let found = try context.view.scan(&claim.morsel, into: ids, max: max, where: predicates, limit: limit)
        self.claim = found == 0 ? nil : claim
        guard let labels = scan.labels, claim.needsTest, found > 0 else { return found }
        try labels.evaluate(context.view, ids, count: found, into: passes)
        var kept = 0
        for row in 0..<found where passes[row] != 0 {
            ids[kept] = ids[row]
            kept &+= 1
        }
        return kept
    }

    private func note(
        _ place: Int, _ ids: UnsafeMutablePointer<UInt64>, _ places: UnsafeMutablePointer<Int64>, _ rows: Range<Int>
    ) {
        let first = Int64(truncatingIfNeeded: place &* Limits.segmentRows)
        for row in rows { places[row] = first &+ Int64(truncatingIfNeeded: ids[row] & UInt64(Limits.segmentRows &- 1)) }
    }
}

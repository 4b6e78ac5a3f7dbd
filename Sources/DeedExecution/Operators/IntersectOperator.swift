// From several entities of a row at once to those that all of them have a relationship to (ListIntersection).
//
// A row costs as much as its shortest list is long, times a logarithm, where expanding along one relationship and checking the
// others costs as much as all lists of all entities that the first one leads to.

import DeedEngine
import DeedValues

final class IntersectOperator: Operator {
    private struct Leg {
        let expansion: Expansion
        /// Which of the operator's lists are its own.
        let lists: Int
        let differs: DifferingRelationships
        /// Legs before this one whose relationships it must differ from.
        let rivals: [Int]
        let froms = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)
    }

    private let child: Operator
    private let to: Slot
    private var legs: [Leg] = []
    private let isChecked: Bool
    private var lists: [SortedLists] = []
    private var common: ListIntersection
    private var input: Chunk?
    private var row = 0
    /// True if the present row's lists have been looked up.
    private var isInRow = false
    /// Lists of the rows before this one have been read.
    private var readyEnd = 0
    /// Whose lists are read together, at most.
    private var rowsAtOnce = Chunk.rowsMax
    /// Entries that may have been gone through since it was last seen whether the query is to go on.
    private var work = 0
    private static let workBetweenChecks = 1 << 20
    /// Few rows mostly lead to few others: room for as many at once then.
    private static let few = (rows: 16, results: 256)

    init(_ child: Operator, _ intersection: Intersection, _ context: QueryContext) {
        (self.child, to) = (child, intersection.to)
        common = ListIntersection(count: intersection.legs.count)
        isChecked = intersection.legs.contains { !$0.differsFrom.isEmpty }
        super.init(context)
        var kinds: [(types: [NameKey], direction: ExpandDirection)] = []
        for leg in intersection.legs {
            let types = leg.types.map { NameKey($0) }
            let known = kinds.firstIndex { $0.direction == leg.direction && $0.types == types }
            if known == nil {
                kinds.append((types, leg.direction))
                lists.append(SortedLists(leg.types, leg.direction, context))
            }
            let before = intersection.legs.prefix(legs.count).map(\.relationship)
            legs.append(
                Leg(
                    expansion: leg, lists: known ?? lists.count - 1,
                    differs: DifferingRelationships(slots: leg.differsFrom.filter { !before.contains($0) }),
                    rivals: before.indices.filter { before[$0].map(leg.differsFrom.contains) ?? false }))
        }
    }

    deinit {
        for leg in legs { leg.froms.deallocate() }
        common.deallocate()
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        input = nil
        // What was read may have changed.
        for list in lists { list.clear() }
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if input == nil {
                guard let chunk = try child.next() else { return nil }
                for leg in legs { try copyIds(chunk.columns[leg.expansion.from], .entity, count: chunk.count, into: leg.froms) }
                (input, row, isInRow, readyEnd) = (chunk, 0, false, 0)
            }
            if let chunk = try intersect() { return chunk }
        }
    }

    /// Rows that come of the present input; nil if there are none left.
    private func intersect() throws -> Chunk? {
        guard let input else { return nil }
        let output = Output(legs, rowsMax: min(context.chunkRows, input.count <= Self.few.rows ? Self.few.results : Chunk.rowsMax))
        while row < input.count && output.count < output.rowsMax {
            if row == readyEnd { try readLists(input) }
            if !isInRow {
                common.begin { lists[legs[$0].lists].list(legs[$0].froms[row]) }
                work &+= common.shortestCount
                if work > Self.workBetweenChecks {
                    work = 0
                    try context.checkInterrupt()
                }
            }
            isInRow = findAll(input, output)
            if !isInRow { row &+= 1 }
        }
        if row == input.count { self.input = nil }
        return output.chunk(input, to)
    }

    /// False if there is nothing left of the row, true if there is no more room.
    private func findAll(_ input: Chunk, _ output: Output) -> Bool {
        while output.count < output.rowsMax {
            if !common.next() { return false }
            if !isChecked || differ(input) { output.append(row, common) }
        }
        return true
    }

    /// True if no relationship is chosen twice that must not be.
    private func differ(_ input: Chunk) -> Bool {
        for (number, leg) in legs.enumerated() {
            let relationship = common.places[number].entry.relationship
            for rival in leg.rivals where common.places[rival].entry.relationship == relationship { return false }
            if !leg.differs.slots.isEmpty && !leg.differs.admit(relationship, input, row) { return false }
        }
        return true
    }

    // MARK: Lists

    /// Lists of so many bytes may stay for rows to come.
    private var sizeMax: Int { context.memory.limit / 4 / context.teamSize }

    private var isFull: Bool { lists.reduce(0) { $0 + $1.size } > sizeMax }

    /// Rows whose lists are read before it is looked at whether there is room for more.
    private static let rowsBetweenLooks = 64

    /// Reads what the rows from the present one on need: all of them, or as many as there is room for. Where memory is short, that
    /// is this one, and then twice as many each time.
    private func readLists(_ input: Chunk) throws {
        if isFull { for list in lists { list.clear() } }
        do {
            try readLists(to: min(row + rowsAtOnce, input.count))
            rowsAtOnce = min(rowsAtOnce * 2, Chunk.rowsMax)
        } catch let error as DeedError where error.status == .outOfMemory {
            for list in lists { list.clear() }
            rowsAtOnce = 1
            try readLists(to: row + 1)
        }
    }

    private func readLists(to end: Int) throws {
        readyEnd = row
        repeat {
            let next = min(readyEnd + Self.rowsBetweenLooks, end)
            for leg in legs { try lists[leg.lists].read(leg.froms + readyEnd, count: next - readyEnd) }
            readyEnd = next
        } while readyEnd < end && !isFull
    }

    /// The rows of one chunk.
    private final class Output {
        let rowsMax: Int
        private let parents: Selection
        private let neighbors: ColumnVector
        /// Of the legs whose relationships somebody asks for.
        private let relationships: [(slot: Slot, vector: ColumnVector)]
        private let ids: [(leg: Int, UnsafeMutablePointer<UInt64>)]
        private(set) var count = 0

        init(_ legs: [Leg], rowsMax: Int) {
            self.rowsMax = rowsMax
            (parents, neighbors) = (Selection(count: rowsMax), ColumnVector(.entity, capacity: rowsMax))
            let asked = legs.indices.filter { legs[$0].expansion.relationship != nil }
            relationships = legs.compactMap(\.expansion.relationship).map { ($0, ColumnVector(.relationship, capacity: rowsMax)) }
            ids = zip(asked, relationships).map { ($0, $1.vector.ids) }
        }

        @inline(__always)
        func append(_ parent: Int, _ common: ListIntersection) {
            parents.rows[count] = UInt32(truncatingIfNeeded: parent)
            neighbors.ids[count] = common.places[0].entry.neighbor
            for (leg, ids) in ids { ids[count] = common.places[leg].entry.relationship }
            count &+= 1
        }

        func chunk(_ input: Chunk, _ to: Slot) -> Chunk? {
            if count == 0 { return nil }
            var result = input.selecting(count == rowsMax ? parents : Selection(copying: parents.rows, count: count))
            result.set(to, neighbors)
            for (slot, vector) in relationships { result.set(slot, vector) }
            return result
        }
    }
}

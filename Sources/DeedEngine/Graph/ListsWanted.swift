// Which entries of the lists of entities count, and the lists of one segment that have some of them.

/// Which relationships count: a byte for each id, 0 for those that do not. Ids beyond them do not either.
package struct RelationshipMask: @unchecked Sendable {
    let bytes: UnsafePointer<UInt8>
    let count: Int

    package init(_ bytes: UnsafePointer<UInt8>, count: Int) { (self.bytes, self.count) = (bytes, count) }

    @inline(__always)
    func admits(_ relationship: RowId) -> Bool {
        let index = Int(truncatingIfNeeded: relationship)
        return index < count && bytes[index] != 0
    }
}

/// Which entries of an entity's lists count.
package struct ListsWanted: Sendable {
    package enum Loops: Sendable { case included, excluded, only }
    /// nil: any.
    package let types: [NameId]?
    package let directions: Directions
    package let loops: Loops
    /// nil: any.
    package let mask: RelationshipMask?

    package init(types: [NameId]?, _ directions: Directions, loops: Loops, mask: RelationshipMask? = nil) {
        (self.types, self.directions, self.loops, self.mask) = (types, directions, loops, mask)
    }

    /// What is asked of an entry of one list, or nil if the list is not meant. A self-loop comes once with `.both`.
    @inline(__always)
    func rule(_ part: UnsafeMutablePointer<AdjacencyPart>) -> EntryRule? {
        guard directions.contains(part.pointee.direction), types?.contains(part.pointee.type) ?? true else { return nil }
        let isSecond = directions == .both && part.pointee.direction == .in
        switch loops {
        case .included: return isSecond ? .others : .all
        case .excluded: return .others
        case .only: return isSecond ? nil : .itself
        }
    }
}

enum EntryRule {
    case all
    /// Those that lead to another entity.
    case others
    case itself

    @inline(__always)
    func admits(_ neighbor: RowId, _ id: RowId) -> Bool {
        switch self {
        case .all: true
        case .others: neighbor != id
        case .itself: neighbor == id
        }
    }
}

/// The parts of a locked segment's lists that are meant.
struct ChosenLists {
    struct Chosen {
        let part: UnsafeMutablePointer<AdjacencyPart>
        let rule: EntryRule
        /// True if every entry of the base counts, and takes four bytes.
        let isPlain: Bool
    }

    let segment: Int
    let mask: RelationshipMask?
    let parts: UnsafeMutablePointer<Chosen>
    let count: Int

    init(_ segment: SegmentRef, _ wanted: ListsWanted, _ snapshot: Snapshot) {
        (self.segment, mask) = (segment.pointee.number, wanted.mask)
        parts = .allocate(capacity: max(segment.pointee.adjacencyCount, 1))
        var count = 0
        for index in 0..<segment.pointee.adjacencyCount {
            let part = segment.pointee.adjacency + index
            guard let rule = wanted.rule(part) else { continue }
            let isPlain = part.pointee.isSettled(for: snapshot) && !part.pointee.neighbors.isWide && mask == nil
            (parts + count).initialize(to: Chosen(part: part, rule: rule, isPlain: isPlain))
            count &+= 1
        }
        self.count = count
    }

    func deallocate() { parts.deallocate() }

    /// The row's list, if it is that of one part and in its base; self-loops may be among it that are not meant.
    @inline(__always)
    func base(_ row: Int) -> (entries: UnsafeMutablePointer<UInt32>, Range<Int>)? {
        guard count == 1, parts.pointee.isPlain, parts.pointee.rule != .itself else { return nil }
        let part = parts.pointee.part
        guard part.pointee.deltaHead(row) == 0, part.pointee.neighbors.base != nil else { return nil }
        return (part.pointee.neighbors.narrow, part.pointee.baseRange(row))
    }
}

extension GraphView {
    /// The neighbours of the row's visible entries in one part.
    @inline(__always)
    func forEachEntry(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, _ rule: EntryRule, _ mask: RelationshipMask?, _ number: Int,
        _ body: (RowId) -> Void
    ) {
        let id = rowId(segment: number, row: row)
        let isSettled = part.pointee.isSettled(row, for: snapshot)
        part.pointee.forEach(row) { neighbor, relationship in
            guard rule.admits(neighbor, id), mask?.admits(relationship) ?? true else { return }
            if isSettled || graph.isRelationshipVisible(relationship, snapshot) { body(neighbor) }
        }
    }

    @inline(__always)
    func forEachEntry(_ lists: ChosenLists, _ row: Int, _ body: (RowId) -> Void) {
        for index in 0..<lists.count {
            let chosen = lists.parts + index
            let part = chosen.pointee.part
            if chosen.pointee.isPlain && part.pointee.deltaHead(row) == 0 {
                let range = part.pointee.baseRange(row)
                if range.isEmpty { continue }
                let (entries, rule) = (part.pointee.neighbors.narrow, chosen.pointee.rule)
                let id = rowId(segment: lists.segment, row: row)
                for place in range where rule.admits(UInt64(entries[place]), id) { body(UInt64(entries[place])) }
            } else {
                forEachEntry(part, row, chosen.pointee.rule, lists.mask, lists.segment, body)
            }
        }
    }
}

// The relationship types that an expansion follows. Names may become known while the query runs, by its own changes.

import DeedEngine

struct RelationshipTypes {
    private let names: [String]
    private var known: [NameId] = []

    init(_ names: [String]) { self.names = names }

    /// nil: any type. Empty: none of the names is known, nothing can be found.
    mutating func resolve(_ view: GraphView) -> [NameId]? {
        if names.isEmpty { return nil }
        if known.count < names.count { known = view.relationshipTypes(names) }
        return known
    }
}

extension Directions {
    init(_ direction: ExpandDirection) {
        switch direction {
        case .out: self = .out
        case .in: self = .in
        case .both: self = .both
        }
    }
}

/// Relationships of a row that others must differ from.
struct DifferingRelationships {
    let slots: [Slot]

    /// True if the relationship is none of those in row `row`.
    func admit(_ relationship: UInt64, _ chunk: Chunk, _ row: Int) -> Bool {
        slots.allSatisfy { slot in chunk.columns[slot].map { Self.admit(relationship, $0, row) } ?? true }
    }

    /// True if the relationship is not the one, or none of those, in row `row` of the column.
    static func admit(_ relationship: UInt64, _ column: ChunkColumn, _ row: Int) -> Bool {
        if column.vector.kind == .relationship {
            let position = column.position(row)
            return column.vector.ids[position] != relationship || column.vector.isNull(position)
        }
        switch column.value(row) {
        case .relationship(let other): return other != relationship
        case .list(let elements):
            for case .relationship(relationship) in elements { return false }
            return true
        default: return true
        }
    }
}

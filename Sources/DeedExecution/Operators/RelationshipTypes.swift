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
        for slot in slots {
            guard let column = chunk.columns[slot] else { continue }
            if column.vector.kind == .relationship {
                let position = column.position(row)
                if column.vector.ids[position] == relationship && !column.vector.isNull(position) { return false }
                continue
            }
            switch column.value(row) {
            case .relationship(relationship): return false
            case .list(let elements):
                for case .relationship(relationship) in elements { return false }
            default: break
            }
        }
        return true
    }
}

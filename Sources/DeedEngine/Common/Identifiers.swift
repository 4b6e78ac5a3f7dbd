// Ids of rows and their layout: partition (10 bits) | segment (40 bits) | row (14 bits). From an id to its row it is
// two array steps and no hash. Entities and relationships are numbered apart; row 0 of segment 0 is never handed out,
// so the first id is 1 and 0 means "none".

package typealias RowId = UInt64
/// The number of a name of some kind; see Names.
package typealias NameId = UInt32
/// A commit timestamp: the position in the order of commits. 0 is before the first commit.
package typealias Timestamp = UInt64

package enum RowKind: UInt8, Sendable {
    case entity = 0
    case relationship = 1
}

package enum NameKind: UInt8, CaseIterable, Sendable {
    case collection = 0
    case relationshipType = 1
    case propertyKey = 2
}

/// Of a relationship, as seen from one of its ends.
enum Direction: UInt8, Sendable {
    case out = 0
    case `in` = 1
}

/// Which lists of an entity are meant.
package enum Directions: Int32, Sendable {
    case out = 0
    case `in` = 1
    case both = 2

    @inline(__always)
    func contains(_ direction: Direction) -> Bool {
        switch self {
        case .out: direction == .out
        case .in: direction == .in
        case .both: true
        }
    }
}

@inline(__always)
package func segmentNumber(of id: RowId) -> UInt64 { id >> Limits.segmentRowBits }

@inline(__always)
package func rowNumber(of id: RowId) -> Int { Int(truncatingIfNeeded: id) & (Limits.segmentRows &- 1) }

@inline(__always)
package func rowId(segment: Int, row: Int) -> RowId {
    UInt64(truncatingIfNeeded: segment) &<< Limits.segmentRowBits | UInt64(truncatingIfNeeded: row)
}

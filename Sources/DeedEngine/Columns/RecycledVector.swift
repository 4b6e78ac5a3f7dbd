// The vector that an operator or evaluator makes for one chunk after the other: the last one is taken again if nobody else has
// it any more. Queries over few rows would spend more on the memory of their vectors than on what is in them.

package struct RecycledVector {
    /// Of greater vectors the memory is given back: an operator may wait a long time for its next execution.
    private static let capacityMax = 256

    private var last: ColumnVector?

    package init() {}

    /// A vector with no null in it, and room for `capacity` rows that have no values yet.
    package mutating func take(_ kind: ColumnVector.Kind, capacity: Int) -> ColumnVector {
        if isKnownUniquelyReferenced(&last), let known = last, known.kind == kind, known.capacity >= capacity {
            known.clear()
            return known
        }
        let made = ColumnVector(kind, capacity: capacity)
        // General values are as large as they are.
        last = capacity <= Self.capacityMax && kind != .any ? made : nil
        return made
    }

    /// To be called when the vector that was taken last is filled: one whose texts have become large is not kept.
    package mutating func settle() { if last?.hasLargeTexts == true { last = nil } }
}

// What applies to every row of a table that has indexes or constraints. A table publishes one immutable set of rules and
// replaces it as a whole; a table without any publishes none, which costs its writers one load and one branch.
//
// A writer loads the rules under the latch of the segment that it writes. So once new rules are published, whoever looks
// at a segment under its latch sees every row that was written under the old ones, and all later ones follow the new.

import Synchronization

package final class TableRules: Sendable {
    /// In order of number.
    let objects: [SchemaObject]
    /// Those of the objects that are indexes.
    let indexes: [SecondaryIndex]

    /// What the constraints among them ask of rows; nil if there is none.
    let constraints: ConstraintRules?

    /// While the table is being altered, the mark of the one transaction that may write it.
    let onlyWriter: Stamp?

    /// `suspended`: constraints among the objects that bind no rows.
    init(
        _ objects: [SchemaObject], indexes: [SecondaryIndex], suspended: Set<UInt32> = [], onlyWriter: Stamp? = nil
    ) {
        self.objects = objects
        self.indexes = indexes
        self.onlyWriter = onlyWriter
        // Definitions were decoded once when they came in, and failed there if at all.
        let binding = objects.filter { $0.kind == .constraint && !suspended.contains($0.number) }
        let constraints = binding.compactMap { try? Constraint($0) }
        self.constraints = constraints.isEmpty ? nil : ConstraintRules(constraints)
    }
}

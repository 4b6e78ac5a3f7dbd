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

    init(_ objects: [SchemaObject], indexes: [SecondaryIndex]) {
        self.objects = objects
        self.indexes = indexes
    }
}

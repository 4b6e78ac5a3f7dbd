// What a transaction can ask for when it begins.

/// What a transaction is protected from.
package enum Isolation: Int32, Sendable {
    /// It sees one snapshot, and nobody else's writes are lost. Two transactions may each change what the other has read.
    case snapshot = 0
    /// Its reads are compared at commit with what others have committed since its snapshot: as if all of it had happened
    /// at the moment of its commit.
    case serializable = 1
}

/// What a statement does that meets what another running transaction holds.
package struct ConflictPolicy: Sendable {
    /// False: it fails at once.
    package var waits = false
    /// How long one statement waits, all its waits taken together; nil for as long as it takes.
    package var millisecondsMax: Int?

    package init() {}
}

package struct TransactionOptions: Sendable {
    package var isReadOnly = false
    package var isolation = Isolation.snapshot
    /// nil for that of the graph.
    package var conflictPolicy: ConflictPolicy?

    package init() {}
}

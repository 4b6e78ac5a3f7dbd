// A path that is walked as a whole: single relationships and repeated parts of one or several, one after the other. What
// cannot be said with one repeated relationship (VariableExpansion) is said with this.

/// From an entity along all parts of the path to another.
package struct PathMatch: Sendable {
    /// The ends, the list of all relationships, and what these must differ from; `types` and `direction` are those of the steps.
    package var base: Expansion
    /// In the order in which they are written.
    package var parts: [PathPart]
    package var mode: RepetitionMode
    /// nil: every path there is.
    package var which: ShortestPath.Which?
    /// Bound to the path if anybody asks for it.
    package var path: Slot?
    package var outputs: [PathOutputColumn]
    /// Walked from the last entity to the first; everything that is bound has the order in which it is written all the same.
    package var isReversed: Bool

    package init(
        base: Expansion, parts: [PathPart], mode: RepetitionMode, which: ShortestPath.Which?, path: Slot?,
        outputs: [PathOutputColumn], isReversed: Bool
    ) {
        (self.base, self.parts, self.mode, self.which) = (base, parts, mode, which)
        (self.path, self.outputs, self.isReversed) = (path, outputs, isReversed)
    }
}

/// Steps that are taken one after the other, so many times.
package struct PathPart: Sendable {
    package var steps: [PathStep]
    package var min: Int
    /// nil: without bound.
    package var max: Int?
    /// What a repetition must satisfy as a whole, of the slots of its steps and the row's.
    package var filter: Expr?
    /// The entity behind the last repetition, and what it must satisfy; not for the last part.
    package var end: PathEntity?

    package init(steps: [PathStep], min: Int, max: Int?, filter: Expr?, end: PathEntity?) {
        (self.steps, self.min, self.max, self.filter, self.end) = (steps, min, max, filter, end)
    }
}

package struct PathEntity: Sendable {
    package let slot: Slot
    package let filter: Expr?
    package init(slot: Slot, filter: Expr?) { (self.slot, self.filter) = (slot, filter) }
}

/// One relationship. Its slots are filled while conditions are looked at, and then no more.
package struct PathStep: Sendable {
    package let from: Slot
    package let relationship: Slot
    package let to: Slot
    /// Empty: any.
    package let types: [String]
    package let direction: ExpandDirection
    /// Of the step's own slots and the row's.
    package let filter: Expr?

    package init(from: Slot, relationship: Slot, to: Slot, types: [String], direction: ExpandDirection, filter: Expr?) {
        (self.from, self.relationship, self.to) = (from, relationship, to)
        (self.types, self.direction, self.filter) = (types, direction, filter)
    }
}

/// What of a path that was found goes into a column of its own.
package struct PathOutputColumn: Sendable {
    package enum Source: Sendable {
        /// The entity behind the last repetition of a part.
        case end(part: Int)
        /// The relationship of a part of one step that is taken once.
        case relationship(part: Int)
        /// Of each repetition the entity before its step `position`, or the last one for the number of steps.
        case entities(part: Int, position: Int)
        case relationships(part: Int, step: Int)
    }
    package let slot: Slot
    package let source: Source
    package init(slot: Slot, source: Source) { (self.slot, self.source) = (slot, source) }
}

extension PathMatch {
    var slotsBound: [Slot] { base.slotsBound + [path].compactMap { $0 } + outputs.map(\.slot) }

    /// The conditions within the path.
    package var filters: [Expr] { parts.flatMap(\.filters) }
}

extension PathPart {
    package var filters: [Expr] { (steps.map(\.filter) + [filter, end?.filter]).compactMap { $0 } }
}

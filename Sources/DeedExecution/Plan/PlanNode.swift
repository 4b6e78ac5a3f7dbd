// A plan: a tree of operators over rows of numbered slots. Immutable, shared by threads, without state; what runs it keeps
// its state elsewhere (Operators/). The same algebra serves the planner, which replaces `pattern` nodes and chooses
// between operators that come to the same.

import DeedValues

package final class PlanNode: Sendable {
    package let kind: Kind
    /// Rows that the planner expects to come out.
    package let estimatedRows: Double
    /// Nodes from here to the farthest leaf; subplans of expressions are not looked into.
    package let depth: Int
    /// Inputs, in the order in which they are written down; subplans of expressions are not among them.
    package let children: [PlanNode]
    /// True if running the plan can change the graph.
    package let writes: Bool

    package init(_ kind: Kind, estimatedRows: Double = 0) {
        (self.kind, self.estimatedRows) = (kind, estimatedRows)
        children = kind.children
        var (depth, writes) = (0, kind.writes)
        for child in children {
            depth = max(depth, child.depth)
            if child.writes { writes = true }
        }
        (self.depth, self.writes) = (depth + 1, writes)
    }

    package indirect enum Kind: Sendable {
        // MARK: Leaves

        /// The row (or rows) that the surrounding operator hands in; at the top of a query, one row without columns.
        case argument
        /// Every entity that passes the test (nil: every entity), into `entity`.
        case scanEntities(entity: Slot, labels: LabelTest?)
        /// Every relationship of these types (empty: any), with its ends.
        case scanRelationships(relationship: Slot, source: Slot, target: Slot, types: [String])
        /// Through an index; values by position of `properties`. `child` supplies the rows whose slots the values refer to.
        case seekIndex(child: PlanNode, entity: Slot, collection: String, properties: [String], IndexBounds)
        /// The entities (or relationships) of an id or a list of ids.
        case seekIds(child: PlanNode, slot: Slot, isRelationship: Bool, ids: Expr)
        /// The rows of `child` in the slots `slots`, which are `from` there. All that have the same `table` have the same rows, which
        /// are computed once for an execution.
        case shared(child: PlanNode, table: Slot, from: [Slot], slots: [Slot])
        /// Within the step of a recursion with this `table`: the rows of the round before, in slots of their own.
        case working(table: Slot, slots: [Slot])

        // MARK: Patterns

        case expand(child: PlanNode, Expansion)
        /// From several entities at once to those that all of them lead to.
        case intersect(child: PlanNode, Intersection)
        case expandVariable(child: PlanNode, VariableExpansion)
        case shortestPath(child: PlanNode, ShortestPath)
        case matchPath(child: PlanNode, PathMatch)
        /// How many matches of the pattern there are: rows with the root and a number, which add up for each root. `matches`
        /// gives a row for each match, which is made if there is no memory for counting.
        case countMatches(matches: PlanNode, CountedPattern)

        // MARK: Rows

        case filter(child: PlanNode, Expr)
        /// Adds columns; the others stay.
        case project(child: PlanNode, [(slot: Slot, value: Expr)])
        /// Drops all columns but these.
        case keep(child: PlanNode, [Slot])
        case unwind(child: PlanNode, list: Expr, element: Slot)
        /// Groups by the keys. Without keys: one row, even of no input. With keys and no aggregates: DISTINCT.
        case aggregate(child: PlanNode, keys: [(slot: Slot, value: Expr)], [(slot: Slot, Aggregate)])
        case sort(child: PlanNode, [SortKey])
        /// Adds columns that are computed from other rows of the partition. The rows come sorted by it, and then by the order.
        case window(child: PlanNode, partition: [Expr], order: [SortKey], [(slot: Slot, WindowFunction)])
        /// The first `count` rows in order; `sort` and then `limit`.
        case top(child: PlanNode, [SortKey], count: Expr)
        case skip(child: PlanNode, Expr)
        case limit(child: PlanNode, Expr)
        /// Reads all of its input before it gives anything out: what comes later must not see what comes before change.
        case eager(child: PlanNode)

        // MARK: Several inputs

        /// For each row of `outer`, the rows of `inner`, whose argument it is.
        case apply(outer: PlanNode, inner: PlanNode, ApplyKind)
        /// For each row of `outer` the rows of `inner`, so many at a time in a transaction of their own.
        case batches(outer: PlanNode, inner: PlanNode, Batches)
        /// Rows that agree on the keys, which are about one side each. `sift`: what `sift` nodes below it have as `join`. `also`:
        /// what must be true of both rows besides, except for inner joins, above which a filter says so.
        case join(
            build: PlanNode, probe: PlanNode, keys: [(build: Expr, probe: Expr)], JoinKind, sift: Slot? = nil, also: Expr? = nil)
        /// Of the probe side of the join with this number, rows whose keys the build side does not have may be missing.
        case sift(child: PlanNode, keys: [Expr], join: Slot)
        case cross(left: PlanNode, right: PlanNode)
        /// One input after the other, each with its own slots for the columns of `slots`.
        case union([PlanNode], slots: [Slot], inputs: [[Slot]])
        /// The rows of `initial`, and then, round after round, those that `step` makes of the rows of the round before.
        case recursive(initial: PlanNode, step: PlanNode, Recursion)

        // MARK: Changes

        case create(child: PlanNode, [Creation])
        /// For each row: the rows of `match`; if there are none, what is created.
        case merge(child: PlanNode, match: PlanNode, [Creation], onCreate: [Change], onMatch: [Change])
        case change(child: PlanNode, [Change])
        case delete(child: PlanNode, [Expr], detach: Bool)
        /// Fails at a row whose element, which is not null, another row had before.
        case requireOnce(child: PlanNode, Expr)
        /// For each element of the list the changes of `body`, whose argument is the row with the element; the row goes on.
        case forEach(child: PlanNode, list: Expr, element: Slot, body: PlanNode)

        // MARK: Others

        case callProcedure(child: PlanNode, name: String, arguments: [Expr], yields: [(field: Int, slot: Slot)])
        case loadCSV(child: PlanNode, source: Expr, row: Slot, withHeaders: Bool, fieldTerminator: String)
        /// No rows, whatever the input does.
        case empty(child: PlanNode)
    }
}

package enum ExpandDirection: String, Sendable { case out, `in`, both }

/// From an entity along its relationships.
package struct Expansion: Sendable {
    package var from: Slot
    /// nil: nobody asks for it.
    package var relationship: Slot?
    /// If `isInto`, a slot that is filled already: only relationships that lead there.
    package var to: Slot
    package var isInto: Bool
    /// Empty: any.
    package var types: [String]
    package var direction: ExpandDirection
    /// Relationships (or lists of them) that it must differ from.
    package var differsFrom: [Slot]

    package init(
        from: Slot, relationship: Slot?, to: Slot, isInto: Bool, types: [String], direction: ExpandDirection,
        differsFrom: [Slot]
    ) {
        (self.from, self.relationship, self.to, self.isInto) = (from, relationship, to, isInto)
        (self.types, self.direction, self.differsFrom) = (types, direction, differsFrom)
    }
}

/// Comes to the same as its expansions one after the other: the first one leads to an entity, and the others into it.
package struct Intersection: Sendable {
    package let legs: [Expansion]
    package let to: Slot

    package init(legs: [Expansion], to: Slot) { (self.legs, self.to) = (legs, to) }
}

/// Repeated expansion; `relationship` becomes the list of the relationships passed.
package struct VariableExpansion: Sendable {
    package var base: Expansion
    package var min: Int
    /// nil: without bound.
    package var max: Int?
    package var mode: RepetitionMode
    /// What each step must satisfy, of the step's own slots (`stepFrom`, `stepRelationship`, `stepTo`) and the row's.
    package var stepFilter: Expr?
    package var stepFrom: Slot
    package var stepRelationship: Slot
    package var stepTo: Slot
    /// Bound to the path (start entity, relationships) if anybody asks for it.
    package var path: Slot?

    package init(
        base: Expansion, min: Int, max: Int?, mode: RepetitionMode, stepFilter: Expr?, stepFrom: Slot,
        stepRelationship: Slot, stepTo: Slot, path: Slot?
    ) {
        (self.base, self.min, self.max, self.mode) = (base, min, max, mode)
        (self.stepFilter, self.stepFrom, self.stepRelationship) = (stepFilter, stepFrom, stepRelationship)
        (self.stepTo, self.path) = (stepTo, path)
    }
}

package enum RepetitionMode: String, Sendable {
    /// No repeated relationship (trail).
    case trail
    case walk
    /// No repeated entity.
    case acyclic
    /// Each entity once, at its least depth: when nobody asks for paths or relationships, and duplicates do not count.
    case reachable
    /// Each entity once for all rows together: when nobody asks either from where. What comes out has no other columns.
    case together
}

package struct ShortestPath: Sendable {
    package enum Which: Sendable, Equatable { case any(Int), all, groups(Int) }
    /// Both ends are bound, or `to` is left open.
    package var expansion: VariableExpansion
    package var which: Which
    package init(expansion: VariableExpansion, which: Which) { (self.expansion, self.which) = (expansion, which) }
}

package enum IndexBounds: Sendable {
    /// One value for each of the first properties, to which these are equal as `=` has it.
    case equal([Expr])
    case range(low: Expr?, includesLow: Bool, high: Expr?, includesHigh: Bool)
    case prefix(Expr)
}

package enum ApplyKind: String, Sendable {
    /// Rows without a match are dropped.
    case cross
    /// A row without a match comes once, with null in the inner slots.
    case optional
    /// The row comes once if there is a match; inner slots are not filled.
    case semi
    /// The row comes once if there is no match.
    case anti
}

/// How a plan is run in transactions of its own.
package struct Batches: Sendable {
    package enum ErrorPolicy: String, Sendable { case fail, `continue`, `break` }
    /// Of the outer side, for each transaction.
    package let rows: Expr
    package let onError: ErrorPolicy
    /// Filled with what became of the row's transaction.
    package let status: Slot?
    /// False if the inner plan is run for what it changes only, and each row goes on once.
    package let givesRows: Bool
    /// A row without a match comes once, with null in the inner slots.
    package let isOptional: Bool

    package init(rows: Expr, onError: ErrorPolicy, status: Slot?, givesRows: Bool, isOptional: Bool) {
        (self.rows, self.onError, self.status) = (rows, onError, status)
        (self.givesRows, self.isOptional) = (givesRows, isOptional)
    }
}

/// Rows that are made of rows.
package struct Recursion: Sendable {
    /// The number by which `working` leaves know it.
    package let table: Slot
    package let slots: [Slot]
    /// What fills `slots` in the first round, and in all others.
    package let initialSlots: [Slot]
    package let stepSlots: [Slot]
    /// True if no row comes twice.
    package let isDistinct: Bool

    package init(table: Slot, slots: [Slot], initialSlots: [Slot], stepSlots: [Slot], isDistinct: Bool) {
        (self.table, self.slots, self.initialSlots, self.stepSlots) = (table, slots, initialSlots, stepSlots)
        self.isDistinct = isDistinct
    }
}

package enum JoinKind: String, Sendable {
    case inner
    /// Every row of the probe side.
    case outer
    case semi
    case anti
}

package struct SortKey: Sendable {
    package let value: Expr
    package let isDescending: Bool
    package init(value: Expr, isDescending: Bool) { (self.value, self.isDescending) = (value, isDescending) }
}

package struct Aggregate: Sendable {
    /// In lower case: count, sum, avg, min, max, collect, stdev, stdevp, percentilecont, percentiledisc, or `sumOrNull`;
    /// `count(*)` has no argument.
    package let function: String
    package let arguments: [Expr]
    package let isDistinct: Bool
    /// What SQL's sum is: of no values there is none.
    package static let sumOrNull = "sum or null"

    package init(function: String, arguments: [Expr], isDistinct: Bool) {
        (self.function, self.arguments, self.isDistinct) = (function, arguments, isDistinct)
    }

    /// Whether it must know which values each group has seen; for the least and the greatest DISTINCT makes no difference.
    package var comparesValues: Bool { isDistinct && !arguments.isEmpty && function != "min" && function != "max" }
}

/// An element that a row gives rise to, in the order in which they are made.
package enum Creation: Sendable {
    case entity(Slot, labels: [String], properties: Expr?)
    case relationship(Slot, source: Slot, target: Slot, type: String, properties: Expr?)
    /// The path along elements made (or bound) before.
    case path(Slot, Expr)
}

package enum Change: Sendable {
    case setProperty(of: Expr, key: String, value: Expr)
    /// All properties, by a map or those of another element.
    case replaceProperties(of: Slot, Expr)
    case mergeProperties(of: Slot, Expr)
    case addLabels(Slot, [String])
    case removeLabels(Slot, [String])
}

/// What a whole query comes to.
package struct QueryPlan: Sendable {
    package let root: PlanNode
    package let operators: PlanOperators
    package let choices: PlanChoices
    /// The columns of the result, in order; empty if it has none.
    package let columns: [(name: String, slot: Slot)]
    /// Slots of the plan and all its subplans.
    package let slotCount: Int
    package let isReadOnly: Bool
    /// True if parts of it are transactions of their own, so that it cannot be within one.
    package let commitsInBetween: Bool
    /// Parameters that must be given.
    package let parameters: [String]
    /// What is odd about the query without being wrong, and where in its text.
    package let notices: [(message: String, place: Range<Int>)]

    package init(
        root: PlanNode, choices: PlanChoices, columns: [(name: String, slot: Slot)], slotCount: Int, isReadOnly: Bool,
        commitsInBetween: Bool = false, parameters: [String], notices: [(message: String, place: Range<Int>)] = []
    ) {
        (self.root, self.choices, self.columns, self.slotCount) = (root, choices, columns, slotCount)
        (self.isReadOnly, self.commitsInBetween) = (isReadOnly, commitsInBetween)
        (self.parameters, self.notices) = (parameters, notices)
        operators = PlanOperators(root)
    }
}

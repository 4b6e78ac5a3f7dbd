// What the planner has chosen where there was a choice, as plain data. A query and the choices make its plan; the same choices
// make the same plan again.
//
// Elements of a pattern are told by their numbers in its graph, which depend on the text and on nothing else.

import DeedValues

package struct PlanChoices: Sendable, Equatable {
    /// For each pattern, in the order in which they are planned, how it is walked.
    package var patterns: [[PlanStep]] = []
    /// For each aggregation, likewise.
    package var aggregations: [AggregationWay] = []

    package init() {}
}

/// One step of walking a pattern.
package enum PlanStep: Sendable, Equatable {
    /// Finds an entity that nothing has led to. What does not need the rows so far begins a part that stands alone, unless there
    /// are none.
    case start(entity: Int, EntityAccess)
    /// Along a relationship from one of its ends.
    case expand(relationship: Int, from: Int)
    /// Along several relationships at once, from entities that are there to one that all of them lead to.
    case intersect(entity: Int, relationships: [Int])
    /// Combines the part that stands alone with what came before: by hash where they have an entity in common or are
    /// connected by equality, and as a cross product otherwise.
    case join

    package var isIntersection: Bool { if case .intersect = self { true } else { false } }
}

/// How an entity is found.
package enum EntityAccess: Sendable, Equatable {
    case ids
    case index(label: String, properties: [String])
    case scan

    /// Names are the same if their bytes are.
    package static func == (left: EntityAccess, right: EntityAccess) -> Bool {
        switch (left, right) {
        case (.ids, .ids), (.scan, .scan): true
        case (.index(let a, let these), .index(let b, let those)):
            ([a] + these).elementsEqual([b] + those) { $0.utf8.elementsEqual($1.utf8) }
        default: false
        }
    }
}

package enum AggregationWay: String, Sendable {
    /// Over all rows.
    case rows
    /// Over rows that stand for several matches each, which are counted without being made.
    case count
    /// Over what searches find, where only the ends of paths matter.
    case search
}

// The patterns of MATCH as a graph: entities to be found, the relationships between them, and the predicates on both. It
// says what is looked for, and nothing about the order in which.

import DeedExecution

struct QueryGraph {
    struct Entity {
        let slot: Slot
        /// What its labels must satisfy, from the pattern.
        var labels: LabelTest?
        /// Labels that it certainly has, for estimates and indexes.
        var certainLabels: [String] = []
    }

    struct Relationship {
        let slot: Slot
        /// In the order of the text.
        let left: Slot
        let right: Slot
        /// As seen from `left`.
        let direction: ExpandDirection
        /// Empty: any.
        let types: [String]
        var length: Length?
        /// Relationships of one MATCH clause differ from each other.
        let clause: Int
        /// False if nothing else refers to it.
        var isNeeded: Bool
        /// Filled before the pattern is walked: the ends follow from it.
        var isGiven = false

        /// The end that is not `slot`; nil if it is no end, or both.
        func other(_ end: Slot) -> Slot? {
            if left == right { return nil }
            return end == left ? right : end == right ? left : nil
        }
    }

    struct Length {
        var min: Int
        var max: Int?
        var mode: RepetitionMode
        var stepFilter: Expr?
        var stepFrom: Slot
        var stepRelationship: Slot
        var stepTo: Slot
        var path: Slot?
        var shortest: ShortestPath.Which?
        /// Of a path of several parts: these and the columns they fill; `stepFilter` and its slots are not used then.
        var parts: [PathPart] = []
        var outputs: [PathOutputColumn] = []
        /// Slots that the conditions of the parts refer to, in subqueries too.
        var uses: NumberSet = []

        /// The conditions on the way.
        var filters: [Expr] { [stepFilter].compactMap { $0 } + parts.flatMap(\.filters) }
    }

    struct Predicate {
        let expr: Expr
        /// What it needs.
        let slots: NumberSet
    }

    var entities: [Entity] = []
    var relationships: [Relationship] = []
    var predicates: [Predicate] = []
    private var places = NumberMap<Int>()

    func entityIndex(_ slot: Slot) -> Int? { places[slot] }

    /// Adds an entity, or what more is asked of one.
    mutating func add(_ slot: Slot, labels: LabelTest?) {
        let index = places[slot] ?? entities.count
        if index == entities.count {
            entities.append(Entity(slot: slot))
            places.set(slot, index)
        }
        guard let labels else { return }
        entities[index].labels = entities[index].labels.map { .and($0, labels) } ?? labels
        entities[index].certainLabels += Self.certain(labels)
    }

    /// The labels without which the test fails.
    static func certain(_ test: LabelTest) -> [String] {
        switch test {
        case .label(let name): [name]
        case .and(let left, let right): certain(left) + certain(right)
        default: []
        }
    }
}

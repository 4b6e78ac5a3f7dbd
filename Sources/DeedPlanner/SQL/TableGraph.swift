// The tables of FROM as a query graph: a collection is an entity with that label, a relationship type is a relationship. Where a
// condition says that an end of a relationship is a certain row (`follows._src = users._id`), that row is the end, so that joins along
// relationships are walked. Where rows are there already (outer joins, subqueries), a condition may say so of one of these, too.

import DeedExecution
import DeedValues

struct TableGraph {
    private let parts: [FromPart]
    private var terms: [QueryGraph.Predicate]
    /// Ends of relationships that are another entity, which is not one of these.
    private var aliases: [Slot: Slot] = [:]
    private let patterns: [PatternPart]

    /// `given`: entities that are there already.
    init(_ parts: [FromPart], _ terms: [QueryGraph.Predicate], given: NumberSet) {
        patterns = parts.compactMap { part in
            if case .pattern(let pattern) = part { pattern } else { nil }
        }
        (self.parts, self.terms) = (parts, terms + patterns.flatMap(\.builder.graph.predicates))
        findAliases(given)
    }

    /// True if a row of the parts is one of the given ones, so that the others can be reached from it.
    static func isLinked(_ slots: NumberSet, _ terms: [QueryGraph.Predicate], given: NumberSet) -> Bool {
        terms.contains { term in
            guard let (left, right) = sameElements(term.expr) else { return false }
            return slots.contains(left) && given.contains(right) || slots.contains(right) && given.contains(left)
        }
    }

    private mutating func findAliases(_ given: NumberSet) {
        var (ends, ofTables): (NumberSet, NumberSet) = ([], [])
        var entities = NumberSet(patterns.flatMap { $0.builder.graph.entities.map(\.slot) })
        // What a path needs on its way has to be there by its own name.
        let fixed = patterns.reduce(into: NumberSet()) { $0.formUnion($1.onTheWay) }
        for part in parts {
            switch part {
            case .edge(_, let source, let target, _): ends.formUnion([source, target])
            case .table(let slot, _): ofTables.insert(slot)
            default: break
            }
        }
        entities.formUnion(ofTables)
        // Those that may go by the name of one that is there already.
        let own = ends.union(ofTables).subtracting(fixed)
        var rest: [QueryGraph.Predicate] = []
        for term in terms {
            guard let (left, right) = Self.sameElements(term.expr) else {
                rest.append(term)
                continue
            }
            let (a, b) = (resolved(left), resolved(right))
            if a == b { continue }
            let isThere = (given.contains(a), given.contains(b))
            if own.contains(a) && (isThere.1 || ends.contains(a) && (entities.contains(b) || ends.contains(b))) {
                aliases[a] = b
            } else if own.contains(b) && (isThere.0 || ends.contains(b) && entities.contains(a)) {
                aliases[b] = a
            } else {
                rest.append(term)
            }
        }
        terms = rest
    }

    /// `id(a) = id(b)`
    private static func sameElements(_ expr: Expr) -> (Slot, Slot)? {
        guard case .compare(.equal, .call("id", let a), .call("id", let b)) = expr, case .slot(let left)? = a.first,
            case .slot(let right)? = b.first
        else { return nil }
        return (left, right)
    }

    private func resolved(_ slot: Slot) -> Slot {
        var slot = slot
        while let next = aliases[slot] { slot = next }
        return slot
    }

    /// What the estimator should know of rows that go by another's slot.
    func note(in estimator: Estimator) {
        for part in parts {
            switch part {
            case .table(let slot, let table) where aliases[slot] != nil: estimator.note(slot, labels: [table.name])
            case .edge(_, let source, let target, _):
                for end in [source, target] where aliases[end] != nil { estimator.note(end, labels: estimator.labels(of: resolved(end))) }
            default: break
            }
        }
    }

    func builder(given: NumberSet) -> PatternBuilder {
        var builder = PatternBuilder(scope: Scope(), given: given)
        for part in parts {
            switch part {
            case .table(let slot, let table): builder.graph.add(resolved(slot), labels: .label(table.name))
            case .edge(let slot, let source, let target, let table):
                builder.graph.add(resolved(source), labels: nil)
                builder.graph.add(resolved(target), labels: nil)
                // Rows of a join may have the same relationship twice, so each is a clause of its own.
                builder.graph.relationships.append(
                    QueryGraph.Relationship(
                        slot: slot, left: resolved(source), right: resolved(target), direction: .out, types: [table.name],
                        length: nil, clause: -1 - slot, isNeeded: true))
            case .pattern(let pattern): add(pattern.builder, to: &builder)
            default: break
            }
        }
        for term in terms {
            let expr = resolved(term.expr)
            // A subquery may know the end by its own name.
            let slots = term.slots.union(slotsUsed(expr)).subtracting([-1])
            let needed = slotsUsed(expr).contains(-1) ? slots : NumberSet(slots.map(resolved))
            builder.graph.predicates.append(QueryGraph.Predicate(expr: expr, slots: needed))
        }
        for slot in aliases.keys.sorted() {
            builder.derived.append(DerivedSlot(slot: slot, value: .slot(resolved(slot)), needs: [resolved(slot)]))
        }
        return builder
    }

    private func resolved(_ expr: Expr) -> Expr {
        expr.replacing { part in
            if case .slot(let slot) = part, resolved(slot) != slot { .slot(resolved(slot)) } else { nil }
        }
    }

    private func add(_ pattern: PatternBuilder, to builder: inout PatternBuilder) {
        for entity in pattern.graph.entities { builder.graph.add(entity.slot, labels: entity.labels) }
        builder.graph.relationships += pattern.graph.relationships
        for derived in pattern.derived {
            builder.derived.append(
                DerivedSlot(slot: derived.slot, value: resolved(derived.value), needs: NumberSet(derived.needs.map(resolved))))
        }
    }
}

// The predicates of a query graph that are still to be applied, found by the slots that they need: a statement may have a
// hundred thousand of them, and each is looked at only when one of its slots is filled.

import DeedExecution

struct OpenPredicates {
    /// nil once applied.
    private var predicates: [QueryGraph.Predicate?] = []
    private var places = NumberMap<[Int]>()

    init(_ predicates: [QueryGraph.Predicate]) { for predicate in predicates { add(predicate) } }

    mutating func add(_ predicate: QueryGraph.Predicate) {
        for slot in predicate.slots { places[slot, default: []].append(predicates.count) }
        predicates.append(predicate)
    }

    /// In the order of the text.
    func needing(_ slot: Slot) -> [(place: Int, predicate: QueryGraph.Predicate)] {
        places[slot, default: []].compactMap { place in predicates[place].map { (place, $0) } }
    }

    mutating func remove(_ place: Int) { predicates[place] = nil }

    /// Those that can be applied now that `fresh` slots have been added to the bound ones, in the order of the text. They are
    /// not among the predicates any more.
    mutating func takeReady(fresh: [Slot], bound: NumberSet) -> [Expr] {
        take(needing: fresh) { predicate in
            predicate.slots.allSatisfy(bound.contains) ? predicate.expr : nil
        }
    }

    var hasConstant: Bool { predicates.contains { $0?.slots.isEmpty == true } }

    /// Those that need no slot at all.
    mutating func takeConstant() -> [Expr] {
        let ready = predicates.indices.filter { predicates[$0]?.slots.isEmpty == true }
        return ready.compactMap { index in
            defer { predicates[index] = nil }
            return predicates[index]?.expr
        }
    }

    /// Of the predicates that need one of the slots those of which `body` makes something.
    mutating func take<Result>(needing slots: some Sequence<Slot>, _ body: (QueryGraph.Predicate) -> Result?) -> [Result] {
        var candidates: [Int] = []
        for slot in slots { if let more = places[slot] { candidates += more } }
        var results: [Result] = []
        candidates.sort()
        for (number, index) in candidates.enumerated() {
            // One that needs several of the slots is there several times.
            if number > 0 && candidates[number - 1] == index { continue }
            guard let predicate = predicates[index], let result = body(predicate) else { continue }
            results.append(result)
            predicates[index] = nil
        }
        return results
    }
}

// What is wished for of the order in which a pattern is walked: by hints, and to see what other plans would cost.

import DeedExecution
import DeedSyntax
import DeedValues

struct PatternWishes {
    /// Entities to start at, each in its way, whatever else leads to them.
    var starts: [Slot: EntityAccess] = [:]
    /// Entities at which parts are to meet that have been walked on their own.
    var joins: NumberSet = []

    /// False if cycles are to be closed by expanding, never by intersecting.
    var intersects = true

    var isEmpty: Bool { starts.isEmpty && joins.isEmpty }
}

extension Binder {
    /// Adds what a hint wishes for. Of several for one entity the last one counts.
    func add(_ hint: Hint, to builder: inout PatternBuilder) throws {
        switch hint {
        case .index(let variable, let label, let properties):
            let slot = try slot(of: variable, builder)
            builder.wishes.starts[slot] = .index(label: label.text, properties: properties.map(\.text))
            builder.hints.append((slot, variable.range))
        case .scan(let variable, _):
            let slot = try slot(of: variable, builder)
            builder.wishes.starts[slot] = .scan
            builder.hints.append((slot, variable.range))
        case .join(let variables):
            for variable in variables {
                let slot = try slot(of: variable, builder)
                builder.wishes.joins.insert(slot)
                builder.hints.append((slot, variable.range))
            }
        }
    }

    private func slot(of variable: Name, _ builder: PatternBuilder) throws -> Slot {
        guard let known = builder.scope[variable.text] else {
            throw QueryError(
                .syntaxError, "UndefinedVariable", "the hint is about a variable `\(variable.text)` that is not defined",
                at: variable.range)
        }
        return known.slot
    }

    /// Says which hints were of no use.
    func noteHints(_ builder: PatternBuilder, fulfilled: NumberSet) {
        for (slot, place) in builder.hints where !fulfilled.contains(slot) {
            notices.append(("the hint cannot be followed: no plan of the pattern does what it asks for", place))
        }
    }
}

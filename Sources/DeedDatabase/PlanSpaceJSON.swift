// What could be chosen for a pattern, as JSON.

import DeedExecution
import DeedPlanner

extension PatternSpace {
    var json: JSON {
        .object([
            ("unit", .bool(isUnit)), ("entities", .array(entities.enumerated().map { $1.json($0) })),
            ("relationships", .array(relationships.enumerated().map { $1.json($0) })),
            ("predicates", .array(predicates.map(\.json))),
            ("candidates", .array(candidates.map(\.json))),
        ])
    }
}

extension PatternSpace.Entity {
    fileprivate func json(_ number: Int) -> JSON {
        .object([
            ("entity", .int(number)), ("name", name.map { .string($0) } ?? .null), ("slot", .int(slot)),
            ("labels", .strings(labels)), ("given", .bool(isGiven)), ("rows", .number(rows)), ("selectivity", .number(selectivity)),
            ("starts", .array(ways.map { .object($0.access.jsonEntries + [("rows", .number($0.rows))]) })),
        ])
    }
}

extension PatternSpace.Relationship {
    fileprivate func json(_ number: Int) -> JSON {
        .object([
            ("relationship", .int(number)), ("left", .int(from)), ("right", .int(to)), ("direction", .string(direction.rawValue)),
            ("types", .strings(types)), ("variable_length", .bool(isVariable)), ("given", .bool(isGiven)),
            ("density", .number(density)), ("needs", .array(needs.map { .int($0) })),
        ])
    }
}

extension PatternSpace.Predicate {
    /// Of the text that much is told.
    private static let textMax = 500

    fileprivate var json: JSON {
        let text = text.utf8.count > Self.textMax ? self.text.prefix(Self.textMax) + "..." : self.text
        return .object([
            ("text", .string(text)), ("entities", .array(entities.map { .int($0) })), ("selectivity", .number(selectivity)),
        ])
    }
}

extension PatternSpace.Candidate {
    fileprivate var json: JSON { .object([("steps", .array(steps.map(\.json))), ("cost", .number(cost))]) }
}

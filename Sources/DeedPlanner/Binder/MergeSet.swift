// `MERGE (n:Label {key: ...}) SET n.property = ...`: the SET is part of the MERGE, as its ON CREATE and ON MATCH would be, where
// nobody can tell the difference. Then no rows are held between the two, and what is created can be written at once.
//
// By the letter all rows are merged before any is changed. One after the other comes to the same if what a row looks for
// depends on nothing that SET changes, and what SET computes depends on nothing that a later row creates: a later row creates
// elements, which no value can see that looks at the elements of its own row only.

import DeedSyntax
import DeedValues

/// True if SET with these items, behind a MERGE of the pattern without ON CREATE and ON MATCH, is part of it.
func isPart(_ items: [SetItem], ofMerge pattern: PathPattern) -> Bool {
    guard let merged = pattern.mergedVariable else { return false }
    var changed: Set<NameKey> = []
    for item in items {
        guard case .property(let subject, let key, let value) = item, case .variable(merged) = subject.kind,
            !looksIntoGraph(value)
        else { return false }
        changed.insert(NameKey(key.text))
    }
    return pattern.elements.allSatisfy { element in
        switch element {
        case .entity(let entity): entity.predicate == nil && isApart(entity.properties, from: changed)
        case .relationship(let relationship): relationship.predicate == nil && isApart(relationship.properties, from: changed)
        case .group: false
        }
    }
}

extension PathPattern {
    /// The one entity of the pattern, or its one relationship, by name.
    fileprivate var mergedVariable: String? {
        guard elements.count == 1 || elements.count == 3 else { return nil }
        return switch elements[elements.count / 2] {
        case .entity(let entity): entity.variable?.text
        case .relationship(let relationship): relationship.variable?.text
        case .group: nil
        }
    }
}

/// True if the properties are others than these, and so is all that their values read.
private func isApart(_ properties: Expression?, from changed: Set<NameKey>) -> Bool {
    guard let properties else { return true }
    guard case .map(let entries) = properties.kind else { return false }
    return entries.allSatisfy { key, value in
        if changed.contains(NameKey(key.text)) { return false }
        // An element as a value of a property is an error whenever it is looked at.
        if case .variable = value.kind { return true }
        return isApart(reading: value, from: changed)
    }
}

/// Who hands a whole element on may read anything of it.
private func isApart(reading value: Expression, from changed: Set<NameKey>) -> Bool {
    switch value.kind {
    case .variable: return false
    case .property(let subject, let key):
        if changed.contains(NameKey(key.text)) { return false }
        if case .variable = subject.kind { return true }
    default: break
    }
    return !looksIntoGraph(value) && children(of: value).allSatisfy { isApart(reading: $0, from: changed) }
}

/// True if an expression can see more of the graph than the elements of its own row.
func looksIntoGraph(_ expression: Expression) -> Bool {
    switch expression.kind {
    case .patternComprehension, .pattern, .shortestPath, .subquery: true
    default: children(of: expression).contains(where: looksIntoGraph)
    }
}

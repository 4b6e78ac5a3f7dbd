// A plan as text, for EXPLAIN and PROFILE: one line for each node, inputs indented below it.

import DeedValues

/// The tree of a plan. With counts: the rows that each node gave out beside those that were expected.
package func explain(_ node: PlanNode, counts: OperatorCounts? = nil) -> String {
    var lines: [String] = []
    var read: [OperatorCount] = []
    counts?.read(into: &read)
    PlanPrinter(operators: counts?.operators, counts: read).append(node, depth: 0, to: &lines)
    return lines.joined(separator: "\n")
}

extension PlanNode {
    /// What the node is called in explanations.
    package var operatorName: String {
        switch kind {
        case .argument: "Argument"
        case .scanEntities: "ScanEntities"
        case .scanRelationships: "ScanRelationships"
        case .seekIndex: "SeekIndex"
        case .seekIds: "SeekIds"
        case .expand(_, let expansion): expansion.isInto ? "ExpandInto" : "Expand"
        case .intersect: "Intersect"
        case .expandVariable: "ExpandVariable"
        case .shortestPath: "ShortestPath"
        case .matchPath: "MatchPath"
        case .countMatches: "CountMatches"
        case .filter: "Filter"
        case .project: "Project"
        case .keep: "Keep"
        case .unwind: "Unwind"
        case .aggregate(_, _, let aggregates): aggregates.isEmpty ? "Distinct" : "Aggregate"
        case .sort: "Sort"
        case .window: "Window"
        case .top: "Top"
        case .skip: "Skip"
        case .limit: "Limit"
        case .eager: "Eager"
        case .apply(_, _, let kind): "Apply(\(kind.rawValue))"
        case .batches: "InTransactions"
        case .join(_, _, _, let kind, _, _): "Join(\(kind.rawValue))"
        case .sift: "Sift"
        case .cross: "Cross"
        case .union: "Union"
        case .recursive: "Recursive"
        case .working: "Working"
        case .shared: "Shared"
        case .create: "Create"
        case .merge: "Merge"
        case .change: "Change"
        case .delete(_, _, let detach): detach ? "DetachDelete" : "Delete"
        case .requireOnce: "RequireOnce"
        case .forEach: "ForEach"
        case .callProcedure: "CallProcedure"
        case .loadCSV: "LoadCSV"
        case .empty: "Empty"
        }
    }
}

extension PlanNode {
    /// What explanations say behind the name.
    package var operatorDetails: String { PlanPrinter().details(self) }
}

private struct PlanPrinter {
    var operators: PlanOperators?
    var counts: [OperatorCount] = []

    /// Plans are as deep as queries are long; what is deeper is left out of the picture.
    private static let depthMax = 500

    func append(_ node: PlanNode, depth: Int, to lines: inout [String]) {
        if depth > Self.depthMax {
            lines.append(String(repeating: "  ", count: depth) + "...")
            return
        }
        var line = String(repeating: "  ", count: depth) + node.operatorName
        let details = details(node)
        if !details.isEmpty { line += " " + details }
        line += "  (estimated \(number(node.estimatedRows)) rows"
        if let number = operators?.number(node) {
            line += ", actual \(counts[number].rows)"
            if counts[number].runs > 1 { line += " in \(counts[number].runs) runs" }
        }
        lines.append(line + ")")
        for child in node.children { append(child, depth: depth + 1, to: &lines) }
    }

    private func number(_ value: Double) -> String {
        guard let whole = Int64(exactly: value.rounded()) else { return "\(value)" }
        return "\(whole)"
    }

    func details(_ node: PlanNode) -> String {
        switch node.kind {
        case .scanEntities(let entity, let labels): labels.map { "#\(entity):\($0.text)" } ?? "#\(entity)"
        case .scanRelationships(let relationship, let source, let target, let types):
            "(#\(source))-[#\(relationship)\(typeText(types))]->(#\(target))"
        case .seekIndex(_, let entity, let collection, let properties, let bounds):
            "#\(entity):\(collection)(\(properties.joined(separator: ", "))) \(text(bounds))"
        case .seekIds(_, let slot, _, let ids): "#\(slot) \(ids.text)"
        case .expand(_, let expansion): text(expansion, repetition: "")
        case .intersect(_, let intersection): intersection.legs.map { text($0, repetition: "") }.joined(separator: ", ")
        case .expandVariable(_, let expansion): text(expansion)
        case .shortestPath(_, let path): "\(text(path.which)) \(text(path.expansion))"
        case .matchPath(_, let match): text(match)
        case .countMatches(_, let pattern): text(pattern)
        case .filter(_, let condition): condition.text
        case .project(_, let columns): columns.map { "#\($0.slot) = \($0.value.text)" }.joined(separator: ", ")
        case .keep(_, let slots): slots.map { "#\($0)" }.joined(separator: ", ")
        case .unwind(_, let list, let element): "#\(element) in \(list.text)"
        case .aggregate(_, let keys, let aggregates):
            (keys.map { "#\($0.slot) = \($0.value.text)" } + aggregates.map { "#\($0.slot) = \(text($0.1))" })
                .joined(separator: ", ")
        case .sort(_, let keys): text(keys)
        case .window(_, let partition, let order, let functions): text(partition, order, functions)
        case .top(_, let keys, let count): "\(count.text) by \(text(keys))"
        case .skip(_, let count), .limit(_, let count): count.text
        case .join(_, _, let keys, _, _, let also):
            (keys.map { "\($0.build.text) = \($0.probe.text)" } + [also].compactMap { $0?.text }).joined(separator: ", ")
        case .sift(_, let keys, _): keys.map(\.text).joined(separator: ", ")
        case .batches(_, _, let batches): "of \(batches.rows.text) rows, on error \(batches.onError.rawValue)"
        case .union(_, let slots, _), .working(_, let slots), .shared(_, _, _, let slots): slots.map { "#\($0)" }.joined(separator: ", ")
        case .recursive(_, _, let recursion):
            (recursion.isDistinct ? "distinct " : "") + recursion.slots.map { "#\($0)" }.joined(separator: ", ")
        case .create(_, let creations): creations.map { text($0) }.joined(separator: ", ")
        case .merge(_, _, let creations, let onCreate, let onMatch):
            creations.map { text($0) }.joined(separator: ", ") + text(onCreate, "created") + text(onMatch, "found")
        case .change(_, let changes): text(changes)
        case .delete(_, let elements, _): elements.map(\.text).joined(separator: ", ")
        case .requireOnce(_, let element): element.text
        case .forEach(_, let list, let element, _): "#\(element) in \(list.text)"
        case .callProcedure(_, let name, let arguments, _): "\(name)(\(arguments.map(\.text).joined(separator: ", ")))"
        case .loadCSV(_, let source, let row, _, _): "#\(row) from \(source.text)"
        case .argument, .eager, .apply, .cross, .empty: ""
        }
    }

    // MARK: Parts

    private func typeText(_ types: [String]) -> String { types.isEmpty ? "" : ":" + types.joined(separator: "|") }

    private func text(_ expansion: Expansion, repetition: String) -> String {
        let inside = (expansion.relationship.map { "#\($0)" } ?? "") + typeText(expansion.types) + repetition
        let left = expansion.direction == .in ? "<-" : "-"
        let right = expansion.direction == .out ? "->" : "-"
        return "(#\(expansion.from))\(left)[\(inside)]\(right)(#\(expansion.to))"
    }

    private func text(_ expansion: VariableExpansion) -> String {
        let repetition = "*\(expansion.min)..\(expansion.max.map { "\($0)" } ?? "")"
        let filter = expansion.stepFilter.map { " where \($0.text)" } ?? ""
        return "\(expansion.mode.rawValue) \(text(expansion.base, repetition: repetition))\(filter)"
    }

    private func text(_ pattern: CountedPattern) -> String {
        let root = pattern.root.map { "#\(pattern.entities[$0].slot), " } ?? ""
        let relationships = pattern.relationships.map { relationship in
            let (from, to) = (pattern.entities[relationship.from].slot, pattern.entities[relationship.to].slot)
            let arrow = relationship.isDirected ? "->" : "-"
            let name = relationship.filters.isEmpty ? "" : relationship.slot.map { "#\($0)" } ?? ""
            return "(#\(from))-[\(name)\(typeText(relationship.types))]\(arrow)(#\(to))"
        }
        let tests = pattern.entities.flatMap { entity in
            entity.labels.map { "#\(entity.slot):\($0.text)" } + entity.filters.map(\.text)
        } + pattern.relationships.flatMap { $0.filters.map(\.text) }
        let conditions = tests.isEmpty ? "" : " where " + tests.joined(separator: " and ")
        return "\(root)#\(pattern.count) = count of \(relationships.joined(separator: ", "))\(conditions)"
    }

    private func text(_ match: PathMatch) -> String {
        let parts = match.parts.map { part in
            let steps = part.steps.map { step in
                let (left, right) = (step.direction == .in ? "<-" : "-", step.direction == .out ? "->" : "-")
                return "\(left)[\(typeText(step.types))]\(right)"
            }
            let bounds = part.min == 1 && part.max == 1 ? "" : "{\(part.min),\(part.max.map { "\($0)" } ?? "")}"
            return bounds.isEmpty ? steps.joined(separator: "()") : "(\(steps.joined(separator: "()")))\(bounds)"
        }
        let selector = match.which.map { text($0) + " " } ?? ""
        let ends = match.isReversed ? (match.base.to, match.base.from) : (match.base.from, match.base.to)
        let conditions = match.filters.isEmpty ? "" : " where " + match.filters.map(\.text).joined(separator: " and ")
        return "\(selector)\(match.mode.rawValue) (#\(ends.0))\(parts.joined())(#\(ends.1))\(conditions)"
    }

    private func text(_ which: ShortestPath.Which) -> String {
        switch which {
        case .any(let count): "any \(count)"
        case .all: "all"
        case .groups(let count): "groups \(count)"
        }
    }

    private func text(_ bounds: IndexBounds) -> String {
        switch bounds {
        case .equal(let values): "= " + values.map(\.text).joined(separator: ", ")
        case .range(let low, let includesLow, let high, let includesHigh):
            [low.map { "\(includesLow ? ">=" : ">") \($0.text)" }, high.map { "\(includesHigh ? "<=" : "<") \($0.text)" }]
                .compactMap { $0 }.joined(separator: " and ")
        case .prefix(let value): "starts with \(value.text)"
        }
    }

    private func text(_ partition: [Expr], _ order: [SortKey], _ functions: [(slot: Slot, WindowFunction)]) -> String {
        let columns = functions.map { "#\($0.slot) = \($0.1.text)" }.joined(separator: ", ")
        let parts = partition.isEmpty ? "" : " for each " + partition.map(\.text).joined(separator: ", ")
        return columns + parts + (order.isEmpty ? "" : " by " + text(order))
    }

    private func text(_ keys: [SortKey]) -> String {
        keys.map { $0.value.text + ($0.isDescending ? " desc" : "") }.joined(separator: ", ")
    }

    private func text(_ aggregate: Aggregate) -> String {
        let arguments = aggregate.arguments.isEmpty ? "*" : aggregate.arguments.map(\.text).joined(separator: ", ")
        return "\(aggregate.function)(\(aggregate.isDistinct ? "distinct " : "")\(arguments))"
    }

    private func text(_ creation: Creation) -> String {
        switch creation {
        case .entity(let slot, let labels, _): "(#\(slot)\(labels.map { ":" + $0 }.joined()))"
        case .relationship(let slot, let source, let target, let type, _): "(#\(source))-[#\(slot):\(type)]->(#\(target))"
        case .path(let slot, _): "#\(slot) = path"
        }
    }

    private func text(_ changes: [Change]) -> String { changes.map { text($0) }.joined(separator: ", ") }

    private func text(_ changes: [Change], _ when: String) -> String {
        changes.isEmpty ? "" : ", once \(when) \(text(changes))"
    }

    private func text(_ change: Change) -> String {
        switch change {
        case .setProperty(let element, let key, let value): "\(element.text).\(key) = \(value.text)"
        case .replaceProperties(let slot, let value): "#\(slot) = \(value.text)"
        case .mergeProperties(let slot, let value): "#\(slot) += \(value.text)"
        case .addLabels(let slot, let labels): "#\(slot):" + labels.joined(separator: ":")
        case .removeLabels(let slot, let labels): "remove #\(slot):" + labels.joined(separator: ":")
        }
    }

}

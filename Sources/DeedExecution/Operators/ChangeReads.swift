// What the expressions of changes read of the graph, to tell whether the rows of a chunk can be changed together.

import DeedEngine
import DeedValues

struct ChangeReads {
    /// The one slot whose elements are changed; nil if there are several, or what is changed is computed.
    private var target: Slot?
    private var isOneTarget = true
    /// Slots whose properties or labels are read.
    private(set) var read: NumberSet = []
    /// Slots that are passed on whole, to functions and into lists.
    private(set) var used: NumberSet = []
    private(set) var isOpaque = false

    /// `values`: expressions that are read beside the changes.
    init(_ changes: [Change], and values: [Expr] = []) {
        for value in values { visit(value) }
        for change in changes {
            switch change {
            case .setProperty(let element, _, let value):
                if case .slot(let slot) = element {
                    note(target: slot)
                } else {
                    isOneTarget = false
                    visit(element)
                }
                visit(value)
            case .replaceProperties(let slot, let value), .mergeProperties(let slot, let value):
                note(target: slot)
                visit(value)
            case .addLabels(let slot, _), .removeLabels(let slot, _): note(target: slot)
            }
        }
    }

    /// Of expressions that change nothing.
    init(_ expressions: [Expr]) { for expression in expressions { visit(expression) } }

    private mutating func note(target slot: Slot) {
        if let target, target != slot { isOneTarget = false }
        target = slot
    }

    /// True if no row reads what another row changes.
    func mayGoTogether(_ rows: Chunk) -> Bool {
        if isOpaque { return false }
        for slot in used where mayHoldElements(rows.columns[slot]) { return false }
        if read.isEmpty && isOneTarget { return true }
        for slot in read where slot != target && mayHoldElements(rows.columns[slot]) { return false }
        guard isOneTarget, let target, let column = rows.columns[target] else { return false }
        guard column.vector.kind == .entity || column.vector.kind == .relationship else { return false }
        if !read.contains(target) { return true }
        var seen = IdMap()
        for row in 0..<rows.count where !column.isNull(row) {
            if !seen.insert(column.vector.ids[column.position(row)]) { return false }
        }
        return true
    }

    /// True if nothing of the graph is read but by way of `own`.
    func readsNothing(but own: Slot, _ rows: Chunk) -> Bool {
        if isOpaque { return false }
        return !read.union(used).contains { $0 != own && mayHoldElements(rows.columns[$0]) }
    }

    private func mayHoldElements(_ column: ChunkColumn?) -> Bool {
        guard let column else { return false }
        return switch column.vector.kind {
        case .entity, .relationship: true
        case .any: column.vector.values.contains(where: holdsElement)
        default: false
        }
    }

    private func holdsElement(_ value: Value) -> Bool {
        switch value {
        case .entity, .relationship, .path: true
        case .list(let items): items.contains(where: holdsElement)
        case .map(let map): map.values.contains(where: holdsElement)
        default: false
        }
    }

    private mutating func visit(_ expression: Expr) {
        switch expression {
        case .constant, .parameter: break
        case .slot(let slot): used.insert(slot)
        case .property(.slot(let slot), _), .hasLabels(.slot(let slot), _): read.insert(slot)
        case .property(let value, _), .hasLabels(let value, _), .not(let value), .negate(let value), .isNull(let value):
            visit(value)
        case .and(let left, let right), .or(let left, let right), .xor(let left, let right), .compare(_, let left, let right),
            .arithmetic(_, let left, let right), .textTest(_, let left, let right), .isIn(let left, let right),
            .element(let left, let right):
            visit(left)
            visit(right)
        case .call(_, let arguments), .list(let arguments): for argument in arguments { visit(argument) }
        case .map(let entries): for entry in entries { visit(entry.value) }
        case .conditional(let branches, let otherwise):
            for branch in branches {
                visit(branch.condition)
                visit(branch.result)
            }
            visit(otherwise)
        case .slice(let value, let from, let to):
            visit(value)
            if let from { visit(from) }
            if let to { visit(to) }
        case .comprehension, .quantifier, .reduce, .once, .subquery, .path: isOpaque = true
        }
    }
}

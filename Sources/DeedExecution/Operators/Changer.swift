// Applies the changes of a SET or REMOVE to rows.
//
// A row must see what the rows before it have changed (`SET n.count = n.count + 1` for a node that comes twice), so rows go one
// by one; unless what the expressions read is only of the rows' own elements, each of which comes once, or nothing at all.

import DeedEngine
import DeedValues

final class Changer {
    private enum Compiled {
        case property(of: Evaluator, key: String, value: Evaluator)
        case replace(Slot, Evaluator)
        case merge(Slot, Evaluator)
        case addLabels(Slot, [String])
        case removeLabels(Slot, [String])
    }

    private let context: QueryContext
    private let changes: [Compiled]
    private let reads: ChangeReads

    init(_ changes: [Change], _ context: QueryContext) throws {
        self.context = context
        self.changes = try changes.map { change in
            switch change {
            case .setProperty(let element, let key, let value):
                .property(of: try makeEvaluator(element, context), key: key, value: try makeEvaluator(value, context))
            case .replaceProperties(let slot, let value): .replace(slot, try makeEvaluator(value, context))
            case .mergeProperties(let slot, let value): .merge(slot, try makeEvaluator(value, context))
            case .addLabels(let slot, let labels): .addLabels(slot, labels)
            case .removeLabels(let slot, let labels): .removeLabels(slot, labels)
            }
        }
        reads = ChangeReads(changes)
    }

    var isEmpty: Bool { changes.isEmpty }

    func apply(_ rows: Chunk) throws {
        if rows.count == 1 || reads.mayGoTogether(rows) { return try applyTogether(rows) }
        for row in 0..<rows.count {
            if row & 255 == 0 { try context.checkInterrupt() }
            try applyTogether(rows.row(row))
        }
    }

    private func applyTogether(_ rows: Chunk) throws {
        for change in changes {
            switch change {
            case .property(let element, let key, let value):
                try setProperty(try element.evaluate(rows, context), key, try value.evaluate(rows, context), rows.count)
            case .replace(let slot, let value):
                try setAll(rows.columns[slot], try value.evaluate(rows, context), rows.count, isReplacing: true)
            case .merge(let slot, let value):
                try setAll(rows.columns[slot], try value.evaluate(rows, context), rows.count, isReplacing: false)
            case .addLabels(let slot, let labels): try changeLabels(rows, slot, labels, isAdding: true)
            case .removeLabels(let slot, let labels): try changeLabels(rows, slot, labels, isAdding: false)
            }
        }
    }

    // MARK: One property

    private func setProperty(_ elements: ColumnVector, _ key: String, _ values: ColumnVector, _ count: Int) throws {
        for row in 0..<count {
            guard let (kind, id) = try element(elements.value(row)) else { continue }
            try set(kind, id, key, values.value(row), old: try oldValue(kind, id, key))
        }
    }

    private func oldValue(_ kind: RowKind, _ id: UInt64, _ key: String) throws -> Value {
        guard let number = context.view.propertyKey(key) else { return .null }
        return try translatingErrors {
            var id = id
            return try context.view.gather(kind, &id, nulls: nil, count: 1, key: number).value(0)
        }
    }

    private func set(_ kind: RowKind, _ id: UInt64, _ key: String, _ value: Value, old: Value) throws {
        try requireStorable(value, key)
        try translatingErrors { try context.view.setProperty(kind, id, key, value) }
        context.counters.noteSet(old: old, new: value)
    }

    /// nil for null, which is passed over.
    private func element(_ value: Value) throws -> (RowKind, UInt64)? {
        switch value {
        case .null: return nil
        case .entity(let id): return (.entity, id)
        case .relationship(let id): return (.relationship, id)
        default:
            throw QueryError(
                .typeError, "InvalidArgumentType", "only nodes and relationships have properties that can be changed")
        }
    }

    // MARK: All properties

    private func setAll(_ column: ChunkColumn?, _ values: ColumnVector, _ count: Int, isReplacing: Bool) throws {
        for row in 0..<count {
            guard let (kind, id) = try element(column?.value(row) ?? .null) else { continue }
            let given = try propertyMap(values.value(row), context.view)
            let old = try elementProperties(kind, id, context.view)
            if !isReplacing {
                for (key, value) in given { try set(kind, id, key, value, old: Self.find(key, old)) }
                continue
            }
            let kept = given.filter { !$0.value.isNull }
            for (key, value) in kept { try requireStorable(value, key) }
            try translatingErrors { try context.view.replaceProperties(kind, id, kept) }
            for (key, value) in old { context.counters.noteSet(old: value, new: Self.find(key, kept)) }
            for (key, value) in kept where Self.find(key, old).isNull { context.counters.noteSet(old: .null, new: value) }
        }
    }

    private static func find(_ key: String, _ properties: [(key: String, value: Value)]) -> Value {
        properties.first { $0.key.utf8.elementsEqual(key.utf8) }?.value ?? .null
    }

    // MARK: Labels

    private func changeLabels(_ rows: Chunk, _ slot: Slot, _ labels: [String], isAdding: Bool) throws {
        var ids = [UInt64](repeating: 0, count: rows.count)
        try copyIds(rows.columns[slot], .entity, count: rows.count, into: &ids)
        for id in ids where id != 0 {
            if isAdding {
                context.counters.labelsAdded += try translatingErrors { try context.view.addLabels(id, labels) }
            } else {
                context.counters.labelsRemoved += try translatingErrors { try context.view.removeLabels(id, labels) }
            }
        }
    }
}

extension WriteCounters {
    func noteCreated(properties: Int) {
        propertiesSet += properties
        propertiesAdded += properties
    }

    /// A value replaced by another is one that is there and one that is gone.
    func noteSet(old: Value, new: Value) {
        if old.isNull && new.isNull { return }
        propertiesSet += 1
        // Compared as kept: 1 and 1.0 are equal, but they are not the same property.
        if case .int = old, case .float = new {} else if case .float = old, case .int = new {} else {
            if Value.isEquivalent(old, new) { return }
        }
        if !old.isNull { propertiesRemoved += 1 }
        if !new.isNull { propertiesAdded += 1 }
    }
}

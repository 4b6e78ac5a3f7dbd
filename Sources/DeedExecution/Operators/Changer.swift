// Applies the changes of a SET or REMOVE to rows.
//
// A row must see what the rows before it have changed (`SET n.count = n.count + 1` for a node that comes twice), so rows go one
// by one; unless what the expressions read is only of the rows' own elements, each of which comes once, or nothing at all.

import DeedEngine
import DeedValues

final class Changer {
    private enum Compiled {
        case property(of: Evaluator, RowShape, value: Evaluator)
        case replace(Slot, Evaluator)
        case merge(Slot, Evaluator)
        case addLabels(Slot, [String])
        case removeLabels(Slot, [String])
    }

    private let context: QueryContext
    private let changes: [Compiled]
    private let reads: ChangeReads
    /// Of the properties that are changed; nil if only the rows know.
    private let properties: [String]?

    init(_ changes: [Change], _ context: QueryContext) throws {
        self.context = context
        self.changes = try changes.map { change in
            switch change {
            case .setProperty(let element, let key, let value):
                .property(
                    of: try makeEvaluator(element, context), RowShape(property: key), value: try makeEvaluator(value, context))
            case .replaceProperties(let slot, let value): .replace(slot, try makeEvaluator(value, context))
            case .mergeProperties(let slot, let value): .merge(slot, try makeEvaluator(value, context))
            case .addLabels(let slot, let labels): .addLabels(slot, labels)
            case .removeLabels(let slot, let labels): .removeLabels(slot, labels)
            }
        }
        reads = ChangeReads(changes)
        properties = changes.changedProperties
    }

    var isEmpty: Bool { changes.isEmpty }

    func apply(_ rows: Chunk) throws {
        if rows.count == 1 || mayGoTogether(rows) { return try applyTogether(rows) }
        for row in 0..<rows.count {
            if row & 255 == 0 { try context.checkInterrupt() }
            try applyTogether(rows.row(row))
        }
    }

    /// With several changes all rows undergo the first one before any undergoes the second, which a unique index over both
    /// could mistake for a repetition.
    private func mayGoTogether(_ rows: Chunk) -> Bool {
        reads.mayGoTogether(rows) && (changes.count == 1 || !context.view.hasUniqueIndex(overAnyOf: properties))
    }

    private func applyTogether(_ rows: Chunk) throws {
        for change in changes {
            switch change {
            case .property(let element, let shape, let value):
                try setProperty(try element.evaluate(rows, context), shape, try value.evaluate(rows, context), rows.count)
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

    private func setProperty(_ elements: ColumnVector, _ shape: RowShape, _ values: ColumnVector, _ count: Int) throws {
        let key = shape.properties[0]
        switch elements.kind {
        case .null: return
        case .entity where isDistinct(elements, count): return try setColumn(.entity, elements, shape, values, count)
        case .relationship where isDistinct(elements, count):
            return try setColumn(.relationship, elements, shape, values, count)
        default: break
        }
        for row in 0..<count {
            guard let (kind, id) = try element(elements.value(row)) else { continue }
            try set(kind, id, key, values.value(row), old: try oldValue(kind, id, key))
        }
    }

    /// True if no element comes twice, so that what all of them had before is what each has when it is changed; nor null.
    private func isDistinct(_ elements: ColumnVector, _ count: Int) -> Bool {
        if elements.nulls != nil { return false }
        if count == 1 { return true }
        var seen = IdMap()
        return (0..<count).allSatisfy { seen.insert(elements.ids[$0]) }
    }

    private func setColumn(
        _ kind: RowKind, _ elements: ColumnVector, _ shape: RowShape, _ values: ColumnVector, _ count: Int
    ) throws {
        let (key, view) = (shape.properties[0], context.view)
        try requireStorable(values, key, count: count)
        let old = try translatingErrors {
            try view.propertyKey(key).map { try view.gather(kind, elements.ids, nulls: nil, count: count, key: $0) }
        }
        try translatingErrors { try view.setProperty(kind, elements.ids, shape, values, count: count) }
        if let old, old.kind != .null {
            for row in 0..<count { context.counters.noteSet(old: old.value(row), new: values.value(row)) }
        } else {
            context.counters.noteCreated(properties: count - values.nullCount(count))
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

extension [Change] {
    /// The properties that they change, by name; nil if only the rows know.
    var changedProperties: [String]? {
        var names: [String] = []
        for change in self {
            switch change {
            case .setProperty(_, let key, _): names.append(key)
            case .replaceProperties, .mergeProperties: return nil
            case .addLabels, .removeLabels: continue
            }
        }
        return names
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

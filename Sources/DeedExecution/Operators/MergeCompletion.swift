// What MERGE creates with what ON CREATE sets on it, in one write. By the letter it is created first, and a constraint on a
// property that only ON CREATE gives refuses it: so it is one write only where the table has no constraint.

import DeedEngine
import DeedValues

struct MergeCompletion {
    private let creator: Creator
    private let values: [Evaluator]
    private let kind: RowKind
    private let table: String

    /// nil if what is set depends on the element that is created, or is not known by name.
    init?(_ creation: Creation, _ pattern: MergePattern, onCreate: [Change], _ context: QueryContext) throws {
        var set: [(key: String, value: Expr)] = []
        for change in onCreate {
            guard case .setProperty(_, let key, let value) = change, !set.contains(where: { $0.key.utf8.elementsEqual(key.utf8) })
            else { return nil }
            set.append((key, value))
        }
        let reads = ChangeReads(set.map(\.value))
        guard !set.isEmpty, !reads.isOpaque, !reads.read.union(reads.used).contains(pattern.slot) else { return nil }
        let properties = Expr.map(pattern.properties + set)
        let whole: Creation
        switch creation {
        case .entity(let slot, let labels, _):
            (kind, table) = (.entity, labels.first ?? "")
            whole = .entity(slot, labels: labels, properties: properties)
        case .relationship(let slot, let source, let target, let type, _):
            (kind, table) = (.relationship, type)
            whole = .relationship(slot, source: source, target: target, type: type, properties: properties)
        case .path: return nil
        }
        // What the pattern looks for has been found not to be null; what is set may be.
        creator = try Creator([whole], refusesNull: false, context)
        values = try set.map { try makeEvaluator($0.value, context) }
    }

    /// True if nobody can tell that it is one write.
    func isUnnoticed(_ context: QueryContext) -> Bool { !context.view.hasConstraints(kind, table) }

    /// `fields`: the values of the pattern's properties.
    func create(_ rows: Chunk, _ fields: [ColumnVector], _ context: QueryContext) throws -> Chunk {
        try creator.create(rows, fields: fields + values.map { try $0.evaluate(rows, context) })
    }
}

// `subject:Labels`: each label that the test names is asked for once for the whole column, and the answers are combined as
// the test says. For a relationship the one label is its type.

import DeedEngine
import DeedValues

final class LabelsEvaluator: Evaluator {
    private let subject: Evaluator
    private let test: LabelTest

    init(_ subject: Evaluator, _ test: LabelTest) { (self.subject, self.test) = (subject, test) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let vector = try subject.evaluate(chunk, context)
        let count = chunk.count
        switch vector.kind {
        case .null: return vector
        case .entity: return try elements(.entity, vector, count, context)
        case .relationship: return try elements(.relationship, vector, count, context)
        default:
            return try splitElements(vector, count) { kind, elements, size in
                try self.elements(kind, elements, size, context)
            } others: { value in
                if value.isNull { return .null }
                throw QueryError.invalidType("a label test takes a node or a relationship", value)
            }
        }
    }

    private func elements(
        _ kind: RowKind, _ vector: ColumnVector, _ count: Int, _ context: QueryContext
    ) throws -> ColumnVector {
        let result = ColumnVector.booleans(count)
        if kind == .entity {
            try entities(test, vector, count, context, into: result.bools)
        } else {
            try relationships(vector, count, context, into: result.bools)
        }
        if let nulls = vector.nulls { result.requireNulls().update(from: nulls, count: count) }
        return result
    }

    /// A byte for each entity; those of null rows mean nothing.
    private func entities(
        _ test: LabelTest, _ vector: ColumnVector, _ count: Int, _ context: QueryContext,
        into out: UnsafeMutablePointer<UInt8>
    ) throws {
        switch test {
        case .label(let name):
            try withPresentIds(vector, count) { ids in
                try General.readingElements { () throws(DeedError) in
                    try context.view.hasLabel(name, ids, count: count, into: out)
                }
            }
        case .any:
            for row in 0..<count {
                out[row] = 0
                if vector.isNull(row) { continue }
                let labels = try General.readingElements { () throws(DeedError) in
                    try context.view.labels(of: vector.ids[row])
                }
                out[row] = labels.isEmpty ? 0 : 1
            }
        case .not(let inner):
            try entities(inner, vector, count, context, into: out)
            for row in 0..<count { out[row] ^= 1 }
        case .and(let left, let right), .or(let left, let right):
            try entities(left, vector, count, context, into: out)
            try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(count, 1)) { buffer in
                let other = buffer.baseAddress.unsafelyUnwrapped
                try entities(right, vector, count, context, into: other)
                if case .and = test {
                    for row in 0..<count { out[row] &= other[row] }
                } else {
                    for row in 0..<count { out[row] |= other[row] }
                }
            }
        }
    }

    /// Relationships of a chunk have few types, so that each is tested once.
    private func relationships(
        _ vector: ColumnVector, _ count: Int, _ context: QueryContext, into out: UnsafeMutablePointer<UInt8>
    ) throws {
        var known: [NameId: UInt8] = [:]
        for row in 0..<count {
            out[row] = 0
            if vector.isNull(row) { continue }
            let id = vector.ids[row]
            guard let type = context.view.type(ofRelationship: id) else { throw General.deleted("relationship \(id)") }
            if let answer = known[type] {
                out[row] = answer
                continue
            }
            let name = context.view.typeName(type)
            let passes = test.evaluate({ $0.utf8.elementsEqual(name.utf8) }, isLabelled: true)
            known[type] = passes ? 1 : 0
            out[row] = passes ? 1 : 0
        }
    }
}

/// The ids of a vector with 0, which means none, for the rows that are null.
func withPresentIds<Result>(
    _ vector: ColumnVector, _ count: Int, _ body: (UnsafePointer<UInt64>) throws -> Result
) throws -> Result {
    guard let nulls = vector.nulls else { return try body(vector.ids) }
    return try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: max(count, 1)) { buffer in
        let (ids, present) = (vector.ids, buffer.baseAddress.unsafelyUnwrapped)
        for row in 0..<count { present[row] = nulls[row] != 0 ? 0 : ids[row] }
        return try body(present)
    }
}

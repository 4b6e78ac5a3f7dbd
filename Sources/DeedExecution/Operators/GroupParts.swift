// The groups of an aggregation that were put aside, one part after the other. A part that does not fit either is put aside
// again, divided further.

import DeedEngine

final class GroupParts {
    private let expressions: AggregateExpressions
    private let aggregates: [Aggregate]
    private let context: QueryContext
    /// Sequences that make up a part, and how often its rows have been divided.
    private var waiting: [(rows: [RowSequence], level: Int)]

    /// `parts`: of each worker.
    init(_ parts: [[RowSequence]], _ expressions: AggregateExpressions, _ aggregates: [Aggregate], _ context: QueryContext) {
        (self.expressions, self.aggregates, self.context) = (expressions, aggregates, context)
        waiting = (0..<PartitionedRows.count).reversed().map { part in (parts.map { $0[part] }, 1) }
    }

    /// Some of the groups, each of them once; nil at the end.
    func next() throws -> Grouping? {
        while let (rows, level) = waiting.popLast() {
            let groups = try Grouping(expressions, aggregates, level: level, context)
            for sequence in rows {
                let reader = RowReader(sequence, context)
                while let chunk = try reader.next() {
                    try context.checkInterrupt()
                    try groups.absorb(chunk)
                }
            }
            guard let parts = try groups.parts() else {
                if groups.groupCount > 0 { return groups }
                continue
            }
            waiting += parts.reversed().map { ([$0], level + 1) }
        }
        return nil
    }
}

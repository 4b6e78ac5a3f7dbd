// What `deed.stats` tells: numbers about the store, and what the planner knows of tables, of the values of their properties, and
// of how many relationships entities have. What nobody has asked for before is gathered for it.

import DeedEngine
import DeedValues

struct StatisticsProcedure: Procedure {
    let signature = ProcedureSignature(
        name: "deed.stats",
        outputs: [
            .init("name", "STRING"), .init("value", "ANY?"), .init("on", "STRING?"), .init("table", "STRING?"),
            .init("property", "STRING?"),
        ])

    func rows(_ arguments: [Value], _ context: QueryContext) throws -> [[Value]] {
        var rows = try store(context.view.graph).map { [.string($0.0), $0.1, .null, .null, .null] }
        for kind in [RowKind.entity, .relationship] {
            let tables = kind == .entity ? context.view.collections(label: nil) : context.view.allRelationshipTypes()
            for table in tables { rows += try describe(kind, table, context) }
        }
        return rows
    }

    private func store(_ graph: Graph) throws -> [(String, Value)] {
        let statistics = try graph.statistics()
        let numbers: [(String, Int)] = [
            ("entities", statistics.entityCount), ("relationships", statistics.relationshipCount),
            ("collections", statistics.collectionCount), ("relationshipTypes", statistics.relationshipTypeCount),
            ("evaporations", Int(clamping: statistics.evaporations)), ("memory", statistics.memoryTotal),
            ("memoryLimit", statistics.memoryLimit), ("disk", statistics.diskTotal),
            ("commits", Int(clamping: statistics.commits)), ("rollbacks", Int(clamping: statistics.rollbacks)),
            ("conflicts", Int(clamping: statistics.conflicts)), ("activeTransactions", statistics.activeTransactions),
            ("checkpoints", Int(clamping: statistics.checkpoints)),
        ]
        return numbers.map { ($0.0, .int(Int64($0.1))) } + [("averagePheromone", .float(statistics.averagePheromone))]
    }

    // MARK: Tables

    private func describe(_ kind: RowKind, _ table: NameId, _ context: QueryContext) throws -> [[Value]] {
        let graph = context.view.graph
        let name = Value.string(graph.names.text(kind == .entity ? .collection : .relationshipType, table)?.string ?? "")
        let on = Value.string(kind == .entity ? "node" : "relationship")
        var rows: [[Value]] = [[.string("rows"), .int(Int64(context.view.rowCount(kind, table))), on, name, .null]]
        for key in context.view.propertyKeys(kind, table) {
            try context.checkInterrupt()
            guard let known = graph.propertyStatistics(kind, table, key) else { continue }
            let property = Value.string(graph.names.text(.propertyKey, key)?.string ?? "")
            rows += values(known).map { [.string($0.0), $0.1, on, name, property] }
        }
        if kind == .relationship { rows += try degrees(table, context).map { [.string($0.0), $0.1, on, name, .null] } }
        return rows
    }

    private func values(_ known: PropertyStatistics) -> [(String, Value)] {
        [
            ("sampledRows", .int(Int64(known.sampledRows))), ("nullPart", .float(known.nullPart)),
            ("distinctCount", .int(Int64(known.distinctCount.rounded()))), ("least", known.least ?? .null),
            ("greatest", known.greatest ?? .null),
            ("commonValues", .list(known.common.map { map([("value", $0.value), ("part", .float($0.part))]) })),
            ("histogram", .list(known.histogram?.bounds ?? [])),
        ]
    }

    // MARK: Degrees

    /// Of the relationships of a type in both directions, for each collection at whose entities they begin or end.
    private func degrees(_ type: NameId, _ context: QueryContext) throws -> [(String, Value)] {
        guard let ends = context.view.graph.endStatistics(type) else { return [] }
        let sources = Set(ends.parts.map(\.source)).sorted(), targets = Set(ends.parts.map(\.target)).sorted()
        return try sources.map { ("outDegree", try degrees(type, of: $0, .out, context)) }
            + targets.map { ("inDegree", try degrees(type, of: $0, .in, context)) }
    }

    private func degrees(
        _ type: NameId, of collection: NameId, _ direction: Directions, _ context: QueryContext
    ) throws -> Value {
        try context.checkInterrupt()
        let ids = try context.view.sampleIds(.entity, collection)
        var degrees = [Int64](repeating: 0, count: ids.count)
        try degrees.withUnsafeMutableBufferPointer { result in
            guard let start = result.baseAddress else { return }
            try context.view.degrees(ids, count: ids.count, types: [type], direction, into: start)
        }
        degrees.sort()
        func quantile(_ part: Double) -> Value {
            degrees.isEmpty ? .null : .int(degrees[Int(Double(degrees.count - 1) * part)])
        }
        let mean = Double(degrees.reduce(0, +)) / Double(max(degrees.count, 1))
        return map([
            ("of", .string(context.view.graph.names.text(.collection, collection)?.string ?? "")),
            ("sampledRows", .int(Int64(ids.count))), ("mean", .float(mean)), ("median", quantile(0.5)),
            ("percentile90", quantile(0.9)), ("percentile99", quantile(0.99)), ("most", quantile(1)),
        ])
    }

    private func map(_ entries: [(String, Value)]) -> Value { .map(MapValue(keys: entries.map(\.0), values: entries.map(\.1))) }
}

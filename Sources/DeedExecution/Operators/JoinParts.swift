// Both sides of a join that did not fit into memory, divided by the hash of their keys (a grace hash join): rows that agree are
// in the same part of either side, and the parts are joined one after the other. A part of the build side that does not fit
// either is divided further, and with it that of the probe side.

import DeedEngine

final class JoinParts {
    private typealias Part = (build: RowSequence, probe: RowSequence, level: Int)

    private let context: QueryContext
    private let width: Int
    private let buildKeys: [Evaluator]
    /// Whether rows of the probe side matter with which nothing agrees.
    private let keepsAllProbe: Bool
    private let build: PartitionedRows
    private var probeWidth = 0
    private var waiting: [Part] = []
    /// Rows of the probe side of the present part.
    private var reader: RowReader?

    /// Puts aside what the table has, and the rest of the build side. `width`: columns of its rows.
    init(
        _ table: JoinTable, _ rest: Operator, _ keys: [Evaluator], width: Int, keepsAllProbe: Bool, _ context: QueryContext
    ) throws {
        (self.width, buildKeys, self.keepsAllProbe, self.context) = (width, keys, keepsAllProbe, context)
        build = try PartitionedRows(context, width: width, keys: keys.count, level: 0)
        try table.putAside(keys, to: build)
        while let chunk = try rest.next() {
            var vectors = try keys.map { try $0.evaluate(chunk, context) }
            if let rows = JoinTable.comparable(chunk, &vectors) { try build.append(rows, keys: vectors) }
        }
        try build.finish()
    }

    /// Puts aside the probe side, of which some rows have come already.
    func readProbe(from first: Chunk, _ rest: Operator, _ keys: [Evaluator]) throws {
        probeWidth = max(width, first.columns.count)
        let probe = try PartitionedRows(context, width: probeWidth, keys: keys.count, level: 0)
        var next: Chunk? = first
        while let chunk = next {
            try probe.append(chunk, keys: try keys.map { try $0.evaluate(chunk, context) })
            next = try rest.next()
        }
        try probe.finish()
        wait(build, probe)
    }

    private func wait(_ build: PartitionedRows, _ probe: PartitionedRows) {
        let level = build.level + 1
        for (build, probe) in zip(build.parts, probe.parts).reversed() where probe.rowCount > 0 {
            if build.rowCount > 0 || keepsAllProbe { waiting.append((build, probe, level: level)) }
        }
    }

    /// The next rows of the probe side and their keys, and the build side that they belong to; nil at the end.
    func next(_ table: inout JoinTable?) throws -> (rows: Chunk, keys: [ColumnVector])? {
        while true {
            if let chunk = try reader?.next() { return split(chunk, probeWidth) }
            // Its memory is given back before another is made.
            (reader, table) = (nil, nil)
            guard let part = waiting.popLast() else { return nil }
            table = try load(part)
            if table != nil { reader = RowReader(part.probe, context) }
        }
    }

    /// The build side of a part; nil if it does not fit, and has been divided further.
    private func load(_ part: Part) throws -> JoinTable? {
        let table = JoinTable(keys: buildKeys.count, width: width, level: part.level, context)
        let reader = RowReader(part.build, context)
        while let chunk = try reader.next() {
            try context.checkInterrupt()
            let (rows, keys) = split(chunk, width)
            if try table.append(rows, keys) { continue }
            try divide(part, table, reader)
            return nil
        }
        try table.finish()
        return table
    }

    private func divide(_ part: Part, _ table: JoinTable, _ rest: RowReader) throws {
        let build = try PartitionedRows(context, width: width, keys: buildKeys.count, level: part.level)
        try table.putAside(buildKeys, to: build)
        try copy(rest, width, to: build)
        let probe = try PartitionedRows(context, width: probeWidth, keys: buildKeys.count, level: part.level)
        try copy(RowReader(part.probe, context), probeWidth, to: probe)
        wait(build, probe)
    }

    private func copy(_ reader: RowReader, _ width: Int, to parts: PartitionedRows) throws {
        while let chunk = try reader.next() {
            let (rows, keys) = split(chunk, width)
            try parts.append(rows, keys: keys)
        }
        try parts.finish()
    }

    private func split(_ chunk: Chunk, _ width: Int) -> (rows: Chunk, keys: [ColumnVector]) {
        var rows = chunk
        rows.columns.removeLast(chunk.columns.count - width)
        return (rows, chunk.columns[width...].compactMap { $0?.vector })
    }
}

// Both sides of a join that did not fit into memory, divided by the hash of their keys (a grace hash join): rows that agree are
// in the same part of either side, and the parts are joined one after the other. A part of the build side that does not fit
// either is divided further, and with it that of the probe side; unless its rows all agree. Then as many of them as fit are
// joined with all of the probe side at a time, which is little beside the rows that come of it.

import DeedEngine

final class JoinParts {
    private typealias Part = (build: RowSequence, probe: RowSequence, level: Int)

    private let context: QueryContext
    private let width: Int
    private let buildKeys: [Evaluator]
    private let kind: JoinKind
    private let hasMore: Bool
    private let build: PartitionedRows
    private var probeWidth = 0
    private var waiting: [Part] = []
    /// Rows of the probe side of the present part.
    private var reader: RowReader?
    /// Rows of the build side that did not fit beside others of their part, which the same probe side is read for again.
    private var rest: (build: RowReader, part: Part)?

    /// Puts aside what the table has, and the rest of the build side. `width`: columns of its rows.
    init(
        _ table: JoinTable, _ rest: Operator, _ keys: [Evaluator], width: Int, _ kind: JoinKind, hasMore: Bool, _ context: QueryContext
    ) throws {
        (self.width, buildKeys, self.kind, self.hasMore, self.context) = (width, keys, kind, hasMore, context)
        build = try PartitionedRows(context, width: width, keys: keys.count, level: 0)
        try table.putAside(keys, to: build)
        while let chunk = try rest.next() {
            var vectors = try keys.map { try $0.evaluate(chunk, context) }
            if let rows = JoinTable.comparable(chunk, &vectors) { try build.append(rows, keys: vectors) }
        }
        try build.finish()
    }

    /// Puts aside the probe side, of which some rows have come already.
    func readProbe(from first: Chunk, _ keys: [Evaluator], next rest: () throws -> Chunk?) throws {
        probeWidth = max(width, first.columns.count)
        let probe = try PartitionedRows(context, width: probeWidth, keys: keys.count, level: 0)
        var next: Chunk? = first
        while let chunk = next {
            try probe.append(chunk, keys: try keys.map { try $0.evaluate(chunk, context) })
            next = try rest()
        }
        try probe.finish()
        wait(build, probe)
    }

    private func wait(_ build: PartitionedRows, _ probe: PartitionedRows) {
        let level = build.level + 1
        for (build, probe) in zip(build.parts, probe.parts).reversed() where probe.rowCount > 0 {
            // Of rows of the probe side with which nothing agrees some joins want to know.
            if build.rowCount > 0 || kind == .outer || kind == .anti { waiting.append((build, probe, level: level)) }
        }
    }

    /// The next rows of the probe side and their keys, and the build side that they belong to; nil at the end.
    func next(_ table: inout JoinTable?) throws -> (rows: Chunk, keys: [ColumnVector])? {
        while true {
            if let chunk = try reader?.next() { return split(chunk, probeWidth) }
            // Its memory is given back before another is made.
            (reader, table) = (nil, nil)
            guard let (build, part) = rest.take() ?? waiting.popLast().map({ (RowReader($0.build, context), $0) }) else { return nil }
            table = try load(build, of: part)
            if table != nil { reader = RowReader(part.probe, context) }
        }
    }

    /// The rows of the build side of a part, or as many of them as fit; nil if it has been divided further.
    private func load(_ reader: RowReader, of part: Part) throws -> JoinTable? {
        let table = JoinTable(keys: buildKeys.count, width: width, level: part.level, kind, hasMore: hasMore, context)
        while let chunk = try reader.next() {
            try context.checkInterrupt()
            let (rows, keys) = split(chunk, width)
            switch try table.append(rows, keys) {
            case .whole: continue
            case .divisible:
                try divide(part, table, reader)
                return nil
            case .block: rest = (reader, part)
            }
            break
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

// The rest of a query's result as an Arrow C stream.
//
//   1. The query runs to its end: the type of a column depends on all of its rows.
//   2. Each column gets its type (ArrowResultType.swift).
//   3. Batches of up to `batchRowsMax` rows are made, since chunks may be as small as a row. They are all made now, because
//      elements are read from the query's snapshot, which the stream may outlive.

import CDeed
import DeedDatabase
import DeedEngine

/// Enough that the cost of a batch does not count, few enough that a consumer can work while it reads.
private let batchRowsMax = 65_536

/// Fills in `stream` with rows of `result`: those of the chunks from row `first` of the first chunk on.
func exportResult(
    _ result: QueryResult, _ chunks: [Chunk], from first: Int, into stream: UnsafeMutablePointer<ArrowArrayStream>
) throws {
    let names = result.columns
    let types = names.indices.map { column in
        ArrowResultType.common(pieces(of: column, chunks.indices.map { (chunks[$0], $0 == 0 ? first : 0) }))
    }
    let elements = ArrowElementWriter(result)
    var batches: [ArrowArrayParts] = []
    for (group, rows) in groups(chunks, from: first) where rows > 0 {
        let batch = ArrowArrayParts(length: rows)
        batch.addBuffer(nil)
        for (column, name) in names.enumerated() {
            batch.add(
                try ArrowResultColumn(
                    name: name, type: types[column], pieces: pieces(of: column, group), rows: rows, elements: elements
                ).array())
        }
        batches.append(batch)
    }
    batches.reverse()
    exportStream(
        schema: {
            ArrowSchemaParts(
                format: "+s", name: "", isNullable: false,
                children: zip(names, types).map { name, type in type.schema(name: name) })
        }, next: { () throws(DeedError) in batches.popLast() }, into: stream)
}

private func pieces(of column: Int, _ chunks: [(chunk: Chunk, first: Int)]) -> [ArrowResultPiece] {
    chunks.map { chunk, first in ArrowResultPiece(column: chunk.columns[column], rows: first..<chunk.count) }
}

/// Chunks that make a batch together, with the first row of each, and how many rows these are.
private func groups(_ chunks: [Chunk], from first: Int) -> [(chunks: [(chunk: Chunk, first: Int)], rows: Int)] {
    var groups: [(chunks: [(chunk: Chunk, first: Int)], rows: Int)] = []
    var (group, rows): ([(chunk: Chunk, first: Int)], Int) = ([], 0)
    for (index, chunk) in chunks.enumerated() {
        let start = index == 0 ? first : 0
        if !group.isEmpty, rows + chunk.count - start > batchRowsMax {
            groups.append((group, rows))
            (group, rows) = ([], 0)
        }
        group.append((chunk, start))
        rows += chunk.count - start
    }
    groups.append((group, rows))
    return groups
}

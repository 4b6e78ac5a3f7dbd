// Indexes on the batches, and comparing them with the rows.

import DeedEngine

extension Workload {
    enum Index: String {
        case byNumber
        /// Unique: of each number there is one row at each position.
        case byPlace
    }

    var indexNames: Set<String> { Set(graph.readyIndexes.map(\.name)) }

    func make(_ index: Index) throws(DeedError) {
        let properties = index == .byNumber ? [names.number] : [names.number, names.position]
        _ = try graph.createIndex(
            name: index.rawValue, .entity, names.batch, properties, unique: index == .byPlace, progress: { _, _ in true })
    }

    /// A line for each number and each place that an index gives other rows for than there are, and for each of some that
    /// no row has.
    func indexProblems(_ rows: [RowId: Row]) throws(DeedError) -> [String] {
        var problems: [String] = []
        let (indexes, buffer) = (indexNames, IndexBuffer())
        let byNumber = Dictionary(grouping: rows.values, by: \.number)
        let last = byNumber.keys.max() ?? 0
        for number in 0...last + 2 {
            let batch = byNumber[number] ?? []
            if !indexes.isEmpty, try find([integer(names.number, number)], buffer) != Set(batch.map(\.id)) {
                problems.append("the index gives other rows with number \(number)")
            }
            for row in batch where indexes.contains(Index.byPlace.rawValue) {
                let place = [integer(names.number, number), integer(names.position, row.position)]
                if try find(place, buffer) != [row.id] { problems.append("the index gives another row at \(row.position) of \(number)") }
            }
        }
        return problems
    }

    private func find(_ cells: [PropertyCell], _ buffer: IndexBuffer) throws(DeedError) -> Set<RowId> {
        try withCells(cells) { cells throws(DeedError) in
            try graph.find(nil, .entity, names.batch, cells, limit: 1 << 20, into: buffer)
        }
        return Set(UnsafeBufferPointer(start: buffer.ids, count: buffer.count))
    }
}

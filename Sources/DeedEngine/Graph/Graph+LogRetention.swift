// What a checkpoint does with the log below its mark, and the before images that readers of the log may want.

extension Graph {
    /// How much of the log the next checkpoints keep. Until the graph is closed.
    package func retainLog(_ policy: LogRetentionPolicy) throws(DeedError) {
        try requireOpen()
        guard policy.bytes >= 0 && policy.seconds >= 0 else {
            throw DeedError(.invalidArgument, "the log to retain is negative")
        }
        retention.setPolicy(policy)
    }

    /// Deletes what the plan drops of the log, with the chunks that nobody but it refers to, and notes what stays.
    func putRetention(_ plan: LogRetention.Plan, _ batch: inout WriteBatch) throws(DeedError) {
        guard let store else { return }
        batch.deleteRange(.log, from: StoreKeys.log(0, 0), to: StoreKeys.log(plan.state.dropped + 1, 0))
        for generation in plan.droppedLoads {
            let first = StoreKeys.generation(generation)
            let end = StoreKeys.generation(generation + 1)
            try store.forEach(in: .segments, from: first, to: end) { key, _ throws(DeedError) in
                let chunk = try StoreKeys.readChunk(key)
                if !isNamed(chunk.kind, chunk.segment, chunk.column, generation) { batch.delete(.segments, key) }
                return true
            }
        }
        var value = ByteBuffer()
        LogRetention.encode(plan.state, into: &value)
        batch.put(.meta, StoreKeys.text("log"), value)
    }

    /// Writes the row as it is into the transaction's log, in front of what changes it. The segment is locked.
    func logBeforeImage(_ transaction: Transaction, _ segment: SegmentRef, _ row: Int, _ id: RowId) {
        guard isLogged && options.logsBeforeImages else { return }
        var cells: [PropertyCell] = []
        for index in 0..<segment.pointee.columnCount {
            let cell = segment.pointee.columns[index].chunk.cell(at: row)
            if cell.type != .null { cells.append(PropertyCell(key: segment.pointee.columns[index].key, cell: cell)) }
        }
        let isRelationship = segment.pointee.kind == .relationship
        cells.withUnsafeBufferPointer {
            LogRecord.beforeImage(
                segment.pointee.kind, id, segment.pointee.table, isRelationship ? segment.pointee.sources[row] : 0,
                isRelationship ? segment.pointee.targets[row] : 0, $0, into: &transaction.log)
        }
    }
}

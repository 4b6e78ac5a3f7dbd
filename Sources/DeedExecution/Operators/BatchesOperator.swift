// For each row the rows of an inner plan, in transactions of their own: so many rows of the outer side at a time, each batch
// committed before the next one begins. What came before it in the plan has been read, or streams in from outside the graph;
// what comes after it sees what has been committed.

import DeedEngine
import DeedValues

final class BatchesOperator: Operator {
    private let outer: Operator
    private let inner: PlanNode
    private let batches: Batches
    private let rowsMax: RowCount
    private let innerSlots: NumberSet
    private var input: Chunk?
    /// Rows of the input that are in batches already.
    private var begun = 0
    private var isStopped = false
    private var pending: ChunkBuilder?
    private var ready: [Chunk] = []

    init(_ outer: Operator, _ inner: PlanNode, _ batches: Batches, _ context: QueryContext) throws {
        (self.outer, self.inner, self.batches) = (outer, inner, batches)
        rowsMax = try RowCount(batches.rows, "IN TRANSACTIONS", context)
        innerSlots = inner.slotsBound()
        super.init(context)
    }

    override func restart(argument: Chunk) {
        outer.reset(argument: argument)
        (input, begun, isStopped, ready) = (nil, 0, false, [])
        pending = ChunkBuilder(width: max(argument.columns.count, context.slotCount))
    }

    override func produce() throws -> Chunk? {
        while ready.isEmpty {
            try context.checkInterrupt()
            let rows = try batch()
            if rows.isEmpty { return pending?.take()?.chunk }
            try run(rows)
        }
        return ready.removeFirst()
    }

    /// The next rows of the outer side, in pieces of its chunks.
    private func batch() throws -> [Chunk] {
        let count = try rowsMax.evaluate(context)
        guard count > 0 else {
            throw QueryError(.argumentError, "NumberOutOfRange", "IN TRANSACTIONS OF 0 ROWS would never end")
        }
        var (pieces, missing) = ([Chunk](), count)
        while missing > 0 {
            if input == nil {
                input = try outer.next()
                begun = 0
            }
            guard let input else { break }
            let taken = min(missing, input.count - begun)
            pieces.append(input.slice(begun, taken))
            (begun, missing) = (begun + taken, missing - taken)
            if begun == input.count { self.input = nil }
        }
        return pieces
    }

    // MARK: Running

    private func run(_ rows: [Chunk]) throws {
        if isStopped { return pass(rows, status: Self.status(nil, nil, started: false)) }
        let graph = context.view.graph
        let transaction = try graph.begin(readOnly: false)
        if transaction.isReadOnly && inner.writes { throw DeedError(.readOnly, "the database is open for reading only") }
        do {
            let context = QueryContext(within: context, view: try GraphView(graph, transaction))
            let found = try results(rows, context)
            try graph.commit(transaction)
            self.context.counters.add(context.counters)
            try self.context.renewView()
            let status = Self.status(transaction, nil, started: true)
            for chunk in found { give(chunk, status) }
        } catch {
            graph.rollback(transaction)
            guard batches.onError != .fail, let message = Self.bearable(error) else { throw error }
            isStopped = batches.onError == .break
            pass(rows, status: Self.status(transaction, message, started: true))
        }
    }

    /// What the inner plan gives for the rows, joined to them.
    private func results(_ rows: [Chunk], _ context: QueryContext) throws -> [Chunk] {
        let body = try makeOperator(inner, context)
        var results: [Chunk] = []
        for piece in rows {
            if !batches.givesRows { results.append(piece) }
            for row in 0..<piece.count {
                try context.checkInterrupt()
                let outer = piece.row(row)
                body.reset(argument: outer)
                var isMatched = false
                while var found = try body.next() {
                    try context.checkInterrupt()
                    guard batches.givesRows else { continue }
                    isMatched = true
                    found.attach(outer)
                    results.append(found)
                }
                if batches.givesRows && batches.isOptional && !isMatched { results.append(withNulls(outer)) }
            }
        }
        return results
    }

    private func withNulls(_ rows: Chunk) -> Chunk {
        var result = rows
        let nulls = ColumnVector.nulls(count: rows.count)
        for slot in innerSlots where result.columns[slot] == nil { result.set(slot, nulls) }
        return result
    }

    /// Rows of which no results are known.
    private func pass(_ rows: [Chunk], status: Value) {
        for piece in rows { give(batches.givesRows ? withNulls(piece) : piece, status) }
    }

    private func give(_ chunk: Chunk, _ status: Value) {
        var chunk = chunk
        if let slot = batches.status { chunk.setConstant(slot, ColumnVector([status])) }
        guard let pending else { return }
        var first = 0
        while first < chunk.count {
            let fitting = min(pending.room, chunk.count - first)
            pending.append(chunk, from: first, count: fitting)
            first += fitting
            if pending.room == 0, let full = pending.take() { ready.append(full.chunk) }
        }
    }

    // MARK: Outcomes

    private static func status(_ transaction: Transaction?, _ message: String?, started: Bool) -> Value {
        .map(
            MapValue(
                keys: ["started", "committed", "transactionId", "errorMessage"],
                values: [
                    .bool(started), .bool(started && message == nil),
                    transaction.map { .string("\($0.number)") } ?? .null, message.map { .string($0) } ?? .null,
                ]))
    }

    /// What an error says, if others of the batches may still do: nil for one that concerns the query or the store as a whole.
    private static func bearable(_ error: any Error) -> String? {
        if let error = error as? QueryError { return error.message }
        guard let error = error as? DeedError else { return nil }
        switch error.status {
        case .interrupted, .closed, .readOnly, .corruption, .ioError, .diskFull, .outOfMemory, .internalError: return nil
        default: return error.message
        }
    }
}

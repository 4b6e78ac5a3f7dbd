// A whole Arrow stream, taken in without copying its data: the batches stay as they came, checked once, until the table
// is released. A bulk load then asks the columns for rows in whatever order it writes them.

import CDeed
import DeedEngine
import Glibc

final class ArrowTable {
    private(set) var rowCount = 0
    private(set) var columnNames: [String] = []
    fileprivate private(set) var fields: [ArrowField] = []
    /// For each column a view of each batch.
    fileprivate private(set) var views: [UnsafePointer<ArrowView>] = []
    fileprivate private(set) var batchMap = ArrowBatchMap(rowCounts: [])
    private var batches: [UnsafeMutablePointer<ArrowArray>] = []
    private let memory = ArrowViewMemory()

    /// Takes the stream over and reads it to its end; the caller's struct is marked as released, whether this fails or
    /// not. onBatch is called with the rows so far after each batch, and may throw to stop.
    init(stream: UnsafeMutablePointer<ArrowArrayStream>, onBatch: (_ rowsSoFar: Int) throws(DeedError) -> Void)
        throws(DeedError)
    {
        let input = try ArrowInput(taking: stream)
        fields = try Self.columns(of: input)
        columnNames = fields.map(\.name)
        var batchViews: [[ArrowView]] = []
        while let batch = try input.next() {
            // Kept from here on, so that it is released with the table whatever happens.
            batches.append(batch)
            let rows = try append(batch, to: &batchViews)
            rowCount += rows
            try onBatch(rowCount)
        }
        batchMap = ArrowBatchMap(rowCounts: batchViews.map { $0.first?.length ?? 0 })
        for column in fields.indices {
            let block = memory.allocate(batchViews.count)
            for (index, row) in batchViews.enumerated() { block[index] = row[column] }
            views.append(UnsafePointer(block))
        }
    }

    deinit {
        for batch in batches {
            batch.pointee.release?(batch)
            batch.deallocate()
        }
    }

    /// A column as a bulk load wants it. It keeps the table alive.
    func column(at index: Int, key: NameId) -> ArrowColumn { ArrowColumn(self, index, key) }

    private static func columns(of input: borrowing ArrowInput) throws(DeedError) -> [ArrowField] {
        let schema = try input.schema()
        defer {
            schema.pointee.release?(schema)
            schema.deallocate()
        }
        guard let format = schema.pointee.format, String(cString: format) == "+s" else {
            throw DeedError(.invalidArgument, "the Arrow stream is not one of record batches")
        }
        let count = Int(schema.pointee.n_children)
        guard count >= 0, count == 0 || schema.pointee.children != nil else {
            throw DeedError(.invalidArgument, "the Arrow schema has \(count) columns")
        }
        guard count <= Limits.propertiesMax else {
            throw DeedError(
                .limitExceeded, "the Arrow stream has \(count) columns; \(Limits.propertiesMax) are possible")
        }
        var fields: [ArrowField] = []
        for index in 0..<count { fields.append(try ArrowField(column: schema.pointee.children[index])) }
        let sorted = fields.sorted { compareBytes($0.key.bytes, $1.key.bytes) < 0 }
        for (before, after) in zip(sorted, sorted.dropFirst())
        where compareBytes(before.key.bytes, after.key.bytes) == 0 {
            throw DeedError(.invalidArgument, "the Arrow stream has two columns named '\(after.name)'")
        }
        return fields
    }

    /// Checks a batch and makes the views of its columns. Gives its number of rows; an empty one is left out.
    private func append(_ batch: UnsafeMutablePointer<ArrowArray>, to views: inout [[ArrowView]]) throws(DeedError)
        -> Int
    {
        let array = batch.pointee
        let limit = Int64(1) << 46
        guard 0...limit ~= array.length, 0...limit ~= array.offset else {
            throw DeedError(.invalidArgument, "an Arrow batch's length or offset is out of range")
        }
        guard array.n_children == fields.count, fields.isEmpty || array.children != nil else {
            throw DeedError(.invalidArgument, "an Arrow batch has \(array.n_children) columns, not \(fields.count)")
        }
        guard array.length > 0 else { return 0 }
        let rows = Int(array.length)
        // Row numbers have 32 bits in a fill. A column of nulls takes no memory, so that any length can come.
        guard rows <= Int(UInt32.max) - rowCount else {
            throw DeedError(.limitExceeded, "the Arrow stream has more than \(UInt32.max) rows; load it in parts")
        }
        if array.null_count != 0, array.n_buffers > 0, let bits = array.buffers?[0] {
            for row in 0..<rows where !ArrowView.bit(bits, Int(array.offset) + row) {
                throw DeedError(.invalidArgument, "row \(rowCount + row) of the Arrow stream is null as a whole")
            }
        }
        var columns: [ArrowView] = []
        for (index, field) in fields.enumerated() {
            columns.append(
                try memory.view(
                    of: field, array.children[index], start: Int(array.offset), length: rows, firstRow: rowCount))
        }
        if !columns.isEmpty { views.append(columns) }
        return rows
    }
}

/// One property of the rows of an Arrow table.
final class ArrowColumn: BulkColumn {
    let key: NameId
    private let table: ArrowTable
    private let index: Int

    fileprivate init(_ table: ArrowTable, _ index: Int, _ key: NameId) {
        self.table = table
        self.index = index
        self.key = key
    }

    /// The type of all values that are not null.
    var valueType: ValueType { table.fields[index].valueType }

    /// See BulkColumn. When it fails, the chunk is empty. May be called from several threads at once.
    func fill(
        _ chunk: inout ColumnChunk, rows: UnsafePointer<UInt32>?, first: Int, count: Int, target: Int,
        _ pool: MemoryPool
    ) throws(DeedError) {
        let selection = ArrowSelection(
            views: table.views[index], batches: table.batchMap, rows: rows, first: first, count: count)
        try selection.check(rowCount: table.rowCount)
        let field = table.fields[index]
        guard count > 0, field.valueType != .null else { return }
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: (count + 63) / 64)
        words.initialize(repeating: 0, count: (count + 63) / 64)
        defer { words.deallocate() }
        let present = try selection.markPresent(field, words)
        if present == 0 { return }
        let presence = present ?? count < count ? UnsafePointer(words) : nil
        let filler = ArrowFiller(field: field, selection: selection, presence: presence, target: target, pool: pool)
        do throws(DeedError) {
            try filler.fill(&chunk)
        } catch {
            chunk.free(pool)
            throw error
        }
    }
}

/// The sole owner of a foreign stream.
private struct ArrowInput: ~Copyable {
    private let stream: UnsafeMutablePointer<ArrowArrayStream>

    init(taking source: UnsafeMutablePointer<ArrowArrayStream>) throws(DeedError) {
        guard source.pointee.release != nil else {
            throw DeedError(.invalidArgument, "the Arrow stream was released already")
        }
        stream = .allocate(capacity: 1)
        stream.initialize(to: source.pointee)
        source.pointee.release = nil
    }

    deinit {
        stream.pointee.release?(stream)
        stream.deallocate()
    }

    /// The schema, which the caller releases and deallocates.
    func schema() throws(DeedError) -> UnsafeMutablePointer<ArrowSchema> {
        let schema = UnsafeMutablePointer<ArrowSchema>.allocate(capacity: 1)
        schema.initialize(to: ArrowSchema())
        let code = stream.pointee.get_schema?(stream, schema) ?? EINVAL
        guard code == 0, schema.pointee.release != nil else {
            schema.deallocate()
            throw failure(code)
        }
        return schema
    }

    /// The next batch, which the caller releases and deallocates; nil at the end.
    func next() throws(DeedError) -> UnsafeMutablePointer<ArrowArray>? {
        let array = UnsafeMutablePointer<ArrowArray>.allocate(capacity: 1)
        array.initialize(to: ArrowArray())
        let code = stream.pointee.get_next?(stream, array) ?? EINVAL
        guard code == 0, array.pointee.release != nil else {
            array.deallocate()
            if code != 0 { throw failure(code) }
            return nil
        }
        return array
    }

    private func failure(_ code: Int32) -> DeedError {
        let text = stream.pointee.get_last_error?(stream).map { String(cString: $0) } ?? String(cString: strerror(code))
        let status: Status =
            switch code {
            case ENOMEM: .outOfMemory
            case EIO: .ioError
            case EINTR, ECANCELED: .interrupted
            default: .invalidArgument
            }
        return DeedError(status, "the Arrow stream failed: \(text)")
    }
}

// Arrow streams built by hand, byte for byte, so that tests can get any part of them wrong. Buffers are blocks of
// exactly the size given, and every release is counted.

import CDeed
import DeedEngine
import Glibc

@testable import DeedCAPI

/// One array and the schema that describes it.
struct TestColumn {
    var format: String
    var name = ""
    var length: Int
    var nullCount = 0
    var offset = 0
    var buffers: [[UInt8]?]
    var children: [TestColumn] = []
    /// At most one.
    var dictionary: [TestColumn] = []

    init(
        _ format: String, _ name: String = "", length: Int, nullCount: Int = 0, offset: Int = 0, _ buffers: [[UInt8]?],
        children: [TestColumn] = [], dictionary: [TestColumn] = []
    ) {
        self.format = format
        self.name = name
        self.length = length
        self.nullCount = nullCount
        self.offset = offset
        self.buffers = buffers
        self.children = children
        self.dictionary = dictionary
    }

    /// Values of a fixed width; nil is null.
    static func fixed<Value: BitwiseCopyable & ExpressibleByIntegerLiteral>(
        _ format: String, _ name: String, _ values: [Value?]
    ) -> TestColumn {
        TestColumn(
            format, name, length: values.count, nullCount: values.count { $0 == nil },
            [bitmap(values.map { $0 != nil }), bytes(of: values.map { $0 ?? 0 })])
    }

    static func fixed<Value: BitwiseCopyable & ExpressibleByIntegerLiteral>(
        _ format: String, _ values: [Value?]
    ) -> TestColumn {
        fixed(format, "", values)
    }

    static func text(_ values: [String?], format: String = "u") -> TestColumn { text("", values, format: format) }

    /// Strings or binaries with 32-bit offsets.
    static func text(_ name: String, _ values: [String?], format: String = "u") -> TestColumn {
        let parts = values.map { Array(($0 ?? "").utf8) }
        var offsets: [Int32] = [0]
        for part in parts { offsets.append(offsets[offsets.count - 1] + Int32(part.count)) }
        return TestColumn(
            format, name, length: values.count, nullCount: values.count { $0 == nil },
            [bitmap(values.map { $0 != nil }), bytes(of: offsets), parts.flatMap { $0 }])
    }

    /// A record batch.
    static func batch(_ columns: [TestColumn], rows: Int, offset: Int = 0) -> TestColumn {
        TestColumn("+s", length: rows, offset: offset, [nil], children: columns)
    }

    func named(_ name: String) -> TestColumn {
        var copy = self
        copy.name = name
        return copy
    }

    func changed(_ change: (inout TestColumn) -> Void) -> TestColumn {
        var copy = self
        change(&copy)
        return copy
    }
}

func bytes<Value: BitwiseCopyable>(of values: [Value]) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
}

func bitmap(_ bits: [Bool]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: (bits.count + 7) / 8)
    for (index, bit) in bits.enumerated() where bit { bytes[index / 8] |= 1 << UInt8(index % 8) }
    return bytes
}

/// What has been handed out and given back.
final class ReleaseCount {
    var schemas = 0
    var arrays = 0
    var streams = 0
    var isBalanced: Bool { schemas == 0 && arrays == 0 && streams == 0 }
}

/// A producer of an Arrow stream.
final class TestStream {
    let schema: TestColumn
    let batches: [TestColumn]
    let count = ReleaseCount()
    /// When set, the batch after the last one is this error.
    var failure: (code: Int32, message: String)?
    /// The columns of the last batch that hand themselves out as already released.
    var missingColumns: Set<Int> = []
    private var position = 0
    private var message: UnsafeMutablePointer<CChar>?

    init(_ batches: [TestColumn], schema: TestColumn? = nil) {
        self.batches = batches
        self.schema = schema ?? batches[0]
    }

    convenience init(columns: [TestColumn]) {
        self.init([.batch(columns, rows: columns[0].length)])
    }

    deinit { free(message) }

    /// A stream that the receiver must release.
    func open() -> ArrowArrayStream {
        count.streams += 1
        return ArrowArrayStream(
            get_schema: { stream, out in
                let producer = TestStream.of(stream)
                fillSchema(out!, producer.schema, producer.count)
                return 0
            },
            get_next: { stream, out in TestStream.of(stream).next(into: out!) },
            get_last_error: { stream in UnsafePointer(TestStream.of(stream).message) },
            release: { stream in
                TestStream.of(stream).count.streams -= 1
                Unmanaged<TestStream>.fromOpaque(stream!.pointee.private_data).release()
                stream!.pointee.release = nil
            },
            private_data: Unmanaged.passRetained(self).toOpaque())
    }

    private static func of(_ stream: UnsafeMutablePointer<ArrowArrayStream>?) -> TestStream {
        Unmanaged<TestStream>.fromOpaque(stream!.pointee.private_data).takeUnretainedValue()
    }

    private func next(into out: UnsafeMutablePointer<ArrowArray>) -> Int32 {
        if position < batches.count {
            fillArray(out, batches[position], count)
            position += 1
            if position == batches.count {
                for index in missingColumns { out.pointee.children[index]!.pointee.release = nil }
            }
            return 0
        }
        guard let failure else {
            out.pointee.release = nil
            return 0
        }
        message = strdup(failure.message)
        return failure.code
    }

    /// Reads the stream into a table.
    func table(onBatch: (Int) throws(DeedError) -> Void = { _ in }) throws(DeedError) -> ArrowTable {
        var stream = open()
        return try ArrowTable(stream: &stream, onBatch: onBatch)
    }
}

private func copy(_ text: String) -> UnsafeMutablePointer<CChar> { strdup(text) }

private func fillSchema(_ out: UnsafeMutablePointer<ArrowSchema>, _ column: TestColumn, _ count: ReleaseCount) {
    count.schemas += 1
    let children = UnsafeMutablePointer<UnsafeMutablePointer<ArrowSchema>?>.allocate(
        capacity: column.children.count + 1)
    for (index, child) in column.children.enumerated() {
        let schema = UnsafeMutablePointer<ArrowSchema>.allocate(capacity: 1)
        fillSchema(schema, child, count)
        children[index] = schema
    }
    var dictionary: UnsafeMutablePointer<ArrowSchema>?
    if let values = column.dictionary.first {
        let schema = UnsafeMutablePointer<ArrowSchema>.allocate(capacity: 1)
        fillSchema(schema, values, count)
        dictionary = schema
    }
    out.initialize(
        to: ArrowSchema(
            format: copy(column.format), name: copy(column.name), metadata: nil, flags: 2,
            n_children: Int64(column.children.count), children: children, dictionary: dictionary,
            release: { schema in
                let content = schema!.pointee
                for index in 0..<Int(content.n_children) {
                    content.children[index]!.pointee.release?(content.children[index])
                    content.children[index]!.deallocate()
                }
                content.children.deallocate()
                content.dictionary?.pointee.release?(content.dictionary)
                content.dictionary?.deallocate()
                free(UnsafeMutableRawPointer(mutating: content.format))
                free(UnsafeMutableRawPointer(mutating: content.name))
                let count = Unmanaged<ReleaseCount>.fromOpaque(content.private_data)
                count.takeUnretainedValue().schemas -= 1
                count.release()
                schema!.pointee.release = nil
            },
            private_data: Unmanaged.passRetained(count).toOpaque()))
}

private func fillArray(_ out: UnsafeMutablePointer<ArrowArray>, _ column: TestColumn, _ count: ReleaseCount) {
    count.arrays += 1
    let buffers = UnsafeMutablePointer<UnsafeRawPointer?>.allocate(capacity: column.buffers.count + 1)
    for (index, content) in column.buffers.enumerated() {
        buffers[index] = content.map { content in
            let block = UnsafeMutableRawPointer(malloc(max(content.count, 1))!)
            content.withUnsafeBytes { if content.count > 0 { memcpy(block, $0.baseAddress!, content.count) } }
            return UnsafeRawPointer(block)
        }
    }
    let children = UnsafeMutablePointer<UnsafeMutablePointer<ArrowArray>?>.allocate(capacity: column.children.count + 1)
    for (index, child) in column.children.enumerated() {
        let array = UnsafeMutablePointer<ArrowArray>.allocate(capacity: 1)
        fillArray(array, child, count)
        children[index] = array
    }
    var dictionary: UnsafeMutablePointer<ArrowArray>?
    if let values = column.dictionary.first {
        let array = UnsafeMutablePointer<ArrowArray>.allocate(capacity: 1)
        fillArray(array, values, count)
        dictionary = array
    }
    out.initialize(
        to: ArrowArray(
            length: Int64(column.length), null_count: Int64(column.nullCount), offset: Int64(column.offset),
            n_buffers: Int64(column.buffers.count), n_children: Int64(column.children.count), buffers: buffers,
            children: children, dictionary: dictionary,
            release: { array in
                releaseArray(array!)
            },
            private_data: Unmanaged.passRetained(count).toOpaque()))
}

private func releaseArray(_ array: UnsafeMutablePointer<ArrowArray>) {
    let content = array.pointee
    let count = Unmanaged<ReleaseCount>.fromOpaque(content.private_data)
    for index in 0..<Int(content.n_children) {
        let child = content.children[index]!
        // A child that a test marked as released is freed all the same.
        releaseArray(child)
        child.deallocate()
    }
    content.children.deallocate()
    if let dictionary = content.dictionary {
        releaseArray(dictionary)
        dictionary.deallocate()
    }
    for index in 0..<Int(content.n_buffers) { free(UnsafeMutableRawPointer(mutating: content.buffers[index])) }
    content.buffers.deallocate()
    count.takeUnretainedValue().arrays -= 1
    count.release()
    array.pointee.release = nil
}

// MARK: Reading chunks

let testPool = MemoryPool(limit: 1 << 30)

func text(of cell: Cell) throws(DeedError) -> String {
    var buffer = ByteBuffer()
    try appendText(of: cell, to: &buffer)
    return String(decoding: buffer.bytes, as: UTF8.self)
}

/// Fills a chunk with rows of a column, in the order given or as they are, and gives the types and texts of its rows.
func fill(
    _ table: ArrowTable, column index: Int = 0, rows: [UInt32]? = nil, first: Int = 0, count: Int? = nil,
    target: Int = 0
) throws(DeedError) -> [String] {
    let column = table.column(at: index, key: 1)
    var chunk = ColumnChunk()
    defer { chunk.free(testPool) }
    if let rows {
        let copy = UnsafeMutablePointer<UInt32>.allocate(capacity: max(rows.count, 1))
        defer { copy.deallocate() }
        for (position, row) in rows.enumerated() { copy[position] = row }
        try column.fill(&chunk, rows: copy, first: 0, count: rows.count, target: target, testPool)
    } else {
        try column.fill(
            &chunk, rows: nil, first: first, count: count ?? table.rowCount - first, target: target, testPool)
    }
    var texts: [String] = []
    for row in 0..<target + (rows?.count ?? count ?? table.rowCount - first) {
        let cell = chunk.cell(at: row)
        texts.append(cell.type == .null ? "null" : "\(cell.type) \(try text(of: cell))")
    }
    return texts
}

/// A generator whose sequence follows from its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

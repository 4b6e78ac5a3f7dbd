// Exported streams as a consumer sees them: schema, buffers, errors, and memory that outlives whoever made it.

import CDeed
import Glibc
import Testing

@testable import DeedCAPI
@testable import DeedEngine

@Suite struct ArrowExportTests {
    /// An image of entities with ids 10, 11, ... and the given properties, each a key and its cells.
    private func image(_ columns: [(NameId, [Cell])], endpoints: Bool = false, _ pool: MemoryPool = testPool) throws
        -> SegmentImage
    {
        let rows = columns.map(\.1.count).max() ?? 0
        let image = try SegmentImage(table: 3, capacity: rows, endpoints: endpoints, pool)
        for row in 0..<rows {
            image.ids[row] = UInt64(10 + row)
            image.sources?[row] = UInt64(20 + row)
            image.targets?[row] = UInt64(30 + row)
        }
        image.setRowCount(rows)
        for (key, cells) in columns {
            var chunk = ColumnChunk()
            for (row, cell) in cells.enumerated() { try chunk.set(row, cell, pool) }
            image.columns.append(SegmentImage.Column(key: key, chunk: chunk))
        }
        return image
    }

    private func export(_ columns: [ArrowOutputColumn], _ images: [SegmentImage]) -> ArrowArrayStream {
        var stream = ArrowArrayStream()
        var rest = images
        exportStream(schema: columns, next: { rest.isEmpty ? nil : rest.removeFirst() }, into: &stream)
        return stream
    }

    private func property(_ name: String, _ key: NameId, _ type: ValueType?) -> ArrowOutputColumn {
        ArrowOutputColumn(name: name, source: .property(key: key, type: type))
    }

    private func int(_ value: Int64) -> Cell { Cell(type: .int64, bits: UInt64(bitPattern: value)) }

    /// A cell whose bytes live as long as the test process.
    private func cell(_ type: ValueType, _ content: [UInt8]) -> Cell {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 8)
        block.copyBytes(from: content)
        return Cell(type: type, bytes: UnsafeRawBufferPointer(block))
    }

    private func string(_ text: String) -> Cell { cell(.string, Array(text.utf8)) }

    /// Exports one property and reads it back through the import.
    private func roundTrip(_ type: ValueType?, _ cells: [Cell]) throws -> [String] {
        var stream = export([property("p", 5, type)], [try image([(5, cells)])])
        return try fill(try ArrowTable(stream: &stream) { _ in })
    }

    @Test func theSchemaSaysWhatWillCome() throws {
        let types: [(ValueType?, String)] = [
            (.bool, "b"), (.int64, "l"), (.float64, "g"), (.string, "U"), (.bytes, "Z"), (.date, "tdD"),
            (.localTime, "ttn"), (.zonedTime, "U"), (.localDatetime, "tsu:"), (.zonedDatetime, "tsu:UTC"),
            (.duration, "U"), (.list, "U"), (.map, "U"), (.vector, "+L"), (nil, "U"),
        ]
        let columns =
            [
                ArrowOutputColumn(name: "_id", source: .id), ArrowOutputColumn(name: "_src", source: .source),
                ArrowOutputColumn(name: "_dst", source: .target),
            ] + types.enumerated().map { property("p\($0)", NameId($0), $1.0) }
        var stream = export(columns, [])
        var schema = ArrowSchema()
        #expect(stream.get_schema(&stream, &schema) == 0)
        #expect(String(cString: schema.format) == "+s")
        #expect(schema.n_children == Int64(columns.count))
        for (index, format) in (["L", "L", "L"] + types.map(\.1)).enumerated() {
            let child = schema.children[index]!.pointee
            #expect(String(cString: child.format) == format)
            #expect(String(cString: child.name) == columns[index].name)
            #expect(child.flags == (index < 3 ? 0 : Int64(ARROW_FLAG_NULLABLE)))
        }
        schema.release(&schema)
        #expect(schema.release == nil)
        stream.release(&stream)
        #expect(stream.release == nil)
    }

    @Test func numbersAndIdsAreNotCopied() throws {
        let image = try image([(5, [int(1), int(-2), .null])], endpoints: true)
        var stream = export(
            [
                ArrowOutputColumn(name: "_id", source: .id), ArrowOutputColumn(name: "_src", source: .source),
                ArrowOutputColumn(name: "_dst", source: .target), property("a", 5, .int64),
            ], [image])
        var batch = ArrowArray()
        #expect(stream.get_next(&stream, &batch) == 0)
        #expect(batch.length == 3)
        #expect(batch.children[0]!.pointee.buffers[1] == UnsafeRawPointer(image.ids))
        #expect(batch.children[1]!.pointee.buffers[1] == UnsafeRawPointer(image.sources))
        #expect(batch.children[2]!.pointee.buffers[1] == UnsafeRawPointer(image.targets))
        #expect(batch.children[3]!.pointee.buffers[1] == UnsafeRawPointer(image.columns[0].chunk.data))
        #expect(batch.children[3]!.pointee.null_count == 1)
        batch.release(&batch)
        #expect(stream.get_next(&stream, &batch) == 0)
        #expect(batch.release == nil, "the end")
        stream.release(&stream)
    }

    @Test func everyTypeComesBack() throws {
        #expect(
            try roundTrip(.bool, [Cell(type: .bool, bits: 1), .null, Cell(type: .bool, bits: 0)]) == [
                "bool true", "null", "bool false",
            ])
        #expect(try roundTrip(.float64, [Cell(type: .float64, bits: (0.1).bitPattern)]) == ["float64 0.1"])
        #expect(
            try roundTrip(.string, [string("a"), .null, string(""), string("rather a long one")]) == [
                "string a", "null", "string ", "string rather a long one",
            ])
        #expect(try roundTrip(.bytes, [cell(.bytes, [1, 2, 255])]) == ["bytes AQL/"])
        #expect(try roundTrip(.date, [Cell(type: .date, bits: UInt64(bitPattern: -1))]) == ["date 1969-12-31"])
        #expect(try roundTrip(.localTime, [Cell(type: .localTime, bits: 1_000)]) == ["localTime 00:00:00.000001"])
        let local = bytes(of: [-1 as Int64]) + bytes(of: [999_999_999 as UInt32])
        #expect(
            try roundTrip(.localDatetime, [cell(.localDatetime, local), .null]) == [
                "localDatetime 1969-12-31T23:59:59.999999", "null",
            ])
        let zoned = local + bytes(of: [3600 as Int32]) + Array("Europe/Paris".utf8)
        #expect(
            try roundTrip(.zonedDatetime, [cell(.zonedDatetime, zoned)]) == [
                "zonedDatetime 1969-12-31T23:59:59.999999Z"
            ])
        let vectors = [
            cell(.vector, bytes(of: [1, 2.5] as [Float])), .null, cell(.vector, []),
            cell(.vector, bytes(of: [1, 2, 3, 4] as [Float])),
        ]
        #expect(try roundTrip(.vector, vectors) == ["list [1.0,2.5]", "null", "list []", "list [1.0,2.0,3.0,4.0]"])
    }

    @Test func whatArrowLacksBecomesText() throws {
        let duration = bytes(of: [1, 2, 3] as [Int64]) + bytes(of: [500_000_000 as Int32])
        #expect(try roundTrip(.duration, [cell(.duration, duration)]) == ["string P1M2DT3.5S"])
        let time = bytes(of: [0 as Int64]) + bytes(of: [-3600 as Int32])
        #expect(try roundTrip(.zonedTime, [cell(.zonedTime, time)]) == ["string 00:00-01:00"])
        var encoder = NestedEncoder()
        try encoder.beginList()
        try encoder.append(int(1))
        try encoder.append(string("two"))
        try encoder.end()
        #expect(
            try roundTrip(.list, [cell(.list, Array(encoder.cell.bytes)), .null]) == [#"string [1,"two"]"#, "null"])
        #expect(
            try roundTrip(nil, [int(1), string("two"), .null, Cell(type: .bool, bits: 1)]) == [
                "string 1", "string two", "null", "string true",
            ])
    }

    @Test func nullsAndMissingColumns() throws {
        #expect(try roundTrip(.int64, [.null, int(1), .null, int(2)]) == ["null", "int64 1", "null", "int64 2"])
        var many = (0..<130).map { $0 % 3 == 0 ? Cell.null : int(Int64($0)) }
        #expect(try roundTrip(.int64, many) == (0..<130).map { $0 % 3 == 0 ? "null" : "int64 \($0)" })
        many = (0..<130).map { $0 < 70 ? int(Int64($0)) : .null }
        #expect(try roundTrip(.int64, many) == (0..<130).map { $0 < 70 ? "int64 \($0)" : "null" })
        for type in [ValueType.bool, .int64, .string, .vector, .date, .localDatetime] {
            var stream = export([property("gone", 9, type)], [try image([(5, [int(1), int(2)])])])
            #expect(try fill(try ArrowTable(stream: &stream) { _ in }) == ["null", "null"])
        }
    }

    @Test func aMixedChunkWithOneTypeLeftIsRead() throws {
        var chunk = ColumnChunk()
        for (row, cell) in [string("x"), int(2), int(3)].enumerated() { try chunk.set(row, cell, testPool) }
        try chunk.set(0, int(1), testPool)
        let image = try image([(5, [.null, .null, .null])])
        image.columns[0].chunk = chunk
        var stream = export([property("p", 5, .int64)], [image])
        #expect(try fill(try ArrowTable(stream: &stream) { _ in }) == ["int64 1", "int64 2", "int64 3"])
    }

    @Test func arraysOutliveTheStreamAndEachOther() throws {
        // A pool of its own: when the last array goes, so does the image, and with it all that the pool gave.
        let pool = MemoryPool(limit: 1 << 20)
        var images = [try image([(5, [int(41), int(42)]), (6, [string("kept alive by its array"), .null])], pool)]
        var stream = ArrowArrayStream()
        exportStream(
            schema: [property("a", 5, .int64), property("b", 6, .string)],
            next: { [images] in images.isEmpty ? nil : images[0] }, into: &stream)
        images = []
        var batch = ArrowArray()
        #expect(stream.get_next(&stream, &batch) == 0)
        stream.release(&stream)
        // Move a child out, as the specification allows, and release the parent first.
        var child = batch.children[0]!.pointee
        batch.children[0]!.pointee.release = nil
        batch.release(&batch)
        #expect(batch.release == nil)
        #expect(pool.bytes(of: .columns) > 0)
        #expect(child.buffers[1]!.load(fromByteOffset: 8, as: Int64.self) == 42)
        child.release(&child)
        #expect(child.release == nil)
        #expect(pool.bytesTotal == 0)
    }

    @Test func valuesOutOfRangeNameTheirRow() throws {
        let far = Cell(type: .date, bits: UInt64(Int64(Int32.max) + 1))
        let late = cell(.localDatetime, bytes(of: [Int64.max / 1_000_000 + 1]) + bytes(of: [0 as UInt32]))
        for (type, bad, what) in [(ValueType.date, far, "date"), (.localDatetime, late, "timestamp")] {
            var stream = export([property("p", 5, type)], [try image([(5, [.null, bad])])])
            var batch = ArrowArray()
            #expect(stream.get_next(&stream, &batch) == EINVAL)
            #expect(batch.release == nil)
            let message = String(cString: try #require(stream.get_last_error(&stream)))
            #expect(message == "column 'p', row with id 11: the value is out of the range of an Arrow \(what)")
            #expect(stream.get_next(&stream, &batch) == EINVAL, "an error stays")
            stream.release(&stream)
        }
    }

    @Test func aValueOfAnotherTypeThanAnnouncedIsAnError() throws {
        for (type, bad) in [(ValueType.int64, string("x")), (.string, int(1)), (.bool, int(1)), (.vector, string("x"))]
        {
            var stream = export([property("p", 5, type)], [try image([(5, [bad])])])
            var batch = ArrowArray()
            #expect(stream.get_next(&stream, &batch) == EINVAL)
            #expect(String(cString: try #require(stream.get_last_error(&stream))).contains("another type"))
            stream.release(&stream)
        }
    }

    @Test func errorsOfTheSourceReachTheConsumer() throws {
        var stream = ArrowArrayStream()
        exportStream(
            schema: [ArrowOutputColumn(name: "_id", source: .id)],
            next: { () throws(DeedError) in throw DeedError(.closed, "the database was closed") }, into: &stream)
        var batch = ArrowArray()
        #expect(stream.get_last_error(&stream) == nil)
        #expect(stream.get_next(&stream, &batch) == EIO)
        #expect(String(cString: try #require(stream.get_last_error(&stream))) == "the database was closed")
        stream.release(&stream)
    }

    @Test func emptyImagesAreSkipped() throws {
        var stream = export([property("p", 5, .int64)], [try image([]), try image([(5, [int(1)])]), try image([])])
        #expect(try fill(try ArrowTable(stream: &stream) { _ in }) == ["int64 1"])
    }
}

// Who releases what, and what becomes of streams that are broken: each part of the Arrow structs got wrong, one at a
// time.

import CDeed
import DeedEngine
import Glibc
import Testing

@testable import DeedCAPI

@Suite struct ArrowStreamTests {
    @Test func theStreamIsReleasedAtOnceAndTheBatchesWithTheTable() throws {
        let numbers = TestColumn.fixed("l", "a", [1 as Int64, 2])
        let stream = TestStream([.batch([numbers], rows: 2), .batch([numbers], rows: 2)])
        var table: ArrowTable? = try stream.table()
        #expect(stream.count.streams == 0)
        #expect(stream.count.schemas == 0)
        #expect(stream.count.arrays == 4)
        #expect(table?.rowCount == 4)
        #expect(table?.columnNames == ["a"])
        var column = table?.column(at: 0, key: 7)
        #expect(column?.key == 7)
        table = nil
        #expect(stream.count.arrays == 4, "the column keeps the table")
        column = nil
        #expect(stream.count.isBalanced)
    }

    @Test func theCallersStructIsMarkedAsReleased() throws {
        let stream = TestStream(columns: [.fixed("l", "a", [1 as Int64])])
        var handle = stream.open()
        _ = try ArrowTable(stream: &handle) { _ in }
        #expect(handle.release == nil)
        let error = #expect(throws: DeedError.self) { try ArrowTable(stream: &handle) { _ in } }
        #expect(error?.status == .invalidArgument)
    }

    @Test func progressIsReportedAndCanStop() throws {
        let numbers = TestColumn.fixed("l", "a", [1 as Int64, 2])
        let stream = TestStream((0..<3).map { _ in .batch([numbers], rows: 2) })
        var seen: [Int] = []
        let error = #expect(throws: DeedError.self) {
            try stream.table { rows throws(DeedError) in
                seen.append(rows)
                if rows == 4 { throw DeedError(.interrupted, "enough") }
            }
        }
        #expect(seen == [2, 4])
        #expect(error?.status == .interrupted)
        #expect(stream.count.isBalanced)
    }

    @Test(arguments: [(EINVAL, Status.invalidArgument), (ENOMEM, .outOfMemory), (EIO, .ioError), (EINTR, .interrupted)])
    func theProducersErrorIsPassedOn(code: Int32, status: Status) throws {
        let stream = TestStream(columns: [.fixed("l", "a", [1 as Int64])])
        stream.failure = (code, "the disk of another")
        let error = #expect(throws: DeedError.self) { try stream.table() }
        #expect(error?.status == status)
        #expect(error?.message == "the Arrow stream failed: the disk of another")
        #expect(stream.count.isBalanced)
    }

    @Test func aStreamMayHaveNoBatchesOrNoColumns() throws {
        let empty = TestStream([], schema: .batch([.fixed("l", "a", [0 as Int64])], rows: 1))
        let table = try empty.table()
        #expect(table.rowCount == 0)
        #expect(table.columnNames == ["a"])
        #expect(try fill(table) == [])
        #expect(try TestStream([.batch([], rows: 5)]).table().rowCount == 5)
    }

    @Test func rowsHaveALimit() throws {
        let nulls = TestColumn("n", "a", length: 1 << 31, [])
        let stream = TestStream([.batch([nulls], rows: 1 << 31), .batch([nulls], rows: 1 << 31)])
        let error = #expect(throws: DeedError.self) { try stream.table() }
        #expect(error?.status == .limitExceeded)
        #expect(stream.count.isBalanced)
    }

    @Test func columnsMustBeDistinctByName() throws {
        let columns = [TestColumn.fixed("l", "a", [1 as Int64]), .fixed("g", "a", [1 as Double])]
        let error = #expect(throws: DeedError.self) { try TestStream(columns: columns).table() }
        #expect(error?.message == "the Arrow stream has two columns named 'a'")
    }

    @Test func onlyRecordBatchesAreTaken() throws {
        let stream = TestStream([.fixed("l", [1 as Int64])])
        #expect(throws: DeedError.self) { try stream.table() }
        #expect(stream.count.isBalanced)
    }

    @Test func aRowThatIsNullAsAWholeIsRefused() throws {
        var batch = TestColumn.batch([.fixed("l", "a", [1 as Int64, 2])], rows: 2)
        batch.buffers = [bitmap([true, false])]
        batch.nullCount = 1
        let error = #expect(throws: DeedError.self) { try TestStream([batch]).table() }
        #expect(error?.message == "row 1 of the Arrow stream is null as a whole")
    }

    @Test func aColumnThatWasReleasedIsRefused() throws {
        let stream = TestStream(columns: [.fixed("l", "a", [1 as Int64]), .fixed("l", "b", [1 as Int64])])
        stream.missingColumns = [1]
        let error = #expect(throws: DeedError.self) { try stream.table() }
        #expect(error?.message == "column 'b': an array is missing")
        #expect(stream.count.isBalanced)
    }

    /// A broken column, and part of what must be said about it.
    struct Broken: CustomTestStringConvertible, Sendable {
        let what: String
        let column: TestColumn
        let message: String
        var testDescription: String { what }
    }

    @Test(arguments: brokenColumns) func brokenColumnsAreRefused(broken: Broken) throws {
        let stream = TestStream([.batch([broken.column.named("bad")], rows: 2)])
        let error = #expect(throws: DeedError.self) { try stream.table() }
        #expect(error?.status == .invalidArgument || error?.status == .typeMismatch)
        let message = error?.message ?? ""
        #expect(message.hasPrefix("column 'bad"), "\(message)")
        #expect(message.contains(broken.message), "\(message)")
        #expect(stream.count.isBalanced)
    }

    private static let numbers = TestColumn.fixed("l", [1 as Int64, 2])
    private static let words = TestColumn.text(["ab", "cd"])
    private static let list = TestColumn(
        "+l", length: 2, [nil, bytes(of: [0, 1, 2] as [Int32])], children: [numbers.named("item")])

    private static let brokenColumns: [Broken] = brokenCounts + brokenText + brokenNested + brokenFormats

    private static let brokenCounts = [
        Broken(what: "too short", column: numbers.changed { $0.length = 1 }, message: "has 1 values where 2"),
        Broken(what: "negative length", column: numbers.changed { $0.length = -1 }, message: "out of range"),
        Broken(what: "negative offset", column: numbers.changed { $0.offset = -1 }, message: "out of range"),
        Broken(what: "huge offset", column: numbers.changed { $0.offset = .max }, message: "out of range"),
        Broken(what: "null count", column: numbers.changed { $0.nullCount = -2 }, message: "out of range"),
        Broken(what: "too few buffers", column: numbers.changed { $0.buffers = [nil] }, message: "has 1 buffers"),
        Broken(what: "too many buffers", column: numbers.changed { $0.buffers.append(nil) }, message: "has 3 buffers"),
        Broken(
            what: "no values", column: numbers.changed { $0.buffers[1] = nil }, message: "lacks its buffer of values"),
        Broken(
            what: "nulls without a bitmap",
            column: numbers.changed {
                $0.buffers[0] = nil
                $0.nullCount = 1
            }, message: "nulls but no validity"),
    ]

    private static let brokenText = [
        Broken(
            what: "no offsets", column: words.changed { $0.buffers[1] = nil }, message: "lacks its buffer of values"),
        Broken(what: "no bytes", column: words.changed { $0.buffers[2] = nil }, message: "lacks its buffer of bytes"),
        Broken(
            what: "offsets that decrease", column: words.changed { $0.buffers[1] = bytes(of: [0, 3, 2] as [Int32]) },
            message: "not in order"),
        Broken(
            what: "a negative offset", column: words.changed { $0.buffers[1] = bytes(of: [-1, 0, 2] as [Int32]) },
            message: "not in order"),
        Broken(
            what: "an offset that overflows",
            column: words.changed { $0.buffers[1] = bytes(of: [1, .min, 2] as [Int32]) }, message: "not in order"),
        Broken(
            what: "not UTF-8", column: words.changed { $0.buffers[2] = [0x61, 0xff, 0x62, 0x63] },
            message: "row 0: text is not"),
        Broken(
            what: "a character cut in two",
            column: TestColumn("u", length: 2, [nil, bytes(of: [0, 1, 2] as [Int32]), Array("é".utf8)]),
            message: "row 0: text is not UTF-8"),
        Broken(
            what: "a view beyond its block",
            column: TestColumn(
                "vu", length: 2, [nil, bytes(of: [20, 0, 0, 1, 0, 0, 0, 0] as [Int32]), [1], bytes(of: [20 as Int64])]),
            message: "points outside"),
        Broken(
            what: "a view of no block",
            column: TestColumn(
                "vu", length: 2, [nil, bytes(of: [20, 0, 1, 0, 0, 0, 0, 0] as [Int32]), [1], bytes(of: [20 as Int64])]),
            message: "points outside"),
        Broken(
            what: "a view of negative size",
            column: TestColumn("vz", length: 2, [nil, bytes(of: [-1, 0, 0, 0, 0, 0, 0, 0] as [Int32]), []]),
            message: "points outside"),
    ]

    private static let brokenNested = [
        Broken(
            what: "items missing", column: list.changed { $0.buffers[1] = bytes(of: [0, 1, 3] as [Int32]) },
            message: "point outside"),
        Broken(what: "child missing", column: list.changed { $0.children = [] }, message: "has 0 children"),
        Broken(
            what: "too many children", column: list.changed { $0.children.append(numbers) }, message: "has 2 children"),
        Broken(
            what: "list view outside",
            column: TestColumn(
                "+vl", length: 2, [nil, bytes(of: [0, 1] as [Int32]), bytes(of: [2, 2] as [Int32])], children: [numbers]
            ),
            message: "point outside"),
        Broken(
            what: "fixed list too short", column: TestColumn("+w:2", length: 2, [nil], children: [numbers]),
            message: "items of its lists are missing"),
        Broken(
            what: "struct child too short",
            column: TestColumn("+s", length: 2, offset: 1, [nil], children: [numbers.named("x")]),
            message: "'bad.x': values of a struct"),
        Broken(
            what: "struct with a name twice",
            column: TestColumn("+s", length: 2, [nil], children: [numbers.named("x"), numbers.named("x")]),
            message: "two fields named 'x'"),
        Broken(
            what: "inner text not UTF-8",
            column: TestColumn(
                "+s", length: 2, [nil], children: [words.named("x").changed { $0.buffers[2] = [0, 0, 0, 0x80] }]),
            message: "'bad.x': text is not UTF-8"),
        Broken(
            what: "index outside", column: TestColumn.fixed("c", [0 as Int8, 2]).changed { $0.dictionary = [words] },
            message: "row 1: an index lies outside"),
        Broken(
            what: "negative index", column: TestColumn.fixed("c", [-1 as Int8, 0]).changed { $0.dictionary = [words] },
            message: "row 0: an index lies outside"),
        Broken(
            what: "index of 64 bits",
            column: TestColumn.fixed("L", [0, UInt64.max]).changed { $0.dictionary = [words] },
            message: "row 1: an index lies outside"),
        Broken(
            what: "null key",
            column: TestColumn(
                "+m", length: 2, [nil, bytes(of: [0, 1, 2] as [Int32])],
                children: [.batch([.text("key", ["a", nil]), numbers.named("value")], rows: 2)]),
            message: "a key of a map is null"),
        Broken(
            what: "keys that are numbers",
            column: TestColumn(
                "+m", length: 2, [nil, bytes(of: [0, 1, 2] as [Int32])],
                children: [.batch([numbers.named("key"), numbers.named("value")], rows: 2)]),
            message: "keys of a map must be text"),
        Broken(
            what: "runs too short",
            column: TestColumn("+r", length: 2, [], children: [.fixed("i", [1 as Int32]), words]),
            message: "too short"),
        Broken(
            what: "runs not in order",
            column: TestColumn("+r", length: 2, [], children: [.fixed("i", [2 as Int32, 1]), words]),
            message: "not in order"),
        Broken(
            what: "more runs than values",
            column: TestColumn("+r", length: 2, [], children: [.fixed("i", [1 as Int32, 2, 3]), words]),
            message: "not in order"),
    ]

    private static let brokenFormats = [
        "", "x", "tsq:", "ts", "w:", "w:-1", "w:99999999999", "+w:x", "d:5", "d:5,0,7", "+ud:0", "+x",
    ]
    .map { format in
        Broken(what: "format '\(format)'", column: numbers.changed { $0.format = format }, message: "")
    }
}

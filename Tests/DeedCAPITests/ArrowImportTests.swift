// What a bulk load makes of Arrow columns: every type, every way to choose rows, and who releases what.

import CDeed
import DeedEngine
import Testing

@testable import DeedCAPI

@Suite struct ArrowImportTests {
    /// A table of one column, and its values as text.
    private func values(_ column: TestColumn) throws -> [String] {
        let stream = TestStream(columns: [column.named("c")])
        let texts = try fill(try stream.table())
        #expect(stream.count.isBalanced)
        return texts
    }

    @Test func integersOfEveryWidthBecomeInt64() throws {
        #expect(try values(.fixed("c", [Int8.min, nil, 7])) == ["int64 -128", "null", "int64 7"])
        #expect(try values(.fixed("C", [UInt8.max, nil])) == ["int64 255", "null"])
        #expect(try values(.fixed("s", [Int16.min, 3])) == ["int64 -32768", "int64 3"])
        #expect(try values(.fixed("S", [UInt16.max])) == ["int64 65535"])
        #expect(try values(.fixed("i", [Int32.min])) == ["int64 -2147483648"])
        #expect(try values(.fixed("I", [UInt32.max])) == ["int64 4294967295"])
        #expect(try values(.fixed("l", [Int64.min, Int64.max])) == ["int64 \(Int64.min)", "int64 \(Int64.max)"])
        #expect(try values(.fixed("L", [UInt64(Int64.max), nil])) == ["int64 \(Int64.max)", "null"])
    }

    @Test func anIntegerBeyond63BitsNamesItsRowUnlessItIsNull() throws {
        let table = try TestStream(columns: [.fixed("L", "big", [1, nil, UInt64.max])]).table()
        let error = #expect(throws: DeedError.self) { try fill(table) }
        #expect(error?.status == .typeMismatch)
        #expect(error?.message == "column 'big', row 2: 18446744073709551615 does not fit into a 64-bit signed integer")
        var hidden = TestColumn.fixed("L", [1, UInt64.max])
        hidden.buffers[0] = bitmap([true, false])
        hidden.nullCount = 1
        #expect(try values(hidden) == ["int64 1", "null"])
    }

    @Test func floatsOfEveryWidthBecomeFloat64() throws {
        let half = TestColumn("e", length: 3, [nil, bytes(of: [0x3e00, 0x7c00, 0xfc00] as [UInt16])])
        #expect(try values(half) == ["float64 1.5", "float64 Infinity", "float64 -Infinity"])
        #expect(try values(.fixed("f", [0.25 as Float, nil])) == ["float64 0.25", "null"])
        #expect(try values(.fixed("g", [Double.nan, 0.1])) == ["float64 NaN", "float64 0.1"])
    }

    @Test func booleansComeFromBitsAtAnyOffset() throws {
        let column = TestColumn(
            "b", length: 9, offset: 3, [nil, bitmap([false, false, false] + (0..<9).map { $0 % 3 == 0 })])
        #expect(try values(column) == (0..<9).map { $0 % 3 == 0 ? "bool true" : "bool false" })
    }

    @Test func textComesInEveryLayout() throws {
        let words = ["", "twelve bytes", "thirteen byte", nil, "Žluťoučký kůň", "a\0b"]
        let expected = words.map { $0.map { "string \($0)" } ?? "null" }
        #expect(try values(.text(words)) == expected)
        var large = TestColumn.text(words, format: "U")
        large.buffers[1] = bytes(of: offsets(of: large).map { Int64($0) })
        #expect(try values(large) == expected)
        #expect(try values(views(of: words, format: "vu")) == expected)
        let binary = TestColumn.text(["\u{1}\u{2}", nil, "Deed"], format: "z")
        #expect(try values(binary) == ["bytes AQI=", "null", "bytes RGVlZA=="])
        let pairs = TestColumn("w:2", length: 2, [nil, [1, 2, 0x44, 0x65]])
        #expect(try values(pairs) == ["bytes AQI=", "bytes RGU="])
    }

    private func offsets(of column: TestColumn) -> [Int32] {
        column.buffers[1]!.withUnsafeBytes { raw in
            (0...column.length).map { raw.load(fromByteOffset: $0 * 4, as: Int32.self) }
        }
    }

    /// Short values in the views, long ones in two blocks in turn.
    private func views(of words: [String?], format: String) -> TestColumn {
        var entries: [UInt8] = []
        var blocks: [[UInt8]] = [[], []]
        for (index, word) in words.enumerated() {
            let text = Array((word ?? "").utf8)
            entries += bytes(of: [Int32(text.count)])
            if text.count <= 12 {
                entries += text + [UInt8](repeating: 0, count: 12 - text.count)
            } else {
                entries += text[0..<4] + bytes(of: [Int32(index % 2), Int32(blocks[index % 2].count)])
                blocks[index % 2] += text
            }
        }
        let sizes = bytes(of: blocks.map { Int64($0.count) })
        return TestColumn(
            format, length: words.count, nullCount: -1,
            [bitmap(words.map { $0 != nil }), entries, blocks[0], blocks[1], sizes])
    }

    @Test func datesAndTimes() throws {
        #expect(try values(.fixed("tdD", [-1 as Int32, 0, nil])) == ["date 1969-12-31", "date 1970-01-01", "null"])
        #expect(try values(.fixed("tdm", [-1 as Int64, 86_400_000])) == ["date 1969-12-31", "date 1970-01-02"])
        #expect(try values(.fixed("tts", [3661 as Int32])) == ["localTime 01:01:01"])
        #expect(try values(.fixed("ttm", [1 as Int32])) == ["localTime 00:00:00.001"])
        #expect(try values(.fixed("ttu", [1 as Int64])) == ["localTime 00:00:00.000001"])
        #expect(try values(.fixed("ttn", [86_399_999_999_999 as Int64])) == ["localTime 23:59:59.999999999"])
        #expect(throws: DeedError.self) { try values(.fixed("tts", [86_400 as Int32])) }
        #expect(throws: DeedError.self) { try values(.fixed("ttn", [-1 as Int64])) }
    }

    @Test(arguments: [
        ("tss:", "localDatetime 1969-12-31T23:59:59"), ("tsm:", "localDatetime 1969-12-31T23:59:59.999"),
        ("tsu:", "localDatetime 1969-12-31T23:59:59.999999"), ("tsn:", "localDatetime 1969-12-31T23:59:59.999999999"),
        ("tss:UTC", "zonedDatetime 1969-12-31T23:59:59Z"),
        ("tsm:+05:30", "zonedDatetime 1970-01-01T05:29:59.999+05:30"),
        ("tsu:-0800", "zonedDatetime 1969-12-31T15:59:59.999999-08:00"),
        ("tsn:Europe/Berlin", "zonedDatetime 1969-12-31T23:59:59.999999999Z[Europe/Berlin]"),
        ("tss:+99:00", "zonedDatetime 1969-12-31T23:59:59Z[+99:00]"),
    ])
    func timestampsRoundDownAndKeepTheirZone(format: String, expected: String) throws {
        #expect(try values(.fixed(format, [-1 as Int64, nil])) == [expected, "null"])
    }

    @Test func aTimestampBeyondTheCalendarIsAnError() throws {
        for format in ["tss:", "tss:UTC"] {
            let error = #expect(throws: DeedError.self) { try values(.fixed(format, [0, Int64.max])) }
            #expect(error?.status == .typeMismatch)
            #expect(error?.message.hasPrefix("column 'c', row 1: ") == true)
        }
    }

    @Test func durationsAndIntervals() throws {
        #expect(try values(.fixed("tDs", [-3661 as Int64])) == ["duration PT-1H-1M-1S"])
        #expect(try values(.fixed("tDm", [-500 as Int64, 500])) == ["duration PT-0.5S", "duration PT0.5S"])
        #expect(try values(.fixed("tDu", [Int64.min])) == ["duration PT-2562047788H-54.775808S"])
        #expect(try values(.fixed("tDn", [1 as Int64, nil])) == ["duration PT0.000000001S", "null"])
        #expect(try values(.fixed("tiM", [14 as Int32])) == ["duration P1Y2M"])
        #expect(
            try values(TestColumn("tiD", length: 1, [nil, bytes(of: [3, -1500] as [Int32])])) == ["duration P3DT-1.5S"])
        let interval = bytes(of: [-1, 2] as [Int32]) + bytes(of: [1_000_000_001 as Int64])
        #expect(try values(TestColumn("tin", length: 1, [nil, interval])) == ["duration P-1M2DT1.000000001S"])
    }

    @Test func decimalsWithoutDigitsAfterThePointBecomeIntegers() throws {
        let fits = TestColumn("d:38,0", length: 2, [nil, bytes(of: [-5, -1, Int64.max, 0] as [Int64])])
        #expect(try values(fits) == ["int64 -5", "int64 \(Int64.max)"])
        let tooLarge = TestColumn("d:38,0", length: 1, [nil, bytes(of: [0, 1] as [Int64])])
        #expect(throws: DeedError.self) { try values(tooLarge) }
        #expect(try values(TestColumn("d:9,0,32", length: 1, [nil, bytes(of: [-9 as Int32])])) == ["int64 -9"])
    }

    @Test func decimalsWithDigitsAfterThePointStayDecimals() throws {
        let column = TestColumn("d:10,2", length: 2, [nil, bytes(of: [1234, 0, -5, -1] as [Int64])])
        #expect(try values(column) == ["decimal 12.34", "decimal -0.05"])
    }

    @Test func dictionariesBecomeTheirValues() throws {
        let text = TestColumn.fixed("c", [2 as Int8, nil, 0, 1]).changed {
            $0.dictionary = [.text(["a", nil, "longer than twelve"])]
        }
        #expect(try values(text) == ["string longer than twelve", "null", "string a", "null"])
        let numbers = TestColumn.fixed("I", [1 as UInt32, 0]).changed {
            $0.dictionary = [.fixed("l", [10 as Int64, 20])]
        }
        #expect(try values(numbers) == ["int64 20", "int64 10"])
        let unused = TestColumn.fixed("c", [nil, 0 as Int8]).changed {
            $0.dictionary = [.text(["a"])]
            $0.buffers[1] = [99, 0]
        }
        #expect(try values(unused) == ["null", "string a"])
    }

    @Test func runEndsAreResolvedAtAnyOffset() throws {
        let runs = TestColumn(
            "+r", length: 5, offset: 2, [],
            children: [.fixed("i", [3 as Int32, 5, 9]), .text(["a", nil, "c"])])
        #expect(try values(runs) == ["string a", "null", "null", "string c", "string c"])
    }

    @Test func nullColumnsHoldNothing() throws {
        #expect(try values(TestColumn("n", length: 3, [])) == ["null", "null", "null"])
        #expect(try values(.fixed("l", [nil as Int64?, nil])) == ["null", "null"])
    }

    @Test func listsOfEveryLayout() throws {
        let items = TestColumn.fixed("s", "item", [1 as Int16, nil, 3, 4])
        let expected = ["list [1,null]", "null", "list []", "list [3,4]"]
        let validity = bitmap([true, false, true, true])
        let list = TestColumn(
            "+l", length: 4, nullCount: 1, [validity, bytes(of: [0, 2, 2, 2, 4] as [Int32])], children: [items])
        #expect(try values(list) == expected)
        let large = TestColumn(
            "+L", length: 4, nullCount: 1, [validity, bytes(of: [0, 2, 2, 2, 4] as [Int64])], children: [items])
        #expect(try values(large) == expected)
        let views = TestColumn(
            "+vl", length: 4, nullCount: 1,
            [validity, bytes(of: [0, 9, 4, 2] as [Int32]), bytes(of: [2, 9, 0, 2] as [Int32])], children: [items])
        #expect(try values(views) == expected)
        let pairs = TestColumn("+w:2", length: 1, offset: 1, [nil], children: [items])
        #expect(try values(pairs) == ["list [3,4]"])
    }

    @Test func fixedSizeListsOfFloat32BecomeVectors() throws {
        let items = TestColumn("f", "item", length: 6, [nil, bytes(of: [0, 1, 0.1, 2.5, -1, .infinity] as [Float])])
        let column = TestColumn(
            "+w:2", length: 2, nullCount: 1, offset: 1, [bitmap([true, true, false])], children: [items])
        #expect(try values(column) == ["vector [0.1,2.5]", "null"])
        let holed = TestColumn("+w:2", length: 1, [nil], children: [.fixed("f", "item", [1 as Float, nil])])
        let error = #expect(throws: DeedError.self) { try values(holed) }
        #expect(error?.message == "column 'c', row 0: a vector has a null in it")
    }

    @Test func structsAndMapsBecomeMaps() throws {
        let inner = TestColumn.batch([.text("x", ["p", "q", "r"])], rows: 3).named("inner")
        let structs = TestColumn(
            "+s", length: 2, nullCount: 1, offset: 1, [bitmap([true, true, false])],
            children: [.fixed("l", "z", [1 as Int64, 2, 3]), inner, .fixed("g", "a", [nil, nil, 0.5 as Double])])
        #expect(try values(structs) == [#"map {"a":null,"inner":{"x":"q"},"z":2}"#, "null"])
        let entries = TestColumn.batch(
            [.text("key", ["b", "a", "k"]), .fixed("l", "value", [1 as Int64, nil, 3])], rows: 3)
        let maps = TestColumn("+m", length: 2, [nil, bytes(of: [0, 2, 3] as [Int32])], children: [entries])
        #expect(try values(maps) == [#"map {"a":null,"b":1}"#, #"map {"k":3}"#])
        let twice = TestColumn.batch([.text("key", ["b", "b"]), .fixed("l", "value", [1 as Int64, 2])], rows: 2)
        let error = #expect(throws: DeedError.self) {
            try values(TestColumn("+m", length: 1, [nil, bytes(of: [0, 2] as [Int32])], children: [twice]))
        }
        #expect(error?.message == "column 'c', row 0: a map has the key 'b' twice")
    }

    @Test func nestingHasALimit() throws {
        func nested(_ levels: Int) -> TestColumn {
            levels == 0
                ? .fixed("l", [7 as Int64])
                : TestColumn("+l", length: 1, [nil, bytes(of: [0, 1] as [Int32])], children: [nested(levels - 1)])
        }
        let deepest = String(repeating: "[", count: 64) + "7" + String(repeating: "]", count: 64)
        #expect(try values(nested(64)) == ["list \(deepest)"])
        let error = #expect(throws: DeedError.self) { try values(nested(65)) }
        #expect(error?.status == .invalidArgument)
    }

    @Test func anyRowsInAnyOrderFromAnyBatches() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(state: seed)
        for _ in 0..<60 {
            let (stream, model) = randomStream(&random)
            let table = try stream.table()
            try #require(table.rowCount == model.count, "seed \(seed)")
            let target = Int.random(in: 0...70, using: &random)
            let empty = [String](repeating: "null", count: target)
            let rows = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt32.random(in: 0..<UInt32(max(model.count, 1)), using: &random)
            }
            if !model.isEmpty {
                let first = Int.random(in: 0..<model.count, using: &random)
                let count = Int.random(in: 0...model.count - first, using: &random)
                for column in 0...1 {
                    let gathered = try fill(table, column: column, rows: rows, target: target)
                    #expect(gathered == empty + rows.map { model[Int($0)][column] }, "seed \(seed)")
                    let stretch = try fill(table, column: column, first: first, count: count, target: target)
                    #expect(stretch == empty + model[first..<first + count].map { $0[column] }, "seed \(seed)")
                }
            }
        }
    }

    /// Batches of an int64 and a text column, sliced at random, some of them empty, and the values expected.
    private func randomStream(_ random: inout SeededGenerator) -> (TestStream, [[String]]) {
        var batches: [TestColumn] = []
        var model: [[String]] = []
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let length = Int.random(in: 0...90, using: &random)
            let nullShare = Int.random(in: 0...2, using: &random) * 5
            var numbers: [Int64?] = []
            var words: [String?] = []
            for _ in 0..<length {
                let isNull = Int.random(in: 0..<11, using: &random) < nullShare
                numbers.append(isNull ? nil : Int64.random(in: Int64.min...Int64.max, using: &random))
                let size = Int.random(in: 0...20, using: &random)
                words.append(isNull ? nil : String(repeating: Bool.random(using: &random) ? "é" : "x", count: size))
            }
            // The batch shows the last `rows` values, through its own offset or the columns'.
            let rows = Int.random(in: 0...length, using: &random)
            let outer = Int.random(in: 0...length - rows, using: &random)
            var columns = [TestColumn.fixed("l", "number", numbers), TestColumn.text("word", words)]
            for index in columns.indices {
                columns[index].offset = length - rows - outer
                columns[index].length = rows + outer
                if columns[index].nullCount > 0 { columns[index].nullCount = -1 }
            }
            batches.append(.batch(columns, rows: rows, offset: outer))
            for row in length - rows..<length {
                model.append([
                    numbers[row].map { "int64 \($0)" } ?? "null", words[row].map { "string \($0)" } ?? "null",
                ])
            }
        }
        return (TestStream(batches), model)
    }

    @Test func rowsThatDoNotExistAreRefused() throws {
        let table = try TestStream(columns: [.fixed("l", "a", [1 as Int64, 2])]).table()
        #expect(throws: DeedError.self) { try fill(table, rows: [0, 2]) }
        #expect(throws: DeedError.self) { try fill(table, first: 1, count: 2) }
        #expect(throws: DeedError.self) { try fill(table, first: 0, count: -1) }
    }
}

// Values as text and as bytes: what the Arrow exchange and the C interface both stand on.

import DeedEngine
import Testing

@testable import DeedCAPI

@Suite struct ArrowValueTextTests {
    private func text(_ type: ValueType, _ content: [UInt8]) throws(DeedError) -> String {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 8)
        defer { block.deallocate() }
        block.copyBytes(from: content)
        return try DeedCAPITests.text(of: Cell(type: type, bytes: UnsafeRawBufferPointer(block)))
    }

    private func text(_ type: ValueType, _ bits: Int64) throws(DeedError) -> String {
        try DeedCAPITests.text(of: Cell(type: type, bits: UInt64(bitPattern: bits)))
    }

    @Test(
        arguments: [
            (0, "1970-01-01"), (-1, "1969-12-31"), (-719_528, "0000-01-01"), (-719_529, "-0001-12-31"),
            (19_782, "2024-02-29"),
            (2_932_896, "9999-12-31"), (2_932_897, "+10000-01-01"), (-365_243_219_162, "-999999999-01-01"),
            (365_241_780_471, "+999999999-12-31"),
        ] as [(Int64, String)])
    func dates(days: Int64, expected: String) throws {
        #expect(try text(.date, days) == expected)
    }

    @Test(arguments: [-365_243_219_163, 365_241_780_472, Int64.min, Int64.max]) func datesBeyondTheCalendar(days: Int64)
    {
        #expect(throws: DeedError.self) { try text(.date, days) }
    }

    /// Day after day against the rules of the calendar, over two of its 400-year cycles around year 0.
    @Test func everyDayFollowsTheOneBefore() throws {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var (year, month, day) = (-400 as Int64, 1, 1)
        for days in (-719_528 - 146_097 as Int64)...(-719_528 + 146_097) {
            let date = CivilDate(days: days)
            guard date?.year == year, date?.month == month, date?.day == day else {
                Issue.record("day \(days) is \(String(describing: date)), not \(year)-\(month)-\(day)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            day += 1
            if day > lengths[month - 1] + (isLeap && month == 2 ? 1 : 0) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
    }

    @Test(
        arguments: [
            (0, "00:00"), (60_000_000_000, "00:01"), (1_000_000_000, "00:00:01"), (1_000_000, "00:00:00.001"),
            (250_000_000, "00:00:00.250"), (1_000, "00:00:00.000001"), (1, "00:00:00.000000001"),
            (86_399_999_999_999, "23:59:59.999999999"),
        ] as [(Int64, String)])
    func times(nanoseconds: Int64, expected: String) throws {
        #expect(try text(.localTime, nanoseconds) == expected)
        let zoned = bytes(of: [nanoseconds]) + bytes(of: [19_800 as Int32])
        #expect(try text(.zonedTime, zoned) == expected + "+05:30")
    }

    @Test func timesOutsideTheDay() {
        #expect(throws: DeedError.self) { try text(.localTime, -1) }
        #expect(throws: DeedError.self) { try text(.localTime, 86_400_000_000_000) }
    }

    @Test func datetimes() throws {
        func zoned(_ seconds: Int64, _ nanoseconds: UInt32, _ offset: Int32, _ zone: String) throws -> String {
            try text(
                .zonedDatetime, bytes(of: [seconds]) + bytes(of: [nanoseconds]) + bytes(of: [offset]) + Array(zone.utf8)
            )
        }
        #expect(
            try zoned(1_435_143_035, 556_000_000, 7_200, "Europe/Berlin")
                == "2015-06-24T12:50:35.556+02:00[Europe/Berlin]")
        #expect(try zoned(0, 0, 0, "") == "1970-01-01T00:00Z")
        #expect(try zoned(0, 0, -7_559, "") == "1969-12-31T21:54:01-02:05:59")
        #expect(throws: DeedError.self) { try zoned(.max, 0, 1, "") }
        #expect(throws: DeedError.self) { try zoned(0, 1_000_000_000, 0, "") }
        #expect(throws: DeedError.self) { try text(.localDatetime, bytes(of: [Int64.min]) + bytes(of: [0 as UInt32])) }
        #expect(throws: DeedError.self) { try text(.localDatetime, [1, 2, 3]) }
    }

    @Test(
        arguments: [
            ([0, 0, 0], 0, "PT0S"), ([1, 2, 3], 500_000_000, "P1M2DT3.5S"), ([14, 0, 0], 0, "P1Y2M"),
            ([-14, -1, 0], 0, "P-1Y-2M-1D"),
            ([0, 0, 3_661], 0, "PT1H1M1S"), ([0, 0, -1], 500_000_000, "PT-0.5S"),
            ([0, 0, -90], 500_000_000, "PT-1M-29.5S"),
            ([0, 0, 0], 1, "PT0.000000001S"), ([0, 0, -60], 0, "PT-1M"),
            ([.min, .max, .min], 0, "P-768614336404564650Y-8M9223372036854775807DT-2562047788015215H-30M-8S"),
        ] as [([Int64], Int32, String)])
    func durations(parts: [Int64], nanoseconds: Int32, expected: String) throws {
        #expect(try text(.duration, bytes(of: parts) + bytes(of: [nanoseconds])) == expected)
    }

    @Test func numbersAndBytes() throws {
        #expect(try text(.int64, .min) == "-9223372036854775808")
        #expect(try text(.bool, 1) == "true")
        #expect(try text(.float64, Int64(bitPattern: (1e300).bitPattern)) == "1e+300")
        #expect(try text(.float64, Int64(bitPattern: (-Double.infinity).bitPattern)) == "-Infinity")
        for (content, expected) in [([], ""), ([0x66], "Zg=="), ([0x66, 0x6f], "Zm8="), ([0x66, 0x6f, 0x6f], "Zm9v")]
            as [([UInt8], String)]
        {
            #expect(try text(.bytes, content) == expected)
        }
        #expect(try text(.vector, bytes(of: [0.1, .nan] as [Float])) == #"[0.1,"NaN"]"#)
        #expect(throws: DeedError.self) { try text(.vector, [1, 2, 3]) }
    }

    @Test func nestedValuesBecomeJSON() throws {
        let quote = OwnedBytes("quote\"")
        let line = OwnedBytes("line\n\u{1}\u{1f}\\é")
        let list = OwnedBytes("list")
        var encoder = NestedEncoder()
        try encoder.beginMap()
        try encoder.appendKey(quote.bytes)
        try encoder.append(Cell(type: .string, bytes: line.bytes))
        try encoder.appendKey(list.bytes)
        try encoder.beginList()
        try encoder.append(.null)
        try encoder.append(Cell(type: .date, bits: 0))
        try encoder.append(Cell(type: .float64, bits: Double.infinity.bitPattern))
        try encoder.beginMap()
        try encoder.end()
        try encoder.end()
        try encoder.end()
        let expected = #"{"list":[null,"1970-01-01","Infinity",{}],"quote\"":"line\n\u0001\u001f\\é"}"#
        #expect(try DeedCAPITests.text(of: encoder.cell) == expected)
    }
}

@Suite struct ArrowValueEncodingTests {
    /// A value nested to several levels, with entries out of order and a list of more than 127 bytes.
    private func sample() throws(DeedError) -> [UInt8] {
        var encoder = NestedEncoder()
        try encoder.beginMap()
        try append(key: "zeta", to: &encoder)
        try encoder.beginList()
        for number in 0..<40 { try encoder.append(Cell(type: .int64, bits: UInt64(number))) }
        try encoder.beginList()
        try encoder.append(Cell(type: .bool, bits: 1))
        try encoder.end()
        try encoder.end()
        try append(key: "", to: &encoder)
        try encoder.append(.null)
        try append(key: "ze", to: &encoder)
        try encoder.append(Cell(type: .float64, bits: 0))
        try encoder.end()
        return Array(encoder.cell.bytes)
    }

    private func append(key: String, to encoder: inout NestedEncoder) throws(DeedError) {
        let bytes = OwnedBytes(key)
        try encoder.appendKey(bytes.bytes)
    }

    private func validate(_ content: [UInt8]) throws(DeedError) {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 1)
        defer { block.deallocate() }
        block.copyBytes(from: content)
        try DeedEngine.validate(nested: Cell(type: .map, bytes: UnsafeRawBufferPointer(block)))
    }

    @Test func entriesComeBackInOrderOfKey() throws {
        let encoded = try sample()
        try encoded.withUnsafeBytes { bytes in
            var reader = try MapReader(bytes)
            #expect(reader.count == 3)
            var keys: [String] = []
            while let (key, value) = try reader.next() {
                keys.append(String(decoding: key, as: UTF8.self))
                guard value.type == .list else { continue }
                var items = try ListReader(value.bytes, depth: reader.depth + 1)
                #expect(items.count == 41)
                for number in 0..<40 { #expect(try items.next()?.bits == UInt64(number)) }
                #expect(try items.next()?.type == .list)
                #expect(try items.next() == nil)
            }
            #expect(keys == ["", "ze", "zeta"])
        }
    }

    @Test func aKeyMayNotOccurTwice() throws {
        var encoder = NestedEncoder()
        try encoder.beginMap()
        for key in ["b", "a", "b"] {
            try append(key: key, to: &encoder)
            try encoder.append(.null)
        }
        let error = #expect(throws: DeedError.self) { try encoder.end() }
        #expect(error?.status == .invalidArgument)
        encoder.reset()
        try encoder.beginList()
        try encoder.end()
        #expect(Array(encoder.cell.bytes) == [0])
    }

    @Test func depthIsLimitedAlsoThroughValuesEncodedBefore() throws {
        var encoder = NestedEncoder()
        for _ in 0..<Limits.nestingMax { try encoder.beginList() }
        #expect(throws: DeedError.self) { try encoder.beginList() }
        for _ in 0..<Limits.nestingMax { try encoder.end() }
        let deepest = Array(encoder.cell.bytes)
        var outer = NestedEncoder()
        try outer.beginList()
        deepest.withUnsafeBytes { bytes in
            let cell = Cell(type: .list, bytes: bytes)
            #expect(throws: DeedError.self) { try outer.append(cell) }
        }
    }

    /// Every prefix, and every byte changed: an error or another value, never a crash.
    @Test func damageIsNoticedOrHarmless() throws {
        let encoded = try sample()
        for size in 0..<encoded.count { #expect(throws: DeedError.self) { try validate(Array(encoded[..<size])) } }
        #expect(throws: DeedError.self) { try validate(encoded + [0]) }
        for index in encoded.indices {
            for change in 1...255 as ClosedRange<UInt8> {
                var damaged = encoded
                damaged[index] ^= change
                do { try validate(damaged) } catch { #expect(error.status == .corruption) }
            }
        }
    }
}

@Suite struct UTF8ValidationTests {
    private func isValid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { isValidUTF8($0) } }

    @Test func everySequenceOfTwoBytes() {
        for first in 0...255 as ClosedRange<UInt8> {
            for second in 0...255 as ClosedRange<UInt8> {
                let bytes = [first, second]
                let expected = String(validating: bytes, as: UTF8.self) != nil
                if isValid(bytes) != expected { Issue.record("\(bytes)") }
            }
        }
    }

    /// Sequences of bytes at the edges of their classes, in front of, behind and between blocks of ASCII.
    @Test func edgesOfTheLongerForms() {
        let edges: [UInt8] = [
            0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
            0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
        ]
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(state: seed)
        for _ in 0..<40_000 {
            let before = [UInt8](repeating: 0x61, count: Int.random(in: 0...3, using: &random) * 13)
            let middle = (0..<Int.random(in: 1...4, using: &random)).map { _ in edges.randomElement(using: &random)! }
            let after = [UInt8](repeating: 0x62, count: Int.random(in: 0...3, using: &random) * 17)
            let bytes = before + middle + after
            let expected = String(validating: bytes, as: UTF8.self) != nil
            if isValid(bytes) != expected { Issue.record("\(bytes), seed \(seed)") }
        }
    }

    @Test func theFirstBadByteIsFound() {
        let bytes = Array("Łódź is a city ".utf8) + [0xff] + Array("in Poland".utf8)
        #expect(bytes.withUnsafeBytes { firstInvalidUTF8($0) } == bytes.firstIndex(of: 0xff))
        #expect(firstInvalidUTF8(UnsafeRawBufferPointer(start: nil, count: 0)) == nil)
        #expect(isValid(Array("日本語とemoji 🙂".utf8)))
    }
}

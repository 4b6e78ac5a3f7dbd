// Every codec gives back what it was given, and answers damaged input with an error or with values of the right number,
// never with a crash or a write outside the caller's memory.

import Testing

@testable import DeedEngine

private let counts = [0, 1, 2, 3, 7, 8, 63, 64, 65, 511, 512, 513, 1024, 1500, 16384]
private let guardWord: UInt64 = 0xD00F_D00F_D00F_D00F

/// Shapes of columns, by name. Each gives `count` values.
private let integerShapes: [(String, @Sendable (Int, inout SeededRandom) -> [UInt64])] = [
    ("zero", { count, _ in Array(repeating: 0, count: count) }),
    ("constant", { count, random in Array(repeating: random.next(), count: count) }),
    ("ascending", { count, _ in (0..<count).map { UInt64($0) } }),
    ("descending", { count, _ in (0..<count).map { UInt64(bitPattern: Int64(5 - 3 * $0)) } }),
    (
        "nearly sorted",
        { count, random in
            (0..<count).map { UInt64($0 * 10) &+ random.next(upperBound: 12) }
        }
    ),
    (
        "runs",
        { count, random in
            var value: UInt64 = 0
            return (0..<count).map { index in
                if index % 61 == 0 { value = random.next() }
                return value
            }
        }
    ),
    (
        "extremes",
        { count, random in
            (0..<count).map { _ in
                [UInt64(bitPattern: .min), UInt64(bitPattern: .max), 0, .max, 1][
                    Int(random.next(upperBound: UInt64(5)))]
            }
        }
    ),
    ("around zero", { count, random in (0..<count).map { _ in random.next(upperBound: 9) &- 4 } }),
    ("outlier", { count, random in (0..<count).map { $0 == count / 2 ? .max >> 1 : random.next() & 0xff } }),
]

private func encoded(_ values: [UInt64]) -> [UInt8] {
    var buffer = ByteBuffer()
    values.withUnsafeBufferPointer { IntegerCodec.encode($0.baseAddress ?? dangling(), count: $0.count, into: &buffer) }
    return Array(buffer.bytes)
}

private func dangling<T>() -> UnsafePointer<T> { UnsafePointer(bitPattern: MemoryLayout<T>.alignment)! }

/// Decodes into memory with a guard word on either side, and checks those even when decoding fails.
private func decoded(
    _ bytes: [UInt8], _ count: Int, wholly: Bool = false,
    _ decode: (inout ByteReader, UnsafeMutablePointer<UInt64>) throws(DeedError) -> Void
) throws(DeedError) -> [UInt64] {
    let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: count + 2)
    defer { memory.deallocate() }
    memory.initialize(repeating: guardWord, count: count + 2)
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    var reader = ByteReader(UnsafeRawBufferPointer(copy))
    defer { #expect(memory[0] == guardWord && memory[count + 1] == guardWord) }
    try decode(&reader, memory + 1)
    if wholly { #expect(reader.isAtEnd) }
    return Array(UnsafeBufferPointer(start: memory + 1, count: count))
}

private func decodedIntegers(_ bytes: [UInt8], _ count: Int, wholly: Bool = false) throws(DeedError) -> [UInt64] {
    try decoded(bytes, count, wholly: wholly) { (reader, out) throws(DeedError) in
        try IntegerCodec.decode(&reader, into: out, count: count)
    }
}

/// Calls `body` with the bytes cut at every position, and with each byte changed in several ways.
private func forEachDamage(to bytes: [UInt8], _ body: ([UInt8]) -> Void) {
    for size in bytes.indices { body(Array(bytes[..<size])) }
    var copy = bytes
    for position in bytes.indices {
        for change: UInt8 in [0x01, 0x40, 0x80, 0xff] {
            copy[position] = bytes[position] ^ change
            body(copy)
        }
        copy[position] = bytes[position]
    }
}

@Suite struct StorageIntegerCodecTests {
    @Test(arguments: 0..<integerShapes.count) func roundTrip(shape: Int) throws {
        var random = SeededRandom(UInt64(shape))
        for count in counts {
            let values = integerShapes[shape].1(count, &random)
            #expect(try decodedIntegers(encoded(values), count, wholly: true) == values)
        }
    }

    @Test func everyWidth() throws {
        var random = SeededRandom(1)
        for width in 0...64 {
            let mask = width == 0 ? 0 : UInt64.max >> UInt64(64 - width)
            // Signed values, so that the smallest plus the mask does not wrap around.
            let room = UInt64.max - mask
            for count in [1, 65, 512, 600] {
                let base = UInt64(bitPattern: .min) &+ (room == 0 ? 0 : random.next() % room)
                let values = (0..<count).map { _ in base &+ (random.next() & mask) }
                let bytes = encoded(values)
                #expect(bytes.count <= (count * width + 7) / 8 + 12 * (count / 512 + 1))
                #expect(try decodedIntegers(bytes, count, wholly: true) == values)
            }
        }
    }

    @Test func narrowTypes() throws {
        var random = SeededRandom(2)
        for count in counts {
            let words = (0..<count).map { _ in UInt32(truncatingIfNeeded: random.next()) }
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            var buffer = ByteBuffer()
            words.withUnsafeBufferPointer {
                IntegerCodec.encode($0.baseAddress ?? dangling(), count: count, into: &buffer)
            }
            bytes.withUnsafeBufferPointer {
                IntegerCodec.encode($0.baseAddress ?? dangling(), count: count, into: &buffer)
            }
            var reader = ByteReader(buffer.bytes)
            var wordsBack = [UInt32](repeating: 0, count: count + 1)
            var bytesBack = [UInt8](repeating: 0, count: count + 1)
            try IntegerCodec.decode(&reader, into: &wordsBack, count: count)
            try IntegerCodec.decode(&reader, into: &bytesBack, count: count)
            #expect(wordsBack.dropLast() == words[...] && bytesBack.dropLast() == bytes[...] && reader.isAtEnd)
        }
    }

    @Test func tooLargeForItsColumn() {
        let bytes = encoded([1, 1 << 32])
        bytes.withUnsafeBytes { source in
            var reader = ByteReader(source)
            var out: [UInt32] = [0, 0]
            #expect(
                thrownStatus { () throws(DeedError) in try IntegerCodec.decode(&reader, into: &out, count: 2) }
                    == .corruption)
        }
    }

    @Test func smallWhereItCanBe() {
        #expect(encoded([7]).count <= 2)
        #expect(encoded((0..<16384).map { 1 << 40 + UInt64($0) }).count < 600)
        #expect(encoded(Array(repeating: .max, count: 16384)).count < 100)
        var random = SeededRandom(3)
        #expect(encoded((0..<16384).map { _ in random.next() }).count < 16384 * 8 + 33 * 3)
        #expect(encoded((0..<16384).map { UInt64($0 / 200) &* 0x9E37_79B9_7F4A_7C15 }).count < 4000)
    }

    @Test(arguments: 0..<integerShapes.count) func damage(shape: Int) {
        var random = SeededRandom(100 + UInt64(shape))
        for count in [1, 65, 530] {
            let values = integerShapes[shape].1(count, &random)
            forEachDamage(to: encoded(values)) { bytes in _ = try? decodedIntegers(bytes, count) }
        }
    }

    @Test func garbage() {
        var random = SeededRandom(4)
        for _ in 0..<3000 {
            let bytes = (0..<Int(random.next(upperBound: UInt64(80)))).map { _ in
                UInt8(truncatingIfNeeded: random.next())
            }
            _ = try? decodedIntegers(bytes, Int(random.next(upperBound: UInt64(600))))
        }
    }
}

@Suite struct StorageFloatCodecTests {
    private func bytes(_ values: [Double]) -> [UInt8] {
        var buffer = ByteBuffer()
        let bits = values.map(\.bitPattern)
        bits.withUnsafeBufferPointer { FloatCodec.encode($0.baseAddress ?? dangling(), count: $0.count, into: &buffer) }
        return Array(buffer.bytes)
    }

    private func back(_ bytes: [UInt8], _ count: Int) throws(DeedError) -> [UInt64] {
        try decoded(bytes, count) { (reader, out) throws(DeedError) in
            try FloatCodec.decode(&reader, into: out, count: count)
        }
    }

    private static let special: [Double] = [
        0, -0.0, .infinity, -.infinity, .nan, -.nan, .signalingNaN, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
        0.1,
        -1e300, 0x1p53, -0x1p53, 0x1p63, 1 / 3,
    ]

    @Test func roundTrip() throws {
        var random = SeededRandom(5)
        for count in counts {
            let shapes: [[Double]] = [
                Array(repeating: 2.5, count: count),
                (0..<count).map { _ in Double(Int.random(in: -100_000...100_000, using: &random)) / 100 },
                (0..<count).map { _ in Double.random(in: -1...1, using: &random) },
                (0..<count).map { _ in Self.special.randomElement(using: &random)! },
                (0..<count).map { $0 == count - 1 ? -0.0 : Double($0) },
                (0..<count).map { $0 == count / 3 ? .nan : Double($0) / 1000 },
            ]
            for values in shapes { #expect(try back(bytes(values), count) == values.map(\.bitPattern)) }
        }
    }

    @Test func decimalsAreSmall() {
        var random = SeededRandom(6)
        let coordinates = (0..<4096).map { _ in Double(Int.random(in: -1_800_000...1_800_000, using: &random)) / 10_000
        }
        #expect(bytes(coordinates).count < 4096 * 3)
        let prices = (0..<4096).map { _ in Double(Int.random(in: 0..<10_000, using: &random)) / 100 }
        #expect(bytes(prices).count < 4096 * 2)
    }

    @Test func damage() {
        for values in [[1.5, 2.25, .nan], (0..<70).map { Double($0) / 10 }] {
            forEachDamage(to: bytes(values)) { damaged in _ = try? back(damaged, values.count) }
        }
    }
}

@Suite struct StorageBitmapCodecTests {
    private func bytes(_ words: [UInt64], _ count: Int) -> [UInt8] {
        var buffer = ByteBuffer()
        words.withUnsafeBufferPointer { BitmapCodec.encode($0.baseAddress ?? dangling(), count: count, into: &buffer) }
        return Array(buffer.bytes)
    }

    private func back(_ bytes: [UInt8], _ count: Int) throws(DeedError) -> [UInt64] {
        try decoded(bytes, BitmapCodec.wordCount(count)) { (reader, out) throws(DeedError) in
            try BitmapCodec.decode(&reader, into: out, count: count)
        }
    }

    @Test func roundTrip() throws {
        var random = SeededRandom(7)
        for count in counts {
            let size = BitmapCodec.wordCount(count)
            for words in [
                Array(repeating: 0, count: size), Array(repeating: .max, count: size),
                (0..<size).map { _ in random.next() },
                (0..<size).map { $0 == size / 2 ? 1 : 0 },
            ] {
                var expected = words
                if count % 64 != 0 { expected[size - 1] &= 1 << UInt64(count % 64) - 1 }
                #expect(try back(bytes(words, count), count) == expected)
            }
        }
        #expect(bytes(Array(repeating: .max, count: 256), 16_383) == [1])
        #expect(bytes([1 << 40], 40) == [0])
    }

    @Test func damage() {
        var random = SeededRandom(8)
        let words = (0..<20).map { _ in random.next() }
        forEachDamage(to: bytes(words, 1270)) { damaged in _ = try? back(damaged, 1270) }
    }
}

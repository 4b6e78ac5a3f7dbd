// Byte strings through their codec: what comes back equals what went in, slot by slot, and damaged input is an error or
// strings within the memory that was given.

import Testing

@testable import DeedEngine

/// Strings as slots over an arena, the way chunks keep them.
private final class Strings {
    let slots: UnsafeMutablePointer<ByteSlot>
    let arena: UnsafeMutableRawPointer
    let count: Int
    let arenaSize: Int

    init(slotCount: Int, arenaSize: Int) {
        count = slotCount
        self.arenaSize = arenaSize
        slots = .allocate(capacity: slotCount + 1)
        slots.initialize(repeating: ByteSlot(length: .max, prefix: 7, tail: 7), count: slotCount + 1)
        arena = .allocate(byteCount: arenaSize + 1, alignment: 1)
        arena.storeBytes(of: 0x5a, toByteOffset: arenaSize, as: UInt8.self)
    }

    convenience init(_ strings: [[UInt8]]) {
        let long = strings.filter { $0.count > ByteSlot.inlineMax }
        self.init(slotCount: strings.count, arenaSize: long.reduce(0) { $0 + $1.count })
        var offset = 0
        for (index, string) in strings.enumerated() {
            var slot = ByteSlot(length: UInt32(string.count), prefix: 0, tail: 0)
            withUnsafeMutableBytes(of: &slot) { bytes in
                let inPlace = string.count > ByteSlot.inlineMax ? 4 : string.count
                for position in 0..<inPlace { bytes[4 + position] = string[position] }
            }
            if string.count > ByteSlot.inlineMax {
                slot.tail = UInt64(offset)
                (arena + offset).copyMemory(from: string, byteCount: string.count)
                offset += string.count
            }
            slots[index] = slot
        }
    }

    deinit {
        slots.deallocate()
        arena.deallocate()
    }

    var isIntact: Bool {
        slots[count].length == .max && arena.load(fromByteOffset: arenaSize, as: UInt8.self) == 0x5a
    }

    /// The strings, or nil if a slot points out of the arena or its prefix is wrong.
    func values(arenaOffset: Int = 0) -> [[UInt8]]? {
        var result: [[UInt8]] = []
        for index in 0..<count {
            let slot = slots[index]
            if slot.isInline {
                let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(slots + index) + 4, count: 12)
                if bytes[Int(slot.length)...].contains(where: { $0 != 0 }) { return nil }
                result.append(Array(bytes[..<Int(slot.length)]))
            } else {
                let start = Int(slot.tail) - arenaOffset
                guard start >= 0, start + Int(slot.length) <= arenaSize else { return nil }
                let bytes = UnsafeRawBufferPointer(start: arena + start, count: Int(slot.length))
                if bytes.loadUnaligned(as: UInt32.self) != slot.prefix { return nil }
                result.append(Array(bytes))
            }
        }
        return result
    }

    var encoded: [UInt8] {
        var buffer = ByteBuffer()
        ByteStringCodec.encode(slots, count: count, arena: arena, into: &buffer)
        return Array(buffer.bytes)
    }
}

private func decode(_ bytes: [UInt8], count: Int, arenaOffset: Int = 0) throws(DeedError) -> Strings {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    var reader = ByteReader(UnsafeRawBufferPointer(copy))
    let header = try ByteStringCodec.readHeader(&reader)
    #expect(header.arenaSize <= bytes.count)
    let result = Strings(slotCount: count, arenaSize: header.arenaSize)
    defer { #expect(result.isIntact) }
    try ByteStringCodec.decode(
        header, &reader, into: result.slots, count: count, arena: header.arenaSize == 0 ? nil : result.arena,
        arenaOffset: arenaOffset)
    return result
}

private func randomString(_ length: Int, _ random: inout SeededRandom) -> [UInt8] {
    (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}

/// Columns of many shapes.
private func columns(_ count: Int, _ random: inout SeededRandom) -> [[[UInt8]]] {
    let few = (0..<7).map { randomString($0 * 5, &random) }
    return [
        Array(repeating: [], count: count),
        Array(repeating: Array("one and the same long string".utf8), count: count),
        (0..<count).map { _ in few.randomElement(using: &random)! },
        (0..<count).map { _ in randomString(Int(random.next(upperBound: UInt64(12))), &random) },
        (0..<count).map { _ in randomString(Int(random.next(upperBound: UInt64(40))), &random) },
        (0..<count).map { Array("name \($0)".utf8) },
        (0..<count).map { $0 == count / 2 ? randomString(100_000, &random) : [1, 2, 3] },
    ]
}

@Suite struct StorageByteStringCodecTests {
    @Test(arguments: [0, 1, 2, 11, 63, 64, 65, 513, 2000]) func roundTrip(count: Int) throws {
        var random = SeededRandom(UInt64(count))
        for strings in columns(count, &random) {
            let result = try decode(Strings(strings).encoded, count: count, arenaOffset: 1000)
            #expect(result.values(arenaOffset: 1000) == strings)
        }
    }

    @Test func boundaryLengths() throws {
        let strings = (0...40).map { [UInt8](repeating: UInt8($0 + 1), count: $0) }
        #expect(try decode(Strings(strings).encoded, count: strings.count).values() == strings)
    }

    @Test func fewDistinctStringsMakeADictionary() throws {
        let strings = (0..<4000).map { Array("a long name of a category \($0 % 10)".utf8) }
        let bytes = Strings(strings).encoded
        #expect(bytes.count < 4000 * 4 / 8 + 600)
        #expect(try decode(bytes, count: 4000).arenaSize < 400)
    }

    @Test func collidingOrDistinctStringsStillEncode() throws {
        let strings = (0..<3000).map { Array("\($0 * 7919)".utf8) }
        let bytes = Strings(strings).encoded
        #expect(bytes.count < strings.reduce(0) { $0 + $1.count } + 3000)
        #expect(try decode(bytes, count: 3000).values() == strings)
    }

    @Test(arguments: [1, 30, 90]) func damage(count: Int) {
        var random = SeededRandom(9)
        for strings in columns(count, &random) {
            var bytes = Strings(strings).encoded
            if bytes.count > 2000 { bytes = Array(bytes[..<300]) }
            for size in bytes.indices { check(Array(bytes[..<size]), count) }
            for position in bytes.indices {
                for change: UInt8 in [0x01, 0x80, 0xff] {
                    var damaged = bytes
                    damaged[position] ^= change
                    check(damaged, count)
                }
            }
        }
    }

    /// An error, or slots that all lie within the arena.
    private func check(_ bytes: [UInt8], _ count: Int) {
        guard let strings = try? decode(bytes, count: count) else { return }
        #expect(strings.values()?.count == count)
    }
}

// Finds the distinct strings of a chunk, if they are few enough that naming them by number is smaller than writing each
// one out. An open-addressing hash table over the rows; it gives up as soon as it cannot pay:
//
//   1. after the first 512 strings, when three of four were new;
//   2. whenever there are more entries than half the strings;
//   3. when looking up has taken eight steps per string, which only strings made to collide bring about.

import Glibc

struct StringDictionary: ~Copyable {
    private let memory: UnsafeMutablePointer<UInt32>
    /// For each entry the first row that holds it.
    let rows: UnsafePointer<UInt32>
    /// For each row the number of its entry.
    let numbers: UnsafeMutablePointer<UInt32>
    let entryCount: Int

    private static let trial = 512

    /// Nil if a dictionary would not be smaller.
    static func find(in strings: SlotStrings, count: Int) -> StringDictionary? {
        if count < 2 { return nil }
        let dictionary = StringDictionary(strings, count)
        guard dictionary.entryCount > 0, dictionary.isSmaller(strings, count) else { return nil }
        return dictionary
    }

    /// Without entries if it gave up.
    private init(_ strings: SlotStrings, _ count: Int) {
        let entriesMax = count / 2
        // Half full at most.
        let tableSize = 1 &<< (Int.bitWidth &- (entriesMax &* 2).leadingZeroBitCount)
        memory = UnsafeMutablePointer<UInt32>.allocate(capacity: entriesMax &+ count &+ tableSize)
        rows = UnsafePointer(memory)
        numbers = memory + entriesMax
        let table = numbers + count
        table.initialize(repeating: .max, count: tableSize)
        entryCount = Self.fill(strings, count, memory, entriesMax, numbers, table, tableSize) ?? 0
    }

    deinit { memory.deallocate() }

    private static func fill(
        _ strings: SlotStrings, _ count: Int, _ rows: UnsafeMutablePointer<UInt32>, _ entriesMax: Int,
        _ numbers: UnsafeMutablePointer<UInt32>, _ table: UnsafeMutablePointer<UInt32>, _ tableSize: Int
    ) -> Int? {
        var entries = 0
        var stepsLeft = 8 &* count
        for row in 0..<count {
            if row == trial && entries > trial * 3 / 4 { return nil }
            var place = Int(truncatingIfNeeded: hash(strings.bytes(row))) & (tableSize &- 1)
            while table[place] != .max && !areEqual(strings, Int(rows[Int(table[place])]), row) {
                place = (place &+ 1) & (tableSize &- 1)
                stepsLeft &-= 1
                if stepsLeft == 0 { return nil }
            }
            if table[place] == .max {
                if entries == entriesMax { return nil }
                table[place] = UInt32(entries)
                rows[entries] = UInt32(row)
                entries &+= 1
            }
            numbers[row] = table[place]
        }
        return entries
    }

    private borrowing func isSmaller(_ strings: SlotStrings, _ count: Int) -> Bool {
        var plain = 0
        for row in 0..<count { plain &+= Int(strings.slots[row].length) }
        var own = BitPacking.size(count: count, width: BitPacking.width(of: UInt64(entryCount &- 1)))
        for entry in 0..<entryCount { own &+= Int(strings.slots[Int(rows[entry])].length) &+ 1 }
        return own < plain
    }

    @inline(__always)
    private static func areEqual(_ strings: SlotStrings, _ one: Int, _ other: Int) -> Bool {
        let (a, b) = (strings.slots[one], strings.slots[other])
        if a.length != b.length || a.prefix != b.prefix { return false }
        if a.isInline { return a.tail == b.tail }
        return memcmp(strings.start(one), strings.start(other), Int(a.length)) == 0
    }

    /// Eight bytes at a time; good enough for a table that lives for one chunk.
    @inline(__always)
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
        var hash = UInt64(bytes.count) &* factor
        var offset = 0
        while offset &+ 8 <= bytes.count {
            hash = (hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* factor
            hash ^= hash &>> 32
            offset &+= 8
        }
        while offset < bytes.count {
            hash = (hash ^ UInt64(bytes[offset])) &* factor
            hash ^= hash &>> 32
            offset &+= 1
        }
        return hash
    }
}

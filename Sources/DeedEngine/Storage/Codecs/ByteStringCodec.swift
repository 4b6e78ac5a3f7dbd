// Byte strings, from slots over an arena and back (see ByteSlot). The number of strings is known from elsewhere.
//
//   byte 0    plain:       varint arena size; the lengths by IntegerCodec; the bytes of all strings, one after another
//   byte 1    dictionary:  varint arena size; varint number of entries d (1 <= d); the entries as lengths and bytes
//                          like above; for each string the number of its entry, by IntegerCodec
//
// The arena size is the sum of the lengths of all strings (of all entries) that are longer than a slot holds in place.
// Strings decoded from one entry share its bytes in the arena. Numbers are embedded in files: do not renumber.
//
// Decoding is in two steps, since the caller owns the memory: `readHeader` tells the size of the arena, which is never
// more than the encoded bytes that are there; `decode` fills slots and arena.

import Glibc

package enum ByteStringCodec {
    private static let plain: UInt8 = 0
    private static let dictionary: UInt8 = 1

    package struct Header {
        fileprivate let form: UInt8
        /// Bytes of arena that `decode` fills.
        package let arenaSize: Int
    }

    /// Appends the strings.
    package static func encode(
        _ slots: UnsafePointer<ByteSlot>, count: Int, arena: UnsafeRawPointer?, into out: inout ByteBuffer
    ) {
        let strings = SlotStrings(slots: slots, arena: arena)
        if let dictionary = StringDictionary.find(in: strings, count: count) {
            let entries = dictionary.entryCount
            out.append(Self.dictionary)
            out.append(varint: UInt64(strings.arenaSize(rows: dictionary.rows, count: entries)))
            out.append(varint: UInt64(entries))
            encode(strings, rows: dictionary.rows, count: entries, into: &out)
            IntegerCodec.encode(UnsafePointer(dictionary.numbers), count: count, into: &out)
        } else {
            out.append(plain)
            out.append(varint: UInt64(strings.arenaSize(rows: nil, count: count)))
            encode(strings, rows: nil, count: count, into: &out)
        }
    }

    private static func encode(
        _ strings: SlotStrings, rows: UnsafePointer<UInt32>?, count: Int, into out: inout ByteBuffer
    ) {
        let lengths = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
        defer { lengths.deallocate() }
        var total = 0
        for index in 0..<count {
            lengths[index] = strings.slots[rows.map { Int($0[index]) } ?? index].length
            total &+= Int(lengths[index])
        }
        IntegerCodec.encode(UnsafePointer(lengths), count: count, into: &out)
        var target = out.appendUninitialized(total)
        for index in 0..<count {
            let length = Int(lengths[index])
            if length == 0 { continue }
            target.copyMemory(from: strings.start(rows.map { Int($0[index]) } ?? index), byteCount: length)
            target += length
        }
    }

    package static func readHeader(_ reader: inout ByteReader) throws(DeedError) -> Header {
        let form = try reader.readByte()
        guard form <= dictionary else { throw corrupt("an unknown form, \(form)") }
        return Header(form: form, arenaSize: try reader.readCount(max: reader.remaining))
    }

    /// Fills `count` slots and `header.arenaSize` bytes of `arena`. The offsets in the slots start from `arenaOffset`,
    /// the place of `arena` within the chunk's whole arena. On an error what slots and arena hold is undefined, and
    /// they must not be read.
    package static func decode(
        _ header: Header, _ reader: inout ByteReader, into slots: UnsafeMutablePointer<ByteSlot>, count: Int,
        arena: UnsafeMutableRawPointer?, arenaOffset: Int = 0
    ) throws(DeedError) {
        var target = ArenaTarget(next: arena, left: header.arenaSize, offset: UInt64(arenaOffset))
        if header.form == plain {
            try decode(&reader, into: slots, count, &target)
        } else {
            // A dictionary is only written when it has fewer entries than there are strings.
            let entryCount = try reader.readCount(max: count)
            guard entryCount > 0 || count == 0 else { throw corrupt("an empty dictionary") }
            let entries = UnsafeMutablePointer<ByteSlot>.allocate(capacity: entryCount)
            defer { entries.deallocate() }
            try decode(&reader, into: entries, entryCount, &target)
            let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
            defer { numbers.deallocate() }
            try IntegerCodec.decode(&reader, into: numbers, count: count)
            for index in 0..<count {
                guard numbers[index] < UInt32(entryCount) else { throw corrupt("a number beyond the dictionary") }
                slots[index] = entries[Int(numbers[index])]
            }
        }
        guard target.left == 0 else { throw corrupt("the arena size is wrong") }
    }

    /// Strings one after another, without a dictionary.
    private static func decode(
        _ reader: inout ByteReader, into slots: UnsafeMutablePointer<ByteSlot>, _ count: Int,
        _ target: inout ArenaTarget
    ) throws(DeedError) {
        let lengths = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
        defer { lengths.deallocate() }
        try IntegerCodec.decode(&reader, into: lengths, count: count)
        var total = 0
        for index in 0..<count { total &+= Int(lengths[index]) }
        let bytes = try reader.read(total)
        guard var source = bytes.baseAddress else {
            slots.update(repeating: ByteSlot(length: 0, prefix: 0, tail: 0), count: count)
            return
        }
        for index in 0..<count {
            guard target.makeSlot(source, lengths[index], slots + index) else {
                throw corrupt("the arena size is wrong")
            }
            source += Int(lengths[index])
        }
    }

    @inline(never)
    fileprivate static func corrupt(_ what: String) -> DeedError {
        DeedError(.corruption, "encoded strings: \(what)")
    }
}

/// Where the long strings go.
private struct ArenaTarget {
    var next: UnsafeMutableRawPointer?
    var left: Int
    /// Of `next` within the chunk's arena.
    var offset: UInt64

    /// False if the arena is too small.
    @inline(__always)
    mutating func makeSlot(
        _ source: UnsafeRawPointer, _ length: UInt32, _ slot: UnsafeMutablePointer<ByteSlot>
    ) -> Bool {
        if length <= UInt32(ByteSlot.inlineMax) {
            slot.pointee = ByteSlot(length: length, prefix: 0, tail: 0)
            (UnsafeMutableRawPointer(slot) + 4).copyMemory(from: source, byteCount: Int(length))
            return true
        }
        guard let next, Int(length) <= left else { return false }
        next.copyMemory(from: source, byteCount: Int(length))
        slot.pointee = ByteSlot(length: length, prefix: source.loadUnaligned(as: UInt32.self), tail: offset)
        self.next = next + Int(length)
        left &-= Int(length)
        offset &+= UInt64(length)
        return true
    }
}

/// Strings as they are in memory.
struct SlotStrings {
    let slots: UnsafePointer<ByteSlot>
    let arena: UnsafeRawPointer?

    /// The first byte. The bytes in place follow the length within the slot.
    @inline(__always)
    func start(_ index: Int) -> UnsafeRawPointer {
        let slot = slots + index
        if slot.pointee.isInline { return UnsafeRawPointer(slot) + 4 }
        return arena.unsafelyUnwrapped + Int(slot.pointee.tail)
    }

    @inline(__always)
    func bytes(_ index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start(index), count: Int(slots[index].length))
    }

    /// Bytes of the strings that are not in place.
    func arenaSize(rows: UnsafePointer<UInt32>?, count: Int) -> Int {
        var size = 0
        for index in 0..<count {
            let slot = slots[rows.map { Int($0[index]) } ?? index]
            size &+= slot.isInline ? 0 : Int(slot.length)
        }
        return size
    }
}

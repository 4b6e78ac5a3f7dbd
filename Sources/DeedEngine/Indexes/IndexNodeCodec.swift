// The nodes of an index as bytes. Frozen; byte by byte:
//   format 1, level byte, varint count of entries, varint size and bytes of the prefix,
//   byte 0 and a varint length of all rests, or byte 1 and a varint length for each,
//   the heads and then the rows (IntegerCodec), the tails one after the other;
//   of inner nodes, for each child (one more than entries) the numbers and then the generations (IntegerCodec).

enum IndexNodeCodec {
    static let format: UInt8 = 1

    /// The node has children that are all in the store, or about to be.
    static func encode(_ node: IndexNodeRef, into out: inout ByteBuffer) {
        let block = node.pointee.block
        out.append(format)
        out.append(UInt8(node.pointee.level))
        out.append(varint: UInt64(block.count))
        out.append(sized: block.prefixBytes)
        if let slots = block.slots {
            out.append(1)
            for index in 0..<block.count { out.append(varint: UInt64(slots[index].length)) }
        } else {
            out.append(0)
            out.append(varint: UInt64(block.uniformLength))
        }
        if block.count > 0 {
            IntegerCodec.encode(block.heads, count: block.count, into: &out)
            IntegerCodec.encode(block.rows, count: block.count, into: &out)
        }
        for index in 0..<block.count { out.append(block.tail(index)) }
        if node.pointee.level == 0 { return }
        let children = (0...block.count).map { block.children[$0] }
        let numbers = children.map(\.pointee.number)
        let generations = children.map { $0.pointee.pending != 0 ? $0.pointee.pending : $0.pointee.generation }
        IntegerCodec.encode(numbers, count: numbers.count, into: &out)
        IntegerCodec.encode(generations, count: generations.count, into: &out)
    }

    /// A node as read: its entries and, of an inner one, where its children are.
    struct Decoded {
        var block: IndexBlock
        var children: [IndexTree.StoredNode] = []
    }

    static func decode(
        _ reader: inout ByteReader, level: Int, capacity: Int, _ pool: MemoryPool
    ) throws(DeedError) -> Decoded {
        guard try reader.readByte() == format, try reader.readByte() == level else { throw corrupt("format or level") }
        let count = try reader.readCount(max: 1 << 16)
        var decoded = Decoded(block: IndexBlock(capacity: max(capacity, count), isInner: level > 0))
        do throws(DeedError) {
            try decoded.block.allocate(pool)
            let prefix = try reader.readSized()
            guard prefix.count <= Limits.indexKeyBytesMax else { throw corrupt("prefix") }
            try decoded.block.setPrefix(prefix, pool)
            try readEntries(&reader, count, &decoded.block, pool)
            if level > 0 { decoded.children = try readChildren(&reader, count + 1) }
            guard reader.isAtEnd else { throw corrupt("size") }
        } catch {
            decoded.block.free(pool)
            throw error
        }
        return decoded
    }

    private static func readEntries(
        _ reader: inout ByteReader, _ count: Int, _ block: inout IndexBlock, _ pool: MemoryPool
    ) throws(DeedError) {
        let lengthMax = Limits.indexKeyBytesMax - block.prefixCount
        if try reader.readByte() == 0 {
            block.uniformLength = try reader.readCount(max: min(8, lengthMax))
        } else {
            try block.makeSlots(pool)
            var tails = 0
            for index in 0..<count {
                let length = try reader.readCount(max: lengthMax)
                block.slots.unsafelyUnwrapped[index] = IndexBlock.Slot(offset: UInt32(tails), length: UInt32(length))
                tails += max(length - 8, 0)
            }
            try block.makeHeap(tails, pool)
        }
        if count > 0 {
            try IntegerCodec.decode(&reader, into: block.heads, count: count)
            try IntegerCodec.decode(&reader, into: block.rows, count: count)
        }
        for index in 1..<max(count, 1) where block.heads[index - 1] > block.heads[index] { throw corrupt("order") }
        let tails = try reader.read(block.heapCount)
        if let start = tails.baseAddress, let heap = block.heap { heap.copyMemory(from: start, byteCount: tails.count) }
        block.count = count
    }

    private static func readChildren(
        _ reader: inout ByteReader, _ count: Int
    ) throws(DeedError) -> [IndexTree.StoredNode] {
        let numbers = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * count)
        defer { numbers.deallocate() }
        try IntegerCodec.decode(&reader, into: numbers, count: count)
        try IntegerCodec.decode(&reader, into: numbers + count, count: count)
        return (0..<count).map { IndexTree.StoredNode(number: numbers[$0], generation: numbers[count + $0]) }
    }

    private static func corrupt(_ what: String) -> DeedError {
        DeedError(.corruption, "an encoded node of an index has a wrong \(what)")
    }
}

// Reading an index in order, a batch of entries at a time.

/// A position in a range of an index, and the last batch of entries read there. Reused from call to call, so that reading
/// allocates nothing. For one thread at a time.
package final class IndexCursor {
    /// Entries of a batch: as many as one hold of the latch is for.
    static let batchEntries = 1024

    /// The range: keys from `low` (if there is one) up to but not including `end` (if there is one).
    private(set) var low = ByteBuffer()
    private(set) var end = ByteBuffer()
    private(set) var hasLow = false
    private(set) var hasEnd = false
    private(set) var isDescending = false
    /// Where to go on: at or above this entry or, descending, below it.
    private var next = ByteBuffer()
    private var nextRow: RowId = 0
    private var hasNext = false
    fileprivate(set) var isAtEnd = false

    /// The entries of the last batch; key i ends at `keyEnds[i]`.
    let rows: UnsafeMutablePointer<RowId>
    private var keyEnds: [Int] = []
    private var keys = ByteBuffer(capacity: 256)
    private(set) var count = 0
    private var path = IndexPath()

    package init() { rows = .allocate(capacity: Self.batchEntries) }

    deinit { rows.deallocate() }

    /// Begins anew with a range.
    func begin(
        low newLow: UnsafeRawBufferPointer?, end newEnd: UnsafeRawBufferPointer?, descending: Bool = false
    ) {
        low.removeAll()
        end.removeAll()
        next.removeAll()
        (hasLow, hasEnd, isDescending) = (newLow != nil, newEnd != nil, descending)
        if let newLow { low.append(newLow) }
        if let newEnd { end.append(newEnd) }
        hasNext = descending ? hasEnd : hasLow
        if hasNext { next.append(descending ? end.bytes : low.bytes) }
        nextRow = 0
        count = 0
        isAtEnd = false
    }

    func key(_ index: Int) -> UnsafeRawBufferPointer {
        let start = index == 0 ? 0 : keyEnds[index - 1]
        return UnsafeRawBufferPointer(start: keys.base + start, count: keyEnds[index] - start)
    }

    /// Reads the next batch of at most `limit` entries; false at the end.
    func advance(_ tree: IndexTree, limit: Int = batchEntries, withKeys: Bool = true) throws(DeedError) -> Bool {
        count = 0
        keys.removeAll()
        keyEnds.removeAll(keepingCapacity: true)
        let most = min(max(limit, 1), Self.batchEntries)
        while !isAtEnd && count < most {
            tree.latch.lockShared()
            let missing = isDescending ? readDown(tree, most, withKeys) : readUp(tree, most, withKeys)
            tree.latch.unlockShared()
            if let missing { try tree.load(missing) }
        }
        return count > 0
    }

    private func readUp(_ tree: IndexTree, _ most: Int, _ withKeys: Bool) -> IndexTree.Missing? {
        while count < most {
            let found = hasNext ? tree.descend(next.bytes, nextRow, &path) : tree.descendToEnd(last: false, &path)
            guard let leaf = found else { return tree.missing(path) }
            let block = leaf.pointee.block
            let first = hasNext ? block.position(next.bytes, nextRow) : 0
            let stop = hasEnd ? block.position(end.bytes, 0) : block.count
            let last = min(stop, first + most - count)
            if first < last { take(block, first..<last, withKeys) }
            if last < stop {
                setNext(block, last - 1, after: true)
            } else if stop < block.count || !moveUp() {
                isAtEnd = true
                return nil
            }
        }
        return nil
    }

    /// Goes on with the leaf after the one that the path leads to; false if there is none.
    private func moveUp() -> Bool {
        for index in stride(from: path.depth - 1, through: 0, by: -1) {
            let (node, position) = (path.node(index), path.position(index))
            if position < node.pointee.block.count {
                setNext(node.pointee.block, position, after: false)
                return true
            }
        }
        return false
    }

    private func readDown(_ tree: IndexTree, _ most: Int, _ withKeys: Bool) -> IndexTree.Missing? {
        while count < most {
            let found = hasNext
                ? tree.descend(next.bytes, nextRow, before: true, &path) : tree.descendToEnd(last: true, &path)
            guard let leaf = found else { return tree.missing(path) }
            let block = leaf.pointee.block
            let top = hasNext ? block.position(next.bytes, nextRow) : block.count
            let bottom = hasLow ? block.position(low.bytes, 0) : 0
            let last = max(bottom, top - (most - count))
            for index in stride(from: top - 1, through: last, by: -1) { take(block, index..<index + 1, withKeys) }
            if last > bottom {
                setNext(block, last, after: false)
            } else if bottom > 0 || !moveDown() {
                isAtEnd = true
                return nil
            }
        }
        return nil
    }

    private func moveDown() -> Bool {
        for index in stride(from: path.depth - 1, through: 0, by: -1) {
            let (node, position) = (path.node(index), path.position(index))
            if position > 0 {
                setNext(node.pointee.block, position - 1, after: false)
                return true
            }
        }
        return false
    }

    private func setNext(_ block: IndexBlock, _ index: Int, after: Bool) {
        next.removeAll()
        block.appendKey(index, to: &next)
        // Rows are far below the greatest number.
        nextRow = block.rows[index] &+ (after ? 1 : 0)
        hasNext = true
    }

    @inline(__always)
    private func take(_ block: IndexBlock, _ range: Range<Int>, _ withKeys: Bool) {
        for index in range {
            rows[count] = block.rows[index]
            count &+= 1
            if withKeys {
                block.appendKey(index, to: &keys)
                keyEnds.append(keys.count)
            }
        }
    }
}

extension IndexTree {
    /// Appends the rows of other entries with the same key. Returns what is missing in memory, if anything. The tree is
    /// locked.
    func collect(rivalsOf row: RowId, _ key: UnsafeRawBufferPointer, into rivals: inout [RowId]) -> Missing? {
        var path = IndexPath()
        var start: RowId = 0
        while true {
            guard let leaf = descend(key, start, &path) else { return missing(path) }
            let block = leaf.pointee.block
            for index in block.position(key, start)..<block.count {
                guard block.hasKey(index, key) else { return nil }
                if block.rows[index] != row { rivals.append(block.rows[index]) }
            }
            guard let fence = rowOfFence(path, key) else { return nil }
            start = fence
        }
    }

    /// The row of the entry above the leaf that the path leads to, if that entry has this key.
    private func rowOfFence(_ path: IndexPath, _ key: UnsafeRawBufferPointer) -> RowId? {
        for index in stride(from: path.depth - 1, through: 0, by: -1) {
            let (block, position) = (path.node(index).pointee.block, path.position(index))
            if position < block.count { return block.hasKey(position, key) ? block.rows[position] : nil }
        }
        return nil
    }
}

// A B+-tree from keys to rows, kept in memory as far as there is room and on disk node by node.
//
// One reader-writer latch guards all of it. It is held for one entry, or for a batch of entries at most, and never while
// reading from disk: whoever meets a node that is not in memory lets go of the latch, reads it in, and starts again.
// Leaves that become empty go away, and neighbours that are nearly empty are joined; a leaf that overflows at its end
// is left full, so that rows in ascending order of key fill leaves completely.

import Glibc

/// The nodes from the root to a leaf, and in each inner node the position of the child that was taken.
struct IndexPath {
    static let depthMax = 16
    private var nodes = InlineArray<16, IndexNodeRef?>(repeating: nil)
    private var positions = InlineArray<16, Int>(repeating: 0)
    private(set) var depth = 0

    mutating func push(_ node: IndexNodeRef, _ position: Int) {
        nodes[depth] = node
        positions[depth] = position
        depth &+= 1
    }

    mutating func pop() -> (node: IndexNodeRef, position: Int) {
        depth &-= 1
        return (nodes[depth].unsafelyUnwrapped, positions[depth])
    }

    func node(_ index: Int) -> IndexNodeRef { nodes[index].unsafelyUnwrapped }
    func position(_ index: Int) -> Int { positions[index] }
    mutating func removeAll() { depth = 0 }
}

final class IndexTree: @unchecked Sendable {
    let latch = Latch()
    /// The number of the index, for its keys in the store.
    let index: UInt32
    let store: KeyValueStore?
    let pool: MemoryPool
    /// Entries of a node.
    let fanout: Int

    var root: IndexNodeRef
    /// The number of the next node.
    var nextNumber: UInt64 = 1
    var entryCount = 0
    /// What the store has of nodes that are no more.
    var garbage: [StoredNode] = []
    /// Places for nodes: all of them, and those that are free.
    private var places: [IndexNodeRef] = []
    private var freePlaces: [IndexNodeRef] = []

    /// A version of a node in the store.
    struct StoredNode: Hashable {
        var number: UInt64
        var generation: UInt64
    }

    /// An empty tree, or one of which the store has the root.
    init(
        index: UInt32, store: KeyValueStore?, _ pool: MemoryPool, fanout: Int = Limits.indexNodeEntries,
        stored: StoredRoot? = nil
    ) {
        self.index = index
        self.store = store
        self.pool = pool
        self.fanout = fanout
        root = IndexNodeRef.allocate(capacity: 1)
        places.append(root)
        guard let stored else {
            root.initialize(to: IndexNode(number: 1, level: 0, capacity: fanout))
            nextNumber = 2
            return
        }
        root.initialize(to: IndexNode(number: stored.number, level: stored.level, capacity: fanout))
        root.pointee.generation = stored.generation
        (root.pointee.isLoaded, root.pointee.isDirty) = (false, false)
        (nextNumber, entryCount) = (stored.nextNumber, stored.entryCount)
    }

    deinit {
        for place in places {
            place.pointee.block.free(pool)
            place.deinitialize(count: 1)
            place.deallocate()
        }
    }

    /// Frees all nodes; the tree is empty afterwards, and not to be used for anything that matters.
    func clear() {
        latch.lockExclusive()
        defer { latch.unlockExclusive() }
        for place in places { place.pointee.block.free(pool) }
        freePlaces = places.filter { $0 != root }
        for place in freePlaces { place.pointee.number = 0 }
        root.pointee = IndexNode(number: nextNumber, level: 0, capacity: fanout)
        nextNumber += 1
        entryCount = 0
        garbage = []
    }

    // MARK: Nodes

    func makeNode(number: UInt64, level: Int) -> IndexNodeRef {
        let node: IndexNodeRef
        if let free = freePlaces.popLast() {
            node = free
        } else {
            node = IndexNodeRef.allocate(capacity: 1)
            places.append(node)
        }
        node.initialize(to: IndexNode(number: number, level: level, capacity: fanout))
        return node
    }

    private func newNode(level: Int) -> IndexNodeRef {
        defer { nextNumber += 1 }
        return makeNode(number: nextNumber, level: level)
    }

    /// Gives up a node and remembers what the store has of it.
    private func freeNode(_ node: IndexNodeRef) {
        for generation in [node.pointee.generation, node.pointee.pending] where generation != 0 {
            garbage.append(StoredNode(number: node.pointee.number, generation: generation))
        }
        node.pointee.block.free(pool)
        node.pointee.number = 0
        freePlaces.append(node)
    }

    // MARK: Descending

    /// A node that has to be read in before one can go on.
    struct Missing {
        var node: IndexNodeRef
        var number: UInt64
    }

    /// Goes down to the leaf where the key and row belong. Returns nil if a node on the way is not in memory, which is
    /// then the last one of the path. With `before` the leaf is the one of the greatest entry below them. The tree is locked.
    @inline(__always)
    func descend(
        _ key: UnsafeRawBufferPointer, _ row: RowId, before: Bool = false, _ path: inout IndexPath
    ) -> IndexNodeRef? {
        path.removeAll()
        var node = root
        while true {
            if !node.pointee.isLoaded {
                path.push(node, 0)
                return nil
            }
            if node.pointee.level == 0 { return node }
            let position = node.pointee.block.position(key, row, orEqual: !before)
            path.push(node, position)
            node = node.pointee.block.children[position]
        }
    }

    /// The same, to the first or last leaf.
    func descendToEnd(last: Bool, _ path: inout IndexPath) -> IndexNodeRef? {
        path.removeAll()
        var node = root
        while true {
            if !node.pointee.isLoaded {
                path.push(node, 0)
                return nil
            }
            if node.pointee.level == 0 { return node }
            let position = last ? node.pointee.block.count : 0
            path.push(node, position)
            node = node.pointee.block.children[position]
        }
    }

    func missing(_ path: IndexPath) -> Missing {
        let node = path.node(path.depth - 1)
        return Missing(node: node, number: node.pointee.number)
    }

    private func markDirty(_ leaf: IndexNodeRef, _ path: IndexPath) {
        leaf.pointee.isDirty = true
        for index in 0..<path.depth { path.node(index).pointee.hasDirtyBelow = true }
    }

    // MARK: Inserting

    /// Adds an entry unless it is there; true if it is new. With `rivals` the rows of other entries with the same key, as
    /// many as are found at one moment together with the adding, are appended to it. O(log entries).
    func insert(
        _ key: UnsafeRawBufferPointer, _ row: RowId, rivals: UnsafeMutablePointer<[RowId]>? = nil
    ) throws(DeedError) -> Bool {
        while true {
            var missing: Missing?
            let isNew = try insert(key, row, rivals, &missing)
            guard let missing else { return isNew }
            try load(missing)
        }
    }

    private func insert(
        _ key: UnsafeRawBufferPointer, _ row: RowId, _ rivals: UnsafeMutablePointer<[RowId]>?, _ missing: inout Missing?
    ) throws(DeedError) -> Bool {
        latch.lockExclusive()
        defer { latch.unlockExclusive() }
        if let rivals {
            rivals.pointee.removeAll(keepingCapacity: true)
            missing = collect(rivalsOf: row, key, into: &rivals.pointee)
            if missing != nil { return false }
        }
        var path = IndexPath()
        guard let leaf = descend(key, row, &path) else {
            missing = self.missing(path)
            return false
        }
        return try insert(into: leaf, key, row, &path, appending: false)
    }

    /// Adds an entry to a leaf, which is split if it is full.
    func insert(
        into leaf: IndexNodeRef, _ key: UnsafeRawBufferPointer, _ row: RowId, _ path: inout IndexPath, appending: Bool
    ) throws(DeedError) -> Bool {
        let position = leaf.pointee.block.position(key, row)
        let isThere = position < leaf.pointee.block.count && leaf.pointee.block.rows[position] == row
            && leaf.pointee.block.hasKey(position, key)
        if isThere { return false }
        if needsSplit(leaf) {
            try split(key, row, appending: appending)
            guard let half = descend(key, row, &path) else { return false }
            try half.pointee.block.insert(at: half.pointee.block.position(key, row), key, row, pool)
            markDirty(half, path)
        } else {
            try leaf.pointee.block.insert(at: position, key, row, pool)
            markDirty(leaf, path)
        }
        entryCount &+= 1
        return true
    }

    private static let heapBytesMax = 32 << 10

    @inline(__always)
    private func needsSplit(_ node: IndexNodeRef) -> Bool {
        node.pointee.block.count >= fanout
            || node.pointee.level == 0 && node.pointee.block.heapCount > Self.heapBytesMax && node.pointee.block.count > 8
    }

    /// Splits the leaf where a key belongs, and before it every full node above, so that each has room for one entry more.
    /// All nodes on the way are in memory.
    private func split(_ key: UnsafeRawBufferPointer, _ row: RowId, appending: Bool) throws(DeedError) {
        if needsSplit(root) { try raiseRoot() }
        var parent = root
        while parent.pointee.level > 0 {
            parent.pointee.hasDirtyBelow = true
            let position = parent.pointee.block.position(key, row, orEqual: true)
            let child = parent.pointee.block.children[position]
            if needsSplit(child) {
                try split(child, of: parent, position, key, row, appending)
                let next = parent.pointee.block.position(key, row, orEqual: true)
                parent = parent.pointee.block.children[next]
            } else {
                parent = child
            }
        }
    }

    /// Puts a new root above the root, which is its only child.
    private func raiseRoot() throws(DeedError) {
        let top = newNode(level: root.pointee.level + 1)
        do throws(DeedError) {
            try top.pointee.block.allocate(pool)
        } catch {
            freeNode(top)
            throw error
        }
        top.pointee.block.children[0] = root
        top.pointee.hasDirtyBelow = true
        root = top
    }

    /// Splits a child of a node that has room. On failure nothing has changed.
    private func split(
        _ child: IndexNodeRef, of parent: IndexNodeRef, _ position: Int, _ key: UnsafeRawBufferPointer, _ row: RowId,
        _ appending: Bool
    ) throws(DeedError) {
        let count = child.pointee.block.count
        let isInner = child.pointee.level > 0
        let isLast = position == parent.pointee.block.count
        let isAtEnd = !isInner && (appending || isLast) && child.pointee.block.position(key, row) == count
        // The entry between two inner nodes goes up; the first entry on the right of two leaves is repeated above.
        let middle = isAtEnd ? count : count / 2
        var separator = ByteBuffer(capacity: 64)
        if isAtEnd { separator.append(key) } else { child.pointee.block.appendKey(middle, to: &separator) }
        let separatorRow = isAtEnd ? row : child.pointee.block.rows[middle]
        let right = newNode(level: child.pointee.level)
        var left: IndexBlock?
        do throws(DeedError) {
            if !isAtEnd {
                right.pointee.block = try child.pointee.block.copied((isInner ? middle + 1 : middle)..<count, pool)
                left = try child.pointee.block.copied(0..<middle, pool)
            }
            try parent.pointee.block.insert(at: position, separator.bytes, separatorRow, child: right, pool)
        } catch {
            left?.free(pool)
            freeNode(right)
            throw error
        }
        if let left {
            child.pointee.block.free(pool)
            child.pointee.block = left
            child.pointee.isDirty = true
        }
        right.pointee.hasDirtyBelow = child.pointee.hasDirtyBelow
        parent.pointee.isDirty = true
        parent.pointee.hasDirtyBelow = true
    }

    // MARK: Removing

    /// Takes out an entry; true if it was there. O(log entries).
    func remove(_ key: UnsafeRawBufferPointer, _ row: RowId) throws(DeedError) -> Bool {
        while true {
            let (wasThere, missing) = removeIfLoaded(key, row)
            guard let missing else { return wasThere }
            try load(missing)
        }
    }

    /// Takes out an entry if its leaf is in memory; otherwise says what is missing.
    func removeIfLoaded(_ key: UnsafeRawBufferPointer, _ row: RowId) -> (wasThere: Bool, missing: Missing?) {
        latch.lockExclusive()
        defer { latch.unlockExclusive() }
        var path = IndexPath()
        guard let leaf = descend(key, row, &path) else { return (false, missing(path)) }
        let position = leaf.pointee.block.position(key, row)
        guard position < leaf.pointee.block.count, leaf.pointee.block.rows[position] == row,
            leaf.pointee.block.hasKey(position, key)
        else { return (false, nil) }
        leaf.pointee.block.remove(at: position, pool)
        markDirty(leaf, path)
        entryCount &-= 1
        if leaf.pointee.block.count < fanout / 4 { shrink(leaf, &path) }
        return (true, nil)
    }

    /// Removes a leaf that is empty, or joins one that is nearly so with a neighbour.
    private func shrink(_ leaf: IndexNodeRef, _ path: inout IndexPath) {
        guard path.depth > 0 else { return }
        if leaf.pointee.block.count == 0 {
            removeChild(leaf, &path)
            return
        }
        let (parent, position) = path.pop()
        let separators = parent.pointee.block.count
        guard separators > 0 else { return }
        let leftPosition = position == separators ? position - 1 : position
        let left = parent.pointee.block.children[leftPosition]
        let right = parent.pointee.block.children[leftPosition + 1]
        guard left.pointee.isLoaded, right.pointee.isLoaded,
            left.pointee.block.count + right.pointee.block.count <= fanout * 3 / 4,
            let joined = join(left.pointee.block, right.pointee.block)
        else { return }
        left.pointee.block.free(pool)
        left.pointee.block = joined
        left.pointee.isDirty = true
        parent.pointee.block.remove(at: leftPosition, pool)
        parent.pointee.isDirty = true
        freeNode(right)
        collapseRoot()
    }

    /// The entries of two neighbours, or nil if there is no memory for them: then they stay apart.
    private func join(_ left: IndexBlock, _ right: IndexBlock) -> IndexBlock? {
        var joined = IndexBlock(capacity: fanout, isInner: false)
        do throws(DeedError) {
            joined = try left.copied(0..<left.count, pool)
            try joined.append(right, 0..<right.count, pool)
            return joined
        } catch {
            joined.free(pool)
            return nil
        }
    }

    /// Takes an empty node out of its parent, and the parent out of its own if nothing is left of it.
    private func removeChild(_ child: IndexNodeRef, _ path: inout IndexPath) {
        let (parent, position) = path.pop()
        parent.pointee.isDirty = true
        freeNode(child)
        if parent.pointee.block.count > 0 {
            if position == 0 {
                parent.pointee.block.removeFirst(pool)
            } else {
                parent.pointee.block.remove(at: position - 1, pool)
            }
            collapseRoot()
        } else if path.depth > 0 {
            removeChild(parent, &path)
        } else {
            freeNode(parent)
            root = newNode(level: 0)
        }
    }

    /// Makes an only child of the root the root.
    private func collapseRoot() {
        while root.pointee.level > 0 && root.pointee.block.count == 0 {
            let old = root
            root = old.pointee.block.children[0]
            freeNode(old)
        }
    }
}

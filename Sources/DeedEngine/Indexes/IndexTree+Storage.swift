// The nodes of an index on disk: reading them in when they are needed, dropping them when memory is short, and writing
// those that have changed.
//
// Nodes are written under keys of a new generation and never overwritten, and a parent names the generation of each of
// its children; so what the root names is one whole state until a new root is published. A checkpoint writes most of the
// changed leaves while writers go on, a few at a time; what they have changed meanwhile, and the nodes above, it then
// encodes under one hold of the latch.

extension IndexTree {
    /// Where the nodes of an index begin; varints in this order, after a format byte.
    struct StoredRoot {
        var number: UInt64
        var level: Int
        var generation: UInt64
        var nextNumber: UInt64
        var entryCount: Int

        func encode(into out: inout ByteBuffer) {
            out.append(IndexNodeCodec.format)
            for value in [number, UInt64(level), generation, nextNumber, UInt64(entryCount)] { out.append(varint: value) }
        }
    }

    // MARK: Reading

    /// Reads a node in, unless another thread was faster. No latch is held.
    @inline(never)
    func load(_ missing: Missing) throws(DeedError) {
        guard let store, let (generation, level) = stored(missing) else { return }
        let key = StoreKeys.indexNode(index, generation, missing.number)
        var decoded: IndexNodeCodec.Decoded
        do throws(DeedError) {
            guard let value = try store.get(.indexes, key) else {
                throw DeedError(.corruption, "node \(missing.number) is missing")
            }
            var reader = ByteReader(value.bytes)
            decoded = try IndexNodeCodec.decode(&reader, level: level, capacity: fanout, pool)
        } catch {
            // A checkpoint may have put another generation in the place of this one.
            if stored(missing)?.generation != generation { return }
            throw DeedError(error.status, "index \(index) cannot be read: \(error.message)")
        }
        latch.lockExclusive()
        defer { latch.unlockExclusive() }
        let node = missing.node
        guard node.pointee.number == missing.number, !node.pointee.isLoaded, node.pointee.generation == generation else {
            decoded.block.free(pool)
            return
        }
        for (position, child) in decoded.children.enumerated() {
            let made = makeNode(number: child.number, level: level - 1)
            made.pointee.generation = child.generation
            (made.pointee.isLoaded, made.pointee.isDirty) = (false, false)
            decoded.block.children[position] = made
        }
        node.pointee.block = decoded.block
        node.pointee.isLoaded = true
    }

    /// What to read, or nil if there is nothing to read any more.
    private func stored(_ missing: Missing) -> (generation: UInt64, level: Int)? {
        latch.lockShared()
        defer { latch.unlockShared() }
        let node = missing.node
        guard node.pointee.number == missing.number, !node.pointee.isLoaded else { return nil }
        return (node.pointee.generation, node.pointee.level)
    }

    // MARK: Dropping

    /// Drops leaves that the store has, until `isEnough`.
    func evict(until isEnough: () -> Bool) {
        if store == nil { return }
        latch.lockExclusive()
        defer { latch.unlockExclusive() }
        _ = evict(below: root, isEnough)
    }

    /// False when it is enough.
    private func evict(below node: IndexNodeRef, _ isEnough: () -> Bool) -> Bool {
        guard node.pointee.isLoaded, node.pointee.level > 0 else { return true }
        for position in 0...node.pointee.block.count {
            let child = node.pointee.block.children[position]
            if child.pointee.level > 0 {
                if !evict(below: child, isEnough) { return false }
            } else if child.pointee.isEvictable {
                if isEnough() { return false }
                child.pointee.block.free(pool)
                child.pointee.isLoaded = false
            }
        }
        return true
    }

    // MARK: Writing

    /// What a checkpoint has written of a tree, until it is published or given up.
    struct Save {
        var written: [Missing] = []
        /// What the store will not need any more.
        var obsolete: [StoredNode] = []
        fileprivate var garbageCount = 0
        var root = StoredRoot(number: 0, level: 0, generation: 0, nextNumber: 0, entryCount: 0)
    }

    private static let leavesAtOnce = 64
    private static let roundsMax = 4

    /// Writes what has changed, in ascending order of key. `save` says what was written, also when this fails.
    func write(
        _ save: inout Save, takeGeneration: () -> UInt64,
        put: (_ key: borrowing ByteBuffer, _ value: UnsafeRawBufferPointer) throws(DeedError) -> Void
    ) throws(DeedError) {
        for _ in 0..<Self.roundsMax {
            let leaves = dirtyLeaves()
            if leaves.count <= 2 * Self.leavesAtOnce { break }
            let generation = takeGeneration()
            for first in stride(from: 0, to: leaves.count, by: Self.leavesAtOnce) {
                let some = leaves[first..<min(first + Self.leavesAtOnce, leaves.count)]
                try write(&save, generation, put) { $0.append(contentsOf: some.filter { self.isDirty($0) }) }
            }
        }
        try write(&save, takeGeneration(), put) { nodes in
            _ = gather(root, &nodes)
            nodes.sort { $0.number < $1.number }
        } last: { save in
            save.root = StoredRoot(
                number: root.pointee.number, level: root.pointee.level,
                generation: root.pointee.pending != 0 ? root.pointee.pending : root.pointee.generation,
                nextNumber: nextNumber, entryCount: entryCount)
            save.garbageCount = garbage.count
            save.obsolete += garbage
        }
    }

    private func isDirty(_ node: Missing) -> Bool {
        node.node.pointee.number == node.number && node.node.pointee.isLoaded && node.node.pointee.isDirty
    }

    private func dirtyLeaves() -> [Missing] {
        latch.lockShared()
        defer { latch.unlockShared() }
        var leaves: [Missing] = []
        func visit(_ node: IndexNodeRef) {
            guard node.pointee.isLoaded else { return }
            if node.pointee.level == 0 {
                if node.pointee.isDirty { leaves.append(Missing(node: node, number: node.pointee.number)) }
            } else if node.pointee.hasDirtyBelow {
                for position in 0...node.pointee.block.count { visit(node.pointee.block.children[position]) }
            }
        }
        visit(root)
        return leaves.sorted { $0.number < $1.number }
    }

    /// Collects the nodes to be written, children before parents; true if the node will have a new generation.
    private func gather(_ node: IndexNodeRef, _ nodes: inout [Missing]) -> Bool {
        guard node.pointee.isLoaded else { return false }
        var isChanged = node.pointee.isDirty
        if node.pointee.level > 0 && node.pointee.hasDirtyBelow {
            for position in 0...node.pointee.block.count
            where gather(node.pointee.block.children[position], &nodes) { isChanged = true }
            node.pointee.hasDirtyBelow = false
        }
        if isChanged { nodes.append(Missing(node: node, number: node.pointee.number)) }
        return isChanged || node.pointee.pending != 0
    }

    /// Encodes the nodes that `choose` picks under one hold of the latch, and then puts them.
    private func write(
        _ save: inout Save, _ generation: UInt64,
        _ put: (_ key: borrowing ByteBuffer, _ value: UnsafeRawBufferPointer) throws(DeedError) -> Void,
        choose: (inout [Missing]) -> Void, last: (inout Save) -> Void = { _ in }
    ) throws(DeedError) {
        var nodes: [Missing] = []
        var ends: [Int] = []
        var buffer = ByteBuffer(capacity: 1 << 16)
        do {
            latch.lockShared()
            defer { latch.unlockShared() }
            choose(&nodes)
            // Nobody but the one checkpoint looks at these fields under the shared latch.
            for node in nodes {
                for old in [node.node.pointee.generation, node.node.pointee.pending] where old != 0 {
                    save.obsolete.append(StoredNode(number: node.number, generation: old))
                }
                node.node.pointee.pending = generation
                node.node.pointee.isDirty = false
            }
            save.written += nodes
            for node in nodes {
                IndexNodeCodec.encode(node.node, into: &buffer)
                ends.append(buffer.count)
            }
            last(&save)
        }
        var start = 0
        for (node, end) in zip(nodes, ends) {
            try put(
                StoreKeys.indexNode(index, generation, node.number),
                UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<end]))
            start = end
        }
    }

    /// The store's root is now what was written.
    func publish(_ save: Save) {
        latch.lockExclusive()
        defer { latch.unlockExclusive() }
        for node in save.written where node.node.pointee.number == node.number && node.node.pointee.pending != 0 {
            node.node.pointee.generation = node.node.pointee.pending
            node.node.pointee.pending = 0
        }
        garbage.removeFirst(min(save.garbageCount, garbage.count))
    }

    /// What was written will not be published, and is to be written again.
    func abandon(_ save: Save) {
        latch.lockExclusive()
        defer { latch.unlockExclusive() }
        for node in save.written where node.node.pointee.number == node.number {
            node.node.pointee.pending = 0
            node.node.pointee.isDirty = true
        }
        markAllDirtyBelow(root)
    }

    private func markAllDirtyBelow(_ node: IndexNodeRef) {
        guard node.pointee.isLoaded, node.pointee.level > 0 else { return }
        node.pointee.hasDirtyBelow = true
        for position in 0...node.pointee.block.count { markAllDirtyBelow(node.pointee.block.children[position]) }
    }
}

extension IndexTree.StoredRoot {
    init(_ reader: inout ByteReader) throws(DeedError) {
        guard try reader.readByte() == IndexNodeCodec.format else {
            throw DeedError(.newerFormat, "the root of an index has an unknown format")
        }
        number = try reader.readVarint()
        level = try reader.readCount(max: IndexPath.depthMax - 1)
        generation = try reader.readVarint()
        nextNumber = try reader.readVarint()
        entryCount = try reader.readCount(max: 1 << 48)
    }
}

// A node of an index: its entries, and where the store has them. All fields are guarded by the tree's latch. A node's
// place in memory is kept, once made, for another node or for the end of the tree; so a reference taken under the latch
// can be looked at again later, and the node's number tells whether it is still the same.

typealias IndexNodeRef = UnsafeMutablePointer<IndexNode>

struct IndexNode {
    /// 0 for a place that is free.
    var number: UInt64
    /// 0 for leaves.
    let level: Int
    var block: IndexBlock
    /// False while the entries are only on disk.
    var isLoaded = true
    /// True when the entries differ from what the store holds.
    var isDirty = true
    /// True when a node below differs.
    var hasDirtyBelow = false
    /// Which checkpoint wrote the node that the store's directory refers to; 0 if there is none.
    var generation: UInt64 = 0
    /// Which checkpoint under way has written it, or 0.
    var pending: UInt64 = 0

    init(number: UInt64, level: Int, capacity: Int) {
        self.number = number
        self.level = level
        block = IndexBlock(capacity: capacity, isInner: level > 0)
    }

    /// True if the store has exactly these entries, so that they may be dropped from memory.
    var isEvictable: Bool { isLoaded && !isDirty && pending == 0 && generation != 0 }
}

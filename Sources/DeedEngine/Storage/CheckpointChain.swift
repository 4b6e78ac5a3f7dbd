// The last checkpoints, each naming the one before: under "k" and the generation of a checkpoint the store keeps the
// generation of its predecessor (varint, 0 for none), written in the checkpoint's own batch.
//
// Second processes need it. RocksDB lets them see a later batch without an earlier one for a moment: the writer has
// flushed the earlier one to a table and deleted the log that held it, and the reader has found the log gone but not
// looked for the table yet. Where the chain is whole, no batch is missing.

struct CheckpointChain {
    /// Links to keep: more checkpoints than anybody can miss at once.
    private static let linksMax = 32

    /// Oldest first.
    private var generations: [UInt64] = []

    init() {}

    /// Adds the link of the next checkpoint to its batch, and deletes one that is too old.
    func put(_ generation: UInt64, _ batch: inout WriteBatch) {
        var value = ByteBuffer(capacity: 16)
        value.append(varint: generations.last ?? 0)
        batch.put(.meta, StoreKeys.checkpoint(generation), value)
        if generations.count >= Self.linksMax { batch.delete(.meta, StoreKeys.checkpoint(generations[0])) }
    }

    /// The batch has been written.
    mutating func append(_ generation: UInt64) {
        if generations.count >= Self.linksMax { generations.removeFirst() }
        generations.append(generation)
    }

    init(_ store: KeyValueStore) throws(DeedError) {
        var found: [UInt64] = []
        try store.forEach(in: .meta, from: StoreKeys.text("k"), to: StoreKeys.text("l")) { key, _ throws(DeedError) in
            var reader = ByteReader(key)
            _ = try reader.readByte()
            found.append(try reader.readFixed64().byteSwapped)
            return true
        }
        generations = found
    }

    /// Whether the store shows every checkpoint from `newest` back to `known`, or as far back as links are kept.
    static func isWhole(_ store: KeyValueStore, from newest: UInt64, to known: UInt64) throws(DeedError) -> Bool {
        var generation = newest
        for _ in 1..<linksMax where generation != known && generation != 0 {
            guard let value = try store.get(.meta, StoreKeys.checkpoint(generation)) else { return false }
            var reader = ByteReader(value.bytes)
            generation = try reader.readVarint()
        }
        return true
    }
}

// The part of a checkpoint that writes secondary indexes: their changed nodes to a sorted file, and where they begin to the
// last batch. An index may hold more than the checkpoint's snapshot needs, but never less; so it is written as it is.

final class IndexCheckpoint {
    private let graph: Graph
    private let store: KeyValueStore
    private var file: SortedFileWriter?
    private var saves: [(index: SecondaryIndex, save: IndexTree.Save)] = []

    init(_ graph: Graph, _ store: KeyValueStore) {
        self.graph = graph
        self.store = store
    }

    /// True if a node was written.
    var hasNews: Bool { saves.contains { !$0.save.written.isEmpty } }

    func write() throws(DeedError) {
        for index in graph.allIndexes {
            var save = IndexTree.Save()
            var failure: DeedError?
            do throws(DeedError) {
                try index.tree.write(&save, takeGeneration: graph.takeGeneration) { key, value throws(DeedError) in
                    if file == nil { file = try SortedFileWriter(store, for: .indexes) }
                    try file?.put(key.bytes, value)
                }
            } catch {
                failure = error
            }
            saves.append((index, save))
            if let failure { throw failure }
        }
        if try file?.finish() != nil, let path = file?.path { try store.ingest([path], into: .indexes) }
    }

    func put(into batch: inout WriteBatch, dropped: [UInt32]) {
        for (index, save) in saves {
            var value = ByteBuffer()
            save.root.encode(into: &value)
            batch.put(.meta, StoreKeys.indexRoot(index.number), value)
            for node in save.obsolete {
                batch.delete(.indexes, StoreKeys.indexNode(index.number, node.generation, node.number))
            }
        }
        for number in dropped {
            batch.delete(.meta, StoreKeys.indexRoot(number))
            batch.deleteRange(
                .indexes, from: StoreKeys.indexNode(number, 0, 0), to: StoreKeys.indexNode(number + 1, 0, 0))
        }
    }

    func publish() {
        for (index, save) in saves { index.tree.publish(save) }
        saves = []
    }

    func abandon() {
        for (index, save) in saves { index.tree.abandon(save) }
        saves = []
    }
}

// What can go wrong between a graph and its files, and what must hold then: a clear error, nothing half done, and all that
// was acknowledged there after the next open.

import Glibc
import Testing

@testable import DeedEngine

@Suite struct OpenAndFaultTests {
    private let directory = ScratchDirectory()
    private let faults = KeyValueStore.Faults()
    private var path: String { directory.path + "/store" }

    private func open(_ change: (inout GraphOptions) -> Void = { _ in }) throws(DeedError) -> Graph {
        var options = GraphOptions()
        options.faults = faults
        change(&options)
        return try Graph(path: path, options: options)
    }

    private func intern(_ graph: Graph, _ kind: NameKind, _ name: StaticString) throws(DeedError) -> NameId {
        try graph.names.intern(kind, UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// Adds an entity with one integer and commits it.
    private func add(_ value: Int64, to graph: Graph) throws(DeedError) {
        let collection = try intern(graph, .collection, "Number")
        let key = try intern(graph, .propertyKey, "value")
        var cell = PropertyCell(key: key, cell: Cell(type: .int64, bits: UInt64(bitPattern: value)))
        let pointer = withUnsafeMutablePointer(to: &cell) { $0 }
        _ = try graph.autocommit { transaction throws(DeedError) in
            try graph.addEntity(transaction, collection: collection, UnsafeBufferPointer(start: pointer, count: 1))
        }
    }

    private func values(_ graph: Graph) throws(DeedError) -> [Int64] {
        let scan = try graph.scan(nil, .entity, try intern(graph, .collection, "Number"))
        var result: [Int64] = []
        while let image = try scan.nextImage() {
            for row in 0..<image.rowCount {
                result.append(Int64(bitPattern: image.columns[0].chunk.cell(at: row).bits))
            }
        }
        return result
    }

    @Test func aStoreOfANewerFormatIsRefused() throws {
        try open().close()
        try writeFormat(StoreKeys.formatVersion + 1)
        #expect(thrownStatus { () throws(DeedError) in _ = try open() } == .newerFormat)
    }

    private func writeFormat(_ number: UInt64) throws(DeedError) {
        let store = try KeyValueStore(path: path)
        var batch = try WriteBatch(store)
        var version = ByteBuffer()
        version.append(varint: number)
        batch.put(.meta, StoreKeys.text("format"), version)
        try store.write(batch, sync: true)
        store.close()
    }

    @Test func aMissingStoreIsMadeOnlyWhenAskedTo() throws {
        let status = thrownStatus { () throws(DeedError) in _ = try open { $0.createIfMissing = false } }
        #expect(status == .invalidArgument || status == .ioError || status == .notFound)
        try open().close()
        try open { $0.createIfMissing = false }.close()
    }

    @Test func aReaderSeesWhatIsThereAndWritesNothing() throws {
        let writer = try open()
        try add(1, to: writer)
        try writer.close()
        let reader = try open { $0.isReadOnly = true }
        #expect(try values(reader) == [1])
        #expect(thrownStatus { () throws(DeedError) in try add(2, to: reader) } == .readOnly)
        try reader.close()
    }

    @Test(arguments: [true, false], [EIO, ENOSPC]) func aFailedCommitIsUndoneAndStopsTheStore(atSync: Bool, number: Int32)
        throws
    {
        let graph = try open()
        try add(1, to: graph)
        try add(2, to: graph)
        if atSync { faults.failSyncs(after: 0, with: number) } else { faults.failWrites(after: 0, with: number) }
        let failed = thrownStatus { () throws(DeedError) in try add(3, to: graph) }
        #expect(failed == .ioError || failed == .diskFull)
        #expect(try values(graph) == [1, 2])
        faults.stop()
        // Whether the disk has it nobody can say, so nothing is accepted before the store has been opened again.
        #expect(thrownStatus { () throws(DeedError) in try add(4, to: graph) } == failed)
        #expect(try values(graph) == [1, 2])
        #expect(try graph.check() == [])
        try? graph.close()
        let reopened = try open()
        let found = try values(reopened)
        #expect(found == [1, 2] || atSync && found == [1, 2, 3])
        try add(5, to: reopened)
        #expect(try values(reopened).last == 5)
        #expect(try reopened.check() == [])
        try reopened.close()
    }

    @Test(arguments: 0..<12) func aCheckpointThatFailsLosesNothing(writes: Int) throws {
        let graph = try open()
        for value in 0..<40 { try add(Int64(value), to: graph) }
        faults.failWrites(after: writes, with: EIO)
        try? graph.checkpoint()
        #expect(try values(graph) == (0..<40).map(Int64.init))
        try? graph.close()
        faults.stop()
        let reopened = try open()
        #expect(try values(reopened) == (0..<40).map(Int64.init))
        #expect(try reopened.check() == [])
        try reopened.close()
    }
}

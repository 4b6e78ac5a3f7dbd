// How much of the log checkpoints keep.

import Testing

@testable import DeedEngine

@Suite struct LogRetentionTests {
    private let directory = MemoryDirectory()
    private var path: String { directory.path + "/store" }

    private func open(_ policy: LogRetentionPolicy) throws -> Graph {
        var options = GraphOptions()
        options.memoryLimit = 256 << 20
        options.checkpointLogBytes = 0
        options.bulkRowsMin = 1
        options.retention = policy
        return try Graph(path: path, options: options)
    }

    /// The commits whose records the log has.
    private func logged(_ graph: Graph) throws -> [Timestamp] {
        var found: [Timestamp] = []
        try graph.store?.forEach(in: .log) { key, _ throws(DeedError) in
            var reader = ByteReader(key)
            let timestamp = try reader.readFixed64().byteSwapped
            if found.last != timestamp { found.append(timestamp) }
            return true
        }
        return found
    }

    private func commit(_ graph: Graph, _ count: Int) throws {
        for _ in 0..<count { _ = try graph.add(try graph.intern(.collection, "a")) }
    }

    @Test func withoutAPolicyTheNewestStretchStays() throws {
        let graph = try open(LogRetentionPolicy())
        try commit(graph, 3)
        try graph.checkpoint()
        #expect(try logged(graph) == [1, 2, 3])
        try commit(graph, 2)
        try graph.checkpoint()
        #expect(try logged(graph) == [4, 5])
        try graph.checkpoint()
        #expect(try logged(graph) == [4, 5])
        try graph.close()
    }

    @Test func stretchesStayUntilTheNewerOnesAreEnough() throws {
        let graph = try open(LogRetentionPolicy(bytes: 80))
        for _ in 0..<4 {
            try commit(graph, 2)
            try graph.checkpoint()
        }
        // A record of one entity takes 31 bytes, of which 20 count: two stretches are 80 bytes.
        let first = try #require(try logged(graph).first)
        #expect(first > 1 && first < 7)
        try graph.retainLog(LogRetentionPolicy())
        try graph.checkpoint()
        #expect(try logged(graph) == [7, 8])
        try graph.close()
    }

    @Test func everythingStaysWhenAskedForAndSurvivesReopening() throws {
        for round in 0..<3 {
            let graph = try open(LogRetentionPolicy(bytes: .max))
            try commit(graph, 2)
            try graph.checkpoint()
            #expect(try logged(graph) == (1...Timestamp(2 * round + 2)).map { $0 })
            try graph.close()
        }
        let graph = try open(LogRetentionPolicy(seconds: 3600))
        try commit(graph, 1)
        try graph.checkpoint()
        #expect(try logged(graph) == (1...7).map { $0 })
        try graph.close()
    }

    /// The chunks of one generation.
    private func chunks(_ graph: Graph, _ generation: UInt64) throws -> Int {
        var count = 0
        try graph.store?.forEach(
            in: .segments, from: StoreKeys.generation(generation), to: StoreKeys.generation(generation + 1)
        ) { _, _ throws(DeedError) in
            count += 1
            return true
        }
        return count
    }

    @Test func chunksThatARecordNamesStayAsLongAsIt() throws {
        var graph = try open(LogRetentionPolicy(bytes: .max))
        let (a, key) = (try graph.intern(.collection, "a"), try graph.intern(.propertyKey, "k"))
        let ids = try graph.load(a, count: 10, [ArrayColumn(key, (0..<10).map { .int($0) })])
        let generation: UInt64 = 1
        #expect(try chunks(graph, generation) == 1)
        // The checkpoint writes the column anew, but the record of the load still names the old chunk.
        try graph.set(.entity, ids[0], [key: .int(-1)])
        try graph.checkpoint()
        try graph.compact()
        #expect(try chunks(graph, generation) == 1)
        try graph.close()
        graph = try open(LogRetentionPolicy())
        try commit(graph, 1)
        try graph.checkpoint()
        #expect(try chunks(graph, generation) == 0)
        #expect(try graph.row(.entity, ids[1])?.properties == [key: .int(1)])
        #expect(try graph.check() == [])
        try graph.close()
    }

    @Test func aChunkInUseStaysWhenItsRecordGoes() throws {
        let graph = try open(LogRetentionPolicy())
        let (a, key) = (try graph.intern(.collection, "a"), try graph.intern(.propertyKey, "k"))
        let ids = try graph.load(a, count: 10, [ArrayColumn(key, (0..<10).map { .int($0) })])
        for _ in 0..<3 {
            try graph.checkpoint()
            try commit(graph, 1)
        }
        #expect(try logged(graph).contains(1) == false)
        try graph.close()
        let again = try open(LogRetentionPolicy())
        #expect(try again.row(.entity, ids[3])?.properties == [key: .int(3)])
        try again.close()
    }

    @Test func theFirstRecordThatUsesANameDefinesIt() throws {
        var graph = try open(LogRetentionPolicy(bytes: .max))
        try commit(graph, 1)
        // The checkpoint saves the name in the catalogue, though no record has defined it.
        let late = try graph.intern(.collection, "late")
        try graph.close()
        graph = try open(LogRetentionPolicy(bytes: .max))
        _ = try graph.add(late)
        var defined: [String] = []
        try graph.store?.forEach(in: .log) { _, value throws(DeedError) in
            if value.contains(bytes: Array("late".utf8)) { defined.append("late") }
            return true
        }
        #expect(defined == ["late"])
        try graph.close()
    }
}

extension UnsafeRawBufferPointer {
    /// True if the bytes occur somewhere.
    fileprivate func contains(bytes: [UInt8]) -> Bool {
        count >= bytes.count && (0...count - bytes.count).contains { self[$0..<$0 + bytes.count].elementsEqual(bytes) }
    }
}

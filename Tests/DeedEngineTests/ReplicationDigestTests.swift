// The digest of the state: equal for equal states however they came about, different for different ones.

import Testing

@testable import DeedEngine

@Suite struct ReplicationDigestTests {
    private let directory = MemoryDirectory()

    private func digest(_ graph: Graph) throws -> Hash128 { try graph.stateDigest().digest }

    @Test func theHashIsSipHash() {
        // From the reference implementation, key 00 01 ... 0f, messages of 0, 1 and 2 bytes 00 01.
        let expected = [
            Hash128(low: 0xe6a8_25ba_047f_81a3, high: 0x9302_55c7_1472_f66d),
            Hash128(low: 0x44af_996b_d8c1_87da, high: 0x45fc_229b_1159_7634),
            Hash128(low: 0xc75d_a4a4_8d22_7781, high: 0xe4ff_0af6_de8b_a3fc),
        ]
        for (size, hash) in expected.enumerated() {
            let bytes = (0..<UInt8(size)).map { $0 }
            #expect(bytes.withUnsafeBytes { SipHash.hash($0) } == hash)
        }
    }

    /// Rows of all kinds in one go.
    private func build(_ graph: Graph, names: [String]) throws {
        for name in names { _ = try graph.intern(.propertyKey, name) }
        let (a, b) = (try graph.intern(.propertyKey, "a"), try graph.intern(.propertyKey, "b"))
        let person = try graph.intern(.collection, "person")
        let knows = try graph.intern(.relationshipType, "knows")
        let ids = try (0..<4).map { try graph.add(person, [a: .int($0), b: .string("a value of some length \($0)")]) }
        _ = try graph.connect(ids[0], ids[1], knows, [a: .float(0.5)])
        _ = try graph.connect(ids[1], ids[1], knows)
    }

    @Test func namesMayHaveOtherNumbers() throws {
        let (left, right) = (try Graph.open(nil), try Graph.open(nil))
        try build(left, names: [])
        try build(right, names: ["z", "b", "a"])
        #expect(try digest(left) == digest(right))
        #expect(try digest(left) != Hash128())
        try left.close()
        try right.close()
    }

    @Test func itDoesNotMatterHowTheStateCameAbout() throws {
        let straight = try Graph.open(nil)
        try build(straight, names: [])
        let path = directory.path + "/store"
        var graph = try Graph.open(path)
        let (a, b) = (try graph.intern(.propertyKey, "a"), try graph.intern(.propertyKey, "b"))
        let person = try graph.intern(.collection, "person")
        let knows = try graph.intern(.relationshipType, "knows")
        let ids = try graph.load(person, count: 5, [ArrayColumn(b, (0..<5).map { .int($0) })])
        try graph.checkpoint()
        try graph.remove(.entity, ids[4])
        let road = try graph.connect(ids[0], ids[1], knows, [b: .bytes([1])])
        for (index, id) in ids.prefix(4).enumerated() {
            try graph.set(.entity, id, [b: .string("a value of some length \(index)"), a: .int(index)])
        }
        try graph.close()
        graph = try Graph.open(path)
        try graph.set(.relationship, road, [a: .float(0.5)], replacing: true)
        _ = try graph.connect(ids[1], ids[1], knows)
        #expect(try digest(graph) == digest(straight))
        try graph.compact()
        #expect(try digest(graph) == digest(straight))
        try graph.close()
        try straight.close()
    }

    @Test func everyPartOfARowCounts() throws {
        let graph = try Graph.open(nil)
        try build(graph, names: ["c"])
        var seen = Set([try digest(graph)])
        let key = try graph.intern(.propertyKey, "c")
        let road = try graph.intern(.relationshipType, "road")
        let changes: [() throws -> Void] = [
            { try graph.set(.entity, 1, [key: .int(1)]) },
            { try graph.set(.entity, 1, [key: .float(1)]) },
            { try graph.set(.entity, 1, [key: .null]); try graph.set(.entity, 2, [key: .float(1)]) },
            { _ = try graph.connect(1, 2, road) },
            { _ = try graph.connect(2, 1, road) },
            { _ = try graph.add(try graph.intern(.collection, "person")) },
            { _ = try graph.add(try graph.intern(.collection, "thing")) },
            { try graph.remove(.entity, 2, detach: true) },
        ]
        for (index, change) in changes.enumerated() {
            try change()
            #expect(seen.insert(try digest(graph)).inserted, "change \(index)")
        }
        try graph.close()
    }

    @Test func itIsThatOfOneSnapshot() throws {
        let graph = try Graph.open(nil)
        let before = try graph.stateDigest()
        try build(graph, names: [])
        let transaction = try graph.begin(readOnly: false)
        _ = try graph.add(0, in: transaction)
        let after = try graph.stateDigest()
        graph.rollback(transaction)
        #expect(before.sequence == 0 && after.sequence == 6)
        #expect(try graph.stateDigest() == after)
        try graph.close()
    }
}

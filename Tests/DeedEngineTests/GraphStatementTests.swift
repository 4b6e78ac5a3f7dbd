// Statements at the border of what a transaction may do: failing ones leave nothing behind, deletions respect what
// others may still take back, and names are told apart byte by byte.

import Testing

@testable import DeedEngine

@Suite struct GraphStatementTests {
    private let graph: Graph
    private let collection: NameId
    private let type: NameId

    init() throws {
        graph = try Graph.open(nil)
        collection = try graph.intern(.collection, "Place")
        type = try graph.intern(.relationshipType, "ROAD")
    }

    /// The row of a failing statement follows that of the statement before, in the same segment.
    @Test func aFailingStatementTakesNothingElseWithIt() throws {
        let entities = try (0..<2).map { _ in try graph.add(collection) }
        let gone = try graph.add(collection)
        try graph.remove(.entity, gone)
        let transaction = try graph.begin(readOnly: false)
        for _ in 0..<3 { _ = try graph.connect(entities[0], entities[1], type, in: transaction) }
        let status = thrownStatus { () throws(DeedError) in
            _ = try graph.connect(entities[0], gone, type, in: transaction)
        }
        #expect(status == .notFound)
        #expect(try graph.links(entities[0], in: transaction).count == 3)
        #expect(try graph.scanned(.relationship, type, in: transaction).count == 3)
        try graph.commit(transaction)
        #expect(try graph.scanned(.relationship, type).count == 3)
        #expect(graph.rowCount(.relationship, type) == 3)
        #expect(try graph.check() == [])
        try graph.close()
    }

    /// A deletion that is running may be undone: until it commits, its relationship still needs its ends.
    @Test func anEndStaysWhileADeletionOfItsRelationshipMayBeUndone() throws {
        let (source, target) = (try graph.add(collection), try graph.add(collection))
        let early = try graph.begin(readOnly: false)
        let relationship = try graph.connect(source, target, type)
        let deleting = try graph.begin(readOnly: false)
        try graph.remove(.relationship, relationship, in: deleting)
        let status = thrownStatus { () throws(DeedError) in
            try graph.remove(.entity, source, detach: true, in: early)
        }
        #expect(status == .transactionConflict)
        try graph.commit(early)
        graph.rollback(deleting)
        #expect(try graph.check() == [])
        #expect(try graph.row(.relationship, relationship) != nil)
        try graph.close()
    }

    /// Lists in which a rolled-back transaction has been are as quick as before: no entry of it stays.
    @Test func listsForgetWhatWasRolledBack() throws {
        let (source, target) = (try graph.add(collection), try graph.add(collection))
        graph.settleQueued()
        let transaction = try graph.begin(readOnly: false)
        for _ in 0..<10 { _ = try graph.connect(source, target, type, in: transaction) }
        graph.rollback(transaction)
        graph.settleQueued()
        graph.settleQueued()
        let segment = try #require(graph.entities.segment(of: source))
        for index in 0..<segment.pointee.adjacencyCount {
            #expect(segment.pointee.adjacency[index].count == 0)
            #expect(!segment.pointee.adjacency[index].hasDoubts)
        }
        try graph.close()
    }

    /// "é" in one code point and in two, and two orders of the same accents, are four names.
    @Test func namesAreBytes() throws {
        let texts = ["\u{E9}", "e\u{301}", "a\u{323}\u{307}", "a\u{307}\u{323}"]
        let numbers = try texts.map { try graph.intern(.propertyKey, $0) }
        #expect(Set(numbers).count == texts.count)
        for (text, number) in zip(texts, numbers) {
            #expect(try graph.intern(.propertyKey, text) == number)
            let found = Array(text.utf8).withUnsafeBytes { graph.names.lookup(.propertyKey, $0) }
            #expect(found == number)
        }
        try graph.close()
    }
}

// Changes of the schema: committed, undone, saved, replayed, and forgotten when they were never completed.

import Testing

@testable import DeedEngine

@Suite struct SchemaTests {
    private let directory = MemoryDirectory()
    private var path: String { directory.path + "/store" }
    private var image: String { directory.path + "/image" }

    private func draft(_ name: String, table: NameId = 0) -> SchemaObject {
        let rule = Constraint.Rule.length(least: name.utf8.count, most: nil)
        return Constraint(name: name, rowKind: .entity, table: table, properties: [0], rule: rule).schemaObject
    }

    private func described(_ graph: Graph) -> [String] {
        graph.schema.objects.map { object in
            "\(object.number) \(object.name) \(object.state)"
                + (object.definition == draft(object.name).definition ? "" : " with another definition")
        }
    }

    @Test(arguments: [false, true]) func objectsOutliveTheProcess(_ checkpoint: Bool) throws {
        let graph = try Graph.open(path)
        _ = try graph.intern(.collection, "a")
        for name in ["first", "second", "third"] { try graph.define(draft(name)) { _ in } }
        try graph.drop(.constraint, named: "second")
        if checkpoint { try graph.checkpoint() }
        try graph.define(draft("fourth")) { _ in }
        try graph.drop(.constraint, named: "first")
        let expected = described(graph)
        #expect(expected == ["3 third ready", "4 fourth ready"])
        copyStore(path, to: image)
        for copy in [path, image] {
            if copy == path { try graph.close() }
            for readOnly in [true, false] {
                let again = try Graph.open(copy, readOnly: readOnly)
                #expect(described(again) == expected)
                #expect(again.table(.entity, 0)?.rules?.objects.count == 2)
                try again.close()
            }
            let last = try Graph.open(copy)
            #expect(try last.define(draft("fifth")) { _ in }.number == 5)
            try last.close()
        }
    }

    @Test func whatFailsIsUndone() throws {
        let graph = try Graph.open(path)
        _ = try graph.intern(.collection, "a")
        try graph.define(draft("kept")) { object throws(DeedError) in
            #expect(graph.table(.entity, 0)?.rules?.objects.map(\.state) == [.building])
        }
        #expect(throws: DeedError.self) {
            try graph.define(self.draft("failing")) { _ throws(DeedError) in
                throw DeedError(.interrupted, "stopped")
            }
        }
        #expect(throws: DeedError.self) { try graph.define(self.draft("kept")) { _ in } }
        #expect(throws: DeedError.self) { try graph.define(self.draft("lost", table: 7)) { _ in } }
        #expect(throws: DeedError.self) { try graph.drop(.index, named: "kept") }
        #expect(described(graph) == ["1 kept ready"])
        try graph.drop(.constraint, named: "kept")
        #expect(graph.table(.entity, 0)?.rules == nil)
        try graph.close()
    }

    @Test(arguments: [false, true]) func aCrashInTheMiddleLeavesNothing(_ checkpoint: Bool) throws {
        let graph = try Graph.open(path)
        _ = try graph.intern(.collection, "a")
        try graph.define(draft("kept")) { _ in }
        try graph.define(draft("begun")) { _ throws(DeedError) in
            if checkpoint { try graph.checkpoint() }
            copyStore(self.path, to: self.image)
        }
        try graph.close()
        for readOnly in [true, false, false] {
            let again = try Graph.open(image, readOnly: readOnly)
            #expect(described(again) == ["1 kept ready"])
            try again.close()
        }
    }
}

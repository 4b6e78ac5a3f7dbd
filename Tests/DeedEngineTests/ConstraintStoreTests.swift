// Constraints that outlive the process, and constraints that are made while others write.

import Glibc
import Synchronization
import Testing

@testable import DeedEngine

@Suite(.serialized) struct ConstraintStoreTests {
    private let directory = ScratchDirectory()

    private static let rules: [(RowKind, [String], Constraint.Rule)] = [
        (.entity, ["a", "b"], .required), (.entity, ["a"], .type(TypeSet([.int64, .string]))),
        (.entity, ["b"], .filling(.string("a text that is longer than a slot"))),
        (.entity, ["b"], .range(.string("a"), .string("c"), upperInclusive: false)),
        (.entity, ["a"], .allowing([.int(1), .float(2.5), .string("x")])), (.entity, ["b"], .length(least: 1, most: 40)),
        (.entity, ["a"], .unique), (.relationship, ["b"], .primaryKey),
        (.relationship, ["a"], .range(nil, .int(9))), (.relationship, [], .cardinality(outgoing: 2, incoming: nil)),
        (.relationship, [], .endpoints([EndpointPair(source: 0, target: 0), EndpointPair(source: 0, target: 1)])),
    ]

    private func open(_ path: String) throws -> Graph {
        let graph = try Graph.open(path)
        for kind in NameKind.allCases { for name in ["a", "b"] { _ = try graph.intern(kind, name) } }
        return graph
    }

    private func constrain(_ graph: Graph) throws {
        for (number, rule) in Self.rules.enumerated() {
            let keys = try rule.1.map { try graph.intern(.propertyKey, $0) }
            try graph.constrain("rule \(number)", rule.0, 0, keys, rule.2)
        }
    }

    /// What can be told apart of constraints: their definitions as bytes.
    private func definitions(_ graph: Graph) throws -> [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: try graph.constraints().map { ($0.name, $0.schemaObject.definition) })
    }

    @Test func everyKindSurvivesReopeningACrashAndACheckpoint() throws {
        let path = directory.path + "/store"
        var graph = try open(path)
        try constrain(graph)
        let expected = try definitions(graph)
        #expect(expected.count == Self.rules.count)
        copyStore(path, to: directory.path + "/crashed")
        let crashed = try open(directory.path + "/crashed")
        #expect(try definitions(crashed) == expected)
        try crashed.close()
        try graph.close()
        graph = try open(path)
        #expect(try definitions(graph) == expected)
        #expect(
            violation { () throws(DeedError) in _ = try graph.add(0, [0: .int(2)]) }.contains("violates constraint 'rule 4'"))
        try graph.dropConstraint(named: "rule 4")
        _ = try graph.add(0, [0: .int(2)])
        try graph.checkpoint()
        copyStore(path, to: directory.path + "/crashed")
        try graph.close()
        for path in [path, directory.path + "/crashed"] {
            graph = try open(path)
            #expect(try definitions(graph) == expected.filter { $0.key != "rule 4" })
            #expect(try graph.check() == [])
            try graph.close()
        }
    }

    /// A copy of the store taken while existing rows are looked at is what a crash would leave.
    @Test func aCrashWhileAConstraintIsMadeLeavesNone() throws {
        let path = directory.path + "/store"
        let graph = try open(path)
        _ = try graph.load(0, count: 20_000, [ArrayColumn(0, (0..<20_000).map { .int($0) })])
        let copies = Mutex(0)
        try graph.constrain("range", .entity, 0, [0], .range(.int(0), nil)) { done, _ in
            copies.withLock { copies in
                if copies < 2 { copyStore(path, to: "\(directory.path)/crashed \(copies)") }
                copies += 1
            }
            return true
        }
        #expect(copies.withLock { $0 } > 2)
        for number in 0..<2 {
            let crashed = try open("\(directory.path)/crashed \(number)")
            #expect(try crashed.constraints().isEmpty)
            _ = try crashed.add(0, [0: .int(-1)])
            try crashed.constrain("length", .entity, 0, [1], .length(least: 0, most: 1))
            try crashed.close()
        }
        #expect(try graph.constraints().map(\.name) == ["range"])
        try graph.close()
    }

    @Test func definitionsCutOrChangedAreCorruption() throws {
        let graph = try open(directory.path + "/store")
        try constrain(graph)
        for constraint in try graph.constraints() {
            let object = constraint.schemaObject
            for size in 0..<object.definition.count {
                let cut = SchemaObject(
                    kind: .constraint, rowKind: object.rowKind, table: object.table, name: object.name,
                    definition: Array(object.definition[..<size]))
                #expect(thrownStatus { () throws(DeedError) in _ = try Constraint(cut) } == .corruption)
            }
            for index in object.definition.indices {
                for bit in 0..<8 {
                    var definition = object.definition
                    definition[index] ^= 1 << UInt8(bit)
                    let changed = SchemaObject(
                        kind: .constraint, rowKind: object.rowKind, table: object.table, name: object.name,
                        definition: definition)
                    // Any answer will do; a crash will not.
                    _ = try? ConstraintRules([Constraint(changed)])
                }
            }
        }
        try graph.close()
    }

    // MARK: Beside writers

    /// Threads connect and disconnect at random; in the end, and in every snapshot, no entity has too many.
    @Test(arguments: [1, 2]) func cardinalityHoldsAmongThreads(most: Int) throws {
        let graph = try open(directory.path + "/store")
        let entities = try (0..<8).map { _ in try graph.add(0) }
        try graph.constrain("most", .relationship, 0, [], .cardinality(outgoing: most, incoming: most))
        let deadline = Deadline(seconds: 1.2)
        let added = Mutex(0)
        let writers = (0..<3).map { thread in
            { @Sendable in
                var random = SeededRandom(UInt64(thread + 1))
                while !deadline.isOver { if try connectOrDisconnect(graph, entities, &random) { added.withLock { $0 += 1 } } }
            }
        }
        let reader = { @Sendable in
            while !deadline.isOver {
                let transaction = try graph.begin(readOnly: true)
                defer { graph.rollback(transaction) }
                for entity in entities {
                    for direction in [Directions.out, .in] {
                        let count = try graph.links(entity, direction, in: transaction).count
                        try Violation.unless(count <= most, "entity \(entity) has \(count) \(direction)")
                    }
                }
            }
        }
        try runThreads(writers + [reader])
        #expect(added.withLock { $0 } > 10)
        #expect(try graph.check() == [])
        try graph.close()
    }

    /// A constraint is made and dropped while threads write rows of which some would violate it. Whenever it is in force
    /// all rows comply.
    @Test(arguments: [true, false]) func constraintsAreMadeBesideWriters(loading: Bool) throws {
        let graph = try open(directory.path + "/store")
        let deadline = Deadline(seconds: 1.5)
        let made = Mutex(0)
        let refused = Mutex(0)
        let writers = (0..<2).map { thread in
            { @Sendable in
                var random = SeededRandom(UInt64(thread + 1))
                while !deadline.isOver { try writeSome(graph, loading: loading, &random) }
            }
        }
        let maker = { @Sendable in
            while !deadline.isOver {
                let status = thrownStatus { () throws(DeedError) in
                    try graph.constrain("small", .entity, 0, [0], .range(nil, .int(9)))
                    try graph.constrain("one", .relationship, 0, [], .cardinality(outgoing: 1, incoming: nil))
                }
                let problems = try graph.check()
                try Violation.unless(problems.isEmpty, "\(problems)")
                switch status {
                case nil: made.withLock { $0 += 1 }
                case .constraintViolation, .transactionConflict: refused.withLock { $0 += 1 }
                default: throw Violation(description: "\(String(describing: status))")
                }
                for constraint in try graph.constraints() { try graph.dropConstraint(named: constraint.name) }
                for (id, row) in try graph.scanned(.entity, 0) where row.properties[0].map({ $0.int > 9 }) == true {
                    _ = thrownStatus { () throws(DeedError) in try graph.remove(.entity, id, detach: true) }
                }
            }
        }
        try runThreads(writers + [maker])
        #expect(made.withLock { $0 } + refused.withLock { $0 } > 0)
        #expect(try graph.check() == [])
        try graph.close()
    }
}

/// True if a relationship was added.
private func connectOrDisconnect(_ graph: Graph, _ entities: [RowId], _ random: inout SeededRandom) throws -> Bool {
    let transaction = try graph.begin(readOnly: false)
    var isAdded = false
    do throws(DeedError) {
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let entity = random.pick(entities)
            if Bool.random(using: &random), let link = try graph.links(entity, in: transaction).first {
                try graph.remove(.relationship, link.relationship, in: transaction)
            } else {
                do throws(DeedError) {
                    _ = try graph.connect(entity, random.pick(entities), 0, in: transaction)
                    isAdded = true
                } catch {
                    if error.status != .constraintViolation { throw error }
                }
            }
        }
        if Bool.random(using: &random) { try graph.commit(transaction) } else { graph.rollback(transaction) }
    } catch {
        graph.rollback(transaction)
        guard error.status == .transactionConflict || error.status == .notFound else { throw error }
        return false
    }
    return isAdded
}

/// Adds or changes some rows, one in eight of which would violate the constraint; or loads them.
private func writeSome(_ graph: Graph, loading: Bool, _ random: inout SeededRandom) throws {
    let transaction = try graph.begin(readOnly: false)
    do throws(DeedError) {
        let limit = Int.random(in: 0..<8, using: &random) == 0 ? 11 : 9
        if loading {
            let values = (0..<64).map { _ in Value.int(Int.random(in: 0...limit, using: &random)) }
            let rows = try graph.load(0, count: 64, [ArrayColumn(0, values)], in: transaction)
            _ = try graph.load(0, [(rows[0], rows[1]), (rows[1], rows[2])], in: transaction)
        } else {
            let row = try graph.add(0, [0: .int(Int.random(in: 0...limit, using: &random))], in: transaction)
            try graph.set(.entity, row, [0: .int(Int.random(in: 0...limit, using: &random))], in: transaction)
            _ = try graph.connect(row, row, 0, in: transaction)
            if limit > 9 { _ = try graph.connect(row, row, 0, in: transaction) }
        }
        if Bool.random(using: &random) { usleep(200) }
        try graph.commit(transaction)
    } catch {
        graph.rollback(transaction)
        let isExpected = [.constraintViolation, .transactionConflict, .notFound].contains(error.status)
        if !isExpected { throw error }
    }
}

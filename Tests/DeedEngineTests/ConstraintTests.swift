// Each kind of constraint against each kind of statement, on entities and on relationships, and against rows that were
// there before.

import Testing

@testable import DeedEngine

@Suite struct ConstraintTests {
    private let graph: Graph
    private let person: NameId
    private let city: NameId
    private let knows: NameId
    private let age: NameId
    private let name: NameId

    init() throws {
        graph = try Graph.open(nil)
        person = try graph.intern(.collection, "person")
        city = try graph.intern(.collection, "city")
        knows = try graph.intern(.relationshipType, "KNOWS")
        age = try graph.intern(.propertyKey, "age")
        name = try graph.intern(.propertyKey, "name")
    }

    // MARK: Rules about values

    struct ValueCase: CustomStringConvertible, Sendable {
        var description: String
        var rule: Constraint.Rule
        var good: [Value]
        var bad: [Value]
    }

    static let valueCases: [ValueCase] = [
        ValueCase(description: "required", rule: .required, good: [.int(1), .string("")], bad: [.null]),
        ValueCase(
            description: "type", rule: .type(TypeSet([.int64, .float64])), good: [.int(1), .float(.nan), .null],
            bad: [.string("1"), .bool(true), .bytes([1])]),
        ValueCase(
            description: "range", rule: .range(.int(0), .float(150.5), lowerInclusive: true, upperInclusive: false),
            good: [.int(0), .float(150.4), .int(150), .null],
            bad: [.int(-1), .float(150.5), .float(.nan), .string("5"), .float(-0.1), .int(.max)]),
        ValueCase(
            description: "one bound", rule: .range(.string("b"), nil, lowerInclusive: false),
            good: [.string("ba"), .string("z"), .null], bad: [.string("b"), .string("a"), .int(7)]),
        ValueCase(
            description: "one of", rule: .allowing([.int(1), .string("a long text that has an arena"), .bytes([0])]),
            good: [.int(1), .float(1), .string("a long text that has an arena"), .bytes([0]), .null],
            bad: [.int(2), .string("a long text"), .bytes([])]),
        ValueCase(
            description: "length", rule: .length(least: 2, most: 3),
            good: [.string("äö"), .string("abc"), .bytes([1, 2]), .null], bad: [.string("ä"), .string("abcd"), .int(22)]),
    ]

    @Test(arguments: valueCases, [RowKind.entity, .relationship])
    func valuesAreLookedAtInEveryStatement(test: ValueCase, kind: RowKind) throws {
        let (graph, name, knows, person) = (graph, name, knows, person)
        let ends = [try graph.add(city), try graph.add(city)]
        let fine = try #require(test.good.first)
        func add(_ properties: Properties) throws(DeedError) -> RowId {
            kind == .entity ? try graph.add(person, properties) : try graph.connect(ends[0], ends[1], knows, properties)
        }
        func load(_ values: [Value]) throws(DeedError) -> [RowId] {
            let column = [ArrayColumn(name, values)]
            if kind == .entity { return try graph.load(person, count: values.count, column) }
            return try graph.load(knows, values.map { _ in (ends[0], ends[1]) }, column)
        }
        try graph.constrain("rule", kind, kind == .entity ? person : knows, [name], test.rule)
        let row = try add([name: fine])
        for value in test.good {
            _ = try add([name: value, 0: .int(0)])
            try graph.set(kind, row, [name: value])
            try graph.set(kind, row, [name: value], replacing: true)
        }
        _ = try load(test.good)
        try graph.set(kind, row, [name: fine])
        let before = try graph.everything()
        for value in test.bad {
            for text in [
                violation { () throws(DeedError) in _ = try add([name: value]) },
                violation { () throws(DeedError) in try graph.set(kind, row, [name: value]) },
                violation { () throws(DeedError) in try graph.set(kind, row, [name: value], replacing: true) },
                violation { () throws(DeedError) in _ = try load(test.good + [value] + test.good) },
            ] { #expect(text.contains("violates constraint 'rule'") && text.contains("property 'name'")) }
            let batch = violation { () throws(DeedError) in _ = try load(test.good + [value, value]) }
            #expect(batch.contains("(row \(test.good.count) of the load)"))
        }
        #expect(try graph.everything() == before)
        #expect(try graph.check() == [])
        try graph.dropConstraint(named: "rule")
        for value in test.bad { _ = try add([name: value]) }
        try graph.close()
    }

    @Test func messagesNameConstraintTablePropertyValueAndRow() throws {
        let (graph, person, age) = (graph, person, age)
        try graph.constrain("grown", .entity, person, [age], .range(.int(18), .int(150)))
        let row = try graph.add(person, [age: .int(40)])
        #expect(
            violation { () throws(DeedError) in try graph.set(.entity, row, [age: .int(7)]) }
                == "entity \(row) violates constraint 'grown' of collection 'person': property 'age' is 7, which is not "
                + "at least 18 and at most 150")
        try graph.close()
    }

    @Test func removingARequiredPropertyIsRefused() throws {
        let (graph, name) = (graph, name)
        try graph.constrain("named", .entity, person, [name, age], .required)
        let row = try graph.add(person, [name: .string("Ada"), age: .int(36)])
        try graph.set(.entity, row, [name: .string("Grace")])
        #expect(violation { () throws(DeedError) in try graph.set(.entity, row, [name: .null]) }.contains("'name' has no value"))
        #expect(
            violation { () throws(DeedError) in try graph.set(.entity, row, [name: .int(1)], replacing: true) }
                .contains("'age' has no value"))
        #expect(try graph.row(.entity, row)?.properties == [name: .string("Grace"), age: .int(36)])
        try graph.close()
    }

    @Test func aViolatingStatementUndoesOnlyItself() throws {
        let (graph, person, age) = (graph, person, age)
        try graph.constrain("grown", .entity, person, [age], .range(.int(18), nil))
        let transaction = try graph.begin(readOnly: false)
        let row = try graph.add(person, [age: .int(40)], in: transaction)
        _ = violation { () throws(DeedError) in _ = try graph.add(person, [age: .int(1)], in: transaction) }
        _ = violation { () throws(DeedError) in try graph.set(.entity, row, [age: .int(1)], in: transaction) }
        try graph.set(.entity, row, [age: .int(41)], in: transaction)
        try graph.commit(transaction)
        #expect(try graph.scanned(.entity, person).map(\.row.properties) == [[age: .int(41)]])
        try graph.close()
    }

    @Test func severalConstraintsOfOneProperty() throws {
        let (graph, person, age) = (graph, person, age)
        try graph.constrain("low", .entity, person, [age], .range(.int(0), nil))
        try graph.constrain("high", .entity, person, [age], .range(nil, .int(10)))
        try graph.constrain("typed", .entity, person, [age], .type(TypeSet([.int64])))
        for (value, expected) in [(Value.int(-1), "'low'"), (.int(11), "'high'"), (.float(5), "'typed'")] {
            #expect(violation { () throws(DeedError) in _ = try graph.add(person, [age: value]) }.contains(expected))
        }
        _ = try graph.add(person, [age: .int(5)])
        #expect(try graph.constraints().map(\.name) == ["low", "high", "typed"])
        try graph.close()
    }

    // MARK: Defaults

    @Test func defaultsFillWhatIsNotGiven() throws {
        let (graph, person, age, name) = (graph, person, age, name)
        let text = Value.string("somebody without a name of their own")
        try graph.constrain("age default", .entity, person, [age], .filling(.int(18)))
        try graph.constrain("name default", .entity, person, [name], .filling(text))
        try graph.constrain("aged", .entity, person, [age], .required)
        let row = try graph.add(person)
        #expect(try graph.row(.entity, row)?.properties == [age: .int(18), name: text])
        let given = try graph.add(person, [age: .int(3), name: .null])
        #expect(try graph.row(.entity, given)?.properties == [age: .int(3)])
        #expect(violation { () throws(DeedError) in _ = try graph.add(person, [age: .null]) }.contains("'aged'"))
        try graph.set(.entity, row, [age: .int(1)], replacing: true)
        #expect(try graph.row(.entity, row)?.properties == [age: .int(1)])
        let loaded = try graph.load(person, count: 3, [ArrayColumn(age, [.int(1), .int(2), .int(3)])])
        #expect(try graph.row(.entity, loaded[2])?.properties == [age: .int(3), name: text])
        try graph.close()
    }

    @Test func defaultsAreLoggedResolved() throws {
        let directory = ScratchDirectory()
        var stored = try Graph.open(directory.path + "/store")
        let (person, age) = (try stored.intern(.collection, "person"), try stored.intern(.propertyKey, "age"))
        try stored.constrain("default", .entity, person, [age], .filling(.int(18)))
        let row = try stored.add(person)
        try stored.dropConstraint(named: "default")
        copyStore(directory.path + "/store", to: directory.path + "/crashed")
        let crashed = try Graph.open(directory.path + "/crashed")
        #expect(try crashed.row(.entity, row)?.properties == [age: .int(18)])
        #expect(try crashed.constraints().isEmpty)
        try crashed.close()
        try stored.close()
        stored = try Graph.open(directory.path + "/store")
        #expect(try stored.row(.entity, row)?.properties == [age: .int(18)])
        try stored.close()
    }

    // MARK: Relationships

    @Test func endsAreOfTheRightCollections() throws {
        let (graph, person, city, knows) = (graph, person, city, knows)
        let (ada, grace, rome) = (try graph.add(person), try graph.add(person), try graph.add(city))
        try graph.constrain("ends", .relationship, knows, [], .endpoints([EndpointPair(source: person, target: person)]))
        _ = try graph.connect(ada, grace, knows)
        let message = violation { () throws(DeedError) in _ = try graph.connect(ada, rome, knows) }
        #expect(message.contains("'ends'") && message.contains("from collection 'person' to collection 'city'"))
        #expect(
            violation { () throws(DeedError) in _ = try graph.load(knows, [(ada, grace), (grace, ada), (rome, ada)]) }
                .contains("(row 2 of the load)"))
        #expect(try graph.load(knows, [(ada, grace), (grace, ada)]).count == 2)
        #expect(try graph.check() == [])
        try graph.close()
    }

    @Test func cardinalityOfOutgoingAndIncoming() throws {
        let (graph, knows) = (graph, knows)
        let people = try (0..<6).map { _ in try graph.add(person) }
        try graph.constrain("one to two", .relationship, knows, [], .cardinality(outgoing: 1, incoming: 2))
        let first = try graph.connect(people[0], people[1], knows)
        let second = violation { () throws(DeedError) in _ = try graph.connect(people[0], people[2], knows) }
        #expect(second.contains("entity \(people[0]) would have 2 outgoing relationships, and may have 1"))
        _ = try graph.connect(people[2], people[1], knows)
        let third = violation { () throws(DeedError) in _ = try graph.connect(people[3], people[1], knows) }
        #expect(third.contains("entity \(people[1]) would have 3 incoming relationships, and may have 2"))
        try graph.remove(.relationship, first)
        _ = try graph.connect(people[0], people[3], knows)
        #expect(try graph.check() == [])

        let batch = violation { () throws(DeedError) in
            _ = try graph.load(knows, [(people[4], people[5]), (people[1], people[4]), (people[4], people[4])])
        }
        #expect(batch.contains("entity \(people[4])") && batch.contains("(row 2 of the load)"))
        let beside = violation { () throws(DeedError) in
            _ = try graph.load(knows, [(people[4], people[5]), (people[5], people[1]), (people[1], people[1])])
        }
        #expect(beside.contains("entity \(people[1])") && beside.contains("(row 2 of the load)"))
        #expect(try graph.load(knows, [(people[4], people[5]), (people[5], people[5])]).count == 2)
        #expect(try graph.check() == [])
        try graph.close()
    }

    @Test func cardinalityHoldsAgainstRunningTransactions() throws {
        let (graph, knows) = (graph, knows)
        let people = try (0..<3).map { _ in try graph.add(person) }
        try graph.constrain("one", .relationship, knows, [], .cardinality(outgoing: 1, incoming: nil))
        let (one, other) = (try graph.begin(readOnly: false), try graph.begin(readOnly: false))
        let added = try graph.connect(people[0], people[1], knows, in: one)
        #expect(
            thrownStatus { () throws(DeedError) in _ = try graph.connect(people[0], people[2], knows, in: other) }
                == .transactionConflict)
        #expect(
            thrownStatus { () throws(DeedError) in _ = try graph.connect(people[0], people[2], knows, in: one) }
                == .constraintViolation)
        try graph.commit(one)
        // The other cannot see it, and so cannot know: that is a conflict as well.
        #expect(
            thrownStatus { () throws(DeedError) in _ = try graph.connect(people[0], people[2], knows, in: other) }
                == .transactionConflict)
        graph.rollback(other)

        let (deleting, adding) = (try graph.begin(readOnly: false), try graph.begin(readOnly: false))
        try graph.remove(.relationship, added, in: deleting)
        #expect(
            thrownStatus { () throws(DeedError) in _ = try graph.connect(people[0], people[2], knows, in: adding) }
                == .transactionConflict)
        _ = try graph.connect(people[0], people[2], knows, in: deleting)
        try graph.commit(deleting)
        graph.rollback(adding)
        #expect(try graph.links(people[0]).count == 1)
        #expect(try graph.check() == [])
        try graph.close()
    }

    // MARK: Rows that are there

    @Test func addedToRowsOnlyIfTheyComply() throws {
        let (graph, person, city, knows, age, name) = (graph, person, city, knows, age, name)
        let people = try graph.load(person, count: 40_000, [ArrayColumn(age, (0..<40_000).map { .int($0 % 100) })])
        let rome = try graph.add(city)
        let bad = try graph.add(person, [age: .string("old")])
        for rule in [Constraint.Rule.type(TypeSet([.int64])), .range(.int(0), .int(99)), .length(least: 0, most: 3)] {
            let message = violation { () throws(DeedError) in try graph.constrain("age", .entity, person, [age], rule) }
            let offender = if case .length = rule { people[0] } else { bad }
            #expect(message.contains("entity \(offender) violates constraint 'age'"))
        }
        #expect(
            violation { () throws(DeedError) in try graph.constrain("age", .entity, person, [age], .range(.int(0), .int(50))) }
                .contains("entity \(people[51]) violates constraint 'age' of collection 'person': property 'age' is 51"))
        #expect(
            violation { () throws(DeedError) in try graph.constrain("named", .entity, person, [age, name], .required) }
                .contains("entity \(people[0]) violates"))
        let relationships = try [people[0], rome, people[1]].map { source throws(DeedError) in
            try graph.connect(source, people[2], knows)
        }
        let pair = EndpointPair(source: person, target: person)
        #expect(
            violation { () throws(DeedError) in try graph.constrain("ends", .relationship, knows, [], .endpoints([pair])) }
                .contains("relationship \(relationships[1]) violates"))
        #expect(
            violation { () throws(DeedError) in
                try graph.constrain("in", .relationship, knows, [], .cardinality(outgoing: 1, incoming: 2))
            }.contains("entity \(people[2]) would have 3 incoming"))
        #expect(try graph.constraints().isEmpty)
        try graph.remove(.entity, bad)
        try graph.constrain("age", .entity, person, [age], .range(.int(0), .int(99)))
        try graph.constrain("in", .relationship, knows, [], .cardinality(outgoing: 1, incoming: 3))
        #expect(try graph.check() == [])
        try graph.close()
    }

    @Test func runningTransactionsKeepAConstraintOut() throws {
        let (graph, person, age) = (graph, person, age)
        let row = try graph.add(person, [age: .int(5)])
        func constrain() -> Status? {
            thrownStatus { () throws(DeedError) in try graph.constrain("grown", .entity, person, [age], .range(.int(18), nil)) }
        }
        let changing = try graph.begin(readOnly: false)
        try graph.set(.entity, row, [age: .int(20)], in: changing)
        #expect(constrain() == .transactionConflict)
        graph.rollback(changing)
        #expect(constrain() == .constraintViolation)
        let deleting = try graph.begin(readOnly: false)
        try graph.remove(.entity, row, in: deleting)
        #expect(constrain() == .transactionConflict)
        try graph.commit(deleting)
        let adding = try graph.begin(readOnly: false)
        _ = try graph.add(person, [age: .int(1)], in: adding)
        #expect(constrain() == .transactionConflict)
        graph.rollback(adding)
        #expect(constrain() == nil)
        try graph.close()
    }

    @Test func interruptedAndNothingLeft() throws {
        let (graph, person, age) = (graph, person, age)
        _ = try graph.load(person, count: 20_000, [ArrayColumn(age, (0..<20_000).map { .int($0) })])
        var reports = 0
        #expect(
            thrownStatus { () throws(DeedError) in
                try graph.constrain("age", .entity, person, [age], .range(.int(0), nil)) { done, total in
                    reports += 1
                    return done < 10_000
                }
            } == .interrupted)
        #expect(reports > 2)
        #expect(try graph.constraints().isEmpty)
        _ = try graph.add(person, [age: .int(-1)])
        try graph.close()
    }

    // MARK: Unique

    @Test(arguments: [Constraint.Rule.unique, .primaryKey], [RowKind.entity, .relationship])
    func uniqueAgainstEveryStatement(rule: Constraint.Rule, kind: RowKind) throws {
        let (graph, name, age, knows, person) = (graph, name, age, knows, person)
        let ends = [try graph.add(city), try graph.add(city)]
        let table = kind == .entity ? person : knows
        func add(_ properties: Properties, in transaction: Transaction? = nil) throws(DeedError) -> RowId {
            kind == .entity
                ? try graph.add(person, properties, in: transaction)
                : try graph.connect(ends[0], ends[1], knows, properties, in: transaction)
        }
        func load(_ values: [Value]) throws(DeedError) -> [RowId] {
            let column = [ArrayColumn(name, values)]
            if kind == .entity { return try graph.load(person, count: values.count, column) }
            return try graph.load(knows, values.map { _ in (ends[0], ends[1]) }, column)
        }
        let first = try add([name: .string("a")])
        _ = try add([name: .string("a"), age: .int(1)])
        #expect(violation { () throws(DeedError) in try graph.constrain("key", kind, table, [name], rule) }.contains("'key'"))
        #expect(try graph.constraints().isEmpty)
        try graph.set(kind, first, [name: .string("b")])
        try graph.constrain("key", kind, table, [name], rule)
        for text in [
            violation { () throws(DeedError) in _ = try add([name: .string("a")]) },
            violation { () throws(DeedError) in try graph.set(kind, first, [name: .string("a")]) },
            violation { () throws(DeedError) in try graph.set(kind, first, [name: .string("a")], replacing: true) },
            violation { () throws(DeedError) in _ = try load([.string("c"), .string("a")]) },
            violation { () throws(DeedError) in _ = try load([.string("c"), .string("d"), .string("c")]) },
        ] { #expect(text.contains("'key'")) }
        let missing = violation { () throws(DeedError) in _ = try add([age: .int(2)]) }
        #expect(missing.contains("'name' has no value") == (rule.isPrimaryKey))
        #expect(try load([.string("c"), .string("d")]).count == 2)
        let (one, other) = (try graph.begin(readOnly: false), try graph.begin(readOnly: false))
        _ = try add([name: .string("e")], in: one)
        let status = thrownStatus { () throws(DeedError) in _ = try add([name: .string("e")], in: other) }
        #expect(status == .transactionConflict)
        graph.rollback(one)
        _ = try add([name: .string("e")], in: other)
        try graph.commit(other)
        #expect(try graph.check() == [])
        if rule.isPrimaryKey {
            #expect(
                thrownStatus { () throws(DeedError) in try graph.constrain("second", kind, table, [name], .primaryKey) }
                    == .alreadyExists)
        }
        try graph.dropConstraint(named: "key")
        _ = try add([name: .string("a")])
        try graph.close()
    }

    @Test func aDetachedRowFreesItsKey() throws {
        let (graph, person, name) = (graph, person, name)
        try graph.constrain("key", .entity, person, [name], .primaryKey)
        let row = try graph.add(person, [name: .string("a")])
        try graph.remove(.entity, row)
        _ = try graph.add(person, [name: .string("a")])
        #expect(try graph.check() == [])
        try graph.close()
    }

    // MARK: Names and bad definitions

    @Test func namesAreTakenOnce() throws {
        let (graph, person, age) = (graph, person, age)
        try graph.constrain("a", .entity, person, [age], .required)
        #expect(
            thrownStatus { () throws(DeedError) in try graph.constrain("a", .entity, person, [age], .required) }
                == .alreadyExists)
        #expect(thrownStatus { () throws(DeedError) in try graph.dropConstraint(named: "b") } == .notFound)
        try graph.dropConstraint(named: "a")
        try graph.constrain("a", .entity, person, [age], .required)
        try graph.close()
    }

    @Test func definitionsThatMakeNoSenseAreRefused() throws {
        let (graph, person, age, knows) = (graph, person, age, knows)
        let cases: [(RowKind, NameId, [NameId], Constraint.Rule)] = [
            (.entity, person, [], .required), (.entity, person, [age, age], .required), (.entity, person, [999], .required),
            (.entity, 999, [age], .required), (.entity, person, [age], .type([])), (.entity, person, [age], .filling(.null)),
            (.entity, person, [age], .range(nil, nil)), (.entity, person, [age], .range(.int(2), .int(1))),
            (.entity, person, [age], .range(.int(1), .int(1), lowerInclusive: false)),
            (.entity, person, [age], .range(.int(1), .string("a"))), (.entity, person, [age], .range(.float(.nan), nil)),
            (.entity, person, [age], .allowing([])), (.entity, person, [age], .allowing([.null])),
            (.entity, person, [age], .length(least: 3, most: 2)), (.entity, person, [age], .length(least: 0, most: nil)),
            (.entity, person, [age], .length(least: -1, most: 2)), (.entity, person, [], .cardinality(outgoing: 1, incoming: 1)),
            (.relationship, knows, [], .cardinality(outgoing: nil, incoming: nil)),
            (.relationship, knows, [], .cardinality(outgoing: 0, incoming: nil)), (.relationship, knows, [], .endpoints([])),
            (.relationship, knows, [], .endpoints([EndpointPair(source: person, target: 999)])),
        ]
        for (kind, table, properties, rule) in cases {
            let status = thrownStatus { () throws(DeedError) in try graph.constrain("x", kind, table, properties, rule) }
            #expect(status == .invalidArgument, "\(properties) \(rule)")
        }
        #expect(try graph.constraints().isEmpty)
        try graph.close()
    }
}

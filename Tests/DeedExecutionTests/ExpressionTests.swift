// What expressions promise beyond their operators: what is evaluated and what not, lists and what is done over their elements,
// folding, functions, errors.

import DeedEngine
import DeedValues
import Testing

@testable import DeedExecution

@Suite struct ExpressionTests {
    private let fixture: ExpressionFixture
    /// Fails wherever it is evaluated.
    private let failing = Expr.compare(.equal, .arithmetic(.divide, .constant(.int(1)), .constant(.int(0))), .constant(.int(1)))

    init() throws { fixture = try ExpressionFixture() }

    private func ints(_ values: [Int]) -> Value { .list(values.map { .int(Int64($0)) }) }

    // MARK: Laziness

    @Test func branchesAreEvaluatedForTheirRowsOnly() throws {
        let quotient = Expr.arithmetic(.divide, .constant(.int(12)), .slot(0))
        let isZero = Expr.compare(.equal, .slot(0), .constant(.int(0)))
        let expr = Expr.conditional([(isZero, .constant(.int(-1)))], otherwise: quotient)
        #expect(exactText(try fixture.evaluate(expr, [[.int(3), .int(0), .int(4)]])) == exactText([.int(4), .int(-1), .int(3)]))
        let never = Expr.conditional([(.constant(.bool(false)), failing)], otherwise: .constant(.int(1)))
        #expect(exactText(try fixture.value(never)) == exactText(.int(1)))
        expectError("DivisionByZero", .arithmeticError) { try fixture.evaluate(quotient, [[.int(3), .int(0)]]) }
    }

    @Test func theRightSideIsEvaluatedWhereTheLeftDoesNotDecide() throws {
        let quotient = Expr.compare(.greater, .arithmetic(.divide, .constant(.int(12)), .slot(0)), .constant(.int(3)))
        let isNotZero = Expr.compare(.notEqual, .slot(0), .constant(.int(0)))
        let column: [Value] = [.int(0), .int(3), .int(4), .null]
        #expect(
            exactText(try fixture.evaluate(.and(isNotZero, quotient), [column]))
                == exactText([.bool(false), .bool(true), .bool(false), .null]))
        let isZero = Expr.compare(.equal, .slot(0), .constant(.int(0)))
        #expect(
            exactText(try fixture.evaluate(.or(isZero, quotient), [column]))
                == exactText([.bool(true), .bool(true), .bool(false), .null]))
        #expect(exactText(try fixture.value(.and(.constant(.bool(false)), failing))) == exactText(.bool(false)))
        expectError("DivisionByZero") { try fixture.value(.and(.constant(.null), failing)) }
        let context = try fixture.context()
        let chunk = makeChunk([column])
        let selected = try makeEvaluator(.and(isNotZero, quotient), context).select(chunk, context)
        #expect(selected?.count == 1 && selected?.rows[0] == 1)
    }

    @Test func coalesceStopsAtWhatIsNotNull() throws {
        let expr = Expr.call("coalesce", [.slot(0), failing])
        #expect(exactText(try fixture.evaluate(expr, [[.int(1), .int(2)]])) == exactText([.int(1), .int(2)]))
        expectError("DivisionByZero") { try fixture.evaluate(expr, [[.int(1), .null]]) }
    }

    @Test func constantsAreFoldedButNotTheirErrors() throws {
        let context = try fixture.context(parameters: ["p": .map(MapValue(keys: ["a"], values: [.int(4)]))])
        let sum = Expr.arithmetic(.add, .property(.parameter("p"), "a"), .constant(.int(2)))
        #expect(try makeEvaluator(sum, context).valueForAll(context).map(exactText) == exactText(.int(6)))
        let squares = Expr.comprehension(
            3, list: .call("range", [.constant(.int(1)), .constant(.int(3))]), filter: nil,
            projection: .arithmetic(.multiply, .slot(3), .slot(3)))
        #expect(try makeEvaluator(squares, context).valueForAll(context).map(exactText) == exactText(ints([1, 4, 9])))
        #expect(try makeEvaluator(failing, context).valueForAll(context) == nil)
        #expect(try makeEvaluator(.call("rand", []), context).valueForAll(context) == nil)
    }

    // MARK: Lists

    private func comprehension(_ list: Expr) -> Expr {
        .comprehension(
            3, list: list, filter: .compare(.equal, .arithmetic(.modulo, .slot(3), .constant(.int(2))), .constant(.int(0))),
            projection: .arithmetic(.add, .slot(3), .slot(1)))
    }

    @Test func comprehensionsGoOverListsOfAnyLength() throws {
        let lengths = [0, 1, 5_000, -1, 3, 0, 2_048, 2_049, 0]
        let lists = lengths.map { $0 < 0 ? Value.null : ints(Array(0..<$0)) }
        let offsets = lengths.indices.map { Value.int(Int64($0) * 1_000) }
        let got = try fixture.evaluate(comprehension(.slot(0)), [lists, offsets])
        let wanted = lengths.enumerated().map { row, length in
            length < 0 ? Value.null : ints((0..<length).filter { $0 % 2 == 0 }.map { $0 + row * 1_000 })
        }
        #expect(exactText(got) == exactText(wanted))
        let plain = try fixture.evaluate(.comprehension(3, list: .slot(0), filter: nil, projection: nil), [lists])
        #expect(exactText(plain) == exactText(lists))
    }

    @Test func comprehensionsNest() throws {
        let inner = Expr.comprehension(4, list: .slot(3), filter: nil, projection: .arithmetic(.add, .slot(4), .slot(1)))
        let outer = Expr.comprehension(3, list: .slot(0), filter: nil, projection: inner)
        let rows: [Value] = [.list([ints([1, 2]), ints([])]), .list([ints([3])]), .list([])]
        let got = try fixture.evaluate(outer, [rows, [.int(10), .int(20), .int(30)]])
        #expect(exactText(got) == exactText([.list([ints([11, 12]), ints([])]), .list([ints([23])]), .list([])]))
    }

    @Test func whatIsNoListIsAnError() throws {
        for value in [Value.int(1), .string("a"), .bool(true)] {
            expectError("InvalidArgumentType", .typeError) { try fixture.evaluate(comprehension(.slot(0)), [[value], [.int(1)]]) }
            let all = Expr.quantifier(.all, 3, list: .slot(0), predicate: .constant(.bool(true)))
            expectError("InvalidArgumentType", .typeError) { try fixture.evaluate(all, [[value]]) }
        }
    }

    @Test func quantifiersKnowThreeAnswers() throws {
        for seed in 0..<30 {
            var random = ExpressionRandom(UInt64(seed))
            let rows = (0..<40).map { _ in
                RandomColumn.bools.values(random.pick([0, 1, 2, 3, 10]), nulls: random.number(below: 2) == 0, &random)
            }
            for kind in [QuantifierKind.all, .any, .none, .single] {
                let got = try fixture.evaluate(.quantifier(kind, 3, list: .slot(0), predicate: .slot(3)), [rows.map { .list($0) }])
                let wanted = rows.map { items -> Value in
                    let texts = exactText(items)
                    let trues = texts.count { $0 == exactText(.bool(true)) }
                    let falses = texts.count { $0 == exactText(.bool(false)) }
                    let hasNull = trues + falses < items.count
                    switch kind {
                    case .all: return falses > 0 ? .bool(false) : hasNull ? .null : .bool(true)
                    case .any: return trues > 0 ? .bool(true) : hasNull ? .null : .bool(false)
                    case .none: return trues > 0 ? .bool(false) : hasNull ? .null : .bool(true)
                    case .single: return trues > 1 ? .bool(false) : hasNull ? .null : .bool(trues == 1)
                    }
                }
                #expect(exactText(got) == exactText(wanted), "\(kind) seed \(seed)")
            }
        }
        #expect(try fixture.evaluate(.quantifier(.any, 3, list: .slot(0), predicate: .slot(3)), [[.null]])[0].isNull)
        expectError("InvalidArgumentType", .typeError) {
            try fixture.evaluate(.quantifier(.any, 3, list: .slot(0), predicate: .slot(3)), [[ints([1])]])
        }
    }

    @Test func aQuantifierThatIsDecidedLooksNoFurther() throws {
        let list = Value.list((0..<5_000).map { .int($0 == 3_000 ? 0 : 1) })
        let predicate = Expr.compare(.less, .arithmetic(.divide, .constant(.int(1)), .slot(3)), .constant(.int(0)))
        let got = try fixture.evaluate(.quantifier(.all, 3, list: .slot(0), predicate: predicate), [[list]])
        #expect(exactText(got) == exactText([.bool(false)]))
    }

    @Test func reduceTakesEachListInItsOrder() throws {
        let texts = Expr.reduce(
            accumulator: 3, initial: .slot(1), element: 4, list: .slot(0),
            body: .arithmetic(.add, .slot(3), .arithmetic(.add, .slot(4), .slot(1))))
        let lists: [Value] = [
            .list([.string("a"), .string("b"), .string("c")]), .list([]), .null, .list([.string("d")]), .list([.string("e"), .null]),
        ]
        let got = try fixture.evaluate(texts, [lists, [.string("1"), .string("2"), .string("3"), .string("4"), .string("5")]])
        #expect(exactText(got) == exactText([.string("1a1b1c1"), .string("2"), .null, .string("4d4"), .null]))
        let sum = Expr.reduce(
            accumulator: 3, initial: .constant(.int(0)), element: 4, list: .slot(0), body: .arithmetic(.add, .slot(3), .slot(4)))
        #expect(exactText(try fixture.evaluate(sum, [[ints(Array(0..<3_000))]])) == exactText([.int(4_498_500)]))
    }

    @Test func reduceDoesNotNestWithoutBound() throws {
        let wrap = Expr.reduce(
            accumulator: 3, initial: .constant(.int(0)), element: 4, list: .slot(0), body: .list([.slot(3)]))
        expectError("NestingTooDeep", .argumentError) { try fixture.evaluate(wrap, [[ints(Array(0..<5_000))]]) }
        let append = Expr.reduce(
            accumulator: 3, initial: .constant(.list([])), element: 4, list: .slot(0),
            body: .arithmetic(.add, .slot(3), .list([.slot(4)])))
        #expect(exactText(try fixture.evaluate(append, [[ints(Array(0..<5_000))]])) == exactText([ints(Array(0..<5_000))]))
    }

    @Test func listsAndMapsAreMadeAndTakenApart() throws {
        let expr = Expr.map([("a", .slot(0)), ("b", .list([.slot(0), .constant(.string("x"))])), ("a", .slot(1))])
        let columns: [[Value]] = [[.int(1), .null], [.string("p"), .string("q")]]
        let got = try fixture.evaluate(expr, columns)
        #expect(
            exactText(got[0])
                == exactText(.map(MapValue(keys: ["a", "b"], values: [.string("p"), .list([.int(1), .string("x")])]))))
        let part = Expr.element(.property(expr, "b"), index: .constant(.int(-1)))
        #expect(exactText(try fixture.evaluate(part, columns)) == exactText([.string("x"), .string("x")]))
        let slice = Expr.slice(.slot(0), from: .constant(.int(1)), to: nil)
        #expect(exactText(try fixture.evaluate(slice, [[ints([1, 2, 3]), .null]])) == exactText([ints([2, 3]), .null]))
    }

    // MARK: Errors

    @Test func whatIsNotBooleanIsNoCondition() throws {
        let text = Expr.slot(0)
        let column: [[Value]] = [[.string("a")], [.bool(true)]]
        for expr in [Expr.not(text), .and(.slot(1), text), .and(text, .slot(1)), .or(text, .slot(1)), .xor(.slot(1), text)] {
            expectError("InvalidArgumentType", .typeError) { try fixture.evaluate(expr, column) }
        }
        let context = try fixture.context()
        expectError("InvalidArgumentType", .typeError) { try makeEvaluator(text, context).select(makeChunk(column), context) as Any }
        expectError("InvalidArgumentType", .typeError) {
            try fixture.evaluate(.conditional([(text, .constant(.int(1)))], otherwise: .constant(.int(2))), column)
        }
    }

    @Test func overflowsAreErrorsUnlessTheRowIsNull() throws {
        let sum = Expr.arithmetic(.add, .slot(0), .slot(1))
        expectError("IntegerOverflow", .arithmeticError) { try fixture.evaluate(sum, [[.int(1), .int(.max)], [.int(1), .int(1)]]) }
        #expect(
            exactText(try fixture.evaluate(sum, [[.int(1), .int(.max)], [.int(1), .null]])) == exactText([.int(2), .null]))
        let quotient = Expr.arithmetic(.divide, .slot(0), .slot(1))
        #expect(exactText(try fixture.evaluate(quotient, [[.int(6), .int(1)], [.int(2), .null]])) == exactText([.int(3), .null]))
    }

    @Test func propertiesOfWhatHasNoneAreErrors() throws {
        for value in [Value.int(1), .float(1), .bool(true), .string("a"), .list([.int(1)])] {
            expectError("InvalidArgumentType", .typeError) { try fixture.evaluate(.property(.slot(0), "num"), [[value]]) }
        }
        #expect(try fixture.evaluate(.property(.slot(0), "num"), [[.null]])[0].isNull)
    }

    @Test func parametersMustBeThere() throws {
        #expect(exactText(try fixture.value(.parameter("x"), parameters: ["x": .int(3)])) == exactText(.int(3)))
        expectError("MissingParameter", .parameterMissing) { try fixture.value(.parameter("x")) }
    }

    @Test func functionsAreCalledByNameAndCount() throws {
        #expect(exactText(try fixture.evaluate(.call("abs", [.slot(0)]), [[.int(-3), .null]])) == exactText([.int(3), .null]))
        expectError("InvalidNumberOfArguments", .syntaxError) { try fixture.value(.call("abs", [])) }
        expectError("UnknownFunction", .syntaxError) { try fixture.value(.call("nosuchthing", [])) }
        do {
            _ = try fixture.value(.call("tolowr", [.constant(.null)]))
            Issue.record("a function that does not exist")
        } catch let error as QueryError {
            #expect(error.message.contains("tolower"))
        }
    }

    @Test func expressionsNestOnlySoDeep() throws {
        let deep = (0..<5_000).reduce(Expr.slot(0)) { expr, _ in .not(expr) }
        expectError("ExpressionTooDeep", .syntaxError) { try fixture.evaluate(deep, [[.bool(true)]]) }
        let allowed = (1..<ExpressionLimits.depthMax).reduce(Expr.slot(0)) { expr, _ in .not(expr) }
        #expect(exactText(try fixture.evaluate(allowed, [[.bool(true)]])) == exactText([.bool(false)]))
        let terms = (0..<5_000).map { Expr.compare(.notEqual, .slot(0), .constant(.int(Int64($0)))) }
        let chain = try #require(Expr.all(terms))
        #expect(exactText(try fixture.evaluate(chain, [[.int(-1), .int(4_999)]])) == exactText([.bool(true), .bool(false)]))
    }
}

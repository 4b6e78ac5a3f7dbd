// Every kernel against the function over single values that it stands for, row by row, over every pair of kinds.

import DeedEngine
import DeedValues
import Testing

@testable import DeedExecution

@Suite struct ExpressionKernelTests {
    private let fixture: ExpressionFixture

    init() throws { fixture = try ExpressionFixture() }

    private func forEveryPair(seed: UInt64, rounds: Int = 3, _ body: (RandomPair, String) throws -> Void) throws {
        for left in RandomColumn.allCases {
            for right in RandomColumn.allCases {
                for round in 0..<rounds {
                    let own = seed &+ UInt64(round) &* 1_000
                    var random = ExpressionRandom(own)
                    try body(RandomPair(left, right, &random), "\(left) \(right) seed \(own)")
                }
            }
        }
    }

    @Test(arguments: [Comparison.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual])
    func comparingAgreesWithSingleValues(_ comparison: Comparison) throws {
        try forEveryPair(seed: 11) { pair, label in
            try pair.check(fixture, "\(comparison) \(label)") { .compare(comparison, $0, $1) } _: { left, right in
                func truth(_ value: Bool?) -> Value { value.map { .bool($0) } ?? .null }
                switch comparison {
                case .equal: return truth(Value.equals(left, right))
                case .notEqual: return truth(Value.equals(left, right).map { !$0 })
                case .less: return truth(Value.isLess(left, right))
                case .lessOrEqual: return truth(Value.isLessOrEqual(left, right))
                case .greater: return truth(Value.isLess(right, left))
                case .greaterOrEqual: return truth(Value.isLessOrEqual(right, left))
                }
            }
        }
    }

    @Test(arguments: [Arithmetic.add, .subtract, .multiply, .divide, .modulo, .power, .concatenate])
    func arithmeticAgreesWithSingleValues(_ operation: Arithmetic) throws {
        try forEveryPair(seed: 23) { pair, label in
            try pair.check(fixture, "\(operation) \(label)") { .arithmetic(operation, $0, $1) } _: { left, right in
                switch operation {
                case .add: try Value.add(left, right)
                case .subtract: try Value.subtract(left, right)
                case .multiply: try Value.multiply(left, right)
                case .divide: try Value.divide(left, right)
                case .modulo: try Value.modulo(left, right)
                case .power: try Value.power(left, right)
                case .concatenate: try Value.concatenate(left, right)
                }
            }
        }
    }

    @Test(arguments: [TextTest.startsWith, .endsWith, .contains])
    func textTestsAgreeWithSingleValues(_ test: TextTest) throws {
        try forEveryPair(seed: 37) { pair, label in
            try pair.check(fixture, "\(test) \(label)") { .textTest(test, $0, $1) } _: { left, right in
                let result =
                    switch test {
                    case .startsWith: Value.startsWith(left, right)
                    case .endsWith: Value.endsWith(left, right)
                    default: Value.contains(left, right)
                    }
                return result.map { .bool($0) } ?? .null
            }
        }
    }

    @Test func patternsMatchWholeTexts() throws {
        let texts: [Value] = [.string("abc"), .string("ab"), .null, .int(1)]
        #expect(
            exactText(try fixture.evaluate(.textTest(.matches, .slot(0), .constant(.string("ab.*"))), [texts]))
                == exactText([.bool(true), .bool(true), .null, .null]))
    }

    @Test func negatingAgreesWithSingleValues() throws {
        for kind in RandomColumn.allCases {
            var random = ExpressionRandom(41)
            let values = kind.values(50, nulls: true, &random)
            let wanted = values.map { value in outcome { try Value.negate(value) } }
            let errors = wanted.filter { $0.hasPrefix("error") }
            if errors.isEmpty {
                #expect(exactText(try fixture.evaluate(.negate(.slot(0)), [values])) == wanted)
            } else {
                let got = outcome { .list(try fixture.evaluate(.negate(.slot(0)), [values])) }
                #expect(errors.contains(got), "\(kind)")
            }
        }
    }

    /// AND, OR and XOR by their tables.
    private func logic(_ left: Bool?, _ right: Bool?) -> [Bool?] {
        let both: Bool? = left == false || right == false ? false : left == nil || right == nil ? nil : true
        let either: Bool? = left == true || right == true ? true : left == nil || right == nil ? nil : false
        let one: Bool? = left.flatMap { left in right.map { $0 != left } }
        return [both, either, one]
    }

    @Test func logicFollowsItsTables() throws {
        for seed in 0..<20 {
            var random = ExpressionRandom(UInt64(seed))
            let pair = RandomPair(.bools, .bools, &random)
            for (number, make) in [Expr.and, Expr.or, Expr.xor].enumerated() {
                try pair.check(fixture, "logic \(number) seed \(seed)", { make($0, $1) }) { left, right in
                    func truth(_ value: Value) -> Bool? { if case .bool(let value) = value { value } else { nil } }
                    return logic(truth(left), truth(right))[number].map { .bool($0) } ?? .null
                }
            }
        }
    }

    @Test func chainsOfTermsAreJoinedInAnyNumber() throws {
        for seed in 0..<40 {
            var random = ExpressionRandom(UInt64(seed))
            let columns = (0..<4).map { _ in RandomColumn.bools.values(100, nulls: true, &random) }
            for isAnd in [true, false] {
                let terms = (0..<4).map { Expr.slot($0) }
                let chain = terms.dropFirst().reduce(terms[0]) { isAnd ? .and($0, $1) : .or($0, $1) }
                let wanted = (0..<100).map { row -> Value in
                    let values = columns.map { column -> Bool? in
                        if case .bool(let value) = column[row] { return value }
                        return nil
                    }
                    let joined = values.dropFirst().reduce(values[0]) { logic($0, $1)[isAnd ? 0 : 1] }
                    return joined.map { .bool($0) } ?? .null
                }
                #expect(exactText(try fixture.evaluate(chain, columns)) == exactText(wanted), "seed \(seed)")
                let context = try fixture.context()
                let selected = try makeEvaluator(chain, context).select(makeChunk(columns), context)
                let rows = selected.map { selection in (0..<selection.count).map { Int(selection.rows[$0]) } } ?? Array(0..<100)
                #expect(rows == (0..<100).filter { exactText(wanted[$0]) == exactText(.bool(true)) }, "seed \(seed)")
            }
        }
    }

    @Test func selectingAgreesWithEvaluating() throws {
        try forEveryPair(seed: 53, rounds: 2) { pair, label in
            for comparison in [Comparison.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual] {
                for (one, other) in [
                    (Expr.slot(0), Expr.slot(1)), (.slot(0), .constant(pair.right[0])), (.constant(pair.left[0]), .slot(1)),
                ] {
                    let context = try fixture.context()
                    let evaluator = try makeEvaluator(.compare(comparison, one, other), context)
                    let vector = try evaluator.evaluate(pair.chunk, context)
                    let wanted = (0..<pair.chunk.count).filter { if case .bool(true) = vector.value($0) { true } else { false } }
                    let selected = try evaluator.select(pair.chunk, context)
                    let rows =
                        selected.map { selection in (0..<selection.count).map { Int(selection.rows[$0]) } }
                        ?? Array(0..<pair.chunk.count)
                    #expect(rows == wanted, "\(comparison) \(label)")
                }
            }
        }
    }

    @Test func membershipAgreesWithSingleValues() throws {
        let lists: [[Value]] = [
            [], [.null], [.int(1), .int(2)], [.int(1), .null], [.float(1), .float(.nan), .float(2.5), .string("a")],
            (0..<50).map { .int($0 * 3) }, (0..<50).map { .int($0 * 3) } + [.null],
            RandomColumn.texts.prefix(9).map { .string($0) }, RandomColumn.texts.map { .string($0) } + [.null],
            [.int(.max), .int(.min), .float(0x1p63), .float(-0x1p63)], [.list([.int(1)]), .entity(1), .bool(true)],
        ]
        for (number, list) in lists.enumerated() {
            for kind in RandomColumn.allCases {
                var random = ExpressionRandom(UInt64(number))
                let values = kind.values(60, nulls: true, &random)
                let wanted = try values.map { value -> Value in try Value.isIn(value, .list(list)).map { .bool($0) } ?? .null }
                let lists = values.map { _ in Value.list(list) }
                for right in [Expr.constant(.list(list)), .slot(1)] {
                    let got = try fixture.evaluate(.isIn(.slot(0), right), [values, lists])
                    #expect(exactText(got) == exactText(wanted), "list \(number) of \(kind)")
                }
            }
        }
        expectError("InvalidArgumentType") { try fixture.evaluate(.isIn(.slot(0), .constant(.int(1))), [[.int(1)]]) }
    }

    @Test func nullsAreToldFromValuesInEveryKind() throws {
        for kind in RandomColumn.allCases {
            var random = ExpressionRandom(61)
            let values = kind.values(70, nulls: true, &random)
            let got = try fixture.evaluate(.isNull(.slot(0)), [values])
            #expect(exactText(got) == exactText(values.map { .bool($0.isNull) }))
        }
    }

    @Test func gatheringAndMergingKeepEveryValue() throws {
        for kind in RandomColumn.allCases {
            for other in RandomColumn.allCases {
                var random = ExpressionRandom(71)
                let (one, two) = (kind.values(90, nulls: true, &random), other.values(90, nulls: random.number(below: 2) == 0, &random))
                let conditions = RandomColumn.bools.values(90, nulls: true, &random)
                let expr = Expr.conditional([(.slot(2), .slot(0))], otherwise: .slot(1))
                let wanted = (0..<90).map { row -> Value in if case .bool(true) = conditions[row] { one[row] } else { two[row] } }
                #expect(exactText(try fixture.evaluate(expr, [one, two, conditions])) == exactText(wanted), "\(kind) \(other)")
                let first = zip(one, two).map { $0.isNull ? $1 : $0 }
                let coalesced = try fixture.evaluate(.call("coalesce", [.slot(0), .slot(1)]), [one, two])
                #expect(exactText(coalesced) == exactText(first), "\(kind) \(other)")
            }
        }
    }

    @Test func aColumnWithoutASelectionIsNotCopied() throws {
        let context = try fixture.context()
        let chunk = makeChunk([[.int(1), .int(2)]])
        #expect(try makeEvaluator(.slot(0), context).evaluate(chunk, context) === chunk.columns[0]?.vector)
    }
}

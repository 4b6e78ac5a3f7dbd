// What share of rows passes a test of a property, by the statistics of the tables that the rows may be from.

import DeedEngine
import DeedValues
import Glibc

/// What a property is compared with.
package enum TestOperand: Sendable {
    case value(Value)
    /// A literal of the text, which another text of the same shape has otherwise; by the parameter that stands for it.
    case literal(String, isNegated: Bool)
    /// Known when the query runs.
    case unknown

    /// nil if nobody knows it yet.
    func value(_ literals: [String: Value]) -> Value? {
        switch self {
        case .value(let value): return value
        case .unknown: return nil
        case .literal(let name, let isNegated):
            guard let value = literals[name] else { return nil }
            if !isNegated { return value }
            switch value {
            case .int(let number): return number == .min ? nil : .int(-number)
            case .float(let number): return .float(-number)
            case .decimal(let number): return .decimal(number.negated)
            default: return nil
            }
        }
    }
}

package enum ValueTest: Sendable {
    case oneOf([TestOperand])
    case range(low: TestOperand?, includesLow: Bool, high: TestOperand?, includesHigh: Bool)
    case prefix(TestOperand)
    case isNull

    static func equal(_ operand: TestOperand) -> ValueTest { .oneOf([operand]) }

    var operands: [TestOperand] {
        switch self {
        case .oneOf(let operands): operands
        case .range(let low, _, let high, _): [low, high].compactMap { $0 }
        case .prefix(let operand): [operand]
        case .isNull: []
        }
    }

    /// One range for both, if each of them has one end and they are not the same.
    func merged(with other: ValueTest) -> ValueTest? {
        switch (self, other) {
        case (.range(let low?, let includesLow, nil, _), .range(nil, _, let high?, let includesHigh)),
            (.range(nil, _, let high?, let includesHigh), .range(let low?, let includesLow, nil, _)):
            .range(low: low, includesLow: includesLow, high: high, includesHigh: includesHigh)
        default: nil
        }
    }
}

package struct ValueStatistics: Sendable {
    /// One for each table, at least one.
    let tables: [PropertyStatistics]
    let rows: Double

    init?(_ tables: [PropertyStatistics]) {
        if tables.isEmpty { return nil }
        self.tables = tables
        rows = tables.reduce(0) { $0 + Double($1.state.rows) }
    }

    var nullPart: Double { average { $0.nullPart } }

    /// Tables are taken to have values of their own.
    var distinctCount: Double { max(tables.reduce(0) { $0 + $1.distinctCount }, 1) }

    private func average(_ part: (PropertyStatistics) -> Double) -> Double {
        if tables.count == 1 { return part(tables[0]) }
        let weights = tables.map { Double(max($0.state.rows, 1)) }
        return zip(tables, weights).reduce(0) { $0 + part($1.0) * $1.1 } / weights.reduce(0, +)
    }

    /// Of all rows.
    func part(_ test: ValueTest, _ literals: [String: Value]) -> Double {
        switch test {
        case .isNull: return nullPart
        case .oneOf(let operands):
            let parts = operands.map { operand in
                let value = operand.value(literals)
                return average { $0.part(equalTo: value) }
            }
            return min(parts.reduce(0, +), 1)
        case .prefix(let operand):
            guard let value = operand.value(literals) else { return Estimator.rangeSelectivity * (1 - nullPart) }
            guard case .string(let text) = value else { return average { $0.missingPart } }
            return average { $0.part(startingWith: text) }
        case .range(let low, let includesLow, let high, let includesHigh):
            let (from, to) = (low?.value(literals), high?.value(literals))
            let unknown = (low != nil && from == nil ? 1 : 0) + (high != nil && to == nil ? 1 : 0)
            let guess = (0..<unknown).reduce(1) { part, _ in part * Estimator.rangeSelectivity }
            if from == nil && to == nil { return guess * (1 - nullPart) }
            return guess * average { $0.part(from: from, includesLow: includesLow, to: to, includesHigh: includesHigh) }
        }
    }
}

/// An estimate that depends on literals of the text: another text of the shape may need another plan.
package struct LiteralGuess: Sendable {
    let statistics: ValueStatistics
    let test: ValueTest

    /// The order of magnitude of the estimate: what differs in it no more is not worth a plan of its own.
    package func magnitude(_ literals: [String: Value]) -> Int {
        Int(log10(max(statistics.part(test, literals), 1e-6)).rounded())
    }
}

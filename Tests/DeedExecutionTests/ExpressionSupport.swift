// Evaluating expressions over columns made up by seeded random numbers, and comparing with the functions over single
// values that define what the operators mean.

import DeedEngine
import DeedValues
import Testing

@testable import DeedExecution

/// The same numbers for the same seed.
struct ExpressionRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func number(below limit: Int) -> Int { Int(next() % UInt64(limit)) }
    mutating func pick<Item>(_ items: [Item]) -> Item { items[number(below: items.count)] }
}

/// An empty graph without a file, and what a query over it knows.
final class ExpressionFixture {
    let graph: Graph

    init() throws { graph = try Graph(path: nil, options: GraphOptions()) }

    deinit { try? graph.close() }

    func context(parameters: [String: Value] = [:], transaction: Transaction? = nil) throws -> QueryContext {
        QueryContext(
            view: try GraphView(graph, transaction), parameters: Parameters(parameters),
            functions: FunctionContext(seconds: 1_700_000_000, nanoseconds: 5), slotCount: 8)
    }

    func evaluate(
        _ expr: Expr, _ columns: [[Value]] = [], count: Int? = nil, parameters: [String: Value] = [:]
    ) throws -> [Value] {
        let context = try context(parameters: parameters)
        let chunk = makeChunk(columns, count: count)
        let vector = try makeEvaluator(expr, context).evaluate(chunk, context)
        return (0..<chunk.count).map { vector.value($0) }
    }

    /// The value of an expression of constants.
    func value(_ expr: Expr, parameters: [String: Value] = [:]) throws -> Value {
        try evaluate(expr, count: 1, parameters: parameters)[0]
    }
}

/// Column i in slot i.
func makeChunk(_ columns: [[Value]], count: Int? = nil) -> Chunk {
    var chunk = Chunk(slots: 8, count: count ?? columns.first?.count ?? 1)
    for (slot, values) in columns.enumerated() { chunk.columns[slot] = ChunkColumn(ColumnVector(values)) }
    return chunk
}

/// Equal for the same value only: strings by their bytes, NaN like NaN, 1 unlike 1.0.
func exactText(_ value: Value) -> String {
    switch value {
    case .string(let text): "'" + text.utf8.map { String($0, radix: 16) }.joined(separator: " ") + "'"
    case .list(let items): "[" + items.map(exactText).joined(separator: ", ") + "]"
    case .map(let map): "{" + zip(map.keys, map.values).map { "\($0): \(exactText($1))" }.joined(separator: ", ") + "}"
    case .duration(let time): "duration \(time.months) \(time.days) \(time.seconds) \(time.nanoseconds)"
    case .path(let path): "path \(path.entities) \(path.relationships)"
    default: "\(value)"
    }
}

func exactText(_ values: [Value]) -> [String] { values.map(exactText) }

/// What the operation gives for a row, or the detail of its error.
func outcome(_ body: () throws -> Value) -> String {
    do {
        return exactText(try body())
    } catch let error as QueryError {
        return "error \(error.detail)"
    } catch {
        return "error \(error)"
    }
}

func expectError(
    _ detail: String, _ kind: QueryError.Kind? = nil, location: SourceLocation = #_sourceLocation, _ body: () throws -> Any
) {
    do {
        let result = try body()
        Issue.record("no error but \(result)", sourceLocation: location)
    } catch let error as QueryError {
        #expect(error.detail == detail, "\(error.message)", sourceLocation: location)
        if let kind { #expect(error.kind == kind, sourceLocation: location) }
    } catch {
        Issue.record("\(error)", sourceLocation: location)
    }
}

// MARK: Made-up columns

enum RandomColumn: String, CaseIterable {
    case nulls, bools, smallInts, edgeInts, smallFloats, edgeFloats, strings, entities, relationships, mixed

    static let texts = [
        "", "a", "ab", "abc", "abcd", "abcd\0", "abce", "abcdefghijkl", "abcdefghijklm", "abcdefghijkln", "zabcdefghijklmnop",
        "\u{e9}", "e\u{301}", "\0", "klm", "\u{10ffff}", "\u{ffff}",
    ]
    static let lists: [Value] = [
        .list([]), .list([.int(1), .null]), .list([.int(1), .string("a")]), .list([.float(1), .int(2)]), .list([.list([.int(1)])]),
    ]

    func value(_ random: inout ExpressionRandom) -> Value {
        switch self {
        case .nulls: .null
        case .bools: .bool(random.number(below: 2) == 0)
        case .smallInts: .int(Int64(random.number(below: 20)) - 10)
        case .edgeInts:
            .int(random.pick([.min, .max, 0, 1, -1, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1, 1 << 62, 3_037_000_500, .max - 1]))
        case .smallFloats: .float(Double(random.number(below: 40)) / 2 - 10)
        case .edgeFloats:
            .float(
                random.pick([
                    .nan, .infinity, -.infinity, 0, -0.0, 0.5, -0.5, 0x1p53, -0x1p53, 0x1p63, -0x1p63, 0x1p62, 1e308,
                    9007199254740994,
                ]))
        case .strings: .string(random.pick(Self.texts))
        case .entities: .entity(UInt64(random.number(below: 5)) + 1)
        case .relationships: .relationship(UInt64(random.number(below: 5)) + 1)
        case .mixed:
            switch random.number(below: 10) {
            case 0: random.pick(Self.lists)
            case 1: .map(MapValue(keys: ["a"], values: [.int(Int64(random.number(below: 2)))]))
            case 2: .date(CalendarDate(days: Int64(random.number(below: 3))))
            case 3: .duration(CalendarDuration(months: 0, days: Int64(random.number(below: 3)), seconds: 0, nanoseconds: 0))
            default: random.pick(Self.allCases.filter { $0 != .mixed }).value(&random)
            }
        }
    }

    func values(_ count: Int, nulls: Bool, _ random: inout ExpressionRandom) -> [Value] {
        (0..<count).map { _ in nulls && random.number(below: 4) == 0 ? .null : value(&random) }
    }
}

/// Two columns, the second seen through a selection half of the time, and the values of each row.
struct RandomPair {
    let chunk: Chunk
    let left: [Value]
    let right: [Value]

    init(_ left: RandomColumn, _ right: RandomColumn, _ random: inout ExpressionRandom) {
        let count = random.pick([1, 7, 64, 200])
        self.left = left.values(count, nulls: random.number(below: 2) == 0, &random)
        let stored = right.values(count + 13, nulls: random.number(below: 2) == 0, &random)
        var chunk = makeChunk([self.left])
        if random.number(below: 2) == 0 {
            let rows = (0..<count).map { _ in UInt32(random.number(below: stored.count)) }
            chunk.columns[1] = ChunkColumn(ColumnVector(stored), Selection(rows))
            self.right = rows.map { stored[Int($0)] }
        } else {
            chunk.columns[1] = ChunkColumn(ColumnVector(stored))
            self.right = Array(stored[..<count])
        }
        self.chunk = chunk
    }

    /// Evaluates the operation over both columns, and with the first row's value of either as a constant, and compares every
    /// row with what the reference says.
    func check(
        _ fixture: ExpressionFixture, _ label: String, _ make: (Expr, Expr) -> Expr, _ reference: (Value, Value) throws -> Value
    ) throws {
        let context = try fixture.context()
        let shapes: [(Expr, Expr, (Int) -> Value, (Int) -> Value)] = [
            (.slot(0), .slot(1), { left[$0] }, { right[$0] }),
            (.slot(0), .constant(right[0]), { left[$0] }, { _ in right[0] }),
            (.constant(left[0]), .slot(1), { _ in left[0] }, { right[$0] }),
            (.constant(left[0]), .constant(right[0]), { _ in left[0] }, { _ in right[0] }),
        ]
        for (number, (one, other, leftOf, rightOf)) in shapes.enumerated() {
            let wanted = (0..<chunk.count).map { row in outcome { try reference(leftOf(row), rightOf(row)) } }
            let errors = wanted.filter { $0.hasPrefix("error") }
            do {
                let vector = try makeEvaluator(make(one, other), context).evaluate(chunk, context)
                let got = (0..<chunk.count).map { exactText(vector.value($0)) }
                if got != wanted {
                    let row = zip(got, wanted).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
                    Issue.record(
                        "\(label), shape \(number), row \(row): \(leftOf(row)), \(rightOf(row)) gives \(got[row]), not \(wanted[row])")
                }
            } catch let error as QueryError {
                #expect(errors.contains("error \(error.detail)"), "\(label), shape \(number): \(error.message)")
            }
        }
    }
}

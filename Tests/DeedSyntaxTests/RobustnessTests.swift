// Hostile and damaged texts: an error or a tree, in reasonable time, and never the end of the process.

import Glibc
import Testing

@testable import DeedSyntax

/// The same numbers every time (splitmix64).
struct SeededNumbers {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(max(1, bound)))
    }
}

private let ownQueries = [
    "MATCH p = SHORTEST 2 GROUPS (a:A|B&!C WHERE a.x > 1)-[r:T*1..3 {y: 'z'}]->{2,}(b) USING SCAN a:A WHERE EXISTS { (a)-->(b) } RETURN *",
    "CALL (a, b) { MATCH ((x)-[r]->(y) WHERE x.v){1,3} RETURN x } IN TRANSACTIONS OF 10 ROWS RETURN x {.a, .*, b: 1}",
    "FOREACH (x IN [1, 2] | MERGE (n:L {k: x}) ON CREATE SET n.a = 1 ON MATCH SET n += {b: -0x1F})",
    "RETURN [x IN l WHERE x:A | x.y], [(a)--(b) | b], reduce(s = 0, x IN l | s + x), CASE WHEN a THEN .5e3 ELSE 1 END AS y ORDER BY y",
    "CREATE CONSTRAINT c IF NOT EXISTS FOR ()-[r:T]-() REQUIRE (r.a, r.b) IS RELATIONSHIP KEY",
    "LOAD CSV WITH HEADERS FROM 'f' AS row FIELDTERMINATOR ';' WITH row.`a b` AS `c``d`, '\\u00e9\\U0001F600' AS s RETURN s, 'x' AS t",
]

private func mutated(_ bytes: [UInt8], _ pieces: [[UInt8]], _ numbers: inout SeededNumbers) -> [UInt8] {
    var bytes = bytes
    for _ in 0...numbers.next(below: 4) {
        let start = numbers.next(below: bytes.count + 1)
        let end = min(bytes.count, start + numbers.next(below: 9))
        switch numbers.next(below: 6) {
        case 0: bytes.removeSubrange(start..<end)
        case 1: bytes.insert(contentsOf: bytes[start..<end], at: start)
        case 2: bytes.insert(contentsOf: pieces[numbers.next(below: pieces.count)], at: start)
        case 3: bytes.insert(UInt8(numbers.next(below: 256)), at: start)
        case 4: bytes.replaceSubrange(start..<end, with: pieces[numbers.next(below: pieces.count)])
        default: bytes.removeSubrange(start...)
        }
    }
    return bytes
}

@Test func damagedQueriesGiveErrorsOrTrees() {
    let seed: UInt64 = 20_260_301
    let rounds = 10_000
    var numbers = SeededNumbers(seed: seed)
    let queries = (ownQueries + conformanceQueries().map(\.text)).map { Array($0.utf8) }
    let signs = ["(", ")", "[", "]", "{", "}", "-", "<", ">", "..", ".", ",", ":", "|", "!", "*", "+", "=", "'", "`", "$", "\\", "/*",
    "0x", "1e", "\u{2028}"]
    let pieces = (signs + Keyword.texts.dropFirst().map { " \($0) " }).map { Array($0.utf8) }
    var valid = 0
    for round in 0..<rounds {
        let bytes = mutated(queries[numbers.next(below: queries.count)], pieces, &numbers)
        let text = String(decoding: bytes, as: UTF8.self)
        if let error = syntaxError(text) {
            let isInside = error.range.lowerBound >= 0 && error.range.upperBound <= text.utf8.count
            if !isInside { Issue.record("seed \(seed), round \(round): \(error.range) is outside of \(text)") }
            _ = renderSource(error.range, in: text)
        } else {
            valid += 1
            check(text, "seed \(seed), round \(round)")
        }
    }
    print("seed \(seed): \(valid) of \(rounds) damaged queries parse")
}

/// Whether the normal form of a query that parses means the same.
private func check(_ text: String, _ place: String) {
    guard let normal = normalizeCypher(text) else { return }
    do throws(SyntaxError) {
        let lifted = show(try parseCypher(text, lifting: normal))
        let key = show(try parseCypher(normal.key))
        if !lifted.utf8.elementsEqual(key.utf8) { Issue.record("\(place): \(text)\nhas the normal form \(normal.key)") }
    } catch {
        Issue.record("\(place): \(text)\n\(normal.key)\n\(error)")
    }
}

private let nestings: [(open: String, core: String, close: String)] = [
    ("(", "1", ")"), ("[", "1", "]"), ("{a: ", "1", "}"), ("NOT ", "1", ""), ("- ", "a", ""), ("f(", "1", ")"), ("a[", "1", "]"),
    ("CASE WHEN 1 THEN ", "1", " END"), ("[x IN ", "1", " | x]"), ("EXISTS { MATCH (n) WHERE ", "1", " }"),
    ("COLLECT { RETURN ", "1", " }"), ("1 + (2 * (", "1", "))"), ("a OR (b AND (", "1", "))"), ("all(x IN l WHERE ", "1", ")"),
    ("NOT (n {a: ", "1", "})-->()"), ("[(a)-->(b {x: ", "1", "}) | b]"), ("n {a: ", "1", "}"), ("1 + ", "1", ""),
    ("x.", "y", ""), ("reduce(s = ", "1", ", x IN l | s)"),
]

/// Runs the body on a thread of half a MiB, the smallest that hosts give their threads.
func onSmallStack(_ body: @escaping @Sendable () -> Void) {
    final class Box { let body: () -> Void; init(_ body: @escaping () -> Void) { self.body = body } }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 512 << 10)
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    let result = pthread_create(&thread, &attributes, { argument in
        guard let argument else { return nil }
        Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
        return nil
    }, box)
    #expect(result == 0)
    pthread_join(thread, nil)
    pthread_attr_destroy(&attributes)
}

@Test func deepNestingIsRefusedWithinASmallStack() {
    onSmallStack {
        for nesting in nestings {
            for depth in [10, 25, 30, 50, 63, 100, 120, 126, 127, 128, 200, 250, 1_000, 20_000] {
                let open = String(repeating: nesting.open, count: depth)
                let close = String(repeating: nesting.close, count: depth)
                for text in ["RETURN " + open + nesting.core + close, "RETURN " + open] {
                    let error = syntaxError(text)
                    if depth <= 10 && !close.isEmpty && text.hasSuffix(close) { #expect(error == nil, "\(text): \(error?.message ?? "")") }
                    if depth >= 1_000 { #expect(error != nil) }
                    _ = normalizeCypher(text)
                }
            }
        }
    }
}

@Test func nestedClausesArePathsAndLabelsAreBoundedToo() {
    onSmallStack {
        for (open, core, close) in [
            ("CALL { ", "RETURN 1 AS a", " }"), ("FOREACH (x IN [1] | ", "CREATE (n)", ")"), ("MATCH (", "(a)-->(b)", "){1,2} "),
            ("MATCH (a:", "B", ") FINISH"), ("MATCH (a:!(", "B", ")) FINISH"), ("MATCH ", "(a)", "-->(b)"),
        ] {
            for depth in [5, 20, 31, 32, 127, 128, 10_000] {
                let text = String(repeating: open, count: depth) + core + String(repeating: close, count: depth)
                _ = syntaxError(text)
                _ = syntaxError("MATCH (a" + String(repeating: ":(", count: depth))
                _ = syntaxError("MATCH " + String(repeating: "(", count: depth) + "(a)-->(b)" + String(repeating: ")+",
                count: depth) + " FINISH")
            }
        }
    }
}

@Test func longTextsTakeTimeInProportion() {
    let clock = ContinuousClock()
    for unit in ["(a)-[", "[(a)-->(b)", "((a)-", "RETURN (", "a.b.", "1,", "WITH a,", "{a:", "'", "$a ", "-", "NOT ", "/*", "`", "<-[",
    "(a)--(b),"] {
        let text = "MATCH " + String(repeating: unit, count: 200_000 / unit.utf8.count)
        let time = clock.measure {
            _ = syntaxError(text)
            _ = normalizeCypher(text)
        }
        // A debug build takes about half a second at most; anything quadratic would take minutes.
        #expect(time < .seconds(30), "\(unit)")
    }
}

@Test func textsAboveTheLimitAreRefused() {
    let text = "RETURN '" + String(repeating: "x", count: SyntaxLimits.textBytesMax) + "'"
    #expect(syntaxError(text)?.message.contains("parameters") == true)
}

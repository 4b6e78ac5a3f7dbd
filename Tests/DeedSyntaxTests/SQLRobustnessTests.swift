// Long, deep and damaged texts of SQL: an error or a tree, within a small stack, and never the end of the process.

import Glibc
import Testing

@testable import DeedSyntax

private let ownStatements = [
    "WITH RECURSIVE r (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT DISTINCT ON (n) r.*, E'a\\n' AS x FROM r, t",
    "SELECT a, sum(DISTINCT b ORDER BY c) FILTER (WHERE d) OVER (w PARTITION BY e ROWS 1 PRECEDING) FROM t AS u (a, b)",
    "SELECT x::numeric(10, 2)[], a BETWEEN 1 AND 2, b NOT LIKE 'x' ESCAPE '!', INTERVAL '3' MONTH, $1, ?, :name, $$a$$, a ->> 'k' #> '{}'",
    "SELECT * FROM a LEFT JOIN (b NATURAL JOIN c) ON a.x = b.x CROSS JOIN LATERAL f(a.x) WITH ORDINALITY ORDER BY 1 DESC NULLS LAST",
    "SELECT a FROM t GROUP BY ROLLUP (a, (b, c)), GROUPING SETS ((), (a)) HAVING count(*) > 1 OFFSET 3 ROWS FETCH FIRST 2 ROWS WITH TIES",
    "SELECT (a, b) IN (SELECT 1, 2), x = ANY (ARRAY[1, 2]), CASE WHEN NOT EXISTS (SELECT 1) THEN -9223372036854775808 ELSE 1.5e3 END",
    "INSERT INTO t AS x (a, b) VALUES (1, DEFAULT) ON CONFLICT (a) DO UPDATE SET (b, c) = (SELECT 1, 2) WHERE x.a > 1 RETURNING *",
    "UPDATE t SET a = trim(both 'x' from b), c = extract(year from d) FROM u WHERE t.a = u.a RETURNING t.*",
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED AND u.b THEN DELETE WHEN NOT MATCHED THEN INSERT (a) VALUES (u.a)",
    "CREATE TABLE t (id serial PRIMARY KEY, a int DEFAULT 1 CHECK (a > 0) REFERENCES u (x) ON DELETE SET NULL, UNIQUE (id, a))",
    "CREATE UNIQUE INDEX IF NOT EXISTS i ON t USING btree (a DESC, lower(b)) WHERE a > 1",
    "ALTER TABLE t ADD COLUMN a int NOT NULL, ALTER b TYPE text USING b::text, DROP CONSTRAINT IF EXISTS c",
    "SELECT * FROM GRAPH_TABLE (g MATCH ANY SHORTEST (a IS u WHERE a.x > 1)-[e:f|g]->{1,3}(b), ((c)<-(d)){2} COLUMNS (a.name AS x)) AS gt",
    "EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM t USING u WHERE t.a = u.a", "BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY",
]

private let signs = [
    "(", ")", "[", "]", "{", "}", "-", "<", ">", "..", ".", ",", ":", "::", "|", "||", "!", "*", "+", "=", "'", "\"", "$", "$$",
    "?", "\\",
    "/*", "--", "0x", "1e", "->", "->>", "~", "!~*", "@>", "#", "%", "^", "E'", "U&'", "U&\"", "\u{2028}", "é", "1.", "7",
    " a ", " b.c ", "'x'",
]
private let pieces = (signs + SQLKeyword.texts.dropFirst().map { " \($0) " }).map { Array($0.utf8) }

private func mutated(_ bytes: [UInt8], _ numbers: inout SeededNumbers) -> [UInt8] {
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

/// Parses; says whether that worked.
private func check(_ bytes: [UInt8], _ place: String) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    _ = languageOf(text)
    _ = try? splitSQL(text)
    do throws(SyntaxError) {
        _ = show(try parseSQL(text))
        return true
    } catch {
        let isInside = error.range.lowerBound >= 0 && error.range.upperBound <= text.utf8.count
        if !isInside { Issue.record("\(place): \(error.range) is outside of \(text)") }
        _ = renderSource(error.range, in: text)
        return false
    }
}

@Test func damagedStatementsGiveErrorsOrTrees() {
    let seed: UInt64 = 20_261_128
    var numbers = SeededNumbers(seed: seed)
    let statements = ownStatements.map { Array($0.utf8) }
    for (round, statement) in statements.enumerated() { #expect(check(statement, "statement \(round)"),
    "\(ownStatements[round])") }
    var valid = 0
    for round in 0..<12_000 where check(mutated(statements[numbers.next(below: statements.count)], &numbers),
    "seed \(seed), round \(round)") {
        valid += 1
    }
    print("seed \(seed): \(valid) damaged statements parse")
}

@Test func soupsOfTokensGiveErrorsOrTrees() {
    let seed: UInt64 = 20_261_129
    var numbers = SeededNumbers(seed: seed)
    let beginnings = ["SELECT ", "INSERT INTO t ", "CREATE TABLE t (", "SELECT * FROM ", "UPDATE t SET a = ", "",
    "SELECT a FROM t WHERE "]
    for round in 0..<12_000 {
        var bytes = Array(beginnings[numbers.next(below: beginnings.count)].utf8)
        for _ in 0..<numbers.next(below: 12) { bytes += pieces[numbers.next(below: pieces.count)] }
        _ = check(bytes, "seed \(seed), round \(round)")
    }
}

// MARK: Limits

@Test func longListsAndChainsParse() {
    onSmallStack {
        for text in [
            "SELECT " + list(5_000, " AND ") { "a = \($0)" }, "SELECT " + list(5_000, " OR ") { "a = \($0) AND NOT b" },
            "SELECT a IN (" + list(100_000, ", ") { "\($0)" } + ")", "VALUES " + list(100_000, ", ") { "(\($0), 'a')" },
            "INSERT INTO t VALUES " + list(20_000, ", ") { "(\($0), DEFAULT)" }, list(1_000, " UNION ") { "SELECT \($0)" },
            list(1_000, " INTERSECT ") { "SELECT \($0)" }, list(1_000, " UNION ALL ") { "(SELECT \($0))" },
            "SELECT 1 FROM " + list(2_000, ", ") { "t\($0)" }, "SELECT " + list(2_000, ", ") { "a\($0)" },
            "SELECT CASE " + list(5_000, " ") { "WHEN a = \($0) THEN \($0)" } + " END",
            "SELECT f(" + list(20_000, ", ") { "\($0)" } + ")",
            "SELECT 1 FROM t0 " + list(150, " ") { "JOIN t\($0) USING (a)" }, "SELECT " + list(190, " + ") { "\($0)" },
            "WITH " + list(1_000, ", ") { "a\($0) AS (SELECT 1)" } + " SELECT 1",
            "CREATE TABLE t (" + list(2_000, ", ") { "a\($0) int NOT NULL DEFAULT 1" } + ")",
        ] {
            let error = sqlError(text)
            #expect(error == nil, "\(text.prefix(60)): \(error?.message ?? "")")
        }
    }
}

private func list(_ count: Int, _ separator: String, _ item: (Int) -> String) -> String {
    (0..<count).map(item).joined(separator: separator)
}

private let nestings: [(open: String, core: String, close: String)] = [
    ("(", "1", ")"), ("NOT ", "1", ""), ("- ", "a", ""), ("~ ", "a", ""), ("- ~ ", "a", ""), ("a = NOT ", "1", ""),
    ("a + ~ ", "1", ""), ("f(", "1", ")"),
    ("a[", "1", "]"), ("CASE WHEN 1 THEN ", "1", " END"), ("ARRAY[", "1", "]"), ("EXISTS (SELECT ", "1", ")"),
    ("(SELECT ", "1", ")"),
    ("a IN (", "1", ")"), ("a IN (SELECT ", "1", ")"), ("1 + (2 * (", "1", "))"), ("a = ANY (", "1", ")"), ("1 + ", "1", ""),
    ("a || ", "1", ""),
    ("x.", "y", ""), ("(1, ", "1", ")"), ("ROW(", "1", ")"), ("CAST(", "1", " AS int)"), ("sum(x) OVER (ORDER BY ", "1", ")"),
    ("sum(x) FILTER (WHERE ", "1", ")"), ("a BETWEEN (", "1", ") AND 2"), ("a LIKE ", "b", ""), ("a::int::", "int", ""),
    ("trim(", "a", ")"),
    ("position(", "a", " IN b)"), ("substring(", "a", " FROM 1)"), ("extract(year FROM ", "a", ")"),
    ("a IS DISTINCT FROM ", "b", ""), ("ARRAY[[", "1", "]]"),
    ("a IS NULL IS ", "NULL", ""), ("a COLLATE b AT TIME ZONE ", "c", ""), ("a ^ ", "1", ""), ("a < b AND ", "c", ""),
    ("(SELECT 1 FROM (", "VALUES (1)", ") a)"),
]

@Test func deepNestingOfSQLIsRefusedWithinASmallStack() {
    onSmallStack {
        for nesting in nestings {
            for depth in [5, 10, 25, 30, 50, 63, 100, 127, 128, 200, 1_000, 20_000] {
                let open = String(repeating: nesting.open, count: depth)
                let close = String(repeating: nesting.close, count: depth)
                for text in ["SELECT " + open + nesting.core + close, "SELECT " + open] {
                    let error = sqlError(text)
                    if depth == 5 && !close.isEmpty && text.hasSuffix(close) { #expect(error == nil, "\(text): \(error?.message ?? "")") }
                    let isFlat = nesting.open.hasSuffix("AND ")
                    if depth >= 1_000 && !isFlat { #expect(error != nil, "\(nesting.open)") }
                }
            }
        }
    }
}

@Test func nestedTablesAndStatementsAreBoundedToo() {
    onSmallStack {
        for (open, core, close) in [
            ("SELECT 1 FROM (", "SELECT 1", ") a"), ("(", "SELECT 1", ")"), ("WITH a AS (", "SELECT 1", ") SELECT 1"),
            ("SELECT 1 FROM (", "a", ")"),
            ("SELECT 1 FROM a JOIN ", "b", " ON true"), ("EXPLAIN ", "SELECT 1", ""),
            ("SELECT 1 GROUP BY GROUPING SETS (", "a", ")"),
            ("SELECT 1 UNION (", "SELECT 1", ")"), ("SELECT 1 FROM GRAPH_TABLE (g MATCH (a IS (", "b", ")) COLUMNS (1))"),
            ("SELECT 1 FROM GRAPH_TABLE (g MATCH (", "(a)->(b)", ")+ COLUMNS (1))"), ("CREATE TABLE t (a int CHECK (", "a", "))"),
        ] {
            for depth in [1, 5, 20, 31, 32, 33, 127, 128, 129, 10_000] {
                let text = String(repeating: open, count: depth) + core + String(repeating: close, count: depth)
                _ = sqlError(text)
                _ = languageOf(text)
                // The beginning once, and what can be nested in it.
                if let bracket = open.lastIndex(where: { $0 == "(" }) {
                    let inner = String(open[bracket...])
                    _ = sqlError(open + String(repeating: inner, count: depth) + core + String(repeating: ")", count: depth) + close)
                }
                _ = sqlError("SELECT 1 FROM a" + String(repeating: " JOIN a", count: depth) + String(repeating: " ON true", count: depth))
                _ = sqlError("SELECT 1 FROM a" + String(repeating: " CROSS JOIN a", count: depth))
            }
        }
    }
}

@Test func longTextsOfSQLTakeTimeInProportion() {
    let clock = ContinuousClock()
    for unit in [
        "(", "((1)", "f(", "a.", "1,", "NOT ", "-", "/*", "\"", "'", "$a$ ", "$a", "::int", "a JOIN ", "(SELECT ", "[",
        "UNION SELECT 1 ", "(a)-[", "E'",
        "'a'\n", "a IN (", "CASE ", "?,", "(VALUES(1)),", "WITH a AS (", "EXPLAIN ", ";",
    ] {
        let text = "SELECT " + String(repeating: unit, count: 200_000 / unit.utf8.count)
        let time = clock.measure {
            _ = sqlError(text)
            _ = languageOf(String(text.dropFirst(7)))
            _ = try? splitSQL(text)
        }
        // A debug build takes about half a second at most; anything quadratic would take minutes.
        #expect(time < .seconds(30), "\(unit)")
    }
}

// The normal form of queries: what has the same key, what must not, and what stays in the text.

import Testing

@testable import DeedSyntax

private func key(_ text: String) -> String { normalizeCypher(text)?.key ?? "none" }

@Test(arguments: [
    ("MATCH (n) WHERE n.x = 1 RETURN n", "match (n)\n where n.x=2 /* c */ return n"),
    ("MATCH (n {a: 'x'}) RETURN n LIMIT 5", "MATCH (n {a: \"y\"}) RETURN n LIMIT 6 // c"),
    ("UNWIND [1, 2] AS x RETURN x", "UNWIND [3, 4] AS x RETURN x"),
    ("MATCH (n) WHERE n.x STARTS WITH 'a' AND n.y = 1 WITH n, n.y + 3 AS y RETURN y",
        "MATCH (n) WHERE n.x STARTS WITH 'b' AND n.y = 2 WITH n, n.y + 4 AS y RETURN y"),
    ("RETURN 1 AS x, n.y", "RETURN 2 AS x, n.y"),
    ("MATCH (order:Order) RETURN order", "MATCH (order : Order) RETURN order"),
])
func whatDiffersInLiteralsOnlyHasOneKey(first: String, second: String) {
    #expect(key(first) == key(second))
}

@Test(arguments: [
    ("RETURN 1", "RETURN 2"), ("RETURN n.x + 1", "RETURN n.x  + 1"), ("RETURN n.x AS a, n.y + 1", "RETURN n.x AS a, n.y + 2"),
    ("MATCH (n) WHERE n.x = 1 RETURN n", "MATCH (n) WHERE n.x = 1.0 RETURN n"),
    ("MATCH (n) WHERE n.x = 1 OR n.y = 1 RETURN n", "MATCH (n) WHERE n.x = 1 OR n.y = 2 RETURN n"),
    ("MATCH ()-[r*1..3]->() RETURN r", "MATCH ()-[r*1..4]->() RETURN r"), ("MATCH ()-->{2,3}() FINISH", "MATCH ()-->{2,4}() FINISH"),
    ("MATCH SHORTEST 1 ()-->+() FINISH", "MATCH SHORTEST 2 ()-->+() FINISH"),
    ("MATCH (Order) RETURN order AS x ORDER BY x", "MATCH (order) RETURN order AS x ORDER BY x"),
    ("RETURN 1 AS Order", "RETURN 1 AS order"), ("MATCH (n:Match) RETURN n", "MATCH (n:match) RETURN n"),
    ("MATCH (n) RETURN n.Order AS x", "MATCH (n) RETURN n.order AS x"), ("RETURN order.x + 1", "RETURN order.x + 2"),
    ("RETURN a STARTS WITH 'a', 1 + 1", "RETURN a STARTS WITH 'a', 1 + 2"),
    ("RETURN a * order.x + 1", "RETURN a * order.x + 2"), ("RETURN 'é' AS x, 'e\u{301}' AS y", "RETURN 'é' AS x, 'é' AS y"),
])
func whatMeansSomethingElseHasAnotherKey(first: String, second: String) {
    #expect(!key(first).utf8.elementsEqual(key(second).utf8), "\(key(first))")
}

@Test func literalsComeWithTheirParameters() throws {
    let text = "MATCH (n) WHERE n.x = 7 AND n.y = -7 AND n.z = 'a' RETURN n.x + 1, 2.5 AS y"
    let normal = try #require(normalizeCypher(text))
    #expect(normal.values.map(\.parameter) == ["literal integer 0", "literal string 1", "literal float 2"])
    #expect(normal.values.map(\.value) == [.integer(7), .string("a"), .float(2.5)])
    #expect(normal.sites.count == 4)
    let lifted = show(try parseCypher(text, lifting: normal))
    #expect(lifted == show(try parseCypher(normal.key)))
    #expect(lifted.hasSuffix("(return (+ (. n x) 1) $literal float 2 AS y)"))
}

@Test(arguments: ["CREATE INDEX FOR (n:A) ON (n.x)", "SHOW INDEXES", "BEGIN", "RETURN 'a", "", "CREATE", "RETURN $`literal integer 0`",
    "RETURN 12abc AS x"])
func commandsAndErrorsHaveNoNormalForm(text: String) {
    #expect(normalizeCypher(text) == nil)
}

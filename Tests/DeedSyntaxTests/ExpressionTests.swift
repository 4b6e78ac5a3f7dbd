// Expressions: what binds to what, and every kind of operand.

import Testing

@testable import DeedSyntax

@Test(arguments: [
    ("a OR b XOR c AND d", "(or a (xor b (and c d)))"),
    ("NOT a AND b", "(and (not a) b)"),
    ("NOT NOT a", "(not (not a))"),
    ("NOT a >= b", "(not (compare a >= b))"),
    ("NOT a IS NULL", "(not (isNull a))"),
    ("a = b IS NOT NULL", "(compare a = (notNull b))"),
    ("a < b <= c <> d", "(compare a < b <= c <> d)"),
    ("a AND b IN [c, d]", "(and a (in b [c d]))"),
    ("[1] + [2] IN [3] + [4]", "(in (+ [1] [2]) (+ [3] [4]))"),
    ("a IN b IS NULL", "(isNull (in a b))"),
    ("a = b IN c", "(compare a = (in b c))"),
    ("a STARTS WITH b + c ENDS WITH d", "(endsWith (startsWith a (+ b c)) d)"),
    ("a CONTAINS b AND c =~ d", "(and (contains a b) (=~ c d))"),
    ("a + b - c || d", "(|| (- (+ a b) c) d)"),
    ("a * b / c % d + e", "(+ (% (/ (* a b) c) d) e)"),
    ("4 ^ 3 * 2 ^ 3", "(* (^ 4 3) (^ 2 3))"),
    ("2 ^ 3 ^ 2", "(^ (^ 2 3) 2)"),
    ("-2 ^ 2", "(^ -2 2)"),
    ("-a ^ 2", "(^ (minus a) 2)"),
    ("-a.b[0]", "(minus (at (. a b) 0))"),
    ("- - 5", "(minus -5)"),
    ("+5", "(plus 5)"),
    ("1 - -1", "(- 1 -1)"),
    ("1-1", "(- 1 1)"),
    ("a < -1", "(compare a < -1)"),
    ("a<-1", "(compare a < -1)"),
    ("[[1]] + [5][3]", "(+ [[1]] (at [5] 3))"),
    ("a[1..3][..2][1..][..]", "(slice (slice (slice (slice a 1 3) _ 2) 1 _) _ _)"),
    ("a.b.c:L", "(: (. (. a b) c) L)"),
    ("n:A|B&!C", "(: n (| A (& B !C)))"),
    ("n:A:B", "(: n (& A B))"),
    ("n IS A|B", "(: n (| A B))"),
    ("n:A = true", "(compare (: n A) = true)"),
    ("(a OR b) AND c", "(and (or a b) c)"),
    ("a AND b AND c AND d", "(and (and a b) (and c d))"),
    ("a AND b AND c", "(and (and a b) c)"),
])
func operatorsBindAsInOpenCypher(text: String, expected: String) {
    #expect(tree(text) == expected)
}

@Test(arguments: [
    ("1", "1"), ("0", "0"), ("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807", "9223372036854775807"),
    ("0x1F", "31"), ("-0x8000000000000000", "-9223372036854775808"), ("0o17", "15"),
    ("1.5", "1.5"), (".5", "0.5"), ("1e3", "1000.0"), ("1E-2", "0.01"), ("-.1e1", "-1.0"), ("1.5e+2", "150.0"),
    ("'a'", "'a'"), ("\"a'b\"", "'a'b'"), ("'\\''", "'''"), ("'\\n\\t\\\\'", "'\n\t\\'"),
    ("'\\u01FF\\U0001F40D\\uD83D\\uDC0D'", "'\u{1FF}\u{1F40D}\u{1F40D}'"), ("'🧐'", "'🧐'"),
    ("TRUE", "true"), ("False", "false"), ("NULL", "null"),
    ("$p", "$p"), ("$1", "$1"), ("$`a b`", "$a b"), ("`a``b`", "a`b"), ("été", "été"),
    ("[]", "[]"), ("[1, [2]]", "[1 [2]]"), ("{}", "{}"), ("{a: 1, `b c`: {null: x}}", "{a: 1, b c: {null: x}}"),
])
func literalsAreRead(text: String, expected: String) {
    #expect(tree(text) == expected)
}

@Test(arguments: [
    ("count(*)", "(count *)"), ("COUNT(DISTINCT a)", "(COUNT DISTINCT a)"), ("f()", "(f)"), ("a.b.f(1, x)", "(a.b.f 1 x)"),
    ("exists(n.a)", "(exists (. n a))"), ("all(list)", "(all list)"),
    ("all(x IN l WHERE x > 1)", "(all x l (compare x > 1))"), ("NONE(x IN l WHERE x)", "(none x l x)"),
    ("reduce(s = 0, x IN l | s + x)", "(reduce s 0 x l (+ s x))"),
    ("[x IN l]", "(for x l _ _)"), ("[x IN l WHERE x:A | x.y]", "(for x l (: x A) (. x y))"),
    ("[x IN l WHERE (x:A|B) | x]", "(for x l (: x (| A B)) x)"), ("[x IN l | x:A|B]", "(for x l _ (: x (| A B)))"),
    ("[(a)-->(b:B) WHERE b.x | b.y]", "(forPattern (a) -[]-> (b:B) (. b x) (. b y))"),
    ("[p = (a)--() | length(p)]", "(forPattern p = (a) -[]- () _ (length p))"),
    ("[(a)-->(b), 1]", "[(pattern (a) -[]-> (b)) 1]"),
    ("CASE WHEN a THEN b ELSE c END", "(case _ (a b) c)"), ("case x when 1 then 2 when 3 then 4 end", "(case x (1 2) (3 4) _)"),
    ("n {.a, .*, b: 1, c}", "(project n .a .* b: 1 c)"),
    ("f((a)-->(b))", "(f (pattern (a) -[]-> (b)))"), ("NOT (a)-[:T]->()", "(not (pattern (a) -[:T]-> ()))"),
    ("(a)-(b)", "(- a b)"), ("(a)-[1]", "(- a [1])"), ("(a) < -(b)", "(compare a < (minus b))"), ("(a) - -1", "(- a -1)"),
    ("(a)--1", "(- a -1)"),
    ("shortestPath((a)-[*]->(b))", "(shortest anyShortest (a) -[*1..]-> (b))"),
    ("EXISTS { MATCH (a) WHERE a.x }", "(exists (match (a), WHERE (. a x)))"),
    ("EXISTS { (a)-->(b) WHERE b.x }", "(exists (match (a) -[]-> (b), WHERE (. b x)))"),
    ("COUNT { (a)-->() } > 1", "(compare (count (match (a) -[]-> ())) > 1)"),
    ("COLLECT { MATCH (a) RETURN a.x }", "(collect (match (a)) (return (. a x)))"),
])
func operandsAreRead(text: String, expected: String) {
    #expect(tree(text) == expected)
}

@Test(arguments: ["order", "end", "match", "set", "limit", "on", "exists", "count", "all", "shortest", "contains", "where", "call"])
func keywordsAreNamesWhereNothingElseFits(word: String) {
    #expect(statement("MATCH (\(word):\(word) {\(word): 1})-[:\(word)]->() RETURN \(word), \(word).\(word) AS \(word)")
        == "(match (\(word):\(word) {\(word): 1}) -[:\(word)]-> ()) (return \(word) (. \(word) \(word)) AS \(word))")
}

@Test func commentsAndSpaceMeanNothing() {
    #expect(tree("/* a */ 1 // b\n +\u{A0}2 /**/") == "(+ 1 2)")
}

@Test func longConjunctionsAreBalancedAndLongSumsAreRefused() {
    let many = Array(repeating: "a.x = 1", count: 20_000)
    #expect(syntaxError("RETURN " + many.joined(separator: " OR ")) == nil)
    #expect(syntaxError("RETURN " + many.joined(separator: " AND ")) == nil)
    #expect(syntaxError("RETURN " + Array(repeating: "1", count: 190).joined(separator: "+")) == nil)
    #expect(syntaxError("RETURN " + Array(repeating: "1", count: 20_000).joined(separator: "+")) != nil)
    #expect(syntaxError("MATCH (a) SET " + Array(repeating: "a.x = a.y + 1", count: 2_000).joined(separator: ", ")) == nil)
}

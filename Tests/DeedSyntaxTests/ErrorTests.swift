// Errors: their names, where they point, what they advise.

import Testing

@testable import DeedSyntax

@Test(arguments: [
    ("", "UnexpectedSyntax ''"), ("RETURN", "UnexpectedSyntax ''"), ("RETURN 1 +", "UnexpectedSyntax ''"),
    ("RETURN 9223372036854775808", "IntegerOverflow '9223372036854775808'"),
    ("RETURN -9223372036854775809", "IntegerOverflow '9223372036854775809'"),
    ("RETURN - -9223372036854775808 + 9223372036854775808", "IntegerOverflow '9223372036854775808'"),
    ("RETURN 0xZ", "InvalidNumberLiteral '0xZ'"), ("RETURN 12abc", "InvalidNumberLiteral '12abc'"),
    ("RETURN 017", "InvalidNumberLiteral '017'"),
    ("RETURN {1a: 1}", "UnexpectedSyntax '1a'"), ("RETURN 1e999", "FloatingPointOverflow '1e999'"),
    ("RETURN '\\uH'", "InvalidUnicodeLiteral '\\uH'"), ("RETURN '\\uD800'", "InvalidUnicodeLiteral '\\uD800'"),
    ("RETURN '\\q'", "UnexpectedSyntax '\\q'"),
    ("RETURN 'abc", "UnexpectedSyntax '''"), ("RETURN `abc", "UnexpectedSyntax '`'"), ("RETURN 1 /* abc", "InvalidSyntax '/*'"),
    ("RETURN 42 — 41", "InvalidUnicodeCharacter '—'"), ("RETURN a#b", "UnexpectedSyntax '#'"),
    ("MATCH (a)-[:T..]->(b) RETURN a", "InvalidRelationshipPattern '..'"),
    ("MATCH (a)-[*1.5]->(b) RETURN a", "InvalidRelationshipPattern '1.5'"),
    ("CREATE (a)-[:T]-(b)", "RequiresDirectedRelationship '-[:T]-'"), ("CREATE (a)-->(b)", "NoSingleRelationshipType '-->'"),
    ("MERGE (a)-[:A|B]->(b)", "NoSingleRelationshipType '-[:A|B]->'"), ("CREATE (a)-[:A*2]->(b)", "CreatingVarLength '-[:A*2]->'"),
    ("MATCH (n $p) RETURN n", "InvalidParameterUse '$p'"), ("MERGE (n $p)", "InvalidParameterUse '$p'"),
    ("MATCH (n) DELETE n:A", "InvalidDelete 'n:A'"), ("MATCH (n) WITH n.x RETURN 1", "NoExpressionAlias 'n.x'"),
    ("RETURN 1 MATCH (n) RETURN n", "InvalidClauseComposition 'RETURN 1'"), ("MATCH (n)", "InvalidClauseComposition 'MATCH (n)'"),
    ("RETURN EXISTS { CREATE (n) RETURN n }", "InvalidClauseComposition 'CREATE (n)'"),
    ("FOREACH (x IN [1] | MATCH (n))", "InvalidClauseComposition 'MATCH (n)'"),
    ("MATCH (n) CALL f RETURN 1", "InvalidArgumentPassingMode 'CALL f'"),
    ("CALL f() YIELD * RETURN 1", "UnexpectedSyntax 'CALL f() YIELD *'"),
    ("MATCH (n) RETURN (n)-->()", "UnexpectedSyntax '(n)-->()'"), ("MATCH (n) SET n.x = (n)-->()", "UnexpectedSyntax '(n)-->()'"),
    ("RETURN {a}", "UnexpectedSyntax '{'"), ("RETURN 1; RETURN 2", "UnexpectedSyntax 'RETURN'"), ("RETURN [1, 2", "UnexpectedSyntax '['"),
    ("MATCH (n) WHERE RETURN n", "UnexpectedSyntax 'RETURN'"), ("MATCH (a)(b) RETURN a", "UnexpectedSyntax '('"),
])
func errorsHaveNamesAndPlaces(text: String, expected: String) {
    #expect(fault(text) == expected)
}

@Test(arguments: [
    ("MTACH (n) RETURN n", "Did you mean MATCH?"), ("MATCH (n) RETRUN n", "Did you mean RETURN?"),
    ("MATCH (n) WERE n.x RETURN n", "Did you mean WHERE?"),
    ("MATCH (n) RETURN n ODER BY n.x", "Did you mean ORDER?"), ("MATCH (n) RETURN n ORDER BT n.x", "Did you mean BY?"),
    ("RETURN 1 != 2", "written as <>"), ("RETURN 1 == 2", "written as ="), ("RETURN {name}", "written as $name"),
    ("RETURN ‘a’", "write ' instead"),
    ("RETURN 'it''s'", "A quote within a string"), ("RETURN filter(x IN l WHERE x)", "list comprehension"),
    ("RETURN (1 + 2", "'(' is not closed"), ("RETURN CASE WHEN a THEN b", "WHEN, ELSE or END"),
    ("MATCH (n) RETURN n n", "',', AS, ORDER BY, SKIP, LIMIT"),
])
func errorsAdvise(text: String, advice: String) {
    let message = syntaxError(text)?.message ?? "no error"
    #expect(message.contains(advice), "\(message)")
}

@Test func errorsAreShownInTheirLine() {
    let text = "MATCH (é)\n\tRETRUN é"
    #expect(renderSource(syntaxError(text)?.range ?? 0..<0, in: text) == "line 2, column 2\n\tRETRUN é\n\t^^^^^^")
    #expect(renderSource(7..<9, in: text) == "line 1, column 8\nMATCH (é)\n       ^")
    let long = String(repeating: "x", count: 5_000)
    #expect(renderSource(2_000..<4_000, in: long).utf8.count < 400)
    #expect(renderSource(-5..<9_000, in: "a") == "line 1, column 1\na\n^")
}

// Errors in SQL: where they point, and what they advise.

import Testing

@testable import DeedSyntax

/// The detail of the error and the part of the text it points at.
private func sqlFault(_ text: String) -> String {
    guard let error = sqlError(text) else { return "none" }
    return "\(error.detail) '\(String(decoding: Array(text.utf8)[error.range], as: UTF8.self))'"
}

@Test(arguments: [
    ("", "UnexpectedSyntax ''"), (" ; ", "UnexpectedSyntax ''"), ("SELECT 1 +", "UnexpectedSyntax ''"),
    ("SELECT 'abc", "UnexpectedSyntax '''"), ("SELECT \"abc", "UnexpectedSyntax '\"'"),
    ("SELECT $a$ b $c$", "UnexpectedSyntax '$a$'"), ("SELECT E'abc\\'", "UnexpectedSyntax 'E''"),
    ("SELECT 1 /* /* */", "InvalidSyntax '/*'"), ("SELECT \"\"", "UnexpectedSyntax '\"\"'"),
    ("SELECT 0x", "InvalidNumberLiteral '0x'"), ("SELECT 12abc", "InvalidNumberLiteral '12abc'"),
    ("SELECT 1__0", "InvalidNumberLiteral '1__0'"), ("SELECT 1e999", "InvalidNumberLiteral '1e999'"),
    ("SELECT 0xFFFFFFFFFFFFFFFFF", "InvalidNumberLiteral '0xFFFFFFFFFFFFFFFFF'"),
    ("SELECT E'\\uD800'", "InvalidUnicodeLiteral '\\uD800'"), ("SELECT E'\\xff'", "InvalidUnicodeLiteral 'E'\\xff''"),
    ("SELECT U&'\\00'", "InvalidUnicodeLiteral 'U&'\\00''"), ("SELECT U&'\\D83D'", "InvalidUnicodeLiteral 'U&'\\D83D''"),
    ("SELECT U&'a' UESCAPE 'f'", "UnexpectedSyntax ''f''"), ("SELECT a FROM t WHERE a < b < c", "UnexpectedSyntax '<'"),
    ("SELECT a = b = c", "UnexpectedSyntax '='"), ("SELECT 1; SELECT 2", "UnexpectedSyntax 'SELECT'"),
    ("SELECT (1", "UnexpectedSyntax '('"), ("SELECT select", "UnexpectedSyntax 'select'"),
    ("SELECT left FROM t", "UnexpectedSyntax 'left'"), ("CREATE TABLE order (a int)", "UnexpectedSyntax 'order'"),
    ("SELECT `a`", "UnexpectedSyntax '`'"), ("SELECT DISTINCT ON () 1", "UnexpectedSyntax 'ON ()'"),
    ("SELECT [1]", "UnexpectedSyntax '['"), ("SELECT 1 FROM t LIMIT 1, 2", "UnexpectedSyntax ','"),
    ("SELECT f(t.*)", "UnexpectedSyntax '*'"), ("SELECT 1 FROM a JOIN b", "UnexpectedSyntax ''"),
    ("VALUES ()", "UnexpectedSyntax 'VALUES ()'"), ("WITH x AS (DELETE FROM t) SELECT 1", "UnexpectedSyntax 'DELETE'"),
    ("SELECT a INTO b FROM t", "UnexpectedSyntax 'INTO'"), ("SELECT x LIKE ANY (ARRAY['a'])", "UnexpectedSyntax 'ANY'"),
    ("SELECT (1, 2) OVERLAPS 3", "UnexpectedSyntax 'OVERLAPS'"), ("UPDATE t SET t.a = 1", "UnexpectedSyntax '.'"),
    ("INSERT INTO t (a) OVERRIDING SYSTEM VALUE VALUES (1)", "UnexpectedSyntax 'OVERRIDING'"),
    ("CREATE TABLE t (a int) AS SELECT 1", "UnexpectedSyntax '(a int)'"), ("CREATE TABLE t", "UnexpectedSyntax ''"),
    ("CREATE OR REPLACE TABLE t (a int)", "UnexpectedSyntax 'TABLE'"),
    ("CREATE TABLE t (a int DEFERRABLE)", "UnexpectedSyntax 'DEFERRABLE'"),
    ("MERGE INTO t USING u ON true", "UnexpectedSyntax ''"),
    ("MERGE INTO t USING u ON true WHEN MATCHED THEN INSERT VALUES (1)", "UnexpectedSyntax 'INSERT'"),
    ("COMMIT AND CHAIN", "UnexpectedSyntax 'CHAIN'"), ("SET TRANSACTION", "UnexpectedSyntax ''"),
    ("SET x = 1", "UnexpectedSyntax 'x'"), ("PREPARE p AS CREATE TABLE t (a int)", "UnexpectedSyntax 'CREATE'"),
    ("SELECT 1 FROM GRAPH_TABLE (g MATCH ((a)->(b)) COLUMNS (1))", "UnexpectedSyntax '((a)->(b))'"),
    ("SELECT 1 FROM GRAPH_TABLE (g MATCH (a)->{3,2}(b) COLUMNS (1))", "InvalidRelationshipPattern '{3,2}'"),
    ("SELECT 1 FROM GRAPH_TABLE (g MATCH SHORTEST 0 (a)->(b) COLUMNS (1))", "UnexpectedSyntax '0'"),
    ("SELECT 1 FROM GRAPH_TABLE (g MATCH (a)->{99999999999999999999}(b) COLUMNS (1))", "IntegerOverflow '99999999999999999999'"),
    ("CREATE SEQUENCE s START 99999999999999999999", "IntegerOverflow '99999999999999999999'"),
])
func errorsOfSQLHavePlaces(text: String, expected: String) {
    #expect(sqlFault(text) == expected, "\(sqlError(text)?.message ?? "")")
}

@Test(arguments: [
    ("SELCT 1", "Did you mean SELECT?"), ("SELECT 1 FORM t", "Did you mean FROM"),
    ("SELECT a FROM t WERE a = 1", "Did you mean WHERE"), ("SELECT a FROM t ODER BY a", "Did you mean ORDER"),
    ("INSERT IN t VALUES (1)", "Expected INTO"), ("INSRET INTO t VALUES (1)", "Did you mean INSERT?"),
    ("CREATE TABEL t (a int)", "Did you mean TABLE?"), ("SELECT (SELECT a FORM t)", "Did you mean FROM"),
    ("SELECT a FROM t GROUP BT a", "Did you mean BY?"), ("DELETE t", "Expected FROM"), ("SELECT a == b", "written as ="),
    ("SELECT DATE FROM t WHERE a IS \"x\"", "strings have single ones"),
    ("INSERT INTO t (a) \"x\"", "strings have single ones"), ("SELECT 1 LIMIT 2, 3", "OFFSET"),
    ("CREATE TABLE user (a int)", "double quotes"), ("SELECT `a`", "double quotes"), ("SELECT [1, 2]", "ARRAY[...]"),
    ("SELECT a < b < c", "do not chain"), ("SELECT (1 + 2", "'(' is not closed"),
    ("SELECT CASE WHEN a THEN b", "WHEN, ELSE or END"), ("SELECT 1 FROM a JOIN b WHERE true", "ON or USING"),
    ("SELECT ‘a’", "write ' instead"),
])
func errorsOfSQLAdvise(text: String, advice: String) {
    let message = sqlError(text)?.message ?? "no error"
    #expect(message.contains(advice), "\(message)")
}

@Test(arguments: ["SELECT 1 WHERE a = NULL", "SELECT a FROM t WHERE b = \"c\"", "SELECT 1 AS from", "SELECT FROM t", "TABLE t"])
func oddTextsAreNoErrors(text: String) {
    #expect(sqlError(text) == nil)
}

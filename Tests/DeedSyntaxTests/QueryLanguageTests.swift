// In which language a text is written: each line of the rule.

import Testing

@testable import DeedSyntax

@Test(arguments: [
    "SELECT 1", "select 1", "INSERT INTO t VALUES (1)", "UPDATE t SET a = 1", "VALUES (1)", "TABLE t", "TRUNCATE t",
    "ALTER TABLE t RENAME TO u", "PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "SAVEPOINT a", "RELEASE a",
    "START TRANSACTION", "END", "ABORT", "DELETE FROM t", "MERGE INTO t USING u ON true", "SET TRANSACTION READ ONLY",
    "(SELECT 1)", "((VALUES (1)))", "( WITH a AS (SELECT 1) SELECT 1)", "(TABLE t)", "CREATE TABLE t (a int)",
    "CREATE EDGE TABLE t FROM a TO b", "CREATE TEMP TABLE t (a int)", "CREATE TEMPORARY TABLE t (a int)",
    "CREATE UNLOGGED TABLE t (a int)", "CREATE GLOBAL TEMP TABLE t (a int)", "CREATE LOCAL TEMP TABLE t (a int)",
    "CREATE VIEW v AS SELECT 1", "CREATE SEQUENCE s", "CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE INDEX i ON t (a)",
    "CREATE UNIQUE INDEX i ON t (a)", "CREATE INDEX ON t (a)", "CREATE INDEX IF NOT EXISTS \"i j\" ON t USING btree (a)",
    "CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX IF NOT EXISTS ON \"t\" (a)", "DROP TABLE t", "DROP EDGE TABLE t",
    "DROP VIEW v", "DROP SEQUENCE s", "DROP INDEX CONCURRENTLY i", "DROP INDEX IF EXISTS i", "DROP INDEX i, j",
    "DROP INDEX s.i", "DROP INDEX i CASCADE", "DROP INDEX i RESTRICT", "BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN WORK",
    "BEGIN TRANSACTION READ ONLY", "COMMIT WORK", "COMMIT AND NO CHAIN", "ROLLBACK TO a",
    "ROLLBACK TRANSACTION TO SAVEPOINT a", "WITH a AS (SELECT 1) SELECT 1",
    "WITH RECURSIVE a (b, c) AS (VALUES (1)) SELECT 1", "WITH \"a\" AS MATERIALIZED (SELECT 1) SELECT 1",
    "WITH a AS NOT MATERIALIZED (WITH b AS (SELECT 1) SELECT 1) SELECT 1", "WITH a AS ((SELECT 1)) SELECT 1",
    "WITH a AS (TABLE t) SELECT 1", "WITH a AS (INSERT INTO t VALUES (1) RETURNING *) SELECT 1",
    "WITH a AS (UPDATE t SET a = 1) SELECT 1", "WITH a AS (DELETE FROM t) SELECT 1",
    "WITH a AS (MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE) SELECT 1", "WITH recursive AS (SELECT 1) SELECT 1",
    "WITH recursive (a) AS (SELECT 1) SELECT 1", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "EXPLAIN VERBOSE SELECT 1",
    "EXPLAIN (FORMAT JSON) SELECT 1", "EXPLAIN WITH a AS (SELECT 1) SELECT 1", "EXPLAIN DELETE FROM t", "-- MATCH\n SELECT 1",
    "// MATCH\n SELECT 1", "/* MATCH */ SELECT 1", "/*SELECT*/--x\n\u{FEFF}SELECT 1", ";; SELECT 1", "DELETE/**/FROM t",
])
func thisIsSQL(text: String) {
    #expect(languageOf(text) == .sql)
}

@Test(arguments: [
    "MATCH (n) RETURN n", "OPTIONAL MATCH (n) RETURN n", "UNWIND [1] AS x RETURN x", "RETURN 1", "CALL f()",
    "FOREACH (x IN [1] | CREATE (n))", "LOAD CSV FROM 'f' AS row RETURN row", "SHOW FUNCTIONS", "FINISH", "DETACH DELETE n",
    "NODETACH DELETE n", "PROFILE MATCH (n) RETURN n", "USING PERIODIC COMMIT", "REMOVE n.x", "DELETE n", "DELETE fromage",
    "SET n.x = 1", "SET transaction.x = 1", "SET transaction = 1", "SET transaction:A", "MERGE (n)", "MERGE into = (n)",
    "CREATE (n)", "CREATE p = (n)", "CREATE table = (n)-[:T]->()", "CREATE edge = (n)-[:T]->()", "CREATE index = (n)",
    "CREATE CONSTRAINT c FOR (n:L) REQUIRE n.x IS UNIQUE", "CREATE INDEX i FOR (n:L) ON (n.x)",
    "CREATE INDEX FOR (n:L) ON (n.x)", "CREATE INDEX i IF NOT EXISTS FOR (n:L) ON (n.x)",
    "CREATE INDEX IF NOT EXISTS FOR (n:L) ON (n.x)", "CREATE INDEX ON :L(x)", "CREATE RANGE INDEX i FOR (n:L) ON (n.x)",
    "DROP INDEX i", "DROP INDEX i IF EXISTS", "DROP INDEX `i`;", "DROP CONSTRAINT c", "BEGIN", "BEGIN TRANSACTION", "COMMIT",
    "COMMIT;", "ROLLBACK TRANSACTION ;", "WITH 1 AS x RETURN x", "WITH a AS b RETURN b", "WITH f(a) AS b RETURN b",
    "WITH (a) AS b RETURN b", "WITH recursive AS b RETURN b", "WITH a AS (b", "WITH * RETURN 1", "EXPLAIN MATCH (n) RETURN n",
    "EXPLAIN EXPLAIN", "(n)", "((a)-->(b))", "// SELECT\n MATCH (n) RETURN n", "/* SELECT */ RETURN 1", "", ";", "-- SELECT",
    "/* SELECT", "'SELECT'", "`SELECT`", "selects 1", "SELECTé", "WITH", "WITH a", "WITH a (", "CREATE", "CREATE INDEX",
    "CREATE INDEX IF", "DROP", "DROP INDEX", "EXPLAIN", "\"", "nonsense",
])
func thisIsCypher(text: String) {
    #expect(languageOf(text) == .cypher)
}

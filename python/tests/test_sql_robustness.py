"""Statements of SQL that are made to hurt: each ends in a result or an error, in time, on the stack of a frugal thread."""

from __future__ import annotations

import pytest
from hostile_child import ends_well

SETUP = [
    "CREATE TABLE t (a INT, b INT)", "INSERT INTO t VALUES (1, 2), (2, 3)", "CREATE EDGE TABLE e (w INT) FROM t TO t",
    "INSERT INTO e (_src, _dst, w) SELECT x._id, y._id, 1 FROM t x, t y",
]
MANY = 50_000
STATEMENTS: dict[str, str] = {
    "subqueries": "'SELECT ' + '(SELECT ' * 25 + '1' + ')' * 25",
    "derived tables": "'SELECT * FROM ' + '(SELECT * FROM ' * 24 + '(SELECT 1 AS x) t' + ') t' * 24",
    "exists": "'SELECT 1 FROM t WHERE ' + 'EXISTS (SELECT 1 FROM t u WHERE u.a = t.a AND ' * 25 + 'true' + ')' * 25",
    "calls": "'SELECT ' + 'abs(' * 120 + '1' + ')' * 120",
    "cases": "'SELECT ' + 'CASE WHEN true THEN ' * 120 + '1' + ' END' * 120",
    "tables of WITH": "'WITH c0 AS (SELECT * FROM t)' + ''.join(f', c{i} AS (SELECT * FROM c{i - 1})' for i in range(1, 3000)) "
    "+ ' SELECT * FROM c2999'",
    "tables of WITH, twice each": "'WITH c0 AS (SELECT 1 AS x)' + ''.join(f', c{i} AS (SELECT a.x FROM c{i - 1} a, c{i - 1} b)' "
    "for i in range(1, 40)) + ' SELECT * FROM c39'",
    "concat": f"'SELECT concat(' + ','.join(['1'] * {MANY}) + ')'",
    "greatest": f"'SELECT greatest(' + ','.join(map(str, range({MANY}))) + ')'",
    "rows in": f"'SELECT (1, 2) IN (' + ','.join(f'(1, {{i}})' for i in range({MANY})) + ')'",
    "wide rows": "'SELECT (' + ','.join(['1'] * 3000) + ') < (' + ','.join(['1'] * 3000) + ')'",
    "unions": f"'SELECT 1' + ' UNION SELECT 1' * {MANY}",
    "excepts": f"'SELECT 1' + ' EXCEPT SELECT 1' * {MANY}",
    "tables": "'SELECT 1 FROM ' + ','.join(f't t{i}' for i in range(3000))",
    "tables that fit": "'SELECT 1 FROM ' + ','.join(f't t{i}' for i in range(300))",
    "joins": "'SELECT 1 FROM t t0 ' + ' '.join(f'LEFT JOIN t t{i} ON t{i}.a = t{i - 1}.a' for i in range(1, 150))",
    "conditions": f"'SELECT 1 FROM t WHERE ' + ' OR '.join(f'(a = 1 AND b = {{i}})' for i in range({MANY}))",
    "columns": f"'SELECT ' + ','.join(f'a + {{i}} AS c{{i}}' for i in range({MANY})) + ' FROM t'",
    "aggregates": "'SELECT ' + ','.join(f'sum(a + {i})' for i in range(3000)) + ' FROM t'",
    "groups": "'SELECT 1 FROM t GROUP BY ' + ','.join(f'a + {i}' for i in range(3000))",
    "orders": "'SELECT a FROM t ORDER BY ' + ','.join(f'a + {i}' for i in range(3000))",
    "windows": "'SELECT ' + ','.join(f'sum(a) OVER (ORDER BY a + {i})' for i in range(500)) + ' FROM t'",
    "windows that fit": "'SELECT ' + ','.join(f'sum(a) OVER (ORDER BY a + {i})' for i in range(64)) + ' FROM t'",
    "merges": "'MERGE INTO t USING t s ON t.a = s.a ' + 'WHEN MATCHED AND s.a = 0 THEN UPDATE SET b = 1 ' * 3000",
    "merges that fit": "'MERGE INTO t USING t s ON t.a = s.a ' + 'WHEN MATCHED AND s.a = 0 THEN UPDATE SET b = 1 ' * 60",
    "merged insertions": "'MERGE INTO t USING (VALUES (9)) s(a) ON t.a = s.a ' "
    "+ 'WHEN NOT MATCHED AND s.a = 0 THEN INSERT VALUES (1, 1) ' * 60",
    "alterations": "'ALTER TABLE t ' + ', '.join(f'ADD COLUMN c{i} INT DEFAULT 1' for i in range(3000))",
    "alterations that fit": "'ALTER TABLE t ' + ', '.join(f'ADD COLUMN c{i} INT' for i in range(100))",
    "alterations that undo each other": "'ALTER TABLE t ' + ', '.join(['ADD COLUMN c INT', 'DROP COLUMN c'] * 1500)",
    "a name": "'ALTER TABLE t RENAME a TO ' + 'x' * 100_000",
    "a savepoint": "'SAVEPOINT ' + 'x' * 100_000",
    "a prepared statement": "'PREPARE p AS SELECT ' + '(' * 100_000 + '1' + ')' * 100_000",
    "prepared statements in each other": "'PREPARE p AS ' * 10_000 + 'SELECT 1'",
    "values of EXECUTE": f"'EXECUTE p(' + ','.join(map(str, range({MANY}))) + ')'",
    "a pattern": "\"SELECT '\" + 'a' * 100_000 + \"' LIKE '\" + '%a' * 10_000 + \"'\"",
    "a recursion": "'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x FROM n'",
    "a series": "'SELECT * FROM generate_series(1, 9223372036854775807)'",
    "values": f"'SELECT count(*) FROM (VALUES ' + ','.join(f'({{i}})' for i in range({MANY})) + ') v(x)'",
    "patterns": "'SELECT * FROM GRAPH_TABLE (graph MATCH ' + ','.join(f'(a{i} IS t)' for i in range(1500)) + ' COLUMNS (1 AS x))'",
    "a long pattern": "'SELECT * FROM GRAPH_TABLE (graph MATCH (a)' + '-[IS e]->(b)' * 1500 + ' COLUMNS (1 AS x))'",
    "a long pattern that fits": "'SELECT * FROM GRAPH_TABLE (graph MATCH (a)' + '-[IS e]->()' * 100 + ' COLUMNS (1 AS x))'",
    "walks": "'SELECT count(*) FROM GRAPH_TABLE (graph MATCH (a)-[e IS e]->{1,1000000000}(b) COLUMNS (sum(e.w) AS x))'",
    "conditions of a pattern": f"'SELECT * FROM GRAPH_TABLE (graph MATCH (a IS t WHERE ' + ' OR '.join(f'a.a = {{i}}' for i in "
    f"range({MANY})) "
    "+ ') COLUMNS (a.a))'",
    "columns of a pattern": f"'SELECT * FROM GRAPH_TABLE (graph MATCH (a IS t) COLUMNS (' + ','.join(f'a.a + {{i}} AS c{{i}}' "
    f"for i in range({MANY})) + '))'",
    "patterns within patterns": "'SELECT * FROM GRAPH_TABLE (graph MATCH (a WHERE EXISTS (SELECT 1 FROM ' * 25 + 't' + '))COLUMNS "
    "(1 AS x))' * 25",
    "aggregates of a path": "'SELECT * FROM GRAPH_TABLE (graph MATCH (a)-[e IS e]->{1,3}(b) COLUMNS (' + 'sum(' * 30 + 'e.w' + "
    "')' * 30 + ' AS x))'",
    "texts in texts": "\"SELECT * FROM \" + ''.join(f\"CYPHER($a{i}$CALL sql(\\\"SELECT * FROM \" for i in range(5)) + 't'",
    "texts in texts that fit": "functools.reduce(lambda t, i: f'SELECT * FROM CYPHER($a{i}$CALL sql({json.dumps(t)})$a{i}$)' "
    "if i % 2 else t, range(7), 'SELECT 1 AS x')",
    "many texts in texts": "functools.reduce(lambda t, i: f'SELECT * FROM CYPHER($a{i}$CALL sql({json.dumps(t)})$a{i}$)', "
    "range(10), 'SELECT 1 AS x')",
    "a deep text in a deep query": "'SELECT ' + '(SELECT ' * 24 + 'x FROM CYPHER($$RETURN ' + '(' * 120 + '1' + ')' * 120 + ' AS "
    "x$$)' + ')' * 24",
    "a deep query in a deep text": "'SELECT x FROM CYPHER($$ RETURN ' + 'COLLECT { RETURN ' * 25 + 'COLLECT { CALL sql(\"SELECT ' "
    "+ '(SELECT ' * 25 + '1' + ')' * 25 "
    "+ ' AS x\") YIELD x RETURN x }' + '}' * 25 + ' AS x$$)'",
    "many texts": "'SELECT 1 FROM ' + ','.join(f\"CYPHER('RETURN {i} AS x') c{i}\" for i in range(1200))",
    "calls of sql": "' '.join(f\"CALL sql('SELECT {i} AS x') YIELD x AS x{i}\" for i in range(1000)) + ' RETURN 1'",
    "the catalogue": "'SELECT count(*) FROM ' + ','.join(f'information_schema.columns c{i}' for i in range(8))",
    "definitions": "'SELECT ' + 'pg_get_expr(' * 60 + '1' + ',1)' * 60",
    "definitions of definitions": "'SELECT ' + 'pg_get_constraintdef(' * 60 + '1' + ')' * 60",
    "elements that are none": "'SELECT path_length(1), vertices(\\'a\\'), element_id(2.5), labels(ARRAY[1])'",
    "bounds": "'SELECT substring(\\'abc\\' FROM -9223372036854775807 FOR 9223372036854775807), left(\\'a\\', -9223372036854775807 - 1), "
    "right(\\'a\\', -9223372036854775807 - 1), trunc(1.5, 400), \\'1e300 years\\'::interval'",
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_made_to_hurt_ends_in_a_result_or_an_error(name: str) -> None:
    ends_well(SETUP, STATEMENTS[name], 2)

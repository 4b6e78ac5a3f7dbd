"""Statements made to hurt: each must end in a result or an error, within its time and memory. They run in a child process
whose address space is limited, so that a crash, a hang or a flood of memory is a failure and not the end of the tests."""

from __future__ import annotations

import pytest
from deed_core import PyDeedGraph
from hostile_child import ends_well

SETUP = ["UNWIND range(1, 30) AS i CREATE (:D {i: i})", "MATCH (a:D), (b:D) CREATE (a)-[:E]->(b)"]
DEEP = 200_000

STATEMENTS = {
    "parentheses": "'RETURN ' + '(' * DEEP + '1' + ')' * DEEP",
    "lists": "'RETURN ' + '[' * DEEP + '1' + ']' * DEEP",
    "maps": "'RETURN ' + '{a: ' * DEEP + '1' + '}' * DEEP",
    "negations": "'RETURN ' + 'NOT ' * DEEP + 'true'",
    "sums": "'RETURN 1' + ' + 1' * DEEP",
    "cases": "'RETURN ' + 'CASE WHEN true THEN ' * DEEP + '1' + ' END' * DEEP",
    "subqueries": "'RETURN ' + 'EXISTS { MATCH () WHERE ' * DEEP + 'true' + ' }' * DEEP",
    "long list": "'RETURN size([' + '1,' * 400_000 + '1])'",
    "range": "'RETURN size(range(1, 100000000000))'",
    "dense paths": "'MATCH (a)-[*]->(b) RETURN count(*)'",
    "kept paths": "'MATCH p = (a)-[*]->(b) RETURN collect(p)'",
    "product": "'MATCH (a), (b), (c), (d), (e), (f) RETURN a, b, c, d, e, f ORDER BY a.i + f.i'",
    "doubled text": "'RETURN reduce(s = \"ab\", x IN range(1, 60) | s + s)'",
    "conjuncts": "'MATCH (n) WHERE ' + ' AND '.join(f'n.i <> {i}' for i in range(100_000)) + ' RETURN n'",
    "conjuncts of WITH": "'MATCH (n) WITH n WHERE ' + ' AND '.join(f'n.i <> {i}' for i in range(100_000)) + ' RETURN n'",
    "disjuncts": "'MATCH (n) WHERE ' + ' OR '.join(f'n.i = {i}' for i in range(100_000)) + ' RETURN n'",
    "conjuncts over a star": "'MATCH ' + ', '.join(f'(a)-[:E]->(b{i})' for i in range(400)) + ' WHERE '"
    " + ' AND '.join(f'b{i % 400}.i > b{i % 399}.i' for i in range(50_000)) + ' RETURN a'",
    "conjuncts over parts": "'MATCH ' + ', '.join(f'(b{i})' for i in range(900)) + ' WHERE '"
    " + ' AND '.join(f'b{i % 900}.i > {i}' for i in range(50_000)) + ' RETURN b1'",
    "clauses of WITH": "'WITH 1 AS a ' * 100_000 + 'RETURN a'",
    "clauses of UNWIND": "' '.join(f'UNWIND [1] AS a{i}' for i in range(20_000)) + ' RETURN 1'",
    "clauses of SET": "'MATCH (n) ' + 'SET n.x = 1 ' * 20_000",
    "clauses of MERGE": "'MERGE (:Z) ' * 20_000",
    "clauses of OPTIONAL MATCH": "'OPTIONAL MATCH () ' * 5_000 + 'RETURN 1'",
    "clauses of CREATE": "'CREATE (:A) ' * 20_000",
    "patterns of CREATE": "'CREATE ' + ', '.join(f'(a{i}:A {{i: {i}}})' for i in range(50_000))",
    "clauses of MATCH": "'MATCH (:None) ' * 20_000 + 'RETURN 1'",
    "hops": "'MATCH ()' + '-->()' * 20_000 + ' RETURN 1'",
    "hops of a predicate": "'MATCH (n) WHERE (n)' + '-->()' * 20_000 + ' RETURN 1'",
    "subqueries in a row": "'MATCH (n) WHERE ' + ' AND '.join(['EXISTS { (n)-->() }'] * 20_000) + ' RETURN 1'",
    "subqueries inside each other": "'RETURN ' + 'EXISTS { MATCH (a) WITH a WHERE NOT ' * 30 + 'false' + ' RETURN a }' * 30",
    "UNION": "' UNION ALL '.join(['RETURN 1 AS a'] * 20_000)",
    "columns": "'RETURN ' + ', '.join(f'1 AS a{i}' for i in range(100_000))",
    "columns of two parts": "' UNION '.join(['RETURN ' + ', '.join(f'1 AS a{i}' for i in range(50_000))] * 2)",
    "columns handed on": "'WITH ' + ', '.join(f'1 AS a{i}' for i in range(50_000)) + ' RETURN ' + "
    "', '.join(f'a{i}' for i in range(50_000))",
    "parameters": "'RETURN ' + ', '.join(f'$a{i} AS a{i}' for i in range(50_000))",
    "types": "'MATCH ()' + ('-[:' + '|'.join(f'T{i}' for i in range(20_000)) + ']->()') * 4 + ' RETURN 1'",
    "ordering by aggregates": "'UNWIND [1, 2] AS x RETURN ' + ', '.join(f'count(x + {i}) AS a{i}' for i in range(2_000))"
    " + ' ORDER BY ' + ', '.join(f'count(x + {i})' for i in range(2_000))",
    "comparisons inside each other": "'RETURN 1 < (' * 100 + '1' + ') < 2' * 100",
    "operands of comparisons": "'RETURN ' + '1 < (' * 100 + 'rand() < 1' + ') < 2' * 100",
    "subjects of CASE": "'RETURN ' + 'CASE ' * 60 + 'rand()' + ' WHEN 1 THEN 1 WHEN 2 THEN 2 ELSE 3 END' * 60",
    "projections of maps": "'MATCH (n) RETURN ' + '(' * 60 + 'n' + ' {.i, n: 1})' * 60",
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_made_to_hurt_ends_in_a_result_or_an_error(name: str) -> None:
    ends_well(SETUP, STATEMENTS[name].replace("DEEP", str(DEEP)))


def test_range_is_counted_out_and_not_kept() -> None:
    with PyDeedGraph() as graph:
        assert graph.execute("UNWIND range(1, 9223372036854775807) AS x RETURN x LIMIT 3").fetchall() == [(1,), (2,), (3,)]
        assert graph.execute("UNWIND range(10, 1, -4) AS x RETURN collect(x)").scalar() == [10, 6, 2]
        assert graph.execute("UNWIND range(1, null) AS x RETURN count(*)").scalar() == 0
        assert graph.execute("UNWIND [1, 3, 2] AS n UNWIND range(n, 2) AS x RETURN collect([n, x])").scalar() == [
            [1, 1], [1, 2], [2, 2]]
        assert graph.execute("UNWIND range(1, 5000) AS x RETURN sum(x), count(*)").fetchall() == [(12_502_500, 5000)]


def test_operands_that_stand_several_times_are_evaluated_once() -> None:
    with PyDeedGraph() as graph:
        drawn = "UNWIND range(1, 1000) AS x WITH CASE toInteger(rand() * 2) WHEN 0 THEN 'a' WHEN 1 THEN 'b' ELSE 'c' END AS v"
        assert graph.execute(drawn + " RETURN count(CASE v WHEN 'c' THEN 1 END)").scalar() == 0
        assert graph.execute("RETURN 1 < 1 + 1 < 3 AS a, 3 > 1 + 1 > 2 AS b").fetchall() == [(True, False)]
        nested = "RETURN " + "CASE " * 60 + "1" + " WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE 3 END" * 60
        assert graph.execute(nested).scalar() == 1

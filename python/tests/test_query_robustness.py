"""Statements made to hurt: each must end in a result or an error, within its time and memory. They run in a child process
whose address space is limited, so that a crash, a hang or a flood of memory is a failure and not the end of the tests."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHILD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
import deed_core
with deed_core.PyDeedGraph() as graph:
    graph.execute("UNWIND range(1, 30) AS i CREATE (:D {i: i})")
    graph.execute("MATCH (a:D), (b:D) CREATE (a)-[:E]->(b)")
    try:
        for _ in graph.execute(eval(sys.argv[1]), timeout=1):
            pass
    except deed_core.DeedError:
        pass
    assert graph.execute("RETURN 1").scalar() == 1
"""

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
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_made_to_hurt_ends_in_a_result_or_an_error(name: str) -> None:
    statement = STATEMENTS[name].replace("DEEP", str(DEEP))
    done = subprocess.run([sys.executable, "-c", CHILD, statement], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr[-2000:]

"""Every allocation of the extension fails once: the result is MemoryError, never a crash, and the graph stays whole."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("_testcapi", reason="this Python was built without its test modules")

CODE = """
import _testcapi, array, gc, sys
import deed_core
from datetime import datetime, timedelta, timezone
from deed_core import Duration, PyDeedGraph, Temporal

graph = PyDeedGraph()
nodes = graph.add_entities("N", {"i": list(range(10)), "s": ["text"] * 10})
edges = graph.add_edges("R", nodes, nodes[::-1])
wide = {f"key {i}": i for i in range(40)}
values = {"l": [1, [2.5, {"a": b"x"}]], "d": datetime(2024, 1, 1, tzinfo=timezone.utc), "t": timedelta(1), "s": "é" * 20,
          "v": array.array("f", [1, 2]), "m": {"a": None}, "x": Temporal("local_time", nanoseconds=1), "y": Duration(1)}
full = graph.add_entity("Full", values)
scan = graph.scan_arrow("N")
statement = graph.prepare("RETURN $value")
elements = "MATCH p = (a:N)-[r:R]->(b:N) RETURN a, r, p, [a], {r: r} LIMIT 2"
counter = 0

def new_texts():
    global counter
    counter += 1
    graph.execute(f"UNWIND range(1, 30) AS x RETURN x, {counter} AS n").fetchall()

def query_in_transaction():
    with graph.transaction() as tx:
        tx.execute("CREATE (n:N {s: $s}) RETURN n", values).fetchall()
        tx.rollback()

def new_names():
    global counter
    counter += 1
    graph.add_entity("N", {f"new {counter}": 1})

def transaction():
    with graph.transaction() as tx:
        tx.add_entity("N", values)
        tx.rollback()

operations = [
    lambda: graph.execute("RETURN $l, $d, $t, $s, $v, $m, $x, $y", values).fetchall(), new_texts, query_in_transaction,
    lambda: graph.execute(elements).fetchall(), lambda: graph.execute(elements).dicts(),
    lambda: [hash(row) for (row,) in graph.execute("MATCH p = (:N)-[:R]->() RETURN p LIMIT 2")],
    lambda: [repr(row) for row in graph.execute(elements)], lambda: graph.execute(elements).counters,
    lambda: graph.execute(elements).__arrow_c_stream__(), lambda: statement.execute({"value": values}).scalar(),
    lambda: graph.prepare("RETURN 1"), lambda: graph.execute("RETURN 1 /"), lambda: graph.execute("RETURN 1 / 0").fetchall(),
    lambda: graph.register_procedure("p(x :: INTEGER) :: (y :: STRING)", [[1, "a"], [2, "b"]]),
    lambda: graph.add_entity("N", values), lambda: graph.add_entity("N", wide), new_names, transaction,
    lambda: graph.get_entity(full), lambda: graph.get_edge(edges[0]), lambda: graph.update_entity(full, values),
    lambda: graph.get_outgoing_neighbors(nodes[0]), lambda: graph.neighbor_ids(nodes[0]),
    lambda: graph.traverse(nodes[0]), lambda: list(graph.traverse(nodes[0])), lambda: graph.traverse(nodes[0]).depths,
    lambda: graph.strongest_neighbors(nodes[0], 3), lambda: graph.scan_collection("Full"), lambda: list(graph.iterate_edges("R")),
    lambda: graph.add_entities("N", {"a": [1, "x"], "b": ["y", None], "c": [True, False], "v": [values["v"]] * 2}),
    lambda: graph.add_edges("R", list(nodes), nodes, {"w": [1.5] * 10, "m": [1, "x"] * 5}),
    lambda: scan.__arrow_c_stream__(), lambda: scan.__arrow_c_schema__(), lambda: graph.scan_arrow("R"),
    lambda: nodes.__arrow_c_array__(), lambda: nodes[::2], lambda: nodes[1:], lambda: nodes.tolist(), lambda: nodes == [1],
    lambda: memoryview(nodes), lambda: repr(nodes), lambda: repr(graph), graph.stats, graph.check, graph.collections,
    lambda: PyDeedGraph(), lambda: Duration(1, 2), lambda: hash(Temporal("date", days=1)), lambda: repr(Temporal("date")),
    lambda: graph.add_entity("N", {"bad": object()}), lambda: graph.degree(10**9),
]
failed = 0
for operation in operations:
    for start in range(200):
        _testcapi.set_nomemory(start, start + 1)
        try:
            operation()
            finished = True
        except MemoryError:
            finished = False
        except (deed_core.TypeMismatch, deed_core.NotFound, deed_core.QueryError):
            finished = True
        finally:
            _testcapi.remove_mem_hooks()
        failed += not finished
        if finished and start > 60:
            break
gc.collect()
assert graph.check() == [] and len(graph.scan_collection("Full")) == 1 and graph.get_entity(nodes[3])["properties"]["i"] == 3
print(failed)
"""


def test_every_allocation_fails_once() -> None:
    result = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    assert int(result.stdout) > 100

"""Queries through Python: parameters and results of every type, what statements change, transactions, and handles that end."""

from __future__ import annotations

import array
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from deed_core import (
    Closed,
    CypherSyntaxError,
    DeedEngine,
    DeedError,
    Duration,
    Forked,
    Interrupted,
    InvalidArgument,
    Node,
    ParameterMissing,
    PyDeedGraph,
    QueryError,
    ReadOnly,
    Relationship,
    Result,
    TransactionConflict,
    TransactionEnded,
    TypeMismatch,
)
from deed_core import Path as GraphPath
from test_lifetime import in_child
from test_values import SAME, equal, nested

LONG_QUERY = "UNWIND range(1, 1000000) AS y UNWIND range(1, 1000000) AS x RETURN count(*)"
CROSS_PRODUCT = "MATCH (a:N), (b:N), (c:N), (d:N) RETURN count(*)"
LONG_WRITE = "UNWIND range(1, 1000000) AS y UNWIND range(1, 1000000) AS x WITH x WHERE x % 1000 = 0 CREATE (:Lost {x: x})"
LONG_TOP = "UNWIND range(1, 1000000) AS y UNWIND range(1, 1000000) AS x RETURN x ORDER BY -x LIMIT 1"


def one(graph: PyDeedGraph, text: str, **parameters: Any) -> Any:
    return graph.execute(text, parameters).scalar()


# ---- Values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", SAME, ids=lambda value: repr(value)[:30])
def test_parameters_come_back_as_they_were(graph: PyDeedGraph, value: Any) -> None:
    assert equal(one(graph, "RETURN $value", value=value), value)
    if value is not None and not isinstance(value, Duration):
        assert equal(one(graph, "RETURN [$value] AS list", value=value), [value]) or isinstance(value, list)


# openCypher has no maps within lists as properties.
STORABLE = [value for value in SAME if not (isinstance(value, list) and any(isinstance(item, dict) for item in value))]


@pytest.mark.parametrize("value", STORABLE, ids=lambda value: repr(value)[:30])
def test_properties_set_by_queries_read_back_the_same_everywhere(graph: PyDeedGraph, value: Any) -> None:
    node = one(graph, "CREATE (n:N {value: $value}) RETURN n", value=value)
    assert equal(node.properties.get("value"), value)
    stored = graph.get_entity(node.id)
    assert stored is not None and equal(stored["properties"].get("value"), value)
    assert equal(one(graph, "MATCH (n:N) RETURN n.value"), value)


def test_null_is_none(graph: PyDeedGraph) -> None:
    assert graph.execute("RETURN $nothing AS x, null AS y", {"nothing": None}).fetchall() == [(None, None)]


def test_values_made_by_queries(graph: PyDeedGraph) -> None:
    assert one(graph, "RETURN date('2024-02-29')") == date(2024, 2, 29)
    assert one(graph, "RETURN datetime('2024-01-01T00:00:00Z')") == datetime(2024, 1, 1, tzinfo=timezone.utc)
    assert one(graph, "RETURN localdatetime('2024-01-01T12:00:00.5')") == datetime(2024, 1, 1, 12, 0, 0, 500_000)
    assert one(graph, "RETURN duration('P1M2D')") == Duration(1, 2)
    assert one(graph, "RETURN duration('PT1.5S')") == timedelta(seconds=1.5)
    assert one(graph, "RETURN {a: [1, 2.5, 'x', null, true]}") == {"a": [1, 2.5, "x", None, True]}
    assert one(graph, "RETURN 'naïve ☃'") == "naïve ☃"
    assert one(graph, "RETURN 9223372036854775807") == 2**63 - 1


def test_deep_nesting_is_refused_and_not_fatal(graph: PyDeedGraph) -> None:
    for depth in (100, 100_000):
        with pytest.raises((InvalidArgument, RecursionError)):
            one(graph, "RETURN $x", x=nested(depth))
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises((InvalidArgument, RecursionError)):
        one(graph, "RETURN $x", x=endless)
    lists, parentheses = "[" * 100_000 + "]" * 100_000, "(" * 100_000 + "1" + ")" * 100_000
    for text in ("RETURN " + lists, "RETURN " + parentheses, "RETURN " + "-" * 100_001 + "1"):
        with pytest.raises((QueryError, DeedError)):
            graph.execute(text).fetchall()


def test_huge_lists(graph: PyDeedGraph) -> None:
    numbers = list(range(1_000_000))
    assert one(graph, "UNWIND $rows AS x RETURN sum(x)", rows=numbers) == sum(numbers)
    assert one(graph, "RETURN size($rows)", rows=numbers) == len(numbers)
    assert one(graph, "UNWIND range(1, 300000) AS x RETURN collect(x)") == list(range(1, 300_001))


def test_bad_parameters(graph: PyDeedGraph) -> None:
    for bad, error in [
        ({"x": object()}, TypeMismatch), ({"x": 2**63}, TypeMismatch), ({"x": "\ud800"}, InvalidArgument), ([], ParameterMissing),
        ({1: 1}, TypeMismatch), ({"\ud800": 1}, InvalidArgument), ({"x": {1: 2}}, TypeMismatch), ("x", TypeMismatch),
    ]:  # fmt: skip
        with pytest.raises(error):
            graph.execute("RETURN $x", bad)  # type: ignore[arg-type]
    assert one(graph, "RETURN $x", x=1, unused=2) == 1


def test_the_text_of_a_statement(graph: PyDeedGraph) -> None:
    assert graph.execute(b"RETURN 1").scalar() == 1
    assert graph.execute("RETURN 'ü' AS `größe`".encode()).columns == ("größe",)
    for text in (b"RETURN '\xff'", b"\xc3", "RETURN '\ud800'"):
        with pytest.raises(InvalidArgument):
            graph.execute(text)
    with pytest.raises(TypeMismatch):
        graph.execute(7)  # type: ignore[arg-type]
    with pytest.raises(CypherSyntaxError):
        graph.execute("")
    assert graph.execute("RETURN 'a\0b'").scalar() == "a\0b"


# ---- Elements ---------------------------------------------------------------------------------------------------------


def test_nodes_relationships_and_paths(graph: PyDeedGraph) -> None:
    path, a, r, b = graph.execute(
        "CREATE p = (a:A:B {x: 1})-[r:R {w: 2.5}]->(b) RETURN p, a, r, b").fetchall()[0]
    assert isinstance(a, Node) and isinstance(r, Relationship) and isinstance(path, GraphPath)
    assert a.labels == {"A", "B"} and a.properties == {"x": 1} and a["x"] == 1 and a.get("y") is None and a.get("y", 5) == 5
    assert b.labels == frozenset() and b.properties == {}
    assert (r.type, r.source, r.target, r["w"]) == ("R", a.id, b.id, 2.5)
    assert path.nodes == (a, b) and path.relationships == (r,) and len(path) == 1
    with pytest.raises(KeyError):
        a["missing"]
    again = graph.execute("MATCH p = (a:A)-[r]->(b) RETURN p, a, r, b").fetchall()[0]
    assert again == (path, a, r, b) and len({*again, path, a, r, b}) == 4
    assert a != b and a != r and r != a.id
    assert repr(a).startswith(f"<Node {a.id} :A :B") and "[:R]" in repr(r) and "1 relationships" in repr(path)
    with pytest.raises(AttributeError):
        a.id = 7  # type: ignore[misc]


def test_elements_within_lists_and_maps(graph: PyDeedGraph) -> None:
    graph.execute("CREATE (:N {i: 1})-[:R]->(:N {i: 2})")
    nodes = one(graph, "MATCH (n:N) WITH n ORDER BY n.i RETURN collect(n)")
    assert [node["i"] for node in nodes] == [1, 2]
    found = one(graph, "MATCH (a)-[r]->(b) RETURN {ends: [a, b], via: r}")
    assert found["ends"] == nodes and found["via"].source == nodes[0].id


def test_elements_do_not_depend_on_the_graph(graph: PyDeedGraph) -> None:
    node = one(graph, "CREATE (n:N {x: [1, 2]}) RETURN n")
    graph.execute("MATCH (n:N) SET n.x = 3")
    graph.close()
    assert node["x"] == [1, 2] and node.labels == {"N"}


def test_a_deleted_node_in_a_result(graph: PyDeedGraph) -> None:
    graph.execute("CREATE (:N {x: 1})")
    node = one(graph, "MATCH (n:N) DELETE n RETURN n")
    assert isinstance(node, Node) and one(graph, "MATCH (n) RETURN count(*)") == 0


# ---- What statements change -------------------------------------------------------------------------------------------


def test_counters(graph: PyDeedGraph) -> None:
    made = graph.execute("CREATE (:A {x: 1, y: 2})-[:R {z: 3}]->(:B)").counters
    assert {key: value for key, value in made.items() if value} == {
        "nodes_created": 2, "relationships_created": 1, "properties_set": 3, "properties_added": 3, "labels_added": 2}
    changed = graph.execute("MATCH (a:A) SET a.x = 5, a.y = null, a:C").counters
    assert changed["properties_added"] == 1 and changed["properties_removed"] == 2 and changed["labels_added"] == 1
    removed = graph.execute("MATCH (n) DETACH DELETE n").counters
    assert removed["nodes_deleted"] == 2 and removed["relationships_deleted"] == 1
    assert not any(graph.execute("MATCH (n) RETURN n").counters.values())


def test_names_of_the_same_thing() -> None:
    assert DeedEngine is PyDeedGraph
    with DeedEngine() as graph:
        assert graph.execute_query("RETURN $x", {"x": 1}).scalar() == 1


def test_statements(graph: PyDeedGraph) -> None:
    statement = graph.prepare("UNWIND range(1, $n) AS x RETURN x")
    first, second = statement.execute({"n": 2}), statement.execute({"n": 3})
    assert second.fetchall() == [(1,), (2,), (3,)] and first.fetchall() == [(1,), (2,)]
    assert statement.text == "UNWIND range(1, $n) AS x RETURN x" and "UNWIND" in repr(statement)
    with pytest.raises(LookupError):
        statement.execute()
    with pytest.raises(CypherSyntaxError):
        graph.prepare("RETRUN 1")
    with graph.transaction() as tx:
        statement = tx.prepare_statement("CREATE (:N)")
        statement.execute()
        assert tx.execute("MATCH (n:N) RETURN count(*)").scalar() == 1
        tx.rollback()
    with pytest.raises(TransactionEnded):
        statement.execute()


def test_more_texts_than_are_remembered(graph: PyDeedGraph) -> None:
    for i in range(1200):
        assert one(graph, f"RETURN {i}") == i
    assert one(graph, "RETURN 0") == 0


def test_large_parameters_are_not_kept(graph: PyDeedGraph) -> None:
    def resident() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = 0
    for i in range(40):
        if i == 10:
            before = resident()
        assert one(graph, f"RETURN size($x) + {i}", x="y" * 4_000_000) == 4_000_000 + i
    assert resident() - before < 60_000_000


def test_procedures(graph: PyDeedGraph) -> None:
    graph.register_procedure("place(id :: INTEGER) :: (name :: STRING, at :: INTEGER)", [[1, "a", 10], [1, "b", 20], [2, "c", 30]])
    assert graph.execute("CALL place(1) YIELD name, at RETURN name, at").fetchall() == [("a", 10), ("b", 20)]
    for bad in ([1], [[1, 2]], "rows", None):
        with pytest.raises((TypeMismatch, InvalidArgument)):
            graph.register_procedure("place(id :: INTEGER) :: (name :: STRING, at :: INTEGER)", bad)  # type: ignore[arg-type]
    for signature in ("", "place", "place(", "(x :: INTEGER) :: (y :: INTEGER)"):
        with pytest.raises(DeedError):
            graph.register_procedure(signature, [])


def test_execution_reports(graph: PyDeedGraph) -> None:
    graph.drain_reports()
    graph.execute('UNWIND [1, 2, 3] AS x RETURN x, "\\u0041\n☃"').fetchall()
    graph.execute("CREATE (:N)")
    reports = graph.drain_reports()
    assert [report["rows"] for report in reports][0] == 3 and reports[1]["text"] == "CREATE (:N)"
    assert reports[0]["text"] == 'UNWIND [1, 2, 3] AS x RETURN x, "\\u0041\n☃"'
    assert all(report["nanoseconds"] > 0 and report["estimated_rows"] >= 0 for report in reports)
    assert graph.drain_reports() == []


# ---- Transactions -----------------------------------------------------------------------------------------------------


def test_transactions_see_what_they_wrote(any_graph: PyDeedGraph) -> None:
    with any_graph.transaction() as tx:
        tx.execute("CREATE (:N {x: 1})")
        other = tx.add_entity("N", {"x": 2})
        assert tx.execute("MATCH (n:N) RETURN n.x ORDER BY n.x").fetchall() == [(1,), (2,)]
        tx.execute("MATCH (n:N {x: 2}) SET n.x = 3")
        assert tx.get_entity(other) == {"id": other, "type": "N", "properties": {"x": 3}}
        assert any_graph.execute("MATCH (n:N) RETURN count(*)").scalar() == 0
    assert any_graph.execute("MATCH (n:N) RETURN sum(n.x)").scalar() == 4


def test_a_statement_that_fails_undoes_itself_only(any_graph: PyDeedGraph) -> None:
    with any_graph.transaction() as tx:
        tx.execute("CREATE (:Kept {x: 0})")
        with pytest.raises(ArithmeticError):
            tx.execute("UNWIND [1, 2, 0] AS d CREATE (:Lost {x: 10 / d}) WITH d MATCH (k:Kept) SET k.x = d")
        assert tx.execute("MATCH (n) RETURN labels(n), n.x").fetchall() == [(["Kept"], 0)]
        tx.execute("CREATE (:Kept {x: 5})")
    assert any_graph.execute("MATCH (n:Kept) RETURN n.x ORDER BY n.x").fetchall() == [(0,), (5,)]
    assert any_graph.collections() == {"Kept": 2} and any_graph.check() == []


def test_autocommit_that_fails_leaves_nothing(any_graph: PyDeedGraph) -> None:
    with pytest.raises(ArithmeticError):
        any_graph.execute("UNWIND range(3000, 0, -1) AS d CREATE (:Lost {x: 10 / d})-[:R]->(:Lost)")
    assert any_graph.collections() == {} and any_graph.edge_types() == {} and any_graph.stats()["transactions"]["active"] == 0
    assert any_graph.check() == []


def test_results_of_transactions_that_have_ended(any_graph: PyDeedGraph) -> None:
    any_graph.add_entities("N", {"x": range(10_000)})
    tx = any_graph.transaction()
    lazy = tx.execute("MATCH (n:N) RETURN n.x")
    written = tx.execute("MATCH (n:N) WHERE n.x < 3 SET n.y = 1 RETURN n ORDER BY n.x")
    assert next(lazy)
    tx.commit()
    assert [node["x"] for (node,) in written] == [0, 1, 2]
    with pytest.raises(TransactionEnded):
        lazy.fetchall()
    with pytest.raises(TransactionEnded):
        tx.execute("RETURN 1")


def test_a_result_keeps_its_snapshot(any_graph: PyDeedGraph) -> None:
    any_graph.add_entities("N", {"x": range(10_000)})
    result = any_graph.execute("MATCH (n:N) RETURN n.x")
    first = next(result)
    any_graph.execute("MATCH (n:N) DETACH DELETE n")
    any_graph.compact()
    assert sorted([first, *result]) == [(x,) for x in range(10_000)]
    assert any_graph.execute("MATCH (n:N) RETURN count(*)").scalar() == 0


def test_conflicts(any_graph: PyDeedGraph) -> None:
    any_graph.execute("CREATE (:N {x: 1})")
    with any_graph.transaction() as tx:
        tx.execute("MATCH (n:N) SET n.x = 2")
        with pytest.raises(TransactionConflict):
            any_graph.execute("MATCH (n:N) SET n.x = 3")
    assert any_graph.execute("MATCH (n:N) RETURN n.x").scalar() == 2


# ---- Read-only graphs and followers -------------------------------------------------------------------------------------


def test_read_only_graphs(store: Path) -> None:
    with PyDeedGraph(store) as graph:
        graph.execute("CREATE (:N {x: 1})")
    with PyDeedGraph(store, read_only=True) as graph:
        assert graph.execute("MATCH (n:N) RETURN n.x").scalar() == 1
        for text in ("CREATE (:N)", "MATCH (n) DETACH DELETE n", "MERGE (:M)"):
            with pytest.raises(ReadOnly):
                graph.execute(text)
    with PyDeedGraph() as graph, graph.transaction(read_only=True) as tx:
        with pytest.raises(ReadOnly):
            tx.execute("CREATE (:N)")
        assert tx.execute("MATCH (n) RETURN count(*)").scalar() == 0


def test_followers_see_what_was_written(store: Path) -> None:
    code = """
import sys
from deed_core import PyDeedGraph
with PyDeedGraph(sys.argv[1]) as graph:
    print("ready", flush=True)
    for line in sys.stdin:
        graph.execute(line.strip())
        print(graph.stats()["transactions"]["last_commit"], flush=True)
"""
    writer = subprocess.Popen([sys.executable, "-c", code, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdin is not None and writer.stdout is not None
    with writer:
        assert writer.stdout.readline() == "ready\n"
        with PyDeedGraph(store, read_only=True) as graph:
            for i in range(1, 6):
                writer.stdin.write(f"CREATE (:N {{x: {i}}})-[:R]->(:M)\n")
                writer.stdin.flush()
                graph.catch_up(int(writer.stdout.readline()))
                assert graph.execute("MATCH (n:N)-[:R]->(:M) RETURN sum(n.x)").scalar() == i * (i + 1) // 2
        writer.stdin.close()
        assert writer.wait(30) == 0


# ---- Handles that end ---------------------------------------------------------------------------------------------------


def test_closed_graphs(any_graph: PyDeedGraph) -> None:
    any_graph.add_entities("N", {"x": range(5000)})
    result = any_graph.execute("MATCH (n:N) RETURN n")
    statement = any_graph.prepare("RETURN 1")
    next(result)
    any_graph.close()
    uses: list[Callable[[], object]] = [
        lambda: next(result), result.fetchall, result.fetchone, result.scalar, result.dicts, result.__arrow_c_stream__,
        lambda: repr(result), statement.execute, lambda: any_graph.execute("RETURN 1"), lambda: any_graph.prepare("RETURN 1"),
        any_graph.drain_reports, lambda: any_graph.register_procedure("p() :: (x :: INTEGER)", []),
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(Closed):
            use()
    assert result.columns == ("n",) and result.counters["nodes_created"] == 0
    result.interrupt()


def test_results_keep_the_graph_alive() -> None:
    graph = PyDeedGraph()
    graph.add_entities("N", {"x": range(5000)})
    result = graph.execute("MATCH (n:N) RETURN n.x")
    statement = graph.prepare("RETURN 7")
    del graph
    gc.collect()
    assert len(result.fetchall()) == 5000 and statement.execute().scalar() == 7


def test_a_child_cannot_use_its_parents_results(any_graph: PyDeedGraph) -> None:
    any_graph.add_entities("N", {"x": range(5000)})
    result, statement = any_graph.execute("MATCH (n:N) RETURN n.x"), any_graph.prepare("RETURN 1")
    next(result)

    def work() -> None:
        for use in (lambda: next(result), lambda: repr(result), result.__arrow_c_stream__, statement.execute,
                    lambda: any_graph.execute("RETURN 1"), any_graph.drain_reports):
            with pytest.raises(Forked):
                use()
        result.interrupt()

    assert in_child(work) == 0
    assert len(result.fetchall()) == 4999


# ---- Threads ------------------------------------------------------------------------------------------------------------


def test_threads_share_a_graph(any_graph: PyDeedGraph) -> None:
    any_graph.add_entities("N", {"x": range(20_000)})
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            for i in range(20):
                total = any_graph.execute("MATCH (n:N) WHERE n.x < $limit RETURN sum(n.x)", {"limit": 1000 + i}).scalar()
                assert total == sum(range(1000 + i))
                any_graph.execute("CREATE (:W {thread: $t, i: $i})", {"t": number, "i": i})
                assert len(any_graph.execute("MATCH (w:W {thread: $t}) RETURN w", {"t": number}).fetchall()) == i + 1
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and any_graph.collections()["W"] == 160 and any_graph.check() == []


def test_one_result_in_two_threads_is_refused_or_shared_row_by_row(graph: PyDeedGraph) -> None:
    graph.add_entities("N", {"x": range(50_000)})
    result = graph.execute("MATCH (n:N) RETURN n.x")
    rows: list[Any] = []
    refused = [0]

    def work() -> None:
        while True:
            try:
                row = result.fetchone()
            except InvalidArgument:
                refused[0] += 1
                continue
            if row is None:
                return
            rows.append(row)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(rows) == [(x,) for x in range(50_000)]


# ---- Stopping -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def crowded(graph: PyDeedGraph) -> PyDeedGraph:
    graph.add_entities("N", {"x": range(2000)})
    return graph


@pytest.mark.parametrize("text", [LONG_QUERY, CROSS_PRODUCT, LONG_WRITE, LONG_TOP])
def test_timeouts(crowded: PyDeedGraph, text: str) -> None:
    started = time.monotonic()
    with pytest.raises(Interrupted, match="timeout"):
        crowded.execute(text, timeout=0.2).fetchall()
    assert time.monotonic() - started < 5
    assert crowded.collections() == {"N": 2000} and crowded.stats()["transactions"]["active"] == 0


def test_timeouts_that_are_not_reached(graph: PyDeedGraph) -> None:
    for timeout in (60, 1e300, float("inf"), None):
        assert graph.execute("RETURN 1", timeout=timeout).scalar() == 1
    for bad in (-1, float("nan"), "x", -float("inf")):
        with pytest.raises(InvalidArgument):
            graph.execute("RETURN 1", timeout=bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [LONG_QUERY, CROSS_PRODUCT])
def test_another_thread_stops_a_query(crowded: PyDeedGraph, text: str) -> None:
    result = crowded.execute(text)
    timer = threading.Timer(0.2, result.interrupt)
    timer.start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        result.fetchall()
    assert time.monotonic() - started < 5
    timer.join()
    with pytest.raises(Interrupted):
        result.fetchone()
    assert crowded.execute("RETURN 1").scalar() == 1


@pytest.mark.parametrize("text", [LONG_QUERY, CROSS_PRODUCT, LONG_WRITE])
def test_control_c_stops_a_query(crowded: PyDeedGraph, text: str) -> None:
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        crowded.execute(text).fetchall()
    assert time.monotonic() - started < 5
    timer.join()
    assert crowded.collections() == {"N": 2000} and crowded.check() == []


def test_handlers_of_other_signals_run_and_the_query_goes_on(graph: PyDeedGraph) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(Interrupted):
            graph.execute(LONG_QUERY, timeout=1).fetchall()
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    assert heard == [signal.SIGUSR1]


def test_embeddings_as_parameters(graph: PyDeedGraph) -> None:
    vector = array.array("f", [0.25] * 1536)
    assert one(graph, "CREATE (n:N {v: $v}) RETURN n.v", v=vector) == vector


def test_results_are_no_types_to_make() -> None:
    for kind in (Result, Node, Relationship, GraphPath):
        with pytest.raises(TypeError):
            kind()


# ---- Reading behind writing --------------------------------------------------------------------------------------------


def test_a_match_finds_what_a_clause_before_it_has_made(graph: PyDeedGraph) -> None:
    assert one(graph, "CREATE (n:N {x: 1}) WITH n MATCH (m:N {x: n.x}) RETURN count(m)") == 1
    assert one(graph, "UNWIND range(1, 5000) AS i CREATE (n:M {x: i}) WITH n MATCH (m:M {x: n.x}) RETURN count(m)") == 5000


# ---- Labels and plans --------------------------------------------------------------------------------------------------


def test_a_plan_is_made_anew_when_entities_elsewhere_get_the_label(graph: PyDeedGraph) -> None:
    graph.execute("CREATE (:Person {name: 'a'}), (:Robot {name: 'a'})")
    graph.execute("CREATE INDEX FOR (p:Person) ON (p.name)")
    query = "MATCH (p:Person {name: 'a'}) RETURN count(*)"
    assert one(graph, query) == 1 and "SeekIndex" in one(graph, f"EXPLAIN {query}")
    graph.execute("MATCH (r:Robot) SET r:Person")
    assert one(graph, query) == 2


def test_an_index_serves_entities_with_further_labels(graph: PyDeedGraph) -> None:
    graph.execute("CREATE (:Person:Admin {name: 'a'}), (:Person {name: 'a'}), (x:Person {name: 'a'}) REMOVE x:Person")
    graph.execute("CREATE INDEX FOR (p:Person) ON (p.name)")
    query = "MATCH (p:Person {name: 'a'}) RETURN count(*)"
    assert "SeekIndex" in one(graph, f"EXPLAIN {query}")
    assert one(graph, query) == 2


def test_labels_lists_those_that_some_entity_has(any_graph: PyDeedGraph) -> None:
    any_graph.execute("CREATE (:Person:Admin), (:Person:Gone), (:City), (:Empty), ()")
    any_graph.execute("MATCH (n:Gone) REMOVE n:Gone")
    any_graph.execute("MATCH (n:Empty) DELETE n")
    any_graph.execute("MATCH (n:City) SET n:`Big town` REMOVE n:City")
    assert [row[0] for row in any_graph.execute("CALL db.labels()")] == ["Admin", "Big town", "Person"]

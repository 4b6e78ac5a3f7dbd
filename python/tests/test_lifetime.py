"""Lifetimes: any order of destruction, forks, the garbage collector, and no growth."""

from __future__ import annotations

import gc
import itertools
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deed_core import Closed, Forked, PyDeedGraph


def make_everything(graph: PyDeedGraph) -> dict[str, Any]:
    """One of each object that hangs on a graph."""
    nodes = graph.add_entities("N", {"i": range(2000)})
    graph.add_edges("R", nodes[:-1], nodes[1:])
    tx = graph.transaction()
    tx.add_entity("N")
    scan = tx.iterate_collection("N")
    next(scan)
    stream = pa.RecordBatchReader.from_stream(graph.scan_arrow("N"))
    return {
        "graph": graph, "tx": tx, "scan": scan, "reached": graph.traverse(nodes[0]), "ids": nodes, "slice": nodes[5:],
        "array": np.asarray(graph.neighbor_ids(nodes[0])), "arrow": graph.scan_arrow("N"), "stream": stream,
    }  # fmt: skip


NAMES = ["graph", "tx", "scan", "reached", "ids", "slice", "array", "arrow", "stream"]


@pytest.mark.parametrize("on_disk", [False, True])
def test_any_order_of_destruction(tmp_path: Path, on_disk: bool) -> None:
    orders = [NAMES, NAMES[::-1], *([name, *(n for n in NAMES if n != name)] for name in NAMES)]
    orders += [list(order) for order in itertools.islice(itertools.permutations(NAMES), 0, 300_000, 50_021)]
    for number, order in enumerate(orders):
        objects = make_everything(PyDeedGraph(tmp_path / str(number) if on_disk else None))
        if number % 3 == 0:
            objects["graph"].close()
        assert set(order) == set(objects)
        for name in order:
            del objects[name]
        gc.collect()


def test_children_keep_the_graph_alive() -> None:
    graph = PyDeedGraph()
    node = graph.add_entity("N", {"x": 1})
    tx = graph.transaction()
    scan = graph.iterate_collection("N")
    reference = weakref.ref(graph)
    del graph
    assert reference() is tx.graph
    assert tx.get_entity(node)["properties"] == {"x": 1}
    tx.rollback()
    del tx
    assert next(scan)["id"] == node and reference() is not None
    del scan
    assert reference() is None


def test_weak_references() -> None:
    graph = PyDeedGraph()
    dead: list[str] = []
    tx = graph.transaction()
    references = [weakref.ref(graph, lambda _: dead.append("graph")), weakref.ref(tx, lambda _: dead.append("tx"))]
    del tx
    assert dead == ["tx"]
    del graph
    assert dead == ["tx", "graph"] and [reference() for reference in references] == [None, None]


def test_cycles_are_collected() -> None:
    class Holder(PyDeedGraph):
        pass

    references = []
    for _ in range(20):
        graph = Holder()
        graph.add_entities("N", {"i": range(10)})
        graph.me = graph
        graph.tx = graph.transaction()
        graph.scan = graph.tx.iterate_collection("N")
        graph.arrow = graph.scan_arrow("N")
        next(graph.scan)
        references.append(weakref.ref(graph))
    del graph
    gc.collect()
    assert [reference() for reference in references] == [None] * 20


def test_everything_is_visible_to_the_collector() -> None:
    graph = PyDeedGraph()
    graph.add_entity("N")
    for holder in (graph.transaction(), graph.iterate_collection("N"), graph.scan_arrow("N")):
        assert gc.is_tracked(holder)
        assert any(referent is graph for referent in gc.get_referents(holder))


def test_a_forgotten_graph_is_closed(store: Path) -> None:
    graph = PyDeedGraph(store, durability="none")
    graph.add_entity("N", {"x": 1})
    del graph
    with PyDeedGraph(store) as graph:
        assert graph.collections() == {"N": 1}


@pytest.mark.parametrize("ending", ["pass", "graph.close()", "del graph", "sys.exit(3)", "1/0", "threading.Thread(target=work).start()"])
def test_leaving_the_interpreter(store: Path, ending: str) -> None:
    """Whatever is alive when the interpreter ends: it ends, without a crash, and committed data is there."""
    code = f"""
import deed_core, pyarrow, sys, threading
graph = deed_core.PyDeedGraph({str(store)!r})
ids = graph.add_entities("N", {{"i": range(1000)}})
tx = graph.transaction()
tx.add_entity("Lost")
scan, arrow = tx.iterate_collection("N"), graph.scan_arrow("N")
next(scan)
keep = pyarrow.array(ids), pyarrow.RecordBatchReader.from_stream(arrow), graph.traverse(ids[0])
sys.keep = (graph, tx, scan, keep)
def work():
    for i in range(100): sys.keep[0].add_entity("N")
{ending}
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    expected = {"sys.exit(3)": 3, "1/0": 1}.get(ending, 0)
    assert result.returncode == expected, result.stderr
    with PyDeedGraph(store) as graph:
        assert graph.collections()["N"] >= 1000 and "Lost" not in graph.collections()
        assert graph.check() == []


# ---- Forks ----------------------------------------------------------------------------------------------------------


def in_child(work: Callable[[], None]) -> int:
    """Runs `work` in a forked child and returns its exit status: 0 if it raised nothing."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException as error:
            print("child:", repr(error), file=sys.__stderr__)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_child_cannot_use_its_parents_graph(any_graph: PyDeedGraph) -> None:
    objects = make_everything(any_graph)
    node = objects["ids"][0]

    def work() -> None:
        graph, tx = objects["graph"], objects["tx"]
        for use in (
            lambda: graph.get_entity(node),
            lambda: graph.add_entity("N"),
            lambda: graph.stats(),
            lambda: graph.transaction(),
            lambda: tx.get_entity(node),
            lambda: tx.commit(),
            lambda: next(objects["scan"]),
            lambda: objects["arrow"].__arrow_c_stream__(),
            lambda: graph.__enter__(),
        ):
            with pytest.raises(Forked, match="fork") as error:
                use()
            assert isinstance(error.value, Closed) and error.value.code == 301
        assert graph.closed and not tx.active
        assert objects["ids"][0] == node and len(objects["reached"]) == 1999
        objects.clear()
        del graph, tx
        gc.collect()

    assert in_child(work) == 0
    assert any_graph.get_entity(node)["properties"] == {"i": 0}
    objects["tx"].commit()
    assert any_graph.collections() == {"N": 2001}
    assert any_graph.check() == []


def test_closing_in_a_child_does_nothing(any_graph: PyDeedGraph) -> None:
    node = any_graph.add_entity("N")

    def work() -> None:
        any_graph.close()
        any_graph.close()

    assert in_child(work) == 0
    assert not any_graph.closed
    assert any_graph.get_entity(node) is not None
    assert any_graph.add_entity("N") != node


def test_a_child_that_ends_normally(store: Path) -> None:
    """sys.exit in the child runs all deallocators there; the parent's store does not notice."""
    code = f"""
import deed_core, os, sys
graph = deed_core.PyDeedGraph({str(store)!r})
graph.add_entity("N")
tx = graph.transaction()
tx.add_entity("N")
child = os.fork()
if child == 0:
    sys.exit(7)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
tx.commit()
graph.add_entity("N")
graph.close()
print(status)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.returncode) == ("7\n", 0), result.stderr
    with PyDeedGraph(store) as graph:
        assert graph.collections() == {"N": 3}


@pytest.mark.parametrize("parent", ["never", "memory", "open", "closed"])
def test_opening_stores_in_a_child(tmp_path: Path, parent: str) -> None:
    """A child may open stores unless its parent had one: it then gets an error where RocksDB would wait for ever."""
    code = f"""
import deed_core, os
if {parent!r} != "never":
    graph = deed_core.PyDeedGraph(None if {parent!r} == "memory" else {str(tmp_path / "parent")!r})
if {parent!r} == "closed":
    graph.close()
child = os.fork()
if child == 0:
    with deed_core.PyDeedGraph() as inner:
        inner.add_entity("N")
    try:
        with deed_core.PyDeedGraph({str(tmp_path / "child")!r}) as inner:
            inner.add_entities("N", {{"i": range(1000)}})
    except deed_core.Forked as error:
        os._exit(9 if "afresh" in str(error) else 1)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    expected = 9 if parent in ("open", "closed") else 0
    assert (result.stdout, result.returncode) == (f"{expected}\n", 0), result.stderr


# ---- Growth ---------------------------------------------------------------------------------------------------------


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def workload(graph: PyDeedGraph, node: int, edge: int) -> None:
    """Every call once, in good and bad ways, without leaving anything behind in the graph."""
    extra = graph.add_entity("N", {"s": "text", "l": [1, [2.5, {"a": b"x"}]], "n": None})
    graph.get_entity(extra), graph.get_edge(edge), graph.update_entity(extra, {"s": 1}, replace=True)
    graph.get_outgoing_neighbors(node), graph.neighbor_ids(node, direction="both"), graph.degree(node, "R")
    list(graph.traverse(node)), graph.traverse(node).depths, graph.count_reachable(node), graph.strongest_neighbors(node, 2)
    graph.scan_collection("N"), list(graph.iterate_edges("R")), graph.stats(), graph.collections(), graph.check()
    pa.table(graph.scan_arrow("N")), graph.scan_arrow("R").__arrow_c_schema__(), repr(graph)
    graph.delete_entity(extra)
    with graph.transaction() as tx:
        ids = tx.add_entities("B", {"a": [1, 2], "m": [1, "x"], "v": np.zeros((2, 3), "f4"), "p": pa.array(["a", None])})
        tx.add_edges("S", ids, ids[::-1], {"w": np.arange(2)})
        np.asarray(ids), pa.array(ids), ids[::-1], list(ids), ids == [1]
        tx.rollback()
    for bad in (
        lambda: graph.add_entity("N", {"a": object()}), lambda: graph.add_entity("N", {"a": ["\ud800"]}),
        lambda: graph.add_entities("N", {"a": [1, object()]}), lambda: graph.add_entities("N", {"a": [1], "b": np.arange(2)}),
        lambda: graph.neighbor_ids(10**9), lambda: graph.add_edges("R", [node], [10**9], {"a": ["x"]}),
        lambda: graph.degree(node, "R", "up"), lambda: graph.add_entity(), lambda: graph.scan_arrow("none"),
    ):  # fmt: skip
        with pytest.raises(Exception):
            bad()


def test_nothing_is_leaked() -> None:
    graph = PyDeedGraph()
    node = graph.add_entity("N", {"x": 1})
    edge = graph.add_edge(node, graph.add_entity("N"), "R", {"w": 0.5})
    growth = []
    for _ in range(5):
        objects, memory = sys.getallocatedblocks(), resident_bytes()
        for _ in range(200):
            workload(graph, node, edge)
        gc.collect()
        growth.append((sys.getallocatedblocks() - objects, resident_bytes() - memory))
    # Caches fill up for a while, and deleted rows leave tombstones; a leak of one block would show 200 times in each part.
    assert min(blocks for blocks, _ in growth) < 150, growth
    assert min(memory for _, memory in growth) < 4 << 20, growth


def test_opening_and_closing_leaks_nothing() -> None:
    def cycle() -> None:
        graph = PyDeedGraph()
        make_everything(graph)
        if id(graph) % 32:
            graph.close()

    growth = []
    for _ in range(5):
        objects, memory = sys.getallocatedblocks(), resident_bytes()
        for _ in range(10):
            cycle()
        gc.collect()
        growth.append((sys.getallocatedblocks() - objects, resident_bytes() - memory))
    assert min(blocks for blocks, _ in growth) < 10, growth
    assert min(memory for _, memory in growth) < 4 << 20, growth


def test_references_of_arguments_and_results() -> None:
    graph = PyDeedGraph()
    key, value, name = "a key of this test", "a value of this test", "a collection of this test"
    node = graph.add_entity(name, {key: value})
    before = [sys.getrefcount(thing) for thing in (key, value, name)]
    for _ in range(1000):
        graph.add_entity(name, {key: value})
        graph.update_entity(node, {key: value})
        graph.get_entity(node)
        graph.scan_collection("nothing")
    assert [sys.getrefcount(thing) for thing in (key, value, name)] == before

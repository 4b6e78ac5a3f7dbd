"""No call leaks a reference: every public method, and the ways in which it fails, is repeated thousands of times.

A debug build of Python would count all references. Any build tells as much when each call is repeated often enough: what
leaks once in a call grows by as many as there were calls, and nothing else does. Looked at are the references to what calls
share (singletons, types, exceptions, arguments), the number of objects of each type, and the blocks that Python has allocated;
and for calls that leave nothing behind in the graph, the bytes that C and the engine have allocated.
"""

from __future__ import annotations

import array
import ctypes
import datetime
import gc
import itertools
import math
import shutil
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import deed_core
import numpy as np
import pyarrow as pa
import pytest
from deed_core import DeedError, Duration, PyDeedGraph, Temporal

Call = Callable[[], object]

# Calls that take microseconds, and calls that write files.
CALLS, SLOW_CALLS = 2000, 24
UTC = datetime.timezone.utc
VALUES: dict[str, Any] = {
    "none": None, "bool": True, "int": 7, "big": 2**62, "float": 2.5, "str": "é" * 40, "bytes": b"xyz",
    "list": [1, [2.5, {"a": b"x"}]],
    "dict": {"a": None}, "date": datetime.date(2024, 1, 1), "time": datetime.time(1, 2, 3),
    "datetime": datetime.datetime(2024, 1, 1, tzinfo=UTC),
    "timedelta": datetime.timedelta(3), "duration": Duration(1, 2, 3),
    "temporal": Temporal("zoned_datetime", 1, 2, 3, offset=60, zone="Europe/Rome"),
    "vector": array.array("f", [1, 2, 3]),
}  # fmt: skip
BIG = 10**9


class Bad(Exception):
    """Raised by arguments in the middle of a call."""


class BadNumber:
    def __index__(self) -> int:
        raise Bad


class BadMapping(Mapping[str, Any]):
    def __iter__(self) -> Iterator[str]:
        yield "x"
        raise Bad

    def __len__(self) -> int:
        return 1

    def __getitem__(self, key: str) -> Any:
        raise Bad


def bad_rows() -> Iterator[int]:
    yield 1
    raise Bad


def bad_progress(done: int, total: int) -> None:
    raise Bad


def fails(call: Call) -> Call:
    def run() -> None:
        try:
            call()
        except (DeedError, TypeError, ValueError, LookupError, OverflowError, AttributeError, Bad):
            return
        raise AssertionError("it was to fail")

    return run


def rolled_back(graph: PyDeedGraph, call: Callable[[Any], object]) -> Call:
    def run() -> None:
        with graph.transaction() as transaction:
            call(transaction)
            transaction.rollback()

    return run


class Everything:
    """A graph with something of each kind, and every call there is, under the name of its method and of the case."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.graph = PyDeedGraph(directory / "store", durability="async", before_images=True, retain_log_bytes=math.inf)
        self.numbers = itertools.count()
        graph = self.graph
        self.nodes = graph.add_entities("N", {"i": range(50), "s": ["text"] * 50})
        self.node = self.nodes[0]
        self.edge = graph.add_edges("R", self.nodes[:-1], self.nodes[1:], {"w": np.arange(49.0)})[0]
        self.full = graph.add_entity("Full", VALUES)
        graph.create_index("N", "i", name="by i")
        graph.create_constraint("Strict", "required", "must", name="strict")
        self.reached = graph.traverse(self.node)
        self.records = list(graph.changes())
        self.backups = directory / "backups"
        graph.backup(self.backups)
        self.replica = PyDeedGraph(directory / "replica", replica=True)
        graph.export_checkpoint(directory / "export")
        self.ended = graph.transaction()
        self.ended.rollback()
        self.closed = PyDeedGraph()
        self.closed.close()
        self.follower = PyDeedGraph(directory / "store", read_only=True)

    def close(self) -> None:
        for graph in (self.follower, self.replica, self.graph):
            graph.close()

    def fresh(self, name: str) -> Path:
        return self.directory / f"{name} {next(self.numbers)}"

    # ---- Calls that leave nothing behind ----

    def queries(self) -> dict[str, Call]:
        graph, values = self.graph, {"value": list(VALUES.values())}
        statement = graph.prepare("MATCH (n:N {i: $i}) RETURN n, n.s AS s")
        rows = "UNWIND [1, 2, 3] AS x RETURN x, toString(x) AS s"
        node, relationship, path = graph.execute("MATCH p = (n:N)-[r:R]->() RETURN n, r, p LIMIT 1").fetchone()
        return {
            "execute columns": lambda: graph.execute(rows).columns, "execute_query": lambda: list(graph.execute_query(rows)),
            "sql": lambda: graph.sql("SELECT ? + n.i FROM n", (1,)).fetchall(), "cypher": lambda: graph.cypher(rows).fetchall(),
            "sql, by name": lambda: graph.sql("SELECT :x", {"x": 1}).scalar(), "sql, bad": fails(lambda: graph.sql("SELECT y")),
            "execute, language": lambda: list(graph.execute("SELECT 1", language="sql")),
            "execute, bad language": fails(lambda: graph.execute("SELECT 1", language="x")),  # type: ignore[arg-type]
            "prepare, language": lambda: graph.prepare("SELECT ?", language="sql").execute([1]).scalar(),
            "execute fetchall, values": lambda: graph.execute("RETURN $value", values).fetchall(),
            "execute, bad text": fails(lambda: graph.execute("RETRUN 1")),
            "execute, bad parameters": fails(lambda: graph.execute("RETURN $x", {"x": object()})),
            "execute, missing": fails(lambda: graph.execute("RETURN $x")),
            "execute, at run time": fails(lambda: graph.execute("RETURN 1 / 0").fetchall()),
            "prepare text": lambda: graph.prepare(rows).text, "prepare_statement": lambda: graph.prepare_statement(rows),
            "prepare, bad": fails(lambda: graph.prepare("MATCH")),
            "execute, prepared": lambda: statement.execute({"i": 3}).fetchall(),
            "execute_many": lambda: statement.execute_many([{"i": 3}, {"i": 4}]),
            "execute_many, bad": fails(lambda: statement.execute_many([{"i": 3}, {"i": object()}])),
            "fetchone fetchmany dicts scalar": lambda: (
                graph.execute(rows).fetchone(), graph.execute(rows).fetchmany(2), graph.execute(rows).dicts(),
                graph.execute(rows).scalar()),
            "counters interrupt": lambda: (graph.execute(rows).counters, graph.execute(rows).interrupt()),
            "notices": lambda: graph.execute("MATCH (n:Unheard) RETURN n.unknown").notices,
            "to_arrow __arrow_c_stream__": lambda: graph.execute(rows).to_arrow(),
            "to_polars": lambda: graph.execute(rows).to_polars(),
            "to_networkx": lambda: graph.execute("MATCH (n:N)-[r:R]->(m) RETURN n, r LIMIT 3").to_networkx(),
            "get labels properties id": lambda: (node.get("i"), node.labels, node.properties, node.id, repr(node)),
            "type source target": lambda: (relationship.type, relationship.source, relationship.target, repr(relationship)),
            "nodes relationships": lambda: (path.nodes, path.relationships, repr(path)),
            "drain_reports": lambda: graph.drain_reports(),
            "explain_plan": lambda: graph.explain_plan(rows, graph.explain_plan(rows)),
            "explain_plan of a dict, failing": fails(lambda: graph.explain_plan(rows, {"version": 0})),
            "plan_space": lambda: graph.plan_space(rows),
            "set_execution_plan execution_plans clear_execution_plan": lambda: (
                graph.set_execution_plan(rows, graph.explain_plan(rows)), graph.execution_plans(),
                graph.clear_execution_plan(rows),
            ),
            "set_execution_plan, failing": fails(lambda: graph.set_execution_plan(rows, "{")),
            "register_procedure": lambda: graph.register_procedure("a.b(x :: INTEGER) :: (y :: INTEGER)", [[1, 2]]),
        }  # fmt: skip

    def reads(self) -> dict[str, Call]:
        graph, node, edge, nodes, full = self.graph, self.node, self.edge, self.nodes, self.full
        record, reached = self.records[-1], self.reached
        duration, temporal = Duration(1, 2, 3, 4), Temporal("date", 5)
        arrow = graph.scan_arrow("N")
        return {
            **self.queries(),
            "get_entity": lambda: graph.get_entity(full), "get_entity, missing": lambda: graph.get_entity(BIG),
            "get_entity, bad": fails(lambda: graph.get_entity("x")),
            "get_entity, raising": fails(lambda: graph.get_entity(BadNumber())),
            "get_entity, negative": fails(lambda: graph.get_entity(-1)),
            "get_entity, closed": fails(lambda: self.closed.get_entity(1)),
            "get_entity, ended": fails(lambda: self.ended.get_entity(1)), "get_edge": lambda: graph.get_edge(edge),
            "get_edge, bad": fails(lambda: graph.get_edge(None)),
            "get_outgoing_neighbors": lambda: graph.get_outgoing_neighbors(node, "R"),
            "get_incoming_neighbors": lambda: graph.get_incoming_neighbors(nodes[1]),
            "get_incoming_neighbors, bad": fails(lambda: graph.get_incoming_neighbors(BIG, 7)),
            "get_outgoing_neighbors, missing": fails(lambda: graph.get_outgoing_neighbors(BIG)),
            "neighbor_ids": lambda: graph.neighbor_ids(node, direction="both"),
            "neighbor_ids, bad": fails(lambda: graph.neighbor_ids(node, "R", "up")),
            "degree": lambda: graph.degree(node, "R"), "degree, missing": fails(lambda: graph.degree(BIG)),
            "traverse": lambda: list(graph.traverse(node, type="R", max_depth=3)),
            "traverse, missing": fails(lambda: graph.traverse(BIG)),
            "traverse, bad": fails(lambda: graph.traverse(node, max_depth=BadNumber())),
            "count_reachable": lambda: graph.count_reachable(node),
            "count_reachable, bad": fails(lambda: graph.count_reachable(node, direction=1)),
            "strongest_neighbors": lambda: graph.strongest_neighbors(node, 2),
            "strongest_neighbors, bad": fails(lambda: graph.strongest_neighbors(node, -1)),
            "scan_collection": lambda: graph.scan_collection("Full"),
            "scan_collection, missing": lambda: graph.scan_collection("none"),
            "scan_collection, bad": fails(lambda: graph.scan_collection(b"x")),
            "iterate_collection": lambda: list(graph.iterate_collection("N")),
            "iterate_collection, left": lambda: next(graph.iterate_collection("N")),
            "iterate_collection, ended": fails(lambda: self.ended.iterate_collection("N")),
            "scan_edges": lambda: graph.scan_edges("R"),
            "scan_edges, bad": fails(lambda: graph.scan_edges("\ud800")), "iterate_edges": lambda: list(graph.iterate_edges("R")),
            "iterate_edges, bad": fails(lambda: graph.iterate_edges(None)), "scan_arrow": lambda: graph.scan_arrow("N", kind="entity"),
            "scan_arrow, missing": fails(lambda: graph.scan_arrow("none")),
            "scan_arrow, bad": fails(lambda: graph.scan_arrow("N", kind="x")),
            "__arrow_c_stream__": lambda: arrow.__arrow_c_stream__(),
            "__arrow_c_schema__": lambda: arrow.__arrow_c_schema__(), "find": lambda: graph.find("N", "i", 7),
            "find, bad": fails(lambda: graph.find("N", "i", object())), "find, missing": fails(lambda: graph.find("N", ["i", "s"], 1)),
            "find_range": lambda: graph.find_range("N", "i", 3, 9, descending=True, limit=3),
            "find_range, bad": fails(lambda: graph.find_range("N", "i", BadNumber())),
            "find_range, limit": fails(lambda: graph.find_range("N", "i", limit=-1)),
            "collections": graph.collections, "edge_types": graph.edge_types, "stats": graph.stats, "check": graph.check,
            "indexes": graph.indexes, "constraints": graph.constraints, "list_prepared": graph.list_prepared,
            "state_digest": graph.state_digest,
            "pheromone": lambda: graph.pheromone(edge), "pheromone, missing": fails(lambda: graph.pheromone(BIG)),
            "deposit_pheromone": lambda: graph.deposit_pheromone(edge, 0.25),
            "deposit_pheromone, bad": fails(lambda: graph.deposit_pheromone(edge, math.nan)),
            "evaporate_pheromones": lambda: graph.evaporate_pheromones(0.5),
            "evaporate_pheromones, bad": fails(lambda: graph.evaporate_pheromones(7)),
            "closed": lambda: graph.closed, "path": lambda: graph.path, "read_only": lambda: graph.read_only,
            "retain_log": lambda: graph.retain_log(bytes=math.inf), "retain_log, bad": fails(lambda: graph.retain_log(bytes="x")),
            "changes": lambda: [next(graph.changes(limit=1))], "changes, bad": fails(lambda: graph.changes(BadNumber())),
            "changes, future": fails(lambda: next(graph.changes(BIG))), "sequence": lambda: record.sequence,
            "time": lambda: record.time,
            "data": lambda: record.data, "changes of a record": lambda: record.changes,
            "apply, no replica": fails(lambda: graph.apply(record.data)),
            "apply, bad": fails(lambda: self.replica.apply(b"xyz")), "apply, no bytes": fails(lambda: self.replica.apply("xyz")),
            "transaction": lambda: graph.transaction(read_only=True), "transaction, left": lambda: graph.transaction(),
            "transaction, bad": fails(lambda: graph.transaction(isolation="x")),
            "transaction, timeout": fails(lambda: graph.transaction(timeout="x")),
            "commit": lambda: graph.transaction().commit(), "commit, ended": fails(self.ended.commit),
            "rollback": lambda: graph.transaction().rollback(),
            "rollback, ended": self.ended.rollback, "active": lambda: self.ended.active, "number": lambda: self.ended.number,
            "graph": lambda: self.ended.graph, "commit_prepared, missing": fails(lambda: graph.commit_prepared("none")),
            "rollback_prepared, bad": fails(lambda: graph.rollback_prepared(7)),
            "prepare, ended": fails(lambda: self.ended.prepare("x")),
            "__exit__": lambda: graph.transaction().__enter__().__exit__(None, None, None),
            "__exit__, raised": lambda: graph.transaction().__enter__().__exit__(Bad, Bad(), None),
            "catch_up, bad": fails(lambda: self.follower.catch_up(BadNumber())),
            "ids": lambda: reached.ids, "depths": lambda: reached.depths,
            "reached": lambda: (reached[0], reached[1:3], len(reached), reached == reached),
            "reached, bad": fails(lambda: reached[BIG]), "index": lambda: nodes.index(nodes[3]),
            "index, missing": fails(lambda: nodes.index(BIG)),
            "count": lambda: (nodes.count(node), nodes.count("x")), "tolist": nodes.tolist,
            "ids, items": lambda: (nodes[1], nodes[::-1], list(nodes), node in nodes),
            "ids, bad": fails(lambda: nodes["x"]), "ids, equal": lambda: (nodes == [1], nodes == nodes, nodes != 7),
            "ids, view": lambda: memoryview(nodes)[0],
            "ids, hash": fails(lambda: hash(nodes)), "__arrow_c_array__": lambda: nodes.__arrow_c_array__(),
            "ids, size": lambda: sys.getsizeof(nodes),
            "repr": lambda: [repr(x) for x in (graph, nodes, reached, record, duration, temporal)],
            "__reduce__": lambda: (duration.__reduce__(), temporal.__reduce__()),
            "duration": lambda: (Duration(1, 2) == duration, hash(duration)),
            "months days seconds nanoseconds": lambda: (duration.months, duration.days, duration.seconds, duration.nanoseconds),
            "kind offset zone": lambda: (temporal.kind, temporal.offset, temporal.zone, hash(temporal), temporal == duration),
            "duration, bad": fails(lambda: Duration(BadNumber())), "duration, type": fails(lambda: Duration("x")),
            "temporal, bad": fails(lambda: Temporal("none")),
            "temporal, zone": fails(lambda: Temporal("zoned_datetime", zone="\ud800")),
            "PyDeedGraph, bad": fails(lambda: PyDeedGraph(durability="x")), "PyDeedGraph, path": fails(lambda: PyDeedGraph(7)),
            "PyDeedGraph, option": fails(lambda: PyDeedGraph(nothing=1)),
            "PyDeedGraph, limit": fails(lambda: PyDeedGraph(memory_limit=BadNumber())),
            "PyDeedGraph, held": fails(lambda: PyDeedGraph(self.directory / "store")),
            "backups": lambda: deed_core.backups(self.backups),
            "backups, bad": fails(lambda: deed_core.backups(7)),
            "restore, bad": fails(lambda: deed_core.restore(self.backups, self.directory / "x", until="x")),
            "import_checkpoint, bad": fails(lambda: deed_core.import_checkpoint(self.directory / "none", self.directory / "x")),
            "verify, missing": fails(lambda: deed_core.verify(self.directory / "none")),
            "repair, held": fails(lambda: deed_core.repair(self.directory / "store")),
            "checkpoint, closed": fails(self.closed.checkpoint), "compact, closed": fails(self.closed.compact),
            "close": self.closed.close, "close, failing": fails(lambda: self.closed.__enter__()),
        }  # fmt: skip

    # ---- Calls that change something, if only until they are rolled back ----

    def writes(self) -> dict[str, Call]:
        graph, node, edge, nodes, full = self.graph, self.node, self.edge, self.nodes, self.full
        rows = {"a": [1, 2], "m": [1, "x"], "v": np.zeros((2, 3), "f4"), "p": pa.array(["a", None])}

        def prepared(decide: Callable[[str], object]) -> None:
            with graph.transaction() as transaction:
                transaction.update_entity(node, {"s": "other"})
                transaction.prepare("gid")
            decide("gid")

        return {
            "add_entity": rolled_back(graph, lambda tx: tx.add_entity("N", VALUES)),
            "add_entity, alone": lambda: graph.add_entity("Other", {"x": 1}),
            "add_entity, bad": fails(lambda: graph.add_entity("N", {"x": object()})),
            "add_entity, key": fails(lambda: graph.add_entity("N", {7: 1})),
            "add_entity, text": fails(lambda: graph.add_entity("N", {"x": "\ud800"})),
            "add_entity, nested": fails(lambda: graph.add_entity("N", {"x": [{"y": {1}}]})),
            "add_entity, raising": fails(lambda: graph.add_entity("N", {"x": BadNumber()})),
            "add_entity, mapping": fails(lambda: graph.add_entity("N", BadMapping())),
            "add_entity, constraint": fails(lambda: graph.add_entity("Strict")),
            "add_entity, large": fails(lambda: graph.add_entity("N", {"x": 2**64})),
            "update_entity": lambda: graph.update_entity(full, VALUES, replace=True),
            "update_entity, missing": fails(lambda: graph.update_entity(BIG, {"x": 1})),
            "update_entity, bad": fails(lambda: graph.update_entity(full, {"x": [object()]})),
            "delete_entity": rolled_back(graph, lambda tx: tx.delete_entity(node, True)),
            "delete_entity, held": fails(lambda: graph.delete_entity(node)),
            "delete_entity, missing": fails(lambda: graph.delete_entity(BIG)),
            "add_edge": rolled_back(graph, lambda tx: tx.add_edge(node, node, "R", VALUES)),
            "add_edge, missing": fails(lambda: graph.add_edge(node, BIG, "R")),
            "add_edge, bad": fails(lambda: graph.add_edge(node, node, "R", {"x": object()})),
            "update_edge": lambda: graph.update_edge(edge, {"w": 2.5}),
            "update_edge, bad": fails(lambda: graph.update_edge(edge, 7)),
            "delete_edge": rolled_back(graph, lambda tx: tx.delete_edge(edge)),
            "delete_edge, missing": fails(lambda: graph.delete_edge(BIG)),
            "add_entities": rolled_back(graph, lambda tx: tx.add_entities("N", rows)),
            "add_entities, bad": fails(lambda: graph.add_entities("N", {"a": [1, object()]})),
            "add_entities, raising": fails(lambda: graph.add_entities("N", {"a": bad_rows()})),
            "add_entities, lengths": fails(lambda: graph.add_entities("N", {"a": [1], "b": np.arange(2)})),
            "add_entities, progress": fails(lambda: graph.add_entities("N", {"a": [1]}, progress=bad_progress)),
            "add_entities, stream": rolled_back(graph, lambda tx: tx.add_entities("N", pa.table({"a": [1, 2]}))),
            "add_entities, no columns": fails(lambda: graph.add_entities("N", 7)),
            "add_edges": rolled_back(graph, lambda tx: tx.add_edges("R", nodes[:2], pa.array(nodes[:2]), rows)),
            "add_edges, missing": fails(lambda: graph.add_edges("R", [node], [BIG], {"a": ["x"]})),
            "add_edges, bad": fails(lambda: graph.add_edges("R", [node], ["x"])),
            "add_edges, raising": fails(lambda: graph.add_edges("R", bad_rows(), [node])),
            "prepare": lambda: prepared(graph.commit_prepared),
            "commit_prepared": lambda: prepared(graph.commit_prepared), "rollback_prepared": lambda: prepared(graph.rollback_prepared),
            "prepare, bad": fails(rolled_back(graph, lambda tx: tx.prepare(""))),
            "__enter__": rolled_back(graph, lambda tx: tx.add_entity("N")),
            "create_index, exists": fails(lambda: graph.create_index("N", "s", name="by i")),
            "create_index, bad": fails(lambda: graph.create_index("N", [])),
            "drop_index, missing": fails(lambda: graph.drop_index("none")),
            "create_constraint, bad": fails(lambda: graph.create_constraint("N", "range", "i", min=object())),
            "create_constraint, broken": fails(lambda: graph.create_constraint("N", "range", "i", min=49, name="x")),
            "drop_constraint, missing": fails(lambda: graph.drop_constraint("none")),
            "read only": fails(lambda: self.follower.add_entity("N")),
        }  # fmt: skip

    def slow(self) -> dict[str, Call]:
        graph = self.graph
        small = self.fresh("small")
        with PyDeedGraph(small) as other:
            other.add_entities("N", {"i": range(10)})
        bent = self.fresh("bent")
        shutil.copytree(small, bent)
        (bent / "CURRENT").write_bytes(b"nothing\n")

        def restored() -> None:
            path = self.fresh("restored")
            deed_core.restore(self.backups, path)
            shutil.rmtree(path)

        def exported() -> None:
            directory, path = self.fresh("export"), self.fresh("import")
            graph.export_checkpoint(directory)
            deed_core.import_checkpoint(directory, path)
            shutil.rmtree(directory), shutil.rmtree(path)

        def replicated() -> None:
            path = self.fresh("replica")
            with PyDeedGraph(path, replica=True, durability="none") as replica:
                for record in self.records:
                    replica.apply(record.data)
            shutil.rmtree(path)

        def indexed() -> None:
            graph.create_index("N", "s", name="by s", progress=lambda done, total: None)
            graph.drop_index("by s")

        def constrained() -> None:
            graph.create_constraint("N", "one_of", "s", values=["text", "other"], name="texts")
            graph.drop_constraint("texts")

        def opened() -> None:
            with PyDeedGraph(small) as other:
                other.add_entity("N", VALUES)

        return {
            "to_pandas": lambda: graph.execute("UNWIND [1, 2, 3] AS x RETURN x").to_pandas(),
            "catch_up": self.follower.catch_up, "checkpoint": graph.checkpoint, "compact": graph.compact, "PyDeedGraph": opened,
            "PyDeedGraph, memory": lambda: PyDeedGraph(),
            "backup": lambda: graph.backup(self.backups, keep=2), "backup, bad": fails(lambda: graph.backup(small / "CURRENT")),
            "restore": restored,
            "backup, progress": fails(lambda: graph.backup(self.fresh("b"), progress=bad_progress)),
            "export_checkpoint import_checkpoint": exported,
            "export_checkpoint, exists": fails(lambda: graph.export_checkpoint(small)), "apply": replicated,
            "create_index drop_index": indexed,
            "create_constraint drop_constraint": constrained, "verify": lambda: deed_core.verify(small),
            "repair": lambda: deed_core.repair(small, backup=False),
            "verify, progress": fails(lambda: deed_core.verify(small, progress=bad_progress)),
            "verify, damaged": lambda: deed_core.verify(bent),
            "PyDeedGraph, damaged": fails(lambda: PyDeedGraph(bent)),
        }  # fmt: skip


# ---- Counting -------------------------------------------------------------------------------------------------------


class MallocInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]


def allocated_bytes() -> int:
    """What C and the engine have allocated from the C library and not freed; 0 where the library does not say."""
    try:
        function = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return 0
    function.restype = MallocInfo
    return function().uordblks


def shared_things() -> dict[str, object]:
    own = {name: value for name, value in vars(deed_core).items() if isinstance(value, type)}
    plain = (
        int, float, str, bytes, dict, list, tuple, bool, array.array, memoryview, datetime.datetime, datetime.timedelta,
        datetime.timezone, Bad,
    )  # fmt: skip
    singletons = {"None": None, "True": True, "False": False, "()": (), "''": "", "NotImplemented": NotImplemented, "...": ...,
    "0": 0, "1": 1}
    return {**own, **{kind.__name__: kind for kind in plain}, **singletons, "deed_core": deed_core,
    "UTC": UTC, **{f"the {k}": v for k, v in VALUES.items()}}


def counts(shared: dict[str, object]) -> Counter[str]:
    gc.collect()
    result = Counter({f"references to {name}": sys.getrefcount(thing) for name, thing in shared.items()})
    result.update(f"objects of type {type(thing).__name__}" for thing in gc.get_objects())
    result["blocks"] = sys.getallocatedblocks()
    return result


def leaks(call: Call, times: int, steady: bool) -> list[str]:
    """What has grown by nearly one for each call, or more, in each of three rounds. Caches that fill up do not do so thrice."""
    shared = shared_things()
    for _ in range(max(times // 10, 3)):
        call()
    found: list[dict[str, int]] = []
    for _ in range(3):
        before, bytes_before = counts(shared), allocated_bytes()
        for _ in itertools.repeat(None, times):
            call()
        growth = {name: count - before[name] for name, count in counts(shared).items() if count - before[name] >= times * 3 // 4}
        # The smallest block of the C library takes 32 bytes.
        if steady and (bytes_grown := allocated_bytes() - bytes_before) >= times * 16:
            growth["bytes"] = bytes_grown
        if not growth:
            return []
        found.append(growth)
    always = set.intersection(*(set(growth) for growth in found))
    return [f"{name}: {[growth[name] for growth in found]} in {times} calls each" for name in sorted(always)]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    made = Everything(tmp_path_factory.mktemp("references"))
    yield made
    made.close()


@pytest.mark.parametrize("what", ["reads", "writes", "slow"])
def test_no_call_leaks(everything: Everything, what: str) -> None:
    calls: dict[str, Call] = getattr(everything, what)()
    found = {}
    for name, call in calls.items():
        if leaked := leaks(call, SLOW_CALLS if what == "slow" else CALLS, steady=what == "reads"):
            found[name] = leaked
    assert found == {}


def test_every_public_method_is_called(everything: Everything) -> None:
    calls = {**everything.reads(), **everything.writes(), **everything.slow()}
    called = {word for name in calls for word in name.split(",")[0].split()}
    protocols = {"__arrow_c_array__", "__arrow_c_stream__", "__arrow_c_schema__", "__enter__", "__exit__", "__reduce__"}
    missing = set()
    for name, thing in vars(deed_core).items():
        if isinstance(thing, types.BuiltinFunctionType):
            missing |= {name} - called
        # The results that are named tuples have no methods of their own.
        elif isinstance(thing, type) and not issubclass(thing, (BaseException, tuple)):
            missing |= {method for method in vars(thing) if method in protocols or not method.startswith("_")} - called
    assert missing == set()


def test_a_leak_would_be_found() -> None:
    kept: list[object] = []
    assert leaks(lambda: kept.append([]), 100, steady=False) != []
    assert leaks(lambda: None, 100, steady=True) == []

"""Bulk loads from Python sequences, NumPy and Arrow data: what they store, and that they are all or nothing."""

from __future__ import annotations

import array
import math
import signal
import threading
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from deed_core import (
    Duration,
    Ids,
    Interrupted,
    InvalidArgument,
    NotFound,
    PyDeedGraph,
    Temporal,
    TypeMismatch,
)

UTC = timezone.utc


def load(graph: PyDeedGraph, column: Any) -> list[Any]:
    """The values of a loaded column, None where a row has none."""
    ids = graph.add_entities("Row", {"v": column})
    return [graph.get_entity(id)["properties"].get("v") for id in ids]


# ---- Columns of Python values ---------------------------------------------------------------------------------------

COLUMNS = {
    "int": [1, -(2**63), 2**63 - 1, 0],
    "float": [1.5, -0.0, math.inf, 5e-324],
    "bool": [True, False, True],
    "str": ["", "a", "naïve ☃", "x" * 1000, "a\0b"],
    "bytes": [b"", b"\0\xff", b"abc"],
    "date": [date(1, 1, 1), date(1970, 1, 1), date(9999, 12, 31)],
    "time": [time(0), time(23, 59, 59, 999_999)],
    "datetime": [datetime(1, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)],
    "vector": [array.array("f", [1, 2]), array.array("f", [3, 4])],
    "nulls": [None, None, None],
    "with nulls": [None, 1, None, 2, None],
    "text with nulls": [None, "a", None, "", None],
    "late": [None] * 100 + [1.5],
    "vectors with nulls": [None, array.array("f", [1, 2, 3]), None],
    "one": ["x"],
    # No common Arrow type: stored row by row, with the same result.
    "int and float": [1, 2.5, 3],
    "int and bool": [1, True, 0, False],
    "anything": [1, "x", 2.5, None, b"y", [1, {"a": None}], date(2024, 1, 1)],
    "lists": [[1, 2], [], ["x"]],
    "maps": [{"a": 1}, {}, {"b": [2]}],
    "zoned": [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=2)))],
    "durations": [timedelta(1), timedelta(microseconds=1)],
    "months": [Duration(1), Duration(2, 3)],
    "vectors of two lengths": [array.array("f", [1]), array.array("f", [1, 2])],
    "late mixed": [1] * 5000 + ["x"],
    "nanoseconds": [datetime(2024, 1, 1), Temporal("local_datetime", seconds=1, nanoseconds=1)],
    "far": [date(2024, 1, 1), Temporal("date", days=2**40)],
}


@pytest.mark.parametrize("name", COLUMNS)
def test_column_of_values(any_graph: PyDeedGraph, name: str) -> None:
    column = COLUMNS[name]
    assert load(any_graph, column) == column
    assert [type(value) for value in load(any_graph, tuple(column))] == [type(value) for value in column]
    assert any_graph.stats()["entity_count"] == 2 * len(column)
    assert any_graph.check() == []


@pytest.mark.parametrize("name", COLUMNS)
def test_column_of_values_on_edges(graph: PyDeedGraph, name: str) -> None:
    column = COLUMNS[name]
    nodes = graph.add_entities("N", {"i": range(len(column))})
    edges = graph.add_edges("R", nodes, nodes[::-1], {"v": column, "w": range(len(column))})
    rows = graph.scan_edges("R")
    assert [row["id"] for row in rows] == edges
    assert [row["properties"].get("v") for row in rows] == column
    assert [(row["source"], row["target"]) for row in rows] == list(zip(nodes, nodes[::-1]))
    assert [row["properties"]["w"] for row in rows] == list(range(len(column)))


def test_all_kinds_of_columns_together(any_graph: PyDeedGraph) -> None:
    size = 200_000
    columns = {
        "i": range(size),
        "a": np.arange(size, dtype="f4"),
        "s": [f"name {i}" for i in range(size)],
        "mixed": [i if i % 2 else str(i) for i in range(size)],
        "arrow": pa.chunked_array([pa.array(range(100)), pa.array(range(100, size), pa.int64())]),
    }
    ids = any_graph.add_entities("Row", columns)
    assert len(ids) == size and any_graph.collections() == {"Row": size}
    for i in (0, 1, 99, 100, 65_535, 65_536, 131_071, size - 1):
        mixed = i if i % 2 else str(i)
        expected = {"i": i, "a": float(i), "s": f"name {i}", "mixed": mixed, "arrow": i}
        assert any_graph.get_entity(ids[i]) == {"id": ids[i], "type": "Row", "properties": expected}


def test_iterables_and_scalars_of_numpy(graph: PyDeedGraph) -> None:
    assert load(graph, (x * x for x in range(5))) == [0, 1, 4, 9, 16]
    assert load(graph, {"b": 1, "a": 2}.keys()) == ["b", "a"]
    assert load(graph, [np.int32(1), 2, np.int64(3)]) == [1, 2, 3]
    assert load(graph, [np.float32(0.5), 1.5]) == [0.5, 1.5]
    assert load(graph, [np.bool_(True), False]) == [True, False]


# ---- NumPy ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "?", ">i4", ">f8", "f2"])
def test_numpy_numbers(graph: PyDeedGraph, dtype: str) -> None:
    column = np.array([0, 1, 100, 1], dtype=dtype)
    for variant in (column, column[::-1], column[::2], np.repeat(column, 2)[1::2]):
        stored = load(graph, variant)
        assert stored == variant.tolist()
        assert {type(value) for value in stored} == {type(variant.tolist()[0])}


def test_numpy_limits(graph: PyDeedGraph) -> None:
    assert load(graph, np.array([-(2**63), 2**63 - 1])) == [-(2**63), 2**63 - 1]
    assert load(graph, np.array([2**63 - 1], dtype="u8")) == [2**63 - 1]
    with pytest.raises(TypeMismatch):
        load(graph, np.array([1, 2**63], dtype="u8"))
    stored = load(graph, np.array([math.nan, math.inf]))
    assert math.isnan(stored[0]) and stored[1] == math.inf


def test_numpy_unaligned(graph: PyDeedGraph) -> None:
    raw = bytearray(1 + 8 * 10)
    column = np.frombuffer(raw, dtype="i8", offset=1)
    column[:] = range(10)
    assert not column.flags.aligned
    assert load(graph, column) == list(range(10))
    record = np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "i1"), ("b", "f8")])
    assert load(graph, record["b"]) == [2.5, 4.5]


def test_numpy_text_and_objects(graph: PyDeedGraph) -> None:
    assert load(graph, np.array(["a", "üü", ""])) == ["a", "üü", ""]
    assert load(graph, np.array([b"a", b"bc"])) == [b"a", b"bc"]
    assert load(graph, np.array([1, "x", None], dtype=object)) == [1, "x", None]
    assert load(graph, np.array([])) == []


def test_numpy_embeddings(graph: PyDeedGraph) -> None:
    vectors = np.random.default_rng(5).random((100, 64), dtype="f4")
    assert [np.asarray(value).tolist() for value in load(graph, vectors)] == vectors.tolist()
    assert [np.asarray(value).tolist() for value in load(graph, vectors[::2, ::2])] == vectors[::2, ::2].tolist()
    assert load(graph, np.array([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("unit", ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns"])
def test_numpy_dates(graph: PyDeedGraph, unit: str) -> None:
    column = np.array(["1969-12-31", "2024-05-06T07:08:09.123456789", "NaT"], dtype="M8[ns]").astype(f"M8[{unit}]")
    stored = load(graph, column)
    assert stored[2] is None
    for value, original in zip(stored[:2], column):
        if unit == "D":
            assert value == original.item()
        elif isinstance(value, Temporal):
            assert unit == "ns" and value.seconds * 10**9 + value.nanoseconds == int(original.astype("i8"))
        else:
            assert np.datetime64(value) == original


@pytest.mark.parametrize("unit", ["D", "h", "s", "ms", "us"])
def test_numpy_durations(graph: PyDeedGraph, unit: str) -> None:
    column = np.array([1, -1, 100_000, "NaT"], dtype=f"m8[{unit}]")
    stored = load(graph, column)
    assert stored[3] is None
    for value, original in zip(stored[:3], column):
        assert np.timedelta64(value) == original


# ---- Arrow ----------------------------------------------------------------------------------------------------------

ARROW = {
    "int8": (pa.int8(), [1, -128, None]),
    "int16": (pa.int16(), [1, None]),
    "int32": (pa.int32(), [1, None]),
    "uint8": (pa.uint8(), [255, None]),
    "uint16": (pa.uint16(), [65_535]),
    "uint32": (pa.uint32(), [2**32 - 1, None]),
    "uint64": (pa.uint64(), [2**63 - 1, None]),
    "float32": (pa.float32(), [0.5, None]),
    "bool": (pa.bool_(), [True, None, False] * 10),
    "null": (pa.null(), [None, None]),
    "string": (pa.string(), ["a", None, "", "☃" * 100]),
    "large_string": (pa.large_string(), ["a", None, ""]),
    "string_view": (pa.string_view(), ["a", None, "more than twelve bytes", ""]),
    "binary": (pa.binary(), [b"a", None, b""]),
    "large_binary": (pa.large_binary(), [b"a", None]),
    "binary_view": (pa.binary_view(), [b"a", b"more than twelve bytes", None]),
    "fixed binary": (pa.binary(3), [b"abc", None]),
    "date32": (pa.date32(), [date(2024, 1, 1), None]),
    "date64": (pa.date64(), [date(2024, 1, 1), None]),
    "time32": (pa.time32("s"), [time(1, 2, 3), None]),
    "time64": (pa.time64("us"), [time(1, 2, 3, 4), None]),
    "timestamp s": (pa.timestamp("s"), [datetime(1960, 1, 1), None]),
    "timestamp ms": (pa.timestamp("ms"), [datetime(2024, 1, 1, 1, 1, 1, 1000), None]),
    "timestamp us": (pa.timestamp("us"), [datetime(1960, 1, 1, 0, 0, 0, 1), None]),
    "timestamp ns": (pa.timestamp("ns"), [datetime(1960, 1, 1, 0, 0, 0, 1), None]),
    "timestamp utc": (pa.timestamp("us", "UTC"), [datetime(2024, 1, 1, tzinfo=UTC), None]),
    "timestamp zone": (pa.timestamp("us", "Europe/Berlin"), [datetime(2024, 1, 1, 12, tzinfo=UTC), None]),
    "timestamp offset": (pa.timestamp("us", "+02:00"), [datetime(2024, 1, 1, 12, tzinfo=UTC), None]),
    "duration": (pa.duration("us"), [timedelta(1, 2, 3), timedelta(-1), None]),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), ["a", None, "b", "a"]),
    "list": (pa.list_(pa.int64()), [[1, 2], None, []]),
    "large_list": (pa.large_list(pa.string()), [["a"], None, [None]]),
    "fixed list": (pa.list_(pa.int64(), 2), [[1, 2], None]),
    "struct": (pa.struct({"a": pa.int64(), "b": pa.string()}), [{"a": 1, "b": "x"}, None]),
    "map": (pa.map_(pa.string(), pa.int64()), [{"a": 1}, None]),
    "list of struct": (pa.list_(pa.struct({"a": pa.int64()})), [[{"a": 1}, {"a": 2}]]),
}


@pytest.mark.parametrize("name", ARROW)
def test_arrow_column(graph: PyDeedGraph, name: str) -> None:
    type_, values = ARROW[name]
    raw = [list(value.items()) if isinstance(value, dict) and name == "map" else value for value in values]
    column = pa.array(raw, type_)
    assert load(graph, column) == values
    assert load(graph, column[1:]) == values[1:]
    doubled = pa.chunked_array([column, column[:0], column[1:]], type_)
    assert load(graph, doubled) == values + values[1:]
    nodes = graph.add_entities("Table", pa.table({"v": doubled, "i": range(len(doubled))}))
    assert [graph.get_entity(id)["properties"].get("v") for id in nodes] == values + values[1:]


def test_arrow_embeddings(graph: PyDeedGraph) -> None:
    vectors = np.random.default_rng(3).random((20, 8), dtype="f4")
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 8)
    for chunk in (column, column[3:]):
        stored = load(graph, chunk)
        assert all(isinstance(value, array.array) for value in stored)
        assert [np.asarray(value).tolist() for value in stored] == np.array(chunk.to_pylist()).tolist()


PEOPLE = {"name": ["Ada", "Grace", None], "age": [36, None, 41], "height": [1.6, 1.7, None]}
ROWS = [{key: column[i] for key, column in PEOPLE.items() if column[i] is not None} for i in range(3)]


@pytest.mark.parametrize(
    "table",
    [
        pa.table(PEOPLE),
        pa.record_batch(PEOPLE),
        pa.concat_tables([pa.table(PEOPLE).slice(0, 1), pa.table(PEOPLE).slice(1)]),
        pl.DataFrame(PEOPLE),
        pd.DataFrame({key: pd.array(column) for key, column in PEOPLE.items()}),
    ],
    ids=["pyarrow", "batch", "chunks", "polars", "pandas"],
)
def test_tables(graph: PyDeedGraph, table: Any) -> None:
    ids = graph.add_entities("Person", table)
    assert [row["properties"] for row in graph.scan_collection("Person")] == ROWS
    edges = graph.add_edges("KNOWS", ids, ids[::-1], table)
    assert [graph.get_edge(edge)["properties"] for edge in edges] == ROWS


def test_duckdb_result(graph: PyDeedGraph) -> None:
    duckdb = pytest.importorskip("duckdb")
    result = duckdb.sql("select range::int as i, 'n' || range as s from range(5000)")
    ids = graph.add_entities("Row", result)
    assert len(ids) == 5000
    assert graph.get_entity(ids[4321])["properties"] == {"i": 4321, "s": "n4321"}


def test_series(graph: PyDeedGraph) -> None:
    assert load(graph, pl.Series(["a", None, "long enough to be outside"])) == ["a", None, "long enough to be outside"]
    assert load(graph, pl.Series([1, 2])) == [1, 2]
    assert load(graph, pd.Series([1.5, 2.5])) == [1.5, 2.5]
    assert load(graph, pd.Series(["a", "b"])) == ["a", "b"]
    assert load(graph, pd.Series(pd.to_datetime(["2024-01-01", None]))) == [datetime(2024, 1, 1), None]


# ---- Relationships --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [list, tuple, np.array, lambda ids: np.array(ids, "u8"), lambda ids: np.array(ids, "i4"), lambda ids: np.array(ids, "u2"),
     pa.array, lambda ids: pa.array(ids, pa.uint64()), lambda ids: pa.chunked_array([pa.array(ids[:2]), pa.array(ids[2:])]),
     pl.Series, pd.Series, iter, lambda ids: pa.array([0, *ids])[1:], lambda ids: np.repeat(np.array(ids), 2)[::2],
     lambda ids: array.array("Q", ids), lambda ids: memoryview(array.array("q", ids)), lambda ids: [np.int64(id) for id in ids]],
)  # fmt: skip
def test_ends_in_every_form(graph: PyDeedGraph, form: Any) -> None:
    nodes = graph.add_entities("N", {"i": range(5)}).tolist()
    edges = graph.add_edges("R", form(nodes), form(nodes[::-1]), {"w": [1, 2, 3, 4, 5]})
    assert isinstance(edges, Ids) and len(edges) == 5
    assert [(row["source"], row["target"], row["properties"]["w"]) for row in graph.scan_edges("R")] == list(
        zip(nodes, nodes[::-1], range(1, 6))
    )


def test_edges_without_columns(any_graph: PyDeedGraph) -> None:
    nodes = any_graph.add_entities("N", {"i": range(100)})
    for columns in ((), (None,), ({},)):
        edges = any_graph.add_edges("R", nodes, nodes[::-1], *columns)
        assert len(edges) == 100
    assert any_graph.degree(nodes[0]) == 3
    assert any_graph.add_edges("R", [], []) == []
    assert any_graph.get_edge(edges[7])["properties"] == {}
    assert any_graph.check() == []


def test_missing_ends_are_named(any_graph: PyDeedGraph) -> None:
    nodes = any_graph.add_entities("N", {"i": range(1000)}).tolist()
    for position in (0, 500, 999):
        broken = nodes.copy()
        broken[position] = 987_654_321
        for ends in ((broken, nodes), (nodes, broken)):
            with pytest.raises(NotFound, match="987654321"):
                any_graph.add_edges("R", *ends)
    assert any_graph.stats()["edge_count"] == 0
    assert any_graph.degree(nodes[0]) == 0
    assert any_graph.check() == []


@pytest.mark.parametrize("ends", [[1.5], ["1"], [None], "1", 5, [[1]], np.array([1.5]), np.array(["a"]), {"a": 1}])
def test_ends_of_the_wrong_type(graph: PyDeedGraph, ends: Any) -> None:
    graph.add_entity("N")
    with pytest.raises(TypeMismatch):
        graph.add_edges("R", ends, [1])


@pytest.mark.parametrize("ends", [[-1], np.array([-1]), pa.array([None, 1]), pa.array([-1], pa.int8()), [2**64]])
def test_ends_out_of_range(graph: PyDeedGraph, ends: Any) -> None:
    graph.add_entity("N")
    with pytest.raises(InvalidArgument):
        graph.add_edges("R", ends, [1] * len(ends))


# ---- All or nothing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns, error",
    [
        ({"a": [1, 2], "b": [1]}, InvalidArgument),
        ({"a": range(10), "b": np.arange(11)}, InvalidArgument),
        ({"a": [1, object()]}, TypeMismatch),
        ({"a": [1, 2**63]}, TypeMismatch),
        ({"a": [1, "x", 2**63]}, TypeMismatch),
        ({"a": ["\ud800"]}, InvalidArgument),
        ({"a": "text"}, TypeMismatch),
        ({"a": b"bytes"}, TypeMismatch),
        ({"a": 5}, TypeMismatch),
        ({"a": None}, TypeMismatch),
        ({"a": np.array(5)}, TypeMismatch),
        ({"a": {"b": 1}}, TypeMismatch),
        ({1: [1]}, TypeMismatch),
        ({"a\0b": [1]}, InvalidArgument),
        ({"\ud800": [1]}, InvalidArgument),
        ({"a": np.array([1j])}, TypeMismatch),
        (None, TypeMismatch),
        (5, TypeMismatch),
        ("text", TypeMismatch),
        ([1, 2], TypeMismatch),
    ],
)
def test_what_cannot_be_loaded(any_graph: PyDeedGraph, columns: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        any_graph.add_entities("Row", columns)
    assert any_graph.stats()["entity_count"] == 0


def test_lengths_of_ends_and_columns(graph: PyDeedGraph) -> None:
    nodes = graph.add_entities("N", {"i": range(5)})
    for arguments in ((nodes, nodes[1:]), (nodes, nodes, {"a": [1]}), (nodes, nodes, pa.table({"a": range(6)}))):
        with pytest.raises(InvalidArgument):
            graph.add_edges("R", *arguments)
    assert graph.stats()["edge_count"] == 0


def test_a_stream_that_fails_halfway(any_graph: PyDeedGraph) -> None:
    schema = pa.schema({"i": pa.int64()})

    def batches() -> Any:
        for start in range(3):
            yield pa.record_batch({"i": range(start * 1000, start * 1000 + 1000)}, schema=schema)
        raise RuntimeError("the source is broken")

    with pytest.raises(InvalidArgument, match="the source is broken"):
        any_graph.add_entities("Row", pa.RecordBatchReader.from_batches(schema, batches()))
    assert any_graph.stats()["entity_count"] == 0 and any_graph.scan_collection("Row") == []
    assert any_graph.check() == []


def test_a_stream_read_in_python(any_graph: PyDeedGraph) -> None:
    """Batches that Python code makes while the engine reads: it takes the GIL in the middle of the load."""
    schema = pa.schema({"i": pa.int64()})
    batches = (pa.record_batch({"i": range(start, start + 500)}, schema=schema) for start in range(0, 5000, 500))
    ids = any_graph.add_entities("Row", pa.RecordBatchReader.from_batches(schema, batches))
    assert [any_graph.get_entity(id)["properties"]["i"] for id in ids[::499]] == list(range(0, 5000, 499))


class FakeArrow:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_arrow_data_that_was_consumed(graph: PyDeedGraph) -> None:
    once = FakeArrow(pa.table({"i": [1, 2]}).__arrow_c_stream__())
    assert len(graph.add_entities("Row", once)) == 2
    with pytest.raises(ValueError, match="consumed already"):
        graph.add_entities("Row", once)


@pytest.mark.parametrize("answer", [None, 5, pa.table({"a": [1]}).schema.__arrow_c_schema__(), KeyError("mine")])
def test_what_only_claims_to_be_arrow(graph: PyDeedGraph, answer: Any) -> None:
    for columns in (FakeArrow(answer), {"a": FakeArrow(answer)}):
        with pytest.raises(KeyError if isinstance(answer, KeyError) else (ValueError, TypeError)):
            graph.add_entities("Row", columns)
    assert graph.stats()["entity_count"] == 0


# ---- In transactions, with progress and interruption ----------------------------------------------------------------


def test_loads_in_a_transaction(any_graph: PyDeedGraph) -> None:
    with any_graph.transaction() as tx:
        ids = tx.add_entities("Row", {"i": range(1000), "mixed": [i if i % 3 else str(i) for i in range(1000)]})
        edges = tx.add_edges("R", ids, ids[::-1], {"mixed": [1.5 if i % 3 else i for i in range(1000)]})
        assert tx.get_entity(ids[3])["properties"] == {"i": 3, "mixed": "3"}
        assert any_graph.get_entity(ids[3]) is None
        assert tx.degree(ids[3], direction="both") == 2
    assert any_graph.get_entity(ids[3])["properties"] == {"i": 3, "mixed": "3"}
    assert any_graph.get_edge(edges[3])["properties"] == {"mixed": 3}
    with pytest.raises(KeyError):
        with any_graph.transaction() as tx:
            tx.add_entities("Row", {"i": range(1000)})
            tx.add_edges("R", ids, ids)
            raise KeyError
    assert any_graph.stats()["entity_count"] == 1000 and any_graph.stats()["edge_count"] == 1000
    assert any_graph.check() == []


def test_a_failing_load_leaves_its_transaction_usable(any_graph: PyDeedGraph) -> None:
    with any_graph.transaction() as tx:
        node = tx.add_entity("N", {"a": 1})
        with pytest.raises(NotFound):
            tx.add_edges("R", [node, node], [node, 10**9], {"m": [1, "x"]})
        with pytest.raises(TypeMismatch):
            tx.add_entities("N", {"a": [1, object()]})
        tx.add_edge(node, node, "R")
    assert any_graph.collections() == {"N": 1} and any_graph.edge_types() == {"R": 1}
    assert any_graph.check() == []


def test_progress(any_graph: PyDeedGraph) -> None:
    calls: list[tuple[int, int]] = []
    size = 300_000
    any_graph.add_entities("Row", {"i": np.arange(size)}, progress=lambda done, total: calls.append((done, total)))
    assert calls
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert all(0 <= done <= size and total in (0, size) for done, total in calls)


@pytest.mark.parametrize("answer", [False, KeyError("mine"), KeyboardInterrupt()])
def test_progress_that_stops_the_load(any_graph: PyDeedGraph, answer: Any) -> None:
    def progress(done: int, total: int) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    expected = Interrupted if answer is False else type(answer)
    with pytest.raises(expected):
        any_graph.add_entities("Row", {"i": np.arange(300_000)}, progress=progress)
    ids = any_graph.add_entities("N", {"i": range(10)})
    ends = np.tile(np.asarray(ids), 30_000)
    with pytest.raises(expected):
        any_graph.add_edges("R", ends, ends, progress=progress)
    assert any_graph.collections() == {"N": 10} and any_graph.edge_types() == {}
    assert any_graph.check() == []
    assert len(any_graph.add_entities("Row", {"i": range(10)})) == 10


def test_progress_may_use_the_graph(any_graph: PyDeedGraph) -> None:
    node = any_graph.add_entity("N")
    seen = []

    def progress(done: int, total: int) -> None:
        seen.append(any_graph.get_entity(node)["id"])

    any_graph.add_entities("Row", {"i": np.arange(100_000)}, progress=progress)
    assert set(seen) == {node}


def test_progress_must_be_callable(graph: PyDeedGraph) -> None:
    with pytest.raises(TypeMismatch):
        graph.add_entities("Row", {"i": [1]}, progress=5)


def test_control_c_stops_a_load(any_graph: PyDeedGraph) -> None:
    timer = threading.Timer(0.05, signal.raise_signal, [signal.SIGINT])
    column = np.arange(5_000_000)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        while True:
            any_graph.add_entities("Row", {"i": column})
    timer.join()
    assert any_graph.stats()["entity_count"] % len(column) == 0

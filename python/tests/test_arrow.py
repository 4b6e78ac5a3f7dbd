"""scan_arrow: a collection or relationship type in the hands of pyarrow, polars, pandas and DuckDB."""

from __future__ import annotations

import gc
from datetime import date, datetime, time, timezone

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from deed_core import Closed, InvalidArgument, NotFound, PyDeedGraph, TransactionEnded, TypeMismatch

TYPED = {
    "bool": ([True, False, None], pa.bool_()),
    "int": ([1, -(2**63), None], pa.int64()),
    "float": ([1.5, -0.0, None], pa.float64()),
    "text": (["a", "naïve ☃ and longer than twelve", None], None),
    "bytes": ([b"\0", b"", None], None),
    "date": ([date(2024, 2, 29), date(1, 1, 1), None], None),
    "time": ([time(1, 2, 3, 4), time(0), None], None),
    "datetime": ([datetime(2024, 1, 1, 2, 3, 4, 5), datetime(1969, 12, 31), None], None),
    "vector": ([np.array([1, 2], "f4"), np.array([3, 4], "f4"), None], None),
}


def fill(graph: PyDeedGraph) -> list[int]:
    rows = [{key: values[i] for key, (values, _) in TYPED.items()} for i in range(3)]
    return [graph.add_entity("Row", row) for row in rows]


def test_types_and_values(any_graph: PyDeedGraph) -> None:
    ids = fill(any_graph)
    table = pa.table(any_graph.scan_arrow("Row"))
    assert table.schema.field("_id").type == pa.uint64()
    assert table["_id"].to_pylist() == ids
    assert set(table.column_names) == {"_id", *TYPED}
    for key, (values, type_) in TYPED.items():
        if type_ is not None:
            assert table.schema.field(key).type == type_
        expected = [value.tolist() if isinstance(value, np.ndarray) else value for value in values]
        assert table[key].to_pylist() == expected
    table.validate(full=True)


def test_relationships(any_graph: PyDeedGraph) -> None:
    nodes = any_graph.add_entities("N", {"i": range(4)}).tolist()
    edges = any_graph.add_edges("R", nodes[:3], nodes[1:], {"w": [0.5, 1.5, None]})
    table = pa.table(any_graph.scan_arrow("R"))
    assert table.column_names[:3] == ["_id", "_src", "_dst"]
    expected = {"_id": edges.tolist(), "_src": nodes[:3], "_dst": nodes[1:], "w": [0.5, 1.5, None]}
    assert table.to_pydict() == expected


def test_mixed_columns_become_text(graph: PyDeedGraph) -> None:
    for value in (1, "x", None, 2.5, True):
        graph.add_entity("Row", {"v": value, "i": 1})
    table = pa.table(graph.scan_arrow("Row"))
    column = table["v"].to_pylist()
    assert column[:3] == ["1", "x", None] and all(isinstance(value, str) for value in column[3:])
    assert table["i"].to_pylist() == [1] * 5


def test_nested_values_become_json(graph: PyDeedGraph) -> None:
    import json

    values = [[1, 2.5, "x\n\"☃", None, [True]], {"a": {"b": [1]}}, [], {}]
    for value in values:
        graph.add_entity("Row", {"v": value})
    column = pa.table(graph.scan_arrow("Row"))["v"].to_pylist()
    assert [json.loads(text) for text in column] == values


def test_zoned_values_keep_their_instant(graph: PyDeedGraph) -> None:
    moments = [datetime(2024, 1, 1, tzinfo=timezone.utc), datetime(1960, 6, 1, 12, 30, 1, 7, tzinfo=timezone.utc)]
    for moment in moments:
        graph.add_entity("Row", {"v": moment})
    column = pa.table(graph.scan_arrow("Row"))["v"]
    assert pa.types.is_timestamp(column.type) and column.type.tz is not None
    assert [value.astimezone(timezone.utc) for value in column.to_pylist()] == moments


def test_consumers_agree(any_graph: PyDeedGraph) -> None:
    duckdb = pytest.importorskip("duckdb")
    count = 50_000
    names = [f"name {i}" if i % 10 else None for i in range(count)]
    ids = any_graph.add_entities("Person", {"name": names, "age": np.arange(count), "height": np.linspace(1, 2, count)})
    any_graph.delete_entity(ids[7])
    people = any_graph.scan_arrow("Person")
    table = pa.table(people)
    assert table.num_rows == count - 1
    rows = any_graph.scan_collection("Person")
    assert table["_id"].to_pylist() == [row["id"] for row in rows]
    assert table["name"].to_pylist() == [row["properties"].get("name") for row in rows]
    assert table["height"].to_pylist() == [row["properties"]["height"] for row in rows]

    frame = pl.DataFrame(people)
    assert frame.shape == (count - 1, 4) and frame["age"].sum() == sum(range(count)) - 7
    assert pl.from_arrow(pa.table(people)).equals(frame)
    pandas_frame = pa.table(people).to_pandas()
    assert pandas_frame["age"].sum() == frame["age"].sum()
    if hasattr(pd.DataFrame, "from_arrow"):
        assert pd.DataFrame.from_arrow(people)["age"].tolist() == pandas_frame["age"].tolist()
    assert duckdb.sql("select count(*), sum(age), count(name) from people").fetchall() == [(
        count - 1, int(frame["age"].sum()), sum(name is not None for name in names) - 1,
    )]  # fmt: skip
    assert duckdb.sql("select name from people where age = 12345").fetchall() == [("name 12345",)]


def test_what_comes_out_can_go_in(any_graph: PyDeedGraph, graph: PyDeedGraph) -> None:
    """Except that Arrow has no type for embeddings, which come out as lists of floats."""
    fill(any_graph)
    any_graph.add_entities("Row", {"int": range(100_000), "text": [str(i) for i in range(100_000)]})
    table = pa.table(any_graph.scan_arrow("Row")).drop_columns(["_id"])
    graph.add_entities("Copy", table)
    copies, originals = graph.scan_collection("Copy"), any_graph.scan_collection("Row")
    assert len(copies) == len(originals)
    for copy, original in zip(copies, originals):
        if "vector" in original["properties"]:
            original["properties"]["vector"] = original["properties"]["vector"].tolist()
            copy["properties"]["vector"] = list(copy["properties"]["vector"])
        assert copy["properties"] == original["properties"]


def test_directly_from_one_graph_to_another(any_graph: PyDeedGraph) -> None:
    any_graph.add_entities("Row", {"i": range(1000)})
    with PyDeedGraph() as other:
        assert len(other.add_entities("Row", any_graph.scan_arrow("Row"))) == 1000
        assert pa.table(other.scan_arrow("Row"))["i"].to_pylist() == list(range(1000))


def test_each_use_reads_anew(graph: PyDeedGraph) -> None:
    graph.add_entity("Row", {"a": 1})
    scan = graph.scan_arrow("Row")
    assert pa.table(scan).num_rows == pa.table(scan).num_rows == 1
    graph.add_entity("Row", {"b": "x"})
    assert pa.table(scan).to_pydict() == {"_id": [1, 2], "a": [1, None], "b": [None, "x"]}
    assert pa.schema(scan).names == ["_id", "a", "b"]


def test_a_stream_keeps_its_snapshot(any_graph: PyDeedGraph) -> None:
    ids = any_graph.add_entities("Row", {"i": range(40_000)})
    reader = pa.RecordBatchReader.from_stream(any_graph.scan_arrow("Row"))
    first = reader.read_next_batch()
    for id in ids[::100]:
        any_graph.delete_entity(id)
    any_graph.add_entity("Row", {"i": -1})
    rest = reader.read_all()
    assert first["i"].to_pylist() + rest["i"].to_pylist() == list(range(40_000))


def test_in_a_transaction(any_graph: PyDeedGraph) -> None:
    any_graph.add_entity("Row", {"i": 0})
    with any_graph.transaction() as tx:
        tx.add_entity("Row", {"i": 1})
        any_graph.add_entity("Row", {"i": 2})
        scan = tx.scan_arrow("Row")
        assert sorted(pa.table(scan)["i"].to_pylist()) == [0, 1]
        assert sorted(pa.table(any_graph.scan_arrow("Row"))["i"].to_pylist()) == [0, 2]
    with pytest.raises(TransactionEnded):
        pa.table(scan)


def test_a_name_of_both_kinds(graph: PyDeedGraph) -> None:
    node = graph.add_entity("Same", {"a": 1})
    graph.add_edge(node, node, "Same")
    with pytest.raises(InvalidArgument, match="kind"):
        graph.scan_arrow("Same")
    assert pa.table(graph.scan_arrow("Same", kind="entity")).column_names == ["_id", "a"]
    assert pa.table(graph.scan_arrow("Same", kind="edge")).column_names == ["_id", "_src", "_dst"]
    assert repr(graph.scan_arrow("Same", kind="edge")) == "<deed_core.ArrowScan of the relationship type 'Same'>"


@pytest.mark.parametrize(
    "arguments, error",
    [(("None",), NotFound), ((5,), TypeMismatch), ((None,), TypeMismatch), (("Row", 5), TypeError)],
)
def test_wrong_names(graph: PyDeedGraph, arguments: tuple, error: type[Exception]) -> None:
    graph.add_entity("Row")
    with pytest.raises(error):
        graph.scan_arrow(*arguments)
    for kind in ("edge", "node", 5):
        with pytest.raises((NotFound, InvalidArgument)):
            graph.scan_arrow("Row", kind=kind)


def test_streams_outlive_everything(any_graph: PyDeedGraph) -> None:
    any_graph.add_entities("Row", {"i": range(100_000), "s": [f"text number {i}" for i in range(100_000)]})
    reader = pa.RecordBatchReader.from_stream(any_graph.scan_arrow("Row"))
    batch = reader.read_next_batch()
    scan = any_graph.scan_arrow("Row")
    any_graph.close()
    with pytest.raises(Closed):
        pa.table(scan)
    with pytest.raises(Closed):
        scan.__arrow_c_schema__()
    assert repr(scan) == "<deed_core.ArrowScan of a closed graph>"
    del scan
    gc.collect()
    assert batch["s"].to_pylist()[:2] == ["text number 0", "text number 1"]
    try:
        reader.read_all()
    except Exception as error:
        assert "closed" in str(error)
    del reader
    assert batch["i"].to_pylist()[-1] == len(batch) - 1


def test_capsules_that_nobody_consumes(graph: PyDeedGraph) -> None:
    graph.add_entity("Row", {"a": 1})
    scan = graph.scan_arrow("Row")
    for _ in range(200):
        scan.__arrow_c_stream__()
        scan.__arrow_c_stream__(requested_schema=None)
        scan.__arrow_c_schema__()


def test_an_emptied_collection(graph: PyDeedGraph) -> None:
    node = graph.add_entity("Row", {"a": 1})
    graph.delete_entity(node)
    table = pa.table(graph.scan_arrow("Row"))
    assert table.num_rows == 0 and table.column_names[0] == "_id"


def test_arrow_data_after_the_row_has_changed(graph: PyDeedGraph) -> None:
    ids = graph.add_entities("Row", {"i": range(1000), "s": ["x" * 20] * 1000})
    table = pa.table(graph.scan_arrow("Row"))
    before = table.to_pydict()
    with graph.transaction() as tx:
        for id in ids:
            tx.update_entity(id, {"i": -1, "s": "changed to something else"})
    assert table.to_pydict() == before

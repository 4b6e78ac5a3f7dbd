"""Results: fetching, showing, and leaving for Arrow, pandas, polars and NetworkX."""

from __future__ import annotations

import array
import json
import subprocess
import sys
from datetime import date, datetime, time, timezone
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from deed import tables
from deed_core import Closed, CypherArithmeticError, Duration, Interrupted, InvalidArgument, PyDeedGraph, Temporal, TypeMismatch

# ---- Fetching -----------------------------------------------------------------------------------------------------------


def test_ways_to_fetch(graph: PyDeedGraph) -> None:
    result = graph.execute("UNWIND range(1, 6) AS x RETURN x, x * x AS y")
    assert iter(result) is result and result.columns == ("x", "y")
    assert next(result) == (1, 1) and result.fetchone() == (2, 4) and result.fetchmany() == [(3, 9)]
    assert result.fetchmany(0) == [] and result.scalar() == 4
    assert result.dicts() == [{"x": 5, "y": 25}, {"x": 6, "y": 36}]
    assert result.fetchone() is None and result.fetchall() == [] and result.scalar() is None and list(result) == []
    assert result.fetchmany(3) == [] and result.dicts() == []
    with pytest.raises(InvalidArgument):
        result.fetchmany(-1)
    with pytest.raises(TypeError):
        result.fetchmany("x")  # type: ignore[arg-type]


def test_many_rows_in_pieces(graph: PyDeedGraph) -> None:
    result = graph.execute("UNWIND range(0, 9999) AS x RETURN x")
    rows = []
    while piece := result.fetchmany(777):
        rows += piece
    assert rows == [(x,) for x in range(10_000)]


def test_statements_without_columns(graph: PyDeedGraph) -> None:
    result = graph.execute("CREATE (:N)")
    assert result.columns == () and result.fetchall() == [] and result.scalar() is None
    assert repr(result) == "<deed_core.Result without columns>"
    table = graph.execute("CREATE (:N)").to_arrow()
    assert table.num_columns == 0 and table.num_rows == 0


# ---- Showing ------------------------------------------------------------------------------------------------------------


def test_a_result_shows_rows_and_keeps_them(graph: PyDeedGraph) -> None:
    result = graph.execute("UNWIND range(1, 5000) AS x RETURN x, 'text' AS t")
    shown = repr(result)
    assert shown == repr(result) and shown.startswith("┌") and "20 rows, and more" in shown and "│ text" in shown
    assert next(result) == (1, "text")
    assert "│   2 │" in repr(result) and "│   1 │" not in repr(result)
    assert len(result.fetchall()) == 4999
    assert repr(result).endswith("0 rows")
    assert repr(graph.execute("RETURN 1 AS one")).endswith("1 row")
    assert repr(graph.execute("UNWIND range(1, 20) AS x RETURN x")).endswith("20 rows")


def test_showing_first_loses_nothing_on_the_way_out(graph: PyDeedGraph) -> None:
    result = graph.execute("UNWIND range(1, 50) AS x RETURN x")
    repr(result)
    next(result)
    assert result.to_arrow().column("x").to_pylist() == list(range(2, 51))


def test_an_error_while_showing(graph: PyDeedGraph) -> None:
    with pytest.raises(CypherArithmeticError):
        repr(graph.execute("UNWIND [1, 0] AS x RETURN 1 / x"))


def test_tables_are_one_line_a_row() -> None:
    text = tables.render(["a\tb", "c"], [["x\ny", None], ["z" * 500, {"k": 1}], ["\x1b[31m", True]], False)
    lines = text.splitlines()
    assert len(lines) == 8 and all(line.isprintable() for line in lines) and max(map(len, lines)) < 120
    assert "x\\ny" in text and "null" in text and "{'k': 1}" in text and "\\x1b" in text


def test_without_the_library_it_says_what_is_missing() -> None:
    code = """
import sys
for name in ("tabulate", "pyarrow", "pandas", "polars", "networkx"):
    sys.modules[name] = None
from deed_core import PyDeedGraph
graph = PyDeedGraph()
calls = {"tabulate": repr, "pyarrow": lambda r: r.to_arrow(), "pandas": lambda r: r.to_pandas(),
         "polars": lambda r: r.to_polars(), "networkx": lambda r: r.to_networkx()}
for name, call in calls.items():
    result = graph.execute("RETURN 1")
    try:
        call(result)
    except ImportError as error:
        assert f"pip install {name}" in str(error), error
    else:
        raise AssertionError(name)
    assert result.fetchall() == [(1,)]
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- Arrow --------------------------------------------------------------------------------------------------------------


def arrow(graph: PyDeedGraph, values: list[Any]) -> pa.ChunkedArray:
    table = graph.execute("UNWIND $values AS x RETURN x", {"values": values}).to_arrow()
    table.validate(full=True)
    assert table.column_names == ["x"] and table.num_rows == len(values)
    return table.column("x")


UTC = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(("values", "kind", "expected"), [
    ([None, None], pa.null(), None),
    ([True, None, False], pa.bool_(), None),
    ([1, None, -(2**63), 2**63 - 1], pa.int64(), None),
    ([1.5, None, float("inf")], pa.float64(), None),
    ([1, 2.5, None, 2**53], pa.float64(), [1.0, 2.5, None, float(2**53)]),
    (["", None, "short", "a string that is long enough", "☃\0"], pa.large_string(), None),
    ([b"", None, b"\xff\0", b"y" * 100], pa.large_binary(), None),
    ([date(1, 1, 1), None, date(9999, 12, 31)], pa.date32(), None),
    ([time(0), None, time(23, 59, 59, 999_999)], pa.time64("ns"), None),
    ([datetime(1, 1, 1), None, datetime(2024, 5, 6, 7, 8, 9, 10)], pa.timestamp("us"), None),
    ([UTC, None], pa.timestamp("us", "UTC"), None),
    ([array.array("f", [1, 2]), None, array.array("f", [])], pa.large_list(pa.field("item", pa.float32(), nullable=False)),
     [[1.0, 2.0], None, []]),
    ([[1, "x", None], None, []], pa.large_string(), ['[1,"x",null]', None, "[]"]),
    ([{"a": [1, {"b": "☃"}]}, None], pa.large_string(), ['{"a":[1,{"b":"☃"}]}', None]),
    ([1, "x", None, True, [2.5]], pa.large_string(), ["1", "x", None, "true", "[2.5]"]),
    ([Duration(1, 2, 3), None], pa.large_string(), ["P1M2DT3S", None]),
    ([time(1, tzinfo=timezone.utc)], pa.large_string(), ["01:00Z"]),
    ([UTC, datetime(2024, 1, 1)], pa.large_string(), ["2024-01-01T12:00Z", "2024-01-01T00:00"]),
], ids=str)  # fmt: skip
def test_types_of_columns(graph: PyDeedGraph, values: list[Any], kind: pa.DataType, expected: list[Any] | None) -> None:
    column = arrow(graph, values)
    assert column.type == kind
    assert column.to_pylist() == (values if expected is None else expected)
    # A type is that of the whole column, also where its first thousands of rows are null.
    late = arrow(graph, [None] * 10_000 + values)
    assert late.type == kind and late.to_pylist()[10_000:] == column.to_pylist() and late.null_count >= 10_000


def test_integers_that_are_no_floats(graph: PyDeedGraph) -> None:
    result = graph.execute("UNWIND $values AS x RETURN x", {"values": [1.5, 2**53 + 1]})
    with pytest.raises(TypeMismatch, match="9007199254740993"):
        result.to_arrow()
    assert result.fetchall() == [(1.5,), (2**53 + 1,)]


def test_dates_beyond_arrow(graph: PyDeedGraph) -> None:
    for value in (Temporal("date", days=2**40), Temporal("local_datetime", seconds=2**55)):
        result = graph.execute("RETURN $x AS x", {"x": value})
        with pytest.raises(TypeMismatch, match="out of the range"):
            result.to_arrow()
        assert result.fetchall() == [(value,)]


def test_columns_of_stored_properties(any_graph: PyDeedGraph) -> None:
    count = 150_000
    any_graph.add_entities("N", {"i": range(count), "f": [i / 4 for i in range(count)], "s": [f"name of {i}" for i in range(count)],
                                 "b": [i % 3 == 0 for i in range(count)], "some": [i if i % 7 == 0 else None for i in range(count)]})
    result = any_graph.execute("MATCH (n:N) WHERE n.i % 5 = 0 RETURN n.i AS i, n.f AS f, n.s AS s, n.b AS b, n.some AS some ORDER BY i")
    table = result.to_arrow()
    table.validate(full=True)
    assert [str(kind) for kind in table.schema.types] == ["int64", "double", "large_string", "bool", "int64"]
    wanted = [{"i": i, "f": i / 4, "s": f"name of {i}", "b": i % 3 == 0, "some": i if i % 7 == 0 else None} for i in range(0, count, 5)]
    assert table.to_pylist() == wanted
    assert result.fetchone() is None and result.to_arrow().num_rows == 0


def test_elements_as_structs(graph: PyDeedGraph) -> None:
    graph.execute("CREATE (:A:B {x: 1, s: 'é\"'})-[:R {w: [1]}]->(:C)")
    result = graph.execute("MATCH p = (a:A)-[r]->(c) RETURN a, r, p, [a] AS list, {r: r} AS map UNION ALL "
                           "RETURN null AS a, null AS r, null AS p, null AS list, null AS map")
    table = result.to_arrow()
    table.validate(full=True)
    a, r, c = graph.execute("MATCH (a:A)-[r]->(c) RETURN a, r, c").fetchall()[0]
    first, second = table.to_pylist()
    assert second == dict.fromkeys(table.column_names)
    assert first["a"]["id"] == a.id and set(first["a"]["labels"]) == {"A", "B"}
    assert json.loads(first["a"]["properties"]) == {"x": 1, "s": 'é"'}
    assert first["r"] == {"id": r.id, "type": "R", "source": a.id, "target": c.id, "properties": '{"w":[1]}'}
    assert [node["id"] for node in first["p"]["nodes"]] == [a.id, c.id] and first["p"]["relationships"] == [first["r"]]
    (listed,) = json.loads(first["list"])
    assert listed["id"] == a.id and listed["properties"]["x"] == 1
    assert json.loads(first["map"])["r"]["type"] == "R"


def test_elements_of_a_written_result(graph: PyDeedGraph) -> None:
    table = graph.execute("UNWIND range(1, 3000) AS i CREATE (n:N {i: i}) RETURN n, i").to_arrow()
    table.validate(full=True)
    assert [json.loads(row["n"]["properties"])["i"] for row in table.to_pylist()] == list(range(1, 3001))


def test_an_empty_result_has_columns(graph: PyDeedGraph) -> None:
    table = graph.execute("MATCH (n:Nothing) RETURN n, n.x AS x").to_arrow()
    assert table.num_rows == 0 and table.column_names == ["n", "x"] and set(table.schema.types) == {pa.null()}


def test_streams_outlive_the_graph(graph: PyDeedGraph) -> None:
    graph.add_entities("N", {"s": ["a string that is not short"] * 70_000})
    reader = pa.RecordBatchReader.from_stream(graph.execute("MATCH (n:N) RETURN n.s AS s"))
    graph.close()
    assert reader.read_all().column("s").to_pylist() == ["a string that is not short"] * 70_000
    with PyDeedGraph() as other:
        result = other.execute("RETURN 1")
    with pytest.raises(Closed):
        result.to_arrow()


def test_streams_may_be_dropped(graph: PyDeedGraph) -> None:
    for _ in range(20):
        graph.execute("UNWIND range(1, 100000) AS x RETURN x, toString(x) AS s").__arrow_c_stream__()
        reader = pa.RecordBatchReader.from_stream(graph.execute("UNWIND range(1, 100000) AS x RETURN x"))
        reader.read_next_batch()


def test_an_error_on_the_way_to_arrow(graph: PyDeedGraph) -> None:
    with pytest.raises(CypherArithmeticError):
        graph.execute("UNWIND range(5000, 0, -1) AS x RETURN 1 / x").to_arrow()
    with pytest.raises(Interrupted):
        graph.execute("UNWIND range(1, 1000000) AS y UNWIND range(1, 1000000) AS x RETURN count(*)", timeout=0.1).to_arrow()


def test_other_libraries(graph: PyDeedGraph) -> None:
    text = "UNWIND range(1, 5) AS x RETURN x, toString(x) AS s, CASE WHEN x > 2 THEN x / 2.0 END AS f"
    frame = graph.execute(text).to_pandas()
    assert list(frame["x"]) == [1, 2, 3, 4, 5] and list(frame["s"]) == list("12345") and frame["f"].isna().sum() == 2
    polars = graph.execute(text).to_polars()
    assert polars.shape == (5, 3) and polars["f"].to_list() == [None, None, 1.5, 2.0, 2.5]
    assert polars.columns == ["x", "s", "f"]
    result = graph.execute(text)
    rows = pa.table(result)
    assert duckdb.sql("SELECT sum(x) FROM rows").fetchall() == [(15,)]


# ---- NetworkX -----------------------------------------------------------------------------------------------------------


def test_networkx(graph: PyDeedGraph) -> None:
    graph.execute("CREATE (a:A {x: 1})-[:R {w: 1}]->(b:B)-[:R {w: 2}]->(c:C), (a)-[:S]->(b), (a)-[:R]->(a), (:Alone)")
    whole = graph.execute("MATCH (n) OPTIONAL MATCH (n)-[r]->(m) RETURN n, r, m").to_networkx()
    assert whole.is_directed() and whole.is_multigraph() and whole.number_of_nodes() == 4 and whole.number_of_edges() == 4
    a, b, c = graph.execute("MATCH (a:A), (b:B), (c:C) RETURN a, b, c").fetchall()[0]
    assert whole.nodes[a.id] == {"labels": {"A"}, "properties": {"x": 1}}
    assert sorted(data["type"] for _, _, data in whole.out_edges(a.id, data=True)) == ["R", "R", "S"]
    path = graph.execute("MATCH p = (:A)-[:R*2]->(:C) RETURN {paths: [p]}").to_networkx()
    assert set(path.nodes) == {a.id, b.id, c.id} and path.number_of_edges() == 2
    assert sorted(data["properties"]["w"] for _, _, data in path.edges(data=True)) == [1, 2]
    bare = graph.execute("MATCH (:B)-[r]->(:C) RETURN r, 'text', 1, [null]").to_networkx()
    assert set(bare.nodes) == {b.id, c.id} and bare.nodes[b.id] == {}
    assert graph.execute("RETURN 1").to_networkx().number_of_nodes() == 0

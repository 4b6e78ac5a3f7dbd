"""The queries of TPC-H over small tables: the results are those of DuckDB, whatever the order in which tables are joined."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pyarrow
import pytest
from deed_core import PyDeedGraph
from tpch.queries import QUERIES
from tpch.tables import make_tables

SEED = 20_240_607
TYPES = {int: "BIGINT", float: "DOUBLE PRECISION", str: "TEXT", date: "DATE"}


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[PyDeedGraph, duckdb.DuckDBPyConnection]]:
    print("seed", SEED)
    with PyDeedGraph() as graph, duckdb.connect() as other:
        for name, columns in make_tables(SEED).items():
            definition = ", ".join(f"{column} {TYPES[type(values[0])]}" for column, values in columns.items())
            graph.sql(f"CREATE TABLE {name} ({definition})")
            graph.add_entities(name, columns)
            rows = pyarrow.table(columns)
            other.register("rows", rows)
            other.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")
            other.unregister("rows")
        yield graph, other


def is_like(left: Any, right: Any) -> bool:
    if isinstance(left, float) and right is not None:
        return math.isclose(left, float(right), rel_tol=1e-9, abs_tol=1e-9)
    return bool(left == right)


@pytest.mark.parametrize("number", QUERIES)
def test_a_query_of_tpch_gives_what_duckdb_gives(both: tuple[PyDeedGraph, duckdb.DuckDBPyConnection], number: int) -> None:
    graph, other = both
    found = graph.sql(QUERIES[number], timeout=30).fetchall()
    wanted = other.execute(QUERIES[number]).fetchall()
    assert len(found) == len(wanted)
    for row, other_row in zip(found, wanted, strict=True):
        assert len(row) == len(other_row) and all(map(is_like, row, other_row)), (row, other_row)


def test_most_queries_find_something(both: tuple[PyDeedGraph, duckdb.DuckDBPyConnection]) -> None:
    empty = [number for number, text in QUERIES.items() if not both[0].sql(text).fetchall()]
    assert len(empty) <= 4, empty

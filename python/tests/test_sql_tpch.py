"""The queries of TPC-H over small tables: the results are those of DuckDB, whatever the order in which tables are joined."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow
import pytest
from deed_core import PyDeedGraph
from tpch.queries import QUERIES
from tpch.tables import make_tables

SEED = 20_240_607
TYPES = {int: "BIGINT", float: "DOUBLE PRECISION", str: "TEXT", date: "DATE"}


EXACT_TYPES = TYPES | {Decimal: "NUMERIC(15, 2)"}
# Those that compute with amounts.
EXACT_QUERIES = [1, 3, 6, 11, 14, 15, 17, 19, 22]
Both = tuple[PyDeedGraph, duckdb.DuckDBPyConnection]


def load(graph: PyDeedGraph, other: duckdb.DuckDBPyConnection, tables: dict[str, dict[str, list[Any]]]) -> None:
    for name, columns in tables.items():
        definition = ", ".join(f"{column} {EXACT_TYPES[type(values[0])]}" for column, values in columns.items())
        graph.sql(f"CREATE TABLE {name} ({definition})")
        graph.add_entities(name, columns)
        rows = pyarrow.table(columns)
        other.register("rows", rows)
        other.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")
        other.unregister("rows")


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    print("seed", SEED)
    with PyDeedGraph() as graph, duckdb.connect() as other:
        load(graph, other, make_tables(SEED))
        yield graph, other


@pytest.fixture(scope="module")
def exact() -> Iterator[Both]:
    """The same with amounts as exact numbers."""
    tables = make_tables(SEED)
    for columns in tables.values():
        for column, values in columns.items():
            if isinstance(values[0], float):
                columns[column] = [Decimal(f"{value:.2f}") for value in values]
    with PyDeedGraph() as graph, duckdb.connect() as other:
        load(graph, other, tables)
        yield graph, other


def is_like(left: Any, right: Any) -> bool:
    if isinstance(left, float | Decimal) and right is not None:
        return math.isclose(float(left), float(right), rel_tol=1e-9, abs_tol=1e-9)
    return bool(left == right)


@pytest.mark.parametrize("number", QUERIES)
def test_a_query_of_tpch_gives_what_duckdb_gives(both: Both, number: int) -> None:
    compare(both, number)


@pytest.mark.parametrize("number", EXACT_QUERIES)
def test_a_query_of_exact_amounts_gives_what_duckdb_gives(exact: Both, number: int) -> None:
    compare(exact, number)


def compare(both: Both, number: int) -> None:
    graph, other = both
    found = graph.sql(QUERIES[number], timeout=30).fetchall()
    wanted = other.execute(QUERIES[number]).fetchall()
    assert len(found) == len(wanted)
    for row, other_row in zip(found, wanted, strict=True):
        assert len(row) == len(other_row) and all(map(is_like, row, other_row)), (row, other_row)


def test_most_queries_find_something(both: Both) -> None:
    empty = [number for number, text in QUERIES.items() if not both[0].sql(text).fetchall()]
    assert len(empty) <= 4, empty

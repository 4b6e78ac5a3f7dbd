"""Questions of many joins over tables that are skewed and depend on each other (benchmarks/joins): what DuckDB gives."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from deed_core import PyDeedGraph
from joins.films import SCHEMA, make_tables
from joins.queries import QUERIES
from peers import difference, load_deed, load_duckdb, open_duckdb

SEED = 20_261_128
FILMS = 400


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[PyDeedGraph, duckdb.DuckDBPyConnection]]:
    print("seed", SEED)
    with PyDeedGraph() as graph, open_duckdb() as other:
        for name, columns in make_tables(SEED, FILMS).items():
            load_deed(graph, name, SCHEMA[name], columns, key="id" if "id" in columns else None)
            load_duckdb(other, name, SCHEMA[name], columns)
        yield graph, other


@pytest.mark.parametrize("name", QUERIES)
def test_many_joins_give_what_duckdb_gives(both: tuple[PyDeedGraph, duckdb.DuckDBPyConnection], name: str) -> None:
    graph, other = both
    found = graph.sql(QUERIES[name], timeout=30).fetchall()
    assert (problem := difference(found, other.execute(QUERIES[name]).fetchall(), is_ordered=True)) is None, problem


def test_there_are_fifty_and_most_find_something(both: tuple[PyDeedGraph, duckdb.DuckDBPyConnection]) -> None:
    empty = [name for name, text in QUERIES.items() if not both[0].sql(text).fetchall()[0][-1]]
    assert len(QUERIES) == 50 and len(empty) <= 20, empty

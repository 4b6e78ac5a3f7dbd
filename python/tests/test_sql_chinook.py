"""Questions to a relational database, the shop of Chinook: what SQL gives is what DuckDB gives over the same tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from chinook_queries import QUERIES
from deed_core import PyDeedGraph
from peers import difference, is_ordered, load_deed, load_duckdb, open_duckdb

Both = tuple[PyDeedGraph, duckdb.DuckDBPyConnection]


def deed_type(declared: str) -> str:
    kind = declared.split("(")[0].upper()
    return {"INTEGER": "BIGINT", "NVARCHAR": "TEXT", "NUMERIC": "DOUBLE PRECISION", "DATETIME": "TIMESTAMP"}[kind]


def converted(value: Any, type: str) -> Any:
    return datetime.fromisoformat(value) if type == "TIMESTAMP" and value is not None else value


@pytest.fixture(scope="module")
def both(data_directory: Path) -> Iterator[Both]:
    file = data_directory / "chinook" / "Chinook_Sqlite.sqlite"
    if not file.exists():
        pytest.skip("no chinook")
    source = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)
    with PyDeedGraph() as graph, open_duckdb() as other:
        for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            described = source.execute(f"PRAGMA table_info({name})").fetchall()
            types = {column[1].lower(): deed_type(column[2]) for column in described}
            keys = [column[1].lower() for column in described if column[5]]
            rows = source.execute(f"SELECT * FROM {name}").fetchall()
            columns = {
                column: [converted(row[place], type) for row in rows] for place, (column, type) in enumerate(types.items())}
            load_deed(graph, name.lower(), types, columns, key=keys[0] if len(keys) == 1 else None)
            load_duckdb(other, name.lower(), types, columns)
        source.close()
        yield graph, other


@pytest.mark.parametrize("about", QUERIES)
def test_a_question_to_the_shop_gives_what_duckdb_gives(both: Both, about: str) -> None:
    graph, other = both
    text = QUERIES[about]
    found = graph.sql(text, timeout=30).fetchall()
    wanted = other.execute(text).fetchall()
    assert (problem := difference(found, wanted, is_ordered=is_ordered(text))) is None, problem

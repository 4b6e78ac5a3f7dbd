"""The same tables in Deed, in DuckDB and in sqlite3, and what it means that two of them give the same rows."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow
from deed_core import PyDeedGraph

Row = tuple[Any, ...]
Columns = Mapping[str, Sequence[Any]]
# What each library calls a type, by what Deed calls it.
ARROW = {
    "BIGINT": pyarrow.int64(), "DOUBLE PRECISION": pyarrow.float64(), "TEXT": pyarrow.string(), "BOOLEAN": pyarrow.bool_(),
    "DATE": pyarrow.date32(), "TIMESTAMP": pyarrow.timestamp("us"),
}  # fmt: skip


def open_duckdb() -> duckdb.DuckDBPyConnection:
    """DuckDB with the integer division and the place of nulls that PostgreSQL and Deed have; one thread, since more gain nothing
    over small tables."""
    other = duckdb.connect(config={"threads": 1})
    other.execute("SET integer_division = true")
    other.execute("SET default_null_order = 'nulls_last_on_asc_first_on_desc'")
    return other


def definition(types: Mapping[str, str]) -> str:
    return ", ".join(f"{column} {type}" for column, type in types.items())


def load_deed(graph: PyDeedGraph, name: str, types: Mapping[str, str], columns: Columns, *, key: str | None = None) -> None:
    declared = {column: type + (" PRIMARY KEY" if column == key else "") for column, type in types.items()}
    graph.sql(f"CREATE TABLE {name} ({definition(declared)})")
    if len(columns[next(iter(types))]):
        graph.add_entities(name, arrow_table(types, columns))


def load_duckdb(other: duckdb.DuckDBPyConnection, name: str, types: Mapping[str, str], columns: Columns) -> None:
    other.register("rows", arrow_table(types, columns))
    other.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")
    other.unregister("rows")


def load_sqlite(other: sqlite3.Connection, name: str, types: Mapping[str, str], columns: Columns) -> None:
    other.execute(f"CREATE TABLE {name} ({definition(types)})")
    places = ", ".join("?" * len(types))
    other.executemany(f"INSERT INTO {name} VALUES ({places})", zip(*(columns[column] for column in types), strict=True))


def arrow_table(types: Mapping[str, str], columns: Columns) -> pyarrow.Table:
    return pyarrow.table({column: pyarrow.array(columns[column], ARROW[type]) for column, type in types.items()})


def plain(value: Any) -> Any:
    """Numbers of all kinds as those of one kind, where nothing is lost."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    # A library that has no months in its durations says how many days there are in one.
    return value


def is_like(left: Any, right: Any) -> bool:
    """Floats may differ in the last digits, which depend on the order of a sum."""
    left, right = plain(left), plain(right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_like, left, right))
    if isinstance(left, bool) != isinstance(right, bool) and None not in (left, right):
        # sqlite3 has no booleans.
        return isinstance(right, int) and int(left) == right
    if isinstance(left, float) or isinstance(right, float):
        if left is None or right is None:
            return left is right
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9) or (math.isnan(left) and math.isnan(right))
    return bool(left == right)


def rank(value: Any) -> tuple[int, Any]:
    """An order of all values, for rows that come in none; floats that are alike are the same."""
    value = plain(value)
    if value is None:
        return (0, 0)
    if isinstance(value, (bool, int, float)):
        return (1, float(f"{value:.8g}") if not isinstance(value, int) or abs(value) < 2**53 else value)
    if isinstance(value, list):
        return (5, [rank(item) for item in value])
    for place, kind in enumerate((str, bytes, datetime, date, time, timedelta), 6):
        if isinstance(value, kind):
            return (place, value)
    return (99, str(value))


def row_rank(row: Iterable[Any]) -> list[tuple[int, Any]]:
    return [rank(value) for value in row]


def difference(found: Sequence[Row], wanted: Sequence[Row], *, is_ordered: bool) -> str | None:
    """How the rows differ, or None. Without an order they are compared as bags."""
    if not is_ordered:
        found, wanted = sorted(found, key=row_rank), sorted(wanted, key=row_rank)
    if len(found) != len(wanted):
        return f"{len(found)} rows instead of {len(wanted)}: {found[:8]} instead of {wanted[:8]}"
    for number, (row, other) in enumerate(zip(found, wanted, strict=True)):
        if len(row) != len(other) or not all(map(is_like, row, other)):
            return f"row {number} is {row} instead of {other}"
    return None


def is_ordered(text: str) -> bool:
    """Whether the statement as a whole is ordered."""
    return "ORDER BY" in text[text.rfind(")") + 1:] or text.rstrip().endswith("-- ordered")

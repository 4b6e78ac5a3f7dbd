"""Random queries in SQL over random tables (oracle/sql.py): what DuckDB and sqlite3 give; the same in parts, and the same whatever
threads, sizes of chunks, memory and indexes there are. DEED_QUERY_SEEDS says how many of each kind."""

from __future__ import annotations

import os
import random
import sqlite3
from typing import Any

import duckdb
import pytest
from deed_core import DeedError, PyDeedGraph
from oracle.sql import Generator, Query, Table, random_tables
from peers import Row, definition, difference, load_deed, load_duckdb, load_sqlite, open_duckdb

SEEDS = int(os.environ.get("DEED_QUERY_SEEDS", "20"))
# Seeds of one test: it shows all the failures of its block at once.
BLOCK = 50
# Queries over the same tables.
QUERIES = 4
# What its errors say where it cannot do what SQL can.
DUCKDB_CANNOT = ("Not implemented", "Binder Error", "Conversion Error", "Out of Range", "INTERNAL", "BindBuiltinScalarFunction")


def load(graph: PyDeedGraph, tables: list[Table], rng: random.Random | None = None) -> None:
    """Fills in the columns that rows have by themselves. With `rng`, some columns have indexes."""
    for table in tables:
        columns = table.columns
        if table.ends is None:
            load_deed(graph, table.name, table.types, columns)
            columns["_id"] = [row[0] for row in graph.sql(f"SELECT _id FROM {table.name} ORDER BY id")]
        else:
            source, target = table.ends
            graph.sql(f"CREATE EDGE TABLE {table.name} ({definition(table.types)}) FROM {source.name} TO {target.name}")
            columns["_src"] = [source.columns["_id"][row] for row, _ in table.rows]
            columns["_dst"] = [target.columns["_id"][row] for _, row in table.rows]
            made = {name: columns[name] for name in table.types}
            columns["_id"] = list(graph.add_edges(table.name, columns["_src"], columns["_dst"], made)) if table.rows else []
        for column in table.types:
            if rng is not None and rng.random() < 0.4:
                graph.create_index(table.name, column, kind="entity" if table.ends is None else "relationship")


def ask_sqlite(tables: list[Table], text: str) -> list[Row]:
    other = sqlite3.connect(":memory:")
    other.execute("PRAGMA case_sensitive_like = ON")
    for table in tables:
        load_sqlite(other, table.name, table.all_types, table.columns)
    try:
        return other.execute(text).fetchall()
    finally:
        other.close()


def ask_duckdb(tables: list[Table], text: str) -> list[Row] | None:
    """None if it cannot say."""
    with open_duckdb() as other:
        for table in tables:
            load_duckdb(other, table.name, table.all_types, table.columns)
        try:
            return other.execute(text).fetchall()
        except duckdb.Error as error:
            if any(reason in str(error) for reason in DUCKDB_CANNOT):
                return None
            raise


def shown(seed: int, tables: list[Table], text: str, problem: str) -> str:
    content = "".join(f"\n{table.name} {table.types} {table.columns}" for table in tables)
    return f"seed {seed}{content}\n{text}\n{problem}"


def ask(graph: PyDeedGraph, text: str) -> list[Row] | str:
    """The rows, or the error, of which any is a finding."""
    try:
        return graph.sql(text, timeout=10).fetchall()
    except DeedError as error:
        return f"{type(error).__name__}: {error}"


def compare(found: list[Row] | str, wanted: list[Row], query: Query, name: str = "") -> str | None:
    if isinstance(found, str):
        return found
    return difference(found, wanted, is_ordered=query.is_ordered and name != "sqlite3")


def check(seed: int) -> list[str]:
    rng = random.Random(seed)
    tables = random_tables(rng)
    problems = []
    with PyDeedGraph(threads=1) as graph:
        load(graph, tables, rng)
        for _ in range(QUERIES):
            generator = Generator(rng, tables)
            query = generator.query()
            peers = {
                "duckdb": ask_duckdb(tables, query.text) if generator.for_duckdb else None,
                "sqlite3": ask_sqlite(tables, query.text) if generator.for_sqlite else None,
            }
            known = {name: rows for name, rows in peers.items() if rows is not None}
            found = ask(graph, query.text)
            different = {name: compare(found, rows, query, name) for name, rows in known.items()}
            # They have mistakes of their own: one that agrees is enough.
            if not different or not all(different.values()):
                continue
            problem = "; ".join(f"{name}: {text}" for name, text in different.items())
            problems.append(shown(seed, tables, query.text, problem))
    return problems


def show(problems: list[str]) -> None:
    assert not problems, "\n\n".join(problems)


def block(first: int) -> range:
    seeds = range(first, min(first + BLOCK, SEEDS))
    print("seeds", seeds.start, "to", seeds.stop - 1)
    return seeds


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_queries_give_what_duckdb_and_sqlite_give(first: int) -> None:
    show([problem for seed in block(first) for problem in check(seed)])


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_a_condition_divides_rows_into_three(first: int) -> None:
    """Those for which it is true, false and unknown; and there are as many of the first as values of it that are true."""
    problems = []
    for seed in block(first):
        rng = random.Random(seed)
        tables = random_tables(rng)
        with PyDeedGraph(threads=1) as graph:
            load(graph, tables, rng)
            for _ in range(QUERIES):
                items, source, condition = Generator(rng, tables).partitioned()
                text = f"SELECT {items} FROM {source}"
                whole = ask(graph, text)
                parts = [ask(graph, f"{text} WHERE {term}") for term in (condition, f"NOT {condition}", f"{condition} IS NULL")]
                counted = ask(graph, f"SELECT coalesce(sum(CASE WHEN {condition} THEN 1 ELSE 0 END), 0) FROM {source}")
                problem = next((one for one in [whole, *parts, counted] if isinstance(one, str)), None)
                if problem is None:
                    together: list[Any] = [row for part in parts for row in part]
                    problem = difference(together, [*whole], is_ordered=False)
                    if problem is None and counted != [(len(parts[0]),)]:
                        problem = f"{len(parts[0])} rows, but it is true for {counted}"
                if problem:
                    problems.append(shown(seed, tables, f"{text} WHERE {condition}", problem))
    show(problems)


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_rows_do_not_depend_on_how_they_are_found(first: int) -> None:
    """Indexes, threads, the size of chunks, and memory so small that all that can be is put aside, change nothing."""
    problems = []
    written = 0
    for seed in block(first):
        rng = random.Random(seed)
        tables = random_tables(rng, rows_max=40)
        queries = [Generator(rng, tables).query() for _ in range(QUERIES)]
        ways: list[dict[str, Any]] = [
            {"threads": 1}, {"threads": 2}, {"threads": 1, "chunk_rows": (1, 2, 3, 7)[seed % 4]},
            {"threads": 1 + seed % 2, "query_memory": 1}, {"threads": 2, "chunk_rows": 2, "query_memory": 1},
        ]  # fmt: skip
        first_rows: list[list[Row] | str] = []
        for number, way in enumerate(ways):
            with PyDeedGraph(parallel_rows_min=0, **way) as graph:
                load(graph, tables, random.Random(seed) if number % 2 else None)
                rows = [ask(graph, query.text) for query in queries]
                written += graph.stats()["temporary"]["bytes_written"]
            first_rows = first_rows or rows
            for query, found, wanted in zip(queries, rows, first_rows, strict=True):
                if isinstance(found, str) and found.startswith("Interrupted"):
                    # Rows one by one, each put aside, can take longer than anybody waits.
                    problem = None
                elif isinstance(wanted, str):
                    # The first way says what is wrong, unless another one says something else.
                    problem = None if isinstance(found, str) else f"{found}, but with {ways[0]}: {wanted}"
                else:
                    problem = compare(found, wanted, query)
                if problem:
                    problems.append(shown(seed, tables, f"{way} {query.text}", problem))
    show(problems)
    assert written or SEEDS < BLOCK

"""Runs the records of a file on a graph in memory, and says which of them fail."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deed_core import DeedError, PyDeedGraph

from .records import Record, read_records


def shown(value: Any, kind: str) -> str:
    """A value as the format writes it for a column of the kind."""
    if value is None:
        return "NULL"
    if kind == "I" and isinstance(value, str):
        # As C reads a number at the beginning of a text.
        return re.match(r"\s*([+-]?\d+)?", value)[1] or "0"  # type: ignore[index]
    if kind == "I":
        return str(int(value))
    if kind == "R":
        return f"{float(value):.3f}"
    text = "true" if value is True else "false" if value is False else str(value)
    return "".join(c if " " <= c <= "~" else "@" for c in text) or "(empty)"


def values_of(rows: list[tuple[Any, ...]], record: Record) -> list[str]:
    shown_rows = [[shown(value, kind) for value, kind in zip(row, record.types, strict=True)] for row in rows]
    if record.order == "rowsort":
        shown_rows.sort()
    values = [value for row in shown_rows for value in row]
    return sorted(values) if record.order == "valuesort" else values


def digest_of(values: list[str]) -> str:
    return hashlib.md5("".join(value + "\n" for value in values).encode()).hexdigest()


def problem_of(graph: PyDeedGraph, record: Record, labels: dict[str, str]) -> str | None:
    """What is wrong with a record's outcome; None if it is as it should be."""
    try:
        result = graph.sql(record.text)
        rows = result.fetchall()
    except DeedError as error:
        return None if record.is_error else f"error: {error}"
    except (ValueError, TypeError) as error:
        return f"error of another kind: {error!r}"
    if not record.is_query:
        return "it did not fail" if record.is_error else None
    if rows and len(rows[0]) != len(record.types):
        return f"wrong: {len(rows[0])} columns, not {len(record.types)}"
    try:
        values = values_of(rows, record)
    except (ValueError, TypeError) as error:
        return f"wrong: {error!r}"
    digest = digest_of(values)
    if record.label is not None and labels.setdefault(record.label, digest) != digest:
        return f"wrong: another result than other queries of the label {record.label}"
    if len(record.expected) == 1 and " values hashing to " in record.expected[0]:
        count, _, wanted = record.expected[0].partition(" values hashing to ")
        if (len(values), digest) == (int(count), wanted):
            return None
        return f"wrong: {len(values)} values hashing to {digest}, not {record.expected[0]}"
    return None if values == record.expected else f"wrong: {values[:12]}, not {record.expected[:12]}"


def run_file(path: Path, *, sample: int = 1) -> Iterator[tuple[Record, str | None]]:
    """Each record with what is wrong with it. `sample`: of the queries only each so-manieth."""
    labels: dict[str, str] = {}
    queries = 0
    with PyDeedGraph() as graph:
        for record in read_records(path):
            if isinstance(record, int):
                continue
            if record.is_query:
                queries += 1
                if queries % sample:
                    continue
            yield record, problem_of(graph, record, labels)

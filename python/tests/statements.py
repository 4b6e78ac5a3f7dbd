"""Short ways to run statements of SQL, on a graph or on a transaction of one."""

from __future__ import annotations

from typing import Any

import pytest
from deed_core import DeedError


def run(graph: Any, *statements: str) -> None:
    for statement in statements:
        graph.execute(statement, language="sql")


def rows(graph: Any, text: str = "SELECT * FROM t ORDER BY 1") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in graph.execute(text, language="sql")]


def state(graph: Any, text: str) -> str | None:
    """The code of the error that the statement ends in."""
    with pytest.raises(DeedError) as caught:
        list(graph.execute(text, language="sql"))
    return caught.value.sqlstate

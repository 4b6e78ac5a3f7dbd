"""How a result looks in a terminal: ``repr(graph.execute(...))``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._libraries import need

CELL_CHARACTERS_MAX = 80


def cell(value: object) -> str:
    """One line of text for a value: strings as they are, all else as Python writes it.

    >>> cell("a\\nb"), cell(None), cell([1, "x"])
    ('a\\\\nb', 'null', "[1, 'x']")
    """
    if value is None:
        return "null"
    text = value if isinstance(value, str) else repr(value)
    if not text.isprintable():
        text = text.encode("unicode_escape").decode("ascii")
    return text if len(text) <= CELL_CHARACTERS_MAX else text[: CELL_CHARACTERS_MAX - 1] + "…"


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def render(columns: Sequence[str], rows: Sequence[Sequence[Any]], has_more: bool) -> str:
    """The rows as a table.

    Parameters
    ----------
    columns
        The names above it.
    rows
        One value for each column.
    has_more
        Whether there are rows beyond these.

    Raises
    ------
    ImportError
        tabulate is not installed.

    Examples
    --------
    >>> print(render(("name", "age"), [("Ada", 36), ("Bob", None)], True))
    ┌────────┬───────┐
    │ name   │   age │
    ├────────┼───────┤
    │ Ada    │    36 │
    │ Bob    │  null │
    └────────┴───────┘
    2 rows, and more
    """
    tabulate = need("tabulate", "showing a result")
    aligned = [
        "right" if any(is_number(row[place]) for row in rows) and all(row[place] is None or is_number(row[place]) for row in rows)
        else "left"
        for place in range(len(columns))
    ]  # fmt: skip
    table: str = tabulate.tabulate(
        [[cell(value) for value in row] for row in rows],
        headers=[cell(column) for column in columns],
        tablefmt="simple_outline",
        disable_numparse=True,
        colalign=aligned if rows else None,
    )
    count = f"{len(rows)} row{'' if len(rows) == 1 else 's'}"
    return f"{table}\n{count}{', and more' if has_more else ''}"

"""The pages of the language, docs/language/*.md: their examples, what those give, and how a page is brought up to date.

An example is a block of Cypher or SQL with the block of its result behind it, or a row of a table whose last two columns are
`Example` and `Result`; in a table an expression stands for `RETURN` and itself. Every example runs on a graph of its own,
made by the first block of README.md. Lines `// $name = expression` give parameters, a block of CSV is a file of that name,
and of several statements, each ended by a semicolon at the end of its line, the last one's result is shown. A line `...` in
a result stands for any lines.

`python -m tests.language` writes results anew; look at the difference before you keep it.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import deed_core
from deed_core import DeedError, PyDeedGraph

PAGES = Path(__file__).resolve().parents[2] / "docs" / "language"
CLAUSE = re.compile(r"(SELECT|MATCH|OPTIONAL|UNWIND|WITH|RETURN|CALL|CREATE|MERGE|SHOW)\b")

#: Says what temporal values look like.
TEXTS = PyDeedGraph()


@dataclass
class Example:
    page: Path
    line: int
    text: str
    result: str
    #: The lines of the page that the result takes, or the line of the table's row.
    lines: range
    in_table: bool
    files: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.page.stem}:{self.line}"

    def allows(self, shown: str) -> bool:
        """Whether the page's result is this one."""
        lines = [".*" if line == "..." else re.escape(line) for line in self.result.split("\n")]
        return re.fullmatch("\n".join(lines), shown, re.DOTALL) is not None


def examples(page: Path) -> Iterator[Example]:
    """The examples of a page, in order."""
    lines = page.read_text().split("\n")
    files: dict[str, str] = {}
    index = 0
    is_table = False
    while index < len(lines):
        line = lines[index]
        if line.startswith("```"):
            end = lines.index("```", index + 1)
            body = "\n".join(lines[index + 1:end])
            language, _, title = line[3:].partition(" ")
            if language == "csv":
                files[title] = body + "\n"
            elif language in ("cypher", "sql") and lines[end + 1:end + 2] == ["```"]:
                close = lines.index("```", end + 2)
                yield Example(
                    page, index + 1, body, "\n".join(lines[end + 2:close]), range(end + 2, close), False, dict(files))
                end = close
            index = end + 1
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            is_table = False
        elif cells[-2:] == ["Example", "Result"]:
            is_table = True
        elif is_table and not cells[0].startswith("--"):
            yield Example(page, index + 1, code(cells[-2]), code(cells[-1]), range(index, index + 1), True, dict(files))
        index += 1


def code(cell: str) -> str:
    return cell.strip("`").strip() if cell.startswith("`") else cell


def all_examples() -> list[Example]:
    return [example for page in sorted(PAGES.glob("*.md")) for example in examples(page)]


def example_graph() -> str:
    """The statement that makes the graph of the examples."""
    found = re.search(r"```cypher\n(CREATE.*?)\n```", (PAGES / "README.md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]


# ---- Running ----------------------------------------------------------------------------------------------------------


def run(example: Example) -> str:
    """What the example gives, as the page shows it."""
    with tempfile.TemporaryDirectory() as directory, inside(directory), PyDeedGraph() as graph:
        graph.execute(example_graph())
        for name, text in example.files.items():
            Path(name).write_text(text)
        parameters = {
            name: graph.execute(f"RETURN {value}").scalar()
            for name, value in re.findall(r"^// \$(\w+) = (.*)$", example.text, re.MULTILINE)
        }
        if example.in_table:
            text = example.text if CLAUSE.match(example.text) else f"RETURN {example.text}"
            return "; ".join(" | ".join(show(value) for value in row) for row in outcome(graph, text, parameters)[1])
        try:
            shown = ""
            for statement in re.split(r";\n", example.text):
                shown = table(*outcome(graph, statement, parameters))
            return shown
        except DeedError as error:
            return f"{type(error).__name__}: {error}"


@contextmanager
def inside(directory: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def outcome(graph: PyDeedGraph, text: str, parameters: dict[str, Any]) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    result = graph.execute(text, parameters)
    if result.columns:
        return result.columns, result.fetchall()
    counts = {name: count for name, count in result.counters.items() if count}
    return tuple(counts), [tuple(counts.values())] if counts else []


def table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    if not columns:
        return "(nothing)"
    if len(columns) == 1 and len(rows) == 1 and isinstance(rows[0][0], str) and "\n" in rows[0][0]:
        return str(rows[0][0]).rstrip("\n")
    cells = [list(columns)] + [[show(value) for value in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(columns))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    return "\n".join(lines if rows else [*lines, "(no rows)"])


def show(value: Any) -> str:
    """A value as the pages write it: as in Cypher, with elements of the graph as patterns."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(show(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {show(item)}" for key, item in value.items()) + "}"
    if isinstance(value, deed_core.Node):
        labels = "".join(f":{label}" for label in sorted(value.labels))
        return "(" + " ".join(part for part in (labels, properties(value)) if part) + ")"
    if isinstance(value, deed_core.Relationship):
        return "[" + " ".join(part for part in (f":{value.type}", properties(value)) if part) + "]"
    if isinstance(value, deed_core.Path):
        return path(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (date, time, timedelta, deed_core.Duration)):
        return TEXTS.execute("RETURN toString($value)", {"value": value}).scalar()
    return str(value)


def properties(element: Any) -> str:
    return show(dict(sorted(element.properties.items()))) if element.properties else ""


def path(value: Any) -> str:
    text = show(value.nodes[0])
    for node, after, relationship in zip(value.nodes, value.nodes[1:], value.relationships, strict=False):
        forwards = relationship.source == node.id
        text += ("-" if forwards else "<-") + show(relationship) + ("->" if forwards else "-") + show(after)
    return text


# ---- Bringing up to date ----------------------------------------------------------------------------------------------


def rewrite(page: Path) -> int:
    """Writes the results of a page anew; returns how many were different."""
    lines = page.read_text().split("\n")
    changed = 0
    for example in reversed(list(examples(page))):
        shown = run(example)
        if example.allows(shown):
            continue
        changed += 1
        if example.in_table:
            cells = re.split(r"(?<!\\)\|", lines[example.lines.start])
            cells[-2] = " `" + shown.replace("|", "\\|") + "` "
            lines[example.lines.start] = "|".join(cells)
        else:
            lines[example.lines.start:example.lines.stop] = shown.split("\n")
    page.write_text("\n".join(lines))
    return changed


if __name__ == "__main__":
    for each in sorted(PAGES.glob("*.md")):
        print(f"{each.name}: {rewrite(each)} results changed")

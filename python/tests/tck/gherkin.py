"""Reads `.feature` files: as much of Gherkin as the kit uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Step:
    """One line of a scenario, with the text or table below it."""

    text: str
    document: str | None = None
    table: list[list[str]] = field(default_factory=list)

    def with_values(self, values: dict[str, str]) -> Step:
        def fill(text: str) -> str:
            for name, value in values.items():
                text = text.replace(f"<{name}>", value)
            return text

        return Step(
            fill(self.text), None if self.document is None else fill(self.document),
            [[fill(cell) for cell in row] for row in self.table])


@dataclass
class Scenario:
    """One case. `name` is unique: file, title, and for an outline the number of the example."""

    name: str
    steps: list[Step]


def split_row(line: str) -> list[str]:
    """The cells of `| a | b |`; a backslash protects a bar, a backslash or (as n) a line break."""
    cells: list[str] = []
    cell = ""
    position = 1
    while position < len(line):
        character = line[position]
        if character == "\\" and position + 1 < len(line) and line[position + 1] in "|\\n":
            cell += {"|": "|", "\\": "\\", "n": "\n"}[line[position + 1]]
            position += 2
            continue
        if character == "|":
            cells.append(cell.strip())
            cell = ""
        else:
            cell += character
        position += 1
    return cells


def read_document(lines: list[str], position: int) -> tuple[str, int]:
    """The text between three quotes, without the indentation of the first of them."""
    indent = len(lines[position]) - len(lines[position].lstrip())
    text: list[str] = []
    position += 1
    while lines[position].strip() != '"""':
        line = lines[position]
        text.append(line[indent:] if not line[:indent].strip() else line.lstrip())
        position += 1
    return "\n".join(text), position + 1


def read_feature(path: Path, root: Path) -> Iterator[Scenario]:
    """The scenarios of a file, outlines expanded."""
    lines = path.read_text(encoding="utf-8").splitlines()
    background: list[Step] = []
    steps: list[Step] = []
    title = ""
    examples: list[list[list[str]]] = []
    prefix = path.relative_to(root).with_suffix("").as_posix()

    def finish() -> Iterator[Scenario]:
        if not title:
            return
        name = f"{prefix}: {title}"
        if not examples:
            yield Scenario(name, background + steps)
            return
        number = 0
        for table in examples:
            for row in table[1:]:
                number += 1
                values = dict(zip(table[0], row))
                yield Scenario(f"{name} #{number}", background + [step.with_values(values) for step in steps])

    position = 0
    target = steps
    while position < len(lines):
        line = lines[position].strip()
        if not line or line.startswith("#") or line.startswith("@") or line.startswith("Feature:"):
            position += 1
        elif line.startswith("Background:"):
            target = background
            position += 1
        elif line.startswith(("Scenario:", "Scenario Outline:")):
            yield from finish()
            title = line.split(":", 1)[1].strip()
            steps, examples = [], []
            target = steps
            position += 1
        elif line.startswith("Examples:"):
            examples.append([])
            position += 1
        elif line.startswith('"""'):
            target[-1].document, position = read_document(lines, position)
        elif line.startswith("|"):
            (examples[-1] if examples else target[-1].table).append(split_row(line))
            position += 1
        else:
            keyword, _, rest = line.partition(" ")
            if keyword in ("Given", "When", "Then", "And", "But"):
                target.append(Step(rest))
            position += 1
    yield from finish()


def read_features(root: Path) -> Iterator[Scenario]:
    for path in sorted(root.rglob("*.feature")):
        yield from read_feature(path, root)

"""Reads files of sqllogictest: records that are separated by blank lines."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Record:
    """A statement that is to succeed or to fail, or a query with its result."""

    line: int
    text: str
    is_query: bool
    #: Of a statement.
    is_error: bool = False
    #: One letter for each column: I, R or T.
    types: str = ""
    #: nosort, rowsort or valuesort.
    order: str = "nosort"
    label: str | None = None
    #: The values, or one line that says how many there are and what they hash to.
    expected: list[str] = field(default_factory=list)


#: The engine that Deed is taken for in conditions: none that any file has.
ENGINE = "deed"


def read_text(path: Path) -> str:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return data.decode("utf-8", errors="replace")


def read_records(path: Path) -> Iterator[Record | int]:
    """The records in order; a number is a new threshold, beyond which results are hashed."""
    lines = read_text(path).splitlines()
    index = 0
    while index < len(lines):
        if not lines[index].strip() or lines[index].startswith("#"):
            index += 1
            continue
        end = index
        while end < len(lines) and lines[end].strip():
            end += 1
        block, first = [line for line in lines[index:end] if not line.startswith("#")], index + 1
        index = end
        applies = True
        while block and block[0].split()[0] in ("skipif", "onlyif"):
            word, engine = block[0].split()[:2]
            applies = applies and (word == "skipif") == (engine != ENGINE)
            block = block[1:]
        if not block:
            continue
        head = block[0].split()
        if head[0] == "halt" and applies:
            return
        if head[0] == "hash-threshold" and applies:
            yield int(head[1])
        elif head[0] == "statement" and applies:
            yield Record(first, "\n".join(block[1:]), is_query=False, is_error=head[1] == "error")
        elif head[0] == "query" and applies:
            split = block.index("----") if "----" in block else len(block)
            yield Record(
                first, "\n".join(block[1:split]), is_query=True, types=head[1], order=head[2] if len(head) > 2 else "nosort",
                label=head[3] if len(head) > 3 else None, expected=block[split + 1 :],
            )  # fmt: skip

"""A social network of 1.35 million relationships, from compressed CSV files into a store on disk.

    python examples/ldbc_snb.py [--data DIRECTORY] [--store DIRECTORY]

The data is LDBC's Social Network Benchmark at scale factor 0.1 as distributed with Kùzu (folder `dataset/ldbc-sf01`):
one file for each kind of entity, one or two for each kind of relationship. It is not bundled. It is looked for in
--data, in `$DEED_DATA/ldbc-snb-sf0.1-partial`, and in `../shared/data/ldbc-snb-sf0.1-partial` beside the repository.

How a file becomes rows:

1. Its name says what it holds: `Person` entities, or `Person_likes_Post` relationships from persons to posts.
2. Its header gives each column a type: `name:STRING`, `creationDate:LONG`, `:START_ID(Person)`. A file whose name ends
   in `_1` continues another one; where it has no header of its own, the other's counts.
3. Dates are numbers such as 20120820090812953 and become dates and times; `:LABEL` becomes the property `kind`.
4. The files' ids are kept as the property `id`, and the ends of relationships are translated by one vectorised look-up.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import deed_core
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

REPOSITORY = Path(__file__).parents[1]
DATA_SET = "ldbc-snb-sf0.1-partial"
DEFAULT_STORE = REPOSITORY / ".build" / "demo" / "ldbc-snb.deed"

# Into a file or a pipe there is no width to fit; tables are then as wide as a page.
console = Console(width=None if sys.stdout.isatty() else 110)
say = partial(console.print, highlight=False, soft_wrap=True)


# ---- Files --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column of a file: what it is called in the graph and how its text is to be read."""

    name: str
    type: str  # STRING, LONG, INT, ID, START_ID, END_ID or LABEL

    @classmethod
    def parse(cls, text: str) -> Column:
        name, _, type = text.partition(":")
        type = re.sub(r"\(.*\)", "", type) or "ID"
        return cls(name or {"LABEL": "kind"}.get(type, type), type)

    @property
    def is_date(self) -> bool:
        return self.type == "LONG" and self.name in ("creationDate", "birthday")

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.string() if self.type in ("STRING", "LABEL") or self.is_date else pa.int64()


@dataclass(frozen=True)
class File:
    """One file: entities where `relationship` is None, else relationships from `source` to `target`."""

    path: Path
    source: str
    relationship: str | None
    target: str

    @classmethod
    def parse(cls, path: Path) -> File:
        match path.name.removesuffix(".csv.gz").split("_"):
            case [kind] | [kind, "ids"]:
                return cls(path, kind, None, kind)
            case [source, relationship, target, *_]:
                return cls(path, source, relationship, target)
            case _:
                raise ValueError(f"{path.name} is not named like a file of this data set")

    def read(self) -> pa.Table:
        """The rows, typed."""
        header = self._first_line(self.path)
        has_header = header == "id" or ":" in header
        if not has_header:
            header = self._first_line(self.path.with_name(self.path.name.replace("_1.csv", ".csv")))
        columns = [Column.parse(text) for text in header.split("|")]
        with gzip.open(self.path) as source:
            table = pyarrow.csv.read_csv(
                source,
                read_options=pyarrow.csv.ReadOptions(
                    column_names=[column.name for column in columns], skip_rows=int(has_header)
                ),
                parse_options=pyarrow.csv.ParseOptions(delimiter="|", quote_char=False),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types={column.name: column.arrow_type for column in columns}
                ),
            )
        for position, column in enumerate(columns):
            if column.is_date:
                table = table.set_column(position, column.name, dates(table[column.name]))
        return table

    @staticmethod
    def _first_line(path: Path) -> str:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            return lines.readline().rstrip("\r\n")


def dates(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """`yyyymmdd` as dates, `yyyymmddhhmmssmmm` as times in UTC."""
    if len(column) and len(column[0].as_py()) == 8:
        return pc.strptime(column, format="%Y%m%d", unit="s").cast(pa.date32())
    seconds = pc.strptime(pc.utf8_slice_codeunits(column, 0, 14), format="%Y%m%d%H%M%S", unit="ms")
    milliseconds = pc.utf8_slice_codeunits(column, 14, 17).cast(pa.int64())
    return pc.add(seconds.cast(pa.int64()), milliseconds).cast(pa.timestamp("ms", tz="UTC"))


def find_data(argument: Path | None) -> Path:
    if argument is not None:
        places = [argument]
    else:
        roots = [Path(os.environ["DEED_DATA"])] if "DEED_DATA" in os.environ else []
        places = [root / DATA_SET for root in [*roots, REPOSITORY.parent / "shared" / "data"]]
    for place in places:
        if (place / "Person.csv.gz").is_file():
            return place
    raise SystemExit(
        "error: the data set is not there. Looked in\n"
        + "".join(f"  {place}\n" for place in places)
        + "It can be had from https://github.com/kuzudb/kuzu (dataset/ldbc-sf01), its files compressed with gzip."
    )


# ---- Loading ------------------------------------------------------------------------------------------------------


@dataclass
class Loaded:
    entities: int = 0
    relationships: int = 0
    skipped: int = 0
    seconds: float = 0.0


class Loader:
    """Brings files into a graph, entities first, and remembers which id each of the files' ids received."""

    def __init__(self, db: deed_core.PyDeedGraph) -> None:
        self.db = db
        self.loaded = Loaded()
        self._known: dict[str, tuple[pa.Array, pa.Array]] = {}

    def load(self, file: File) -> None:
        table = file.read()
        started = time.perf_counter()
        if file.relationship is None:
            ids = pa.array(self.db.add_entities(file.source, table))
            self._known[file.source] = (table["id"].combine_chunks(), ids)
            self.loaded.entities += len(table)
        else:
            self._load_relationships(file, file.relationship, table)
        self.loaded.seconds += time.perf_counter() - started

    def _load_relationships(self, file: File, type: str, table: pa.Table) -> None:
        source = self._translate(file.source, table["START_ID"])
        target = self._translate(file.target, table["END_ID"])
        whole = pc.and_(pc.is_valid(source), pc.is_valid(target))
        skipped = len(whole) - whole.true_count
        if skipped:
            table, source, target = table.filter(whole), source.filter(whole), target.filter(whole)
        properties = table.drop_columns(["START_ID", "END_ID"])
        self.db.add_edges(type, source, target, properties if properties.num_columns else None)
        self.loaded.relationships += len(source)
        self.loaded.skipped += skipped

    def _translate(self, kind: str, numbers: pa.ChunkedArray) -> pa.Array:
        known, ids = self._known[kind]
        return ids.take(pc.index_in(numbers, value_set=known).combine_chunks())


def load(db: deed_core.PyDeedGraph, data: Path) -> None:
    files = [File.parse(path) for path in sorted(data.glob("*.csv.gz"))]
    files.sort(key=lambda file: file.relationship is not None)
    loader = Loader(db)
    started = time.perf_counter()
    with Progress(TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                  console=console) as progress:
        task = progress.add_task("", total=len(files))
        for file in files:
            progress.update(task, description=file.path.name.removesuffix(".csv.gz"))
            loader.load(file)
            progress.advance(task)
        progress.update(task, description="files loaded")
    took, loaded = time.perf_counter() - started, loader.loaded
    rows = loaded.entities + loaded.relationships
    say(f"{loaded.entities:,} entities and {loaded.relationships:,} relationships in {took:.2f} s, reading "
        f"the files included; {rows / loaded.seconds:,.0f} rows/s without it; {loaded.skipped:,} relationships "
        f"left out for want of an end\n")


# ---- Questions ----------------------------------------------------------------------------------------------------


def ask(title: str, headings: list[str], answer: Callable[[], Iterator[tuple[object, ...]]]) -> None:
    """Prints an answer as a table, and how long it took to find."""
    started = time.perf_counter()
    rows = list(answer())
    milliseconds = (time.perf_counter() - started) * 1000
    say(f"[bold]{title}[/] ({milliseconds:,.1f} ms)")
    table = Table()
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="right" if rows and isinstance(rows[0][position], int) else "left")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    console.print(table)


def most_related(
    db: deed_core.PyDeedGraph, collection: str, type: str, direction: Literal["out", "in", "both"], limit: int
) -> list[tuple[int, Mapping[str, Any]]]:
    """The entities of a collection with the most relationships of a type."""
    ids = pa.table(db.scan_arrow(collection))["_id"].to_pylist()
    ranked = sorted(((db.degree(id, type, direction), id) for id in ids), key=lambda pair: (-pair[0], pair[1]))
    found = ((degree, db.get_entity(id)) for degree, id in ranked[:limit])
    return [(degree, entity) for degree, entity in found if entity is not None]


def questions(db: deed_core.PyDeedGraph) -> None:
    def popular() -> Iterator[tuple[object, ...]]:
        for friends, person in most_related(db, "Person", "knows", "both", 5):
            about = person["properties"]
            yield f"{about['firstName']} {about['lastName']}", friends, f"{about['birthday']:%d %B %Y}"

    def reach() -> Iterator[tuple[object, ...]]:
        _, person = most_related(db, "Person", "knows", "both", 1)[0]
        for steps in (1, 2, 3):
            yield steps, db.count_reachable(person["id"], type="knows", direction="both", max_depth=steps)

    def tags() -> Iterator[tuple[object, ...]]:
        for uses, tag in most_related(db, "Tag", "hasTag", "in", 5):
            yield tag["properties"]["name"], uses, db.degree(tag["id"], "hasInterest", "in")

    def writers() -> Iterator[tuple[object, ...]]:
        for count, person in most_related(db, "Person", "hasCreator", "in", 3):
            messages = [id for id, _ in db.get_incoming_neighbors(person["id"], "hasCreator")]
            likes = sum(db.degree(id, "likes", "in") for id in messages)
            yield f"{person['properties']['firstName']} {person['properties']['lastName']}", count, likes

    ask("Who has the most friends", ["person", "friends", "born"], popular)
    ask("How far the first one's friendships lead", ["steps", "people"], reach)
    ask("The most used tags", ["tag", "uses", "people interested"], tags)
    ask("Who writes most", ["person", "messages", "likes received"], writers)


def main() -> int:
    parser = argparse.ArgumentParser(description="Loads LDBC's social network and asks it questions.")
    parser.add_argument("--data", type=Path, help="the directory with the .csv.gz files")
    parser.add_argument("--store", type=Path, help="where to keep the graph (default: .build/demo in the repository)")
    options = parser.parse_args()
    data = find_data(options.data)
    path = options.store or DEFAULT_STORE
    if options.store is None:
        shutil.rmtree(path, ignore_errors=True)
        path.parent.mkdir(parents=True, exist_ok=True)
    elif path.exists():
        raise SystemExit(f"error: {path} exists already; name a directory that does not, and a new store goes there")

    with deed_core.PyDeedGraph(str(path)) as db:
        load(db, data)
        questions(db)
        before = db.stats()
    started = time.perf_counter()
    with deed_core.PyDeedGraph(str(path), read_only=True) as db:
        milliseconds = (time.perf_counter() - started) * 1000
        after = db.stats()
    same = before["entity_count"] == after["entity_count"] and before["edge_count"] == after["edge_count"]
    say(f"Reopened in {milliseconds:.1f} ms: {after['entity_count']:,} entities, {after['edge_count']:,} "
        f"relationships, [bold]{'all there' if same else 'NOT all there'}[/]; the store is {path}")
    return 0 if same else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        console.print("\nStopped. The files that were loaded completely are in the store.")
        sys.exit(130)

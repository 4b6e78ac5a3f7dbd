"""Deed in one sitting: the world's air routes as a durable graph.

    python examples/openflights.py [--home ZRH] [--store DIRECTORY]

The program

1. loads airports, airlines and routes (bundled under `data/openflights`) into a store on disk,
2. asks what a traveller might ask: the busiest hubs, who flies here, how far two flights lead,
3. travels a little and shows which routes the traffic has marked (the pheromone),
4. closes the store, opens it again, and shows that everything is there.

Airports and airlines are entities; a route is a relationship from airport to airport, and an airline SERVES each
airport that it flies from. The files have flaws, which are counted and said: routes whose airport is unknown are left
out, and those whose airline is unknown are kept without one.
"""

from __future__ import annotations

import argparse
import gzip
import heapq
import math
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import deed_core
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from rich.console import Console
from rich.table import Table

DATA = Path(__file__).parent / "data" / "openflights"
DEFAULT_STORE = Path(__file__).parents[1] / ".build" / "demo" / "openflights.deed"

# Columns as the files' README gives them; those left out of the types below are not kept.
AIRPORT_COLUMNS = [
    "number", "name", "city", "country", "iata", "icao", "latitude", "longitude", "altitude_feet", "utc_offset",
    "daylight_saving", "time_zone", "type", "listed_by",
]
AIRLINE_COLUMNS = ["number", "name", "alias", "iata", "icao", "callsign", "country", "active"]
ROUTE_COLUMNS = [
    "airline_code", "airline", "source_code", "source", "target_code", "target", "codeshare", "stops", "equipment",
]
COLUMN_TYPES = {
    "number": pa.int64(), "latitude": pa.float64(), "longitude": pa.float64(), "altitude_feet": pa.int64(),
    "utc_offset": pa.float64(), "airline": pa.int64(), "source": pa.int64(), "target": pa.int64(), "stops": pa.int64(),
}

# Into a file or a pipe there is no width to fit; tables are then as wide as a page.
console = Console(width=None if sys.stdout.isatty() else 110)
say = partial(console.print, highlight=False, soft_wrap=True)


@contextmanager
def timed(what: str) -> Iterator[Callable[[int], None]]:
    """Prints what was done and how long it took; the block may call what it gets with the number of things done."""
    counts: list[int] = []
    started = time.perf_counter()
    yield counts.append
    milliseconds = (time.perf_counter() - started) * 1000
    what = " ".join([*(f"{count:,}" for count in counts), what])
    say(f"  {what:<64} {milliseconds:>9,.1f} ms")


def show(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints rows as a table; numbers are set to the right."""
    say(f"[bold]{title}")
    table = Table()
    rows = [list(row) for row in rows]
    for position, heading in enumerate(headings):
        numeric = all(isinstance(row[position], (int, float)) or row[position] == "" for row in rows)
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{cell:,.2f}" if isinstance(cell, float) else
                        f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    console.print(table)


# ---- Reading the files --------------------------------------------------------------------------------------------


def read_file(name: str, columns: list[str]) -> pa.Table:
    """One of OpenFlights' files: no header line, `\\N` for null."""
    path = DATA / name
    source = gzip.open(path) if path.suffix == ".gz" else path.open("rb")
    with source:
        types = {column: COLUMN_TYPES.get(column, pa.string()) for column in columns}
        return pyarrow.csv.read_csv(
            source,
            read_options=pyarrow.csv.ReadOptions(column_names=columns),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=types, null_values=[r"\N", ""], strings_can_be_null=True
            ),
        )


def unescaped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    r"""The airline list writes an apostrophe as `\\'`."""
    return pc.replace_substring(column, "\\\\", "")


@dataclass
class World:
    """The graph, and how the files' numbers translate into its ids."""

    db: deed_core.PyDeedGraph
    airport_numbers: pa.Array = field(default_factory=lambda: pa.array([], pa.int64()))
    airport_ids: pa.Array = field(default_factory=lambda: pa.array([], pa.uint64()))
    by_code: dict[str, int] = field(default_factory=dict)


def ids_for(numbers: pa.ChunkedArray, known: pa.Array, ids: pa.Array) -> pa.ChunkedArray:
    """The id of each of the files' numbers; null where the number is not known."""
    return ids.take(pc.index_in(numbers, value_set=known).combine_chunks())


def load_airports(world: World) -> int:
    table = read_file("airports.dat.gz", AIRPORT_COLUMNS).drop_columns(["type", "listed_by"])
    world.airport_ids = pa.array(world.db.add_entities("Airport", table))
    world.airport_numbers = table["number"].combine_chunks()
    codes = table["iata"].to_pylist()
    world.by_code = {code: id for code, id in zip(codes, world.airport_ids.to_pylist()) if code}
    return len(table)


def load_airlines(world: World) -> tuple[pa.Array, pa.Array, list[str]]:
    table = read_file("airlines.dat", AIRLINE_COLUMNS)
    for name in ("name", "alias", "iata", "callsign"):
        table = table.set_column(table.column_names.index(name), name, unescaped(table[name]))
    table = table.set_column(table.column_names.index("active"), "active", pc.equal(table["active"], "Y"))
    ids = pa.array(world.db.add_entities("Airline", table))
    return table["number"].combine_chunks(), ids, table["name"].to_pylist()


def load_routes(
    world: World, airline_numbers: pa.Array, airline_ids: pa.Array, names: list[str]
) -> tuple[int, int, int]:
    """Adds the routes; returns how many, how many more lacked an airport, and how many of them have no airline."""
    table = read_file("routes.dat.gz", ROUTE_COLUMNS)
    source = ids_for(table["source"], world.airport_numbers, world.airport_ids)
    target = ids_for(table["target"], world.airport_numbers, world.airport_ids)
    whole = pc.and_(pc.is_valid(source), pc.is_valid(target))
    table, source, target = table.filter(whole), source.filter(whole), target.filter(whole)

    position = pc.index_in(table["airline"], value_set=airline_numbers).combine_chunks()
    properties = pa.table({
        "airline": pa.array(names).take(position),
        "stops": table["stops"],
        "codeshare": pc.is_valid(table["codeshare"]),
        "equipment": pc.split_pattern(table["equipment"], " "),
    })
    world.db.add_edges("ROUTE", source, target, properties)

    served = pa.table({"airline": airline_ids.take(position), "airport": source}).drop_null()
    served = served.group_by(["airline", "airport"]).aggregate([([], "count_all")])
    world.db.add_edges("SERVES", served["airline"].combine_chunks(), served["airport"].combine_chunks(),
                       pa.table({"routes": served["count_all"]}))
    return len(table), len(whole) - len(table), position.null_count


def load(db: deed_core.PyDeedGraph) -> World:
    world = World(db)
    console.print("[bold]Loading")
    with timed("airports") as note:
        note(load_airports(world))
    with timed("airlines") as note:
        airline_numbers, airline_ids, names = load_airlines(world)
        note(len(names))
    with timed("routes, and which airline serves which airport") as note:
        count, skipped, without_airline = load_routes(world, airline_numbers, airline_ids, names)
        note(count)
    say(f"  {skipped:,} routes were left out since an airport of theirs is not in the list; "
        f"{without_airline:,} are kept without an airline.\n")
    return world


# ---- Questions ----------------------------------------------------------------------------------------------------


def label(airport: Mapping[str, Any]) -> str:
    return f"{airport.get('name', '?')} ({airport.get('iata') or airport.get('icao') or '-'})"


def properties_of(db: deed_core.PyDeedGraph, id: int) -> dict[str, Any]:
    entity = db.get_entity(id)
    if entity is None:
        raise LookupError(f"no entity {id}")
    return entity["properties"]


def kilometres(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """The great circle between two airports (haversine formula, mean radius of the earth)."""
    lat_a, lat_b = math.radians(a["latitude"]), math.radians(b["latitude"])
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b["longitude"] - a["longitude"]) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * 6371.0 * math.asin(min(1.0, math.sqrt(chord)))


def busiest_hubs(world: World) -> None:
    db = world.db
    with timed("degrees of every airport, both directions"):
        flights = [(db.degree(id, "ROUTE", "both"), id) for id in world.airport_ids.to_pylist()]
        busiest = heapq.nlargest(8, flights)
    show("Busiest hubs", ["airport", "country", "routes out and in", "destinations", "airlines"], (
        (label(airport := properties_of(db, id)), airport["country"], count,
         len(set(db.neighbor_ids(id, "ROUTE"))), db.degree(id, "SERVES", "in"))
        for count, id in busiest
    ))


def airlines_at_home(world: World, home: int) -> None:
    db = world.db
    with timed("the airlines that serve the home airport"):
        serving = [(route["properties"]["routes"], properties_of(db, airline))
                   for airline, edge in db.get_incoming_neighbors(home, "SERVES")
                   if (route := db.get_edge(edge)) is not None]
    serving.sort(key=lambda pair: (-pair[0], pair[1]["name"]))
    show("Who flies from home", ["airline", "country", "routes", "active"], (
        (airline["name"], airline.get("country", "-"), routes, "yes" if airline["active"] else "no")
        for routes, airline in serving[:6]
    ))


def within_two_flights(world: World, home: int) -> None:
    db = world.db
    with timed("every airport within two flights of home"):
        reached = db.traverse(home, type="ROUTE", max_depth=2)
    with timed("the same, only counted"):
        count = db.count_reachable(home, type="ROUTE", max_depth=2)
    direct = sum(1 for _, depth in reached if depth == 1)
    say(f"  One flight leads to {direct:,} airports, two flights to {count:,}.")

    origin = properties_of(db, home)
    places = [(kilometres(origin, place := properties_of(db, id)), depth, place) for id, depth in reached]
    for flights in (1, 2):
        farthest = heapq.nlargest(4, (row for row in places if row[1] == flights), key=lambda row: row[0])
        show(f"Farthest with {flights} flight{'s' if flights > 1 else ''}", ["airport", "country", "km"],
             ((label(place), place["country"], round(distance)) for distance, _, place in farthest))


def look_up(world: World, home: int) -> None:
    db = world.db
    with timed("one airport by id"):
        airport = properties_of(db, home)
    show("What is known about home", ["property", "value"], ((name, str(value)) for name, value in airport.items()))


def travel(world: World) -> None:
    """Traversals leave pheromone on what they pass, and evaporation takes some from everything.

    Many travellers start anywhere and look two flights ahead. What most of them meet are the routes out of the hubs.
    """
    db = world.db
    random = Random(1)
    airports = [id for id in world.airport_ids.to_pylist() if db.degree(id, "ROUTE")]
    with timed("travellers look two flights ahead") as note:
        note(10_000)
        for number in range(10_000):
            db.count_reachable(random.choice(airports), type="ROUTE", max_depth=2)
            if number % 1_000 == 999:
                db.evaporate_pheromones(0.05)
    levels: dict[tuple[int, int], float] = defaultdict(float)
    with timed("routes, airlines taken together, read with their pheromone") as note:
        for source in airports:
            for target, _, level in db.strongest_neighbors(source, db.degree(source)):
                levels[source, target] += level
        note(len(levels))
    strongest = heapq.nlargest(8, levels.items(), key=lambda item: item[1])
    show("Most travelled routes, by pheromone", ["from", "to", "level"], (
        (label(properties_of(db, source)), label(properties_of(db, target)), level)
        for (source, target), level in strongest
    ))


def reopen(path: Path, before: Mapping[str, Any], home: int, airport: Mapping[str, Any]) -> bool:
    with timed("opening again, first look-up included"):
        db = deed_core.PyDeedGraph(str(path))
        found = properties_of(db, home)
    with db:
        after = db.stats()
        counts: Mapping[str, Any] = after
        rows = [(name.replace("_", " "), before[name], counts[name], before[name] == counts[name])
                for name in ("entity_count", "edge_count", "collection_count")]
        rows.append(("the home airport", airport["name"], found["name"], airport == found))
        show("Before closing and after reopening", ["what", "before", "after", ""],
             ((*row[:3], "same" if row[3] else "DIFFERENT") for row in rows))
        with timed("checking every row, list and checksum"):
            complaints = db.check()
        show("What it takes", ["part", "in memory, KiB", "on disk, KiB"], sizes(after))
    return not complaints and all(row[3] for row in rows)


def sizes(stats: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    """Bytes by part; what one of the two does not have is left empty."""
    memory, disk = stats["memory"], stats["disk"]
    parts = dict.fromkeys([*memory, *disk])
    for part in [*(name for name in parts if name not in ("limit", "total")), "total"]:
        yield part, *(round(place[part] / 1024) if part in place else "" for place in (memory, disk))


def prepare(store: Path | None) -> Path:
    """The directory for a new store: the default one is ours to clear, any other must not exist yet."""
    if store is None:
        shutil.rmtree(DEFAULT_STORE, ignore_errors=True)
        DEFAULT_STORE.parent.mkdir(parents=True, exist_ok=True)
        return DEFAULT_STORE
    if store.exists() and (not store.is_dir() or any(store.iterdir())):
        raise SystemExit(f"error: {store} exists already; name a directory that does not, and a new store goes there")
    return store


def main() -> int:
    parser = argparse.ArgumentParser(description="The world's air routes as a durable graph.")
    parser.add_argument("--home", default="ZRH", help="the IATA code of your airport (default: ZRH, Zurich)")
    parser.add_argument("--store", type=Path, help="where to keep the graph (default: .build/demo in the repository)")
    options = parser.parse_args()
    started = time.perf_counter()
    path = prepare(options.store)

    with deed_core.PyDeedGraph(str(path)) as db:
        world = load(db)
        home = world.by_code.get(options.home.upper())
        if home is None:
            raise SystemExit(f"error: no airport has the IATA code {options.home!r}; try LHR, NRT or GRU")
        console.print("[bold]Asking")
        busiest_hubs(world)
        look_up(world, home)
        airlines_at_home(world, home)
        within_two_flights(world, home)
        travel(world)
        before, airport = db.stats(), properties_of(db, home)
        with timed("closing, with a checkpoint"):
            db.close()
    same = reopen(path, before, home, airport)
    say(f"[bold]{'All there' if same else 'NOT all there'}[/] after {time.perf_counter() - started:.1f} s; "
        f"the store is {path}")
    return 0 if same else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        console.print("\nStopped. What was committed before is in the store.")
        sys.exit(130)

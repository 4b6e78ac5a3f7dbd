"""Real graphs: loaded, compared with networkx, reopened."""

from __future__ import annotations

import csv
import gzip
import random
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from deed_core import PyDeedGraph


def read_edges(file: Path) -> list[tuple[int, int]]:
    with file.open(newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        return [(int(row[0]), int(row[1])) for row in rows]


@pytest.mark.parametrize("name", ["snap-email-eu-core", "snap-wiki-vote"])
def test_snap_graphs(data_directory: Path, store: Path, rng: random.Random, name: str) -> None:
    directory = data_directory / name
    if not directory.exists():
        pytest.skip(f"no {name}")
    edges = read_edges(directory / "edges.csv")
    expected = nx.MultiDiGraph(edges)
    numbers = sorted(expected)
    with PyDeedGraph(store) as graph:
        ids = dict(zip(numbers, graph.add_entities("Node", {"number": numbers})))
        graph.add_edges("EDGE", [ids[a] for a, _ in edges], [ids[b] for _, b in edges])
        assert_same(graph, expected, ids, rng)
    with PyDeedGraph(store) as graph:
        assert_same(graph, expected, ids, rng)


def assert_same(graph: PyDeedGraph, expected: nx.MultiDiGraph, ids: dict[int, int], rng: random.Random) -> None:
    stats = graph.stats()
    assert (stats["entity_count"], stats["edge_count"]) == (len(expected), expected.number_of_edges())
    for number, id in ids.items():
        assert graph.degree(id) == expected.out_degree(number)
        assert graph.degree(id, direction="in") == expected.in_degree(number)
    for number in rng.sample(sorted(ids), 100):
        id = ids[number]
        assert sorted(graph.neighbor_ids(id)) == sorted(ids[target] for _, target in expected.out_edges(number))
        assert sorted(graph.neighbor_ids(id, direction="in")) == sorted(ids[source] for source, _ in expected.in_edges(number))
    undirected = expected.to_undirected(as_view=True)
    for number in rng.sample(sorted(ids), 25):
        for depth in (1, 2, 3, None):
            depths = nx.single_source_shortest_path_length(expected, number, depth)
            assert graph.count_reachable(ids[number], max_depth=depth) == len(depths) - 1
        assert dict(graph.traverse(ids[number], max_depth=3)) == {
            ids[target]: depth
            for target, depth in nx.single_source_shortest_path_length(expected, number, 3).items()
            if target != number
        }
        both = nx.single_source_shortest_path_length(undirected, number, 2)
        assert graph.count_reachable(ids[number], direction="both", max_depth=2) == len(both) - 1
    assert graph.check() == []


def test_openflights(data_directory: Path, store: Path) -> None:
    directory = data_directory / "openflights"
    if not directory.exists():
        pytest.skip("no openflights")

    def rows(name: str) -> list[list[str | None]]:
        with gzip.open(directory / name, "rt", encoding="utf-8", newline="") as lines:
            return [[None if cell == "\\N" else cell for cell in row] for row in csv.reader(lines)]

    airports = rows("airports.dat.gz")
    routes = [row for row in rows("routes.dat.gz") if row[3] and row[5]]
    with PyDeedGraph(store) as graph:
        ids = graph.add_entities(
            "Airport",
            {
                "code": [int(row[0]) for row in airports],
                "name": [row[1] for row in airports],
                "city": [row[2] for row in airports],
                "latitude": np.array([float(row[6]) for row in airports]),
                "altitude": pa.array([int(row[8]) for row in airports], pa.int32()),
            },
        )
        by_code = {row[0]: id for row, id in zip(airports, ids)}
        routes = [row for row in routes if row[3] in by_code and row[5] in by_code]
        ends = [[by_code[row[column]] for row in routes] for column in (3, 5)]
        graph.add_edges("ROUTE", *ends, {"airline": [row[0] for row in routes], "stops": [int(row[7]) for row in routes]})
        before = graph.scan_collection("Airport"), graph.scan_edges("ROUTE")
    expected = nx.MultiDiGraph([(by_code[row[3]], by_code[row[5]]) for row in routes])
    with PyDeedGraph(store) as graph:
        assert (graph.scan_collection("Airport"), graph.scan_edges("ROUTE")) == before
        assert {row["properties"]["name"] for row in before[0]} == {row[1] for row in airports}
        busiest = max(expected, key=lambda id: (expected.out_degree(id), -id))
        assert max(ids, key=lambda id: (graph.degree(id), -id)) == busiest
        two_flights = nx.single_source_shortest_path_length(expected, busiest, 2)
        assert {id for id, _ in graph.traverse(busiest, max_depth=2)} == two_flights.keys() - {busiest}
        assert graph.check() == []

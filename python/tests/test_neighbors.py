"""Neighbours, degrees, traversals and pheromone."""

from __future__ import annotations

import array
from collections import deque

import numpy as np
import pytest
from deed_core import InvalidArgument, NotFound, PyDeedGraph, TypeMismatch

UNKNOWN = 123_456_789


@pytest.fixture
def diamond(graph: PyDeedGraph) -> tuple[PyDeedGraph, list[int], list[int]]:
    """a -> b, a -> c, b -> d, c -> d of type R; d -> a of type BACK; e alone."""
    nodes = [graph.add_entity("N", {"name": name}) for name in "abcde"]
    a, b, c, d, _ = nodes
    edges = [graph.add_edge(*ends, "R") for ends in ((a, b), (a, c), (b, d), (c, d))]
    return graph, nodes, [*edges, graph.add_edge(d, a, "BACK")]


def test_pairs(diamond: tuple[PyDeedGraph, list[int], list[int]]) -> None:
    graph, (a, b, c, d, e), edges = diamond
    assert graph.get_outgoing_neighbors(a) == [(b, edges[0]), (c, edges[1])]
    assert graph.get_incoming_neighbors(d) == [(b, edges[2]), (c, edges[3])]
    assert graph.get_incoming_neighbors(a) == [(d, edges[4])]
    assert graph.get_outgoing_neighbors(d, "BACK") == graph.get_outgoing_neighbors(d, type="BACK") == [(a, edges[4])]
    assert graph.get_outgoing_neighbors(d, "R") == graph.get_outgoing_neighbors(e) == []
    assert graph.get_outgoing_neighbors(a, None) == graph.get_outgoing_neighbors(a)
    assert graph.get_outgoing_neighbors(a, "NO SUCH TYPE") == graph.get_incoming_neighbors(a, "NO SUCH TYPE") == []


def test_ids_and_degrees(diamond: tuple[PyDeedGraph, list[int], list[int]]) -> None:
    graph, (a, b, c, d, e), _ = diamond
    for node, out, back in ((a, [b, c], [d]), (b, [d], [a]), (d, [a], [b, c]), (e, [], [])):
        assert graph.neighbor_ids(node) == out
        assert graph.neighbor_ids(node, direction="in") == back
        assert sorted(graph.neighbor_ids(node, None, "both")) == sorted(out + back)
        assert graph.degree(node) == len(out)
        assert graph.degree(node, direction="in") == len(back)
        assert graph.degree(node, None, "both") == len(out) + len(back)
    assert graph.neighbor_ids(a, "BACK") == graph.neighbor_ids(a, "NO SUCH TYPE") == []
    assert graph.degree(a, "BACK", "in") == 1
    assert graph.degree(a, "NO SUCH TYPE") == 0


def test_unknown_entities(graph: PyDeedGraph) -> None:
    node = graph.add_entity("N")
    graph.delete_entity(node)
    for unknown in (UNKNOWN, 0, node, 2**64 - 1):
        for call in (
            graph.get_outgoing_neighbors,
            graph.get_incoming_neighbors,
            graph.neighbor_ids,
            graph.degree,
            graph.traverse,
            graph.count_reachable,
            lambda id: graph.strongest_neighbors(id, 3),
            lambda id: graph.neighbor_ids(id, "NO SUCH TYPE"),
        ):
            with pytest.raises(NotFound):
                call(unknown)


def test_bad_arguments(graph: PyDeedGraph) -> None:
    node = graph.add_entity("N")
    for direction in ("OUT", "", "sideways", None, 1):
        with pytest.raises(InvalidArgument, match="direction"):
            graph.neighbor_ids(node, direction=direction)
    for bad_type in (5, b"R", ["R"]):
        with pytest.raises(TypeMismatch):
            graph.neighbor_ids(node, bad_type)
    for bad_id in ("1", 1.5, None, [1]):
        with pytest.raises(TypeMismatch):
            graph.get_outgoing_neighbors(bad_id)
    for out_of_range in (-1, 2**64, 10**50):
        with pytest.raises(InvalidArgument):
            graph.get_entity(out_of_range)
    with pytest.raises(InvalidArgument):
        graph.traverse(node, max_depth=-1)
    with pytest.raises(TypeMismatch):
        graph.traverse(node, max_depth="3")
    with pytest.raises(TypeError):
        graph.traverse(node, "R")


def test_traverse(diamond: tuple[PyDeedGraph, list[int], list[int]]) -> None:
    graph, (a, b, c, d, e), _ = diamond
    reached = graph.traverse(a)
    assert sorted(reached) == sorted([(b, 1), (c, 1), (d, 2)])
    assert [depth for _, depth in reached] == [1, 1, 2]
    assert graph.traverse(a, max_depth=1) == sorted(reached)[:2]
    assert graph.traverse(a, max_depth=0) == []
    assert graph.traverse(e) == []
    assert graph.traverse(a, type="BACK") == []
    assert graph.traverse(d, type="BACK") == [(a, 1)]
    assert dict(graph.traverse(a, direction="in")) == {d: 1, b: 2, c: 2}
    assert dict(graph.traverse(b, direction="both")) == {a: 1, d: 1, c: 2}
    assert graph.traverse(a, type="NO SUCH TYPE") == []
    assert graph.traverse(a, max_depth=2**70) == reached
    for start in (a, b, c, d, e):
        for direction in ("out", "in", "both"):
            for depth in (0, 1, 2, None):
                expected = len(graph.traverse(start, direction=direction, max_depth=depth))
                assert graph.count_reachable(start, direction=direction, max_depth=depth) == expected


def test_reached_is_a_sequence(diamond: tuple[PyDeedGraph, list[int], list[int]]) -> None:
    graph, (a, *_), _ = diamond
    reached = graph.traverse(a)
    pairs = list(reached)
    assert len(reached) == 3 and bool(reached) and not graph.traverse(a, max_depth=0)
    assert [reached[i] for i in range(3)] == [reached[i - 3] for i in range(3)] == pairs
    assert reached[1:] == pairs[1:] and reached[::-1] == pairs[::-1] and reached[5:] == []
    assert reached == pairs and reached == graph.traverse(a) and reached != pairs[:2] and reached != 5
    assert reached.ids == [id for id, _ in pairs]
    assert reached.depths == array.array("I", [depth for _, depth in pairs])
    assert pairs[0] in reached and (0, 0) not in reached
    assert repr(reached) == "<deed_core.Reached: 3 entities within 2 steps>"
    for index in (3, -4):
        with pytest.raises(IndexError):
            reached[index]
    with pytest.raises(TypeError):
        reached["0"]
    with pytest.raises(TypeError):
        hash(reached)
    ids = np.asarray(reached.ids)
    del reached
    assert ids.tolist() == [id for id, _ in pairs]


def test_traverse_finds_shortest_depths(graph: PyDeedGraph, rng) -> None:
    count = 500
    nodes = graph.add_entities("N", {"i": range(count)})
    ends = [(rng.randrange(count), rng.randrange(count)) for _ in range(900)]
    graph.add_edges("R", [nodes[a] for a, _ in ends], [nodes[b] for _, b in ends])
    follow: dict[int, list[int]] = {i: [] for i in range(count)}
    for a, b in ends:
        follow[a].append(b)
    for start in rng.sample(range(count), 20):
        depths, queue = {start: 0}, deque([start])
        while queue:
            node = queue.popleft()
            for next in follow[node]:
                if next not in depths:
                    depths[next] = depths[node] + 1
                    queue.append(next)
        del depths[start]
        assert dict(graph.traverse(nodes[start])) == {nodes[node]: depth for node, depth in depths.items()}
        within = sum(depth <= 3 for depth in depths.values())
        assert graph.count_reachable(nodes[start], max_depth=3) == within


def test_a_long_chain(graph: PyDeedGraph) -> None:
    nodes = graph.add_entities("N", {"i": range(20_000)})
    graph.add_edges("NEXT", nodes[:-1], nodes[1:])
    reached = graph.traverse(nodes[0])
    assert len(reached) == 19_999 and reached[-1] == (nodes[-1], 19_999)
    assert graph.count_reachable(nodes[-1], direction="in") == 19_999


def test_an_entity_with_a_hundred_thousand_relationships(any_graph: PyDeedGraph) -> None:
    hub = any_graph.add_entity("Hub")
    leaves = any_graph.add_entities("Leaf", {"i": range(100_000)})
    edges = any_graph.add_edges("SPOKE", [hub] * len(leaves), leaves)
    assert any_graph.degree(hub) == 100_000
    assert any_graph.neighbor_ids(hub) == leaves
    assert any_graph.get_outgoing_neighbors(hub) == list(zip(leaves, edges))
    extra = any_graph.add_edge(hub, leaves[0], "SPOKE")
    any_graph.delete_edge(edges[50_000])
    assert any_graph.degree(hub) == 100_000
    assert any_graph.get_outgoing_neighbors(hub)[-1] == (leaves[0], extra)
    any_graph.delete_entity(hub, detach=True)
    assert any_graph.stats()["edge_count"] == 0
    assert any_graph.check() == []


# ---- Pheromone ------------------------------------------------------------------------------------------------------


def test_pheromone_starts_at_one_and_decays(graph: PyDeedGraph) -> None:
    node = graph.add_entity("N")
    edge = graph.add_edge(node, node, "R")
    assert graph.pheromone(edge) == pytest.approx(1)
    graph.evaporate_pheromones()
    assert graph.pheromone(edge) == pytest.approx(0.9)
    graph.evaporate_pheromones(0.5)
    assert graph.pheromone(edge) == pytest.approx(0.45)
    graph.deposit_pheromone(edge, 2)
    assert graph.pheromone(edge) == pytest.approx(2.45)
    assert graph.stats()["avg_pheromone"] == pytest.approx(2.45)
    assert graph.stats()["pheromone_epoch"] == 2
    newer = graph.add_edge(node, node, "R")
    assert graph.pheromone(newer) == pytest.approx(1)
    graph.evaporate_pheromones(0)
    assert graph.pheromone(edge) == pytest.approx(2.45)
    graph.evaporate_pheromones(1.0)
    assert 0 <= graph.pheromone(edge) < 0.1


def test_strongest_neighbors(graph: PyDeedGraph) -> None:
    node = graph.add_entity("N")
    others = [graph.add_entity("N") for _ in range(6)]
    edges = [graph.add_edge(node, other, "R") for other in others]
    for edge, amount in zip(edges, (1, 5, 3, 0, 4, 2)):
        graph.deposit_pheromone(edge, amount)
    strongest = graph.strongest_neighbors(node, 3)
    assert [(id, edge) for id, edge, _ in strongest] == [(others[i], edges[i]) for i in (1, 4, 2)]
    assert [level for *_, level in strongest] == pytest.approx([6, 5, 4])
    assert graph.strongest_neighbors(node, 0) == []
    assert len(graph.strongest_neighbors(node, 10**30)) == 6
    with pytest.raises(InvalidArgument):
        graph.strongest_neighbors(node, -1)


def test_reading_neighbors_deposits_on_a_sample(graph: PyDeedGraph) -> None:
    a, b = graph.add_entity("N"), graph.add_entity("N")
    edge = graph.add_edge(a, b, "R")
    for _ in range(20_000):
        graph.neighbor_ids(a)
    assert graph.pheromone(edge) > 1


def test_bad_pheromone_arguments(graph: PyDeedGraph) -> None:
    node = graph.add_entity("N")
    edge = graph.add_edge(node, node, "R")
    for rate in (-0.1, 1.1, float("nan"), float("inf")):
        with pytest.raises(InvalidArgument):
            graph.evaporate_pheromones(rate)
    for amount in (-1, float("nan"), float("inf")):
        with pytest.raises(InvalidArgument):
            graph.deposit_pheromone(edge, amount)
    with pytest.raises(NotFound):
        graph.pheromone(UNKNOWN)
    with pytest.raises(NotFound):
        graph.deposit_pheromone(UNKNOWN, 1)
    with pytest.raises(TypeError):
        graph.evaporate_pheromones("much")
    assert graph.pheromone(edge) == pytest.approx(1)

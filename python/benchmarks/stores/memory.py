"""Libraries that hold a graph in memory: networkx, igraph, rustworkx."""

from __future__ import annotations

from typing import Any

from ..data import Data, Edges, person_name


def networkx_people(data: Data, count: int) -> Any:
    """A directed networkx graph without relationships; names are made here, so that the graph alone owns them."""
    import networkx

    graph = networkx.DiGraph()
    for number, age in enumerate(data.ages(count).tolist()):
        graph.add_node(number, name=person_name(number), age=age)
    return graph


def networkx_graph(people: int, edges: Edges) -> Any:
    """Numbers and relationships only."""
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(range(people))
    graph.add_edges_from(zip(edges.source.tolist(), edges.target.tolist(), strict=True))
    return graph


def igraph_graph(people: int, edges: Edges) -> Any:
    import igraph

    pairs = list(zip(edges.source.tolist(), edges.target.tolist(), strict=True))
    return igraph.Graph(n=people, edges=pairs, directed=True)


def rustworkx_graph(people: int, edges: Edges) -> Any:
    import rustworkx

    graph = rustworkx.PyDiGraph()
    graph.add_nodes_from(range(people))
    graph.add_edges_from_no_data(list(zip(edges.source.tolist(), edges.target.tolist(), strict=True)))
    return graph

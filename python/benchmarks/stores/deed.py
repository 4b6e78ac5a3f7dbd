"""Deed: a store of people who know each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..data import Data, Edges

Ids = npt.NDArray[np.uint64]

PERSON = "Person"
KNOWS = "KNOWS"


def open_graph(path: Path | None, **options: Any) -> Any:
    """A PyDeedGraph on disk, or in memory without a path."""
    from deed_core import PyDeedGraph

    return PyDeedGraph(None if path is None else str(path), **options)


def add_people(graph: Any, data: Data, count: int) -> Ids:
    """Loads `count` entities; the id of person i is at position i."""
    return np.asarray(graph.add_entities(PERSON, data.people_table(count)))


def add_knows(graph: Any, ids: Ids, edges: Edges) -> Ids:
    """Loads relationships between them."""
    return np.asarray(graph.add_edges(KNOWS, ids[edges.source], ids[edges.target], {"since": edges.since}))


def build(path: Path, data: Data, people: int, edges: Edges | None = None) -> None:
    """Writes a store, checkpointed, and beside it the ids in the order of the people."""
    with open_graph(path) as graph:
        ids = add_people(graph, data, people)
        if edges is not None:
            add_knows(graph, ids, edges)
        graph.checkpoint()
        np.save(path.with_suffix(".ids.npy"), ids)


def ids_of(path: Path) -> Ids:
    """The ids that `build` wrote down."""
    ids: Ids = np.load(path.with_suffix(".ids.npy"))
    return ids

"""A graph in plain dictionaries, which says what the real one must answer, and random operations that drive both."""

from __future__ import annotations

import array
import copy
import math
import random
from collections import deque
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from deed_core import HasRelationships, NotFound, PyDeedGraph, Session

COLLECTIONS = ["Person", "City", "", "naïve ☃"]
TYPES = ["KNOWS", "LIVES_IN", "Person"]
KEYS = ["name", "age", "a", "b", "c", "☃"]
DIRECTIONS = ["out", "in", "both"]


class Model:
    """Entities as {id: (collection, properties)}, relationships as {id: (type, source, target, properties)}."""

    def __init__(self) -> None:
        self.entities: dict[int, tuple[str, dict[str, Any]]] = {}
        self.edges: dict[int, tuple[str, int, int, dict[str, Any]]] = {}

    def copy(self) -> Model:
        return copy.deepcopy(self)

    def entity(self, id: int) -> dict[str, Any] | None:
        if id not in self.entities:
            return None
        collection, properties = self.entities[id]
        return {"id": id, "type": collection, "properties": properties}

    def edge(self, id: int) -> dict[str, Any] | None:
        if id not in self.edges:
            return None
        type, source, target, properties = self.edges[id]
        return {"id": id, "type": type, "source": source, "target": target, "properties": properties}

    def neighbors(self, id: int, type: str | None, direction: str) -> list[tuple[int, int]]:
        """(neighbor, relationship), in no particular order; a loop counts twice in 'both'."""
        found = []
        for edge, (edge_type, source, target, _) in self.edges.items():
            if type in (None, edge_type):
                if direction != "in" and source == id:
                    found.append((target, edge))
                if direction != "out" and target == id:
                    found.append((source, edge))
        return found

    def reach(self, start: int, type: str | None, direction: str, max_depth: int | None) -> dict[int, int]:
        depths, queue = {start: 0}, deque([start])
        while queue:
            node = queue.popleft()
            if depths[node] == max_depth:
                continue
            for neighbor, _ in self.neighbors(node, type, direction):
                if neighbor not in depths:
                    depths[neighbor] = depths[node] + 1
                    queue.append(neighbor)
        del depths[start]
        return depths


def random_value(rng: random.Random, depth: int = 0) -> Any:
    """A value of any type; None now and then."""
    makers = [
        lambda: None,
        lambda: rng.random() < 0.5,
        lambda: rng.choice([0, 1, -1, rng.randrange(-(2**63), 2**63), rng.randrange(1000)]),
        lambda: rng.choice([0.0, 1.5, rng.uniform(-1e9, 1e9), math.inf, -math.inf]),
        lambda: "".join(rng.choices("abcdefgh☃é\0\n", k=rng.choice([0, 3, 11, 12, 13, 40, 300]))),
        lambda: rng.randbytes(rng.choice([0, 5, 100])),
        lambda: date.fromordinal(rng.randrange(1, 3_652_059)),
        lambda: time(rng.randrange(24), rng.randrange(60), rng.randrange(60), rng.randrange(10**6)),
        lambda: datetime(rng.randrange(1, 10_000), 1, 1) + timedelta(microseconds=rng.randrange(10**12)),
        lambda: datetime(2000, 1, 1, tzinfo=timezone(timedelta(minutes=rng.randrange(-600, 600)))),
        lambda: timedelta(rng.randrange(-1000, 1000), rng.randrange(86_400), rng.randrange(10**6)),
        lambda: array.array("f", [rng.randrange(100) / 4 for _ in range(rng.choice([0, 2, 16]))]),
        lambda: [random_value(rng, depth + 1) for _ in range(rng.randrange(4))],
        lambda: {rng.choice(KEYS): random_value(rng, depth + 1) for _ in range(rng.randrange(4))},
    ]
    return rng.choice(makers if depth < 3 else makers[:-2])()


def random_properties(rng: random.Random) -> dict[str, Any]:
    """Mostly of the types a column usually has, so that columns are of one type often and mixed sometimes."""
    properties: dict[str, Any] = {}
    for key in rng.sample(KEYS, rng.randrange(len(KEYS))):
        usual = {"name": f"name {rng.randrange(50)}", "age": rng.randrange(100)}
        properties[key] = usual[key] if key in usual and rng.random() < 0.9 else random_value(rng)
    return properties


def without_nulls(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if value is not None}


class Driver:
    """Does the same random things to a session and to a model, and compares what they answer."""

    def __init__(self, rng: random.Random, session: Session, model: Model) -> None:
        self.rng, self.session, self.model = rng, session, model

    def any_entity(self) -> int:
        """Mostly one that is there, sometimes one that is not."""
        known = self.model.entities
        return self.rng.choice([*known]) if known and self.rng.random() < 0.95 else self.rng.randrange(10**6)

    def any_edge(self) -> int:
        known = self.model.edges
        return self.rng.choice([*known]) if known and self.rng.random() < 0.95 else self.rng.randrange(10**6)

    def step(self) -> None:
        actions = [
            (self.add_entity, 6), (self.add_edge, 9), (self.update_entity, 4), (self.update_edge, 3), (self.delete_entity, 1.5),
            (self.delete_edge, 2), (self.add_entities, 0.7), (self.add_edges, 0.7), (self.read, 8), (self.traverse, 2),
        ]  # fmt: skip
        self.rng.choices([action for action, _ in actions], [weight for _, weight in actions])[0]()

    def add_entity(self) -> None:
        collection, properties = self.rng.choice(COLLECTIONS), random_properties(self.rng)
        id = self.session.add_entity(collection, properties)
        assert id not in self.model.entities
        self.model.entities[id] = (collection, without_nulls(properties))

    def add_edge(self) -> None:
        source, target, type = self.any_entity(), self.any_entity(), self.rng.choice(TYPES)
        properties = random_properties(self.rng)
        try:
            id = self.session.add_edge(source, target, type, properties)
        except NotFound:
            assert source not in self.model.entities or target not in self.model.entities
            return
        assert source in self.model.entities and target in self.model.entities and id not in self.model.edges
        self.model.edges[id] = (type, source, target, without_nulls(properties))

    def update(self, change: Any, id: int, record: tuple[Any, ...] | None) -> None:
        properties, replace = random_properties(self.rng), self.rng.random() < 0.2
        try:
            change(id, properties, replace=replace)
        except NotFound:
            assert record is None
            return
        assert record is not None
        if replace:
            record[-1].clear()
        record[-1].update(properties)
        for key in [key for key, value in record[-1].items() if value is None]:
            del record[-1][key]

    def update_entity(self) -> None:
        id = self.any_entity()
        self.update(self.session.update_entity, id, self.model.entities.get(id))

    def update_edge(self) -> None:
        id = self.any_edge()
        self.update(self.session.update_edge, id, self.model.edges.get(id))

    def delete_entity(self) -> None:
        id, detach = self.any_entity(), self.rng.random() < 0.5
        attached = [edge for _, edge in self.model.neighbors(id, None, "both")]
        try:
            self.session.delete_entity(id, detach)
        except NotFound:
            assert id not in self.model.entities
        except HasRelationships:
            assert attached and not detach
        else:
            assert detach or not attached
            del self.model.entities[id]
            for edge in set(attached):
                del self.model.edges[edge]

    def delete_edge(self) -> None:
        id = self.any_edge()
        try:
            self.session.delete_edge(id)
        except NotFound:
            assert id not in self.model.edges
        else:
            del self.model.edges[id]

    def columns(self, rows: int) -> dict[str, list[Any]]:
        keys = self.rng.sample(KEYS, self.rng.randrange(4))
        return {key: [random_value(self.rng) if key in "abc" else self.rng.randrange(9) for _ in range(rows)] for key in keys}

    def add_entities(self) -> None:
        rows, collection = self.rng.randrange(1, 8), self.rng.choice(COLLECTIONS)
        columns = self.columns(rows) or {"age": list(range(rows))}
        ids = self.session.add_entities(collection, columns)
        for row, id in enumerate(ids):
            self.model.entities[id] = (collection, without_nulls({key: column[row] for key, column in columns.items()}))

    def add_edges(self) -> None:
        rows, type = self.rng.randrange(1, 8), self.rng.choice(TYPES)
        sources, targets = ([self.any_entity() for _ in range(rows)] for _ in range(2))
        columns = self.columns(rows)
        try:
            ids = self.session.add_edges(type, sources, targets, columns)
        except NotFound:
            assert not self.model.entities.keys() >= {*sources, *targets}
            return
        for row, id in enumerate(ids):
            properties = without_nulls({key: column[row] for key, column in columns.items()})
            self.model.edges[id] = (type, sources[row], targets[row], properties)

    def read(self) -> None:
        id, edge = self.any_entity(), self.any_edge()
        assert self.session.get_entity(id) == self.model.entity(id)
        assert self.session.get_edge(edge) == self.model.edge(edge)
        type, direction = self.rng.choice([None, *TYPES, "NONE"]), self.rng.choice(DIRECTIONS)
        if id in self.model.entities:
            neighbors = sorted(self.model.neighbors(id, type, direction))
            assert sorted(self.session.neighbor_ids(id, type, direction)) == [neighbor for neighbor, _ in neighbors]
            assert self.session.degree(id, type, direction) == len(neighbors)
            assert sorted(self.session.get_outgoing_neighbors(id, type)) == sorted(self.model.neighbors(id, type, "out"))
            assert sorted(self.session.get_incoming_neighbors(id, type)) == sorted(self.model.neighbors(id, type, "in"))

    def traverse(self) -> None:
        if not self.model.entities:
            return
        start = self.rng.choice([*self.model.entities])
        arguments = (self.rng.choice([None, *TYPES]), self.rng.choice(DIRECTIONS), self.rng.choice([None, 0, 1, 2, 5]))
        keywords: dict[str, Any] = dict(zip(("type", "direction", "max_depth"), arguments))
        expected = self.model.reach(start, *arguments)
        reached = self.session.traverse(start, **keywords)
        assert dict(reached) == expected and len(reached) == len(expected)
        assert self.session.count_reachable(start, **keywords) == len(expected)


def compare(session: Session, model: Model) -> None:
    """Everything, by scans and by single look-ups."""
    for collection in COLLECTIONS:
        expected = [model.entity(id) for id, (name, _) in sorted(model.entities.items()) if name == collection]
        assert session.scan_collection(collection) == expected
    for type in TYPES:
        expected = [model.edge(id) for id, (name, *_) in sorted(model.edges.items()) if name == type]
        assert session.scan_edges(type) == expected
    for id in model.entities:
        assert session.get_entity(id) == model.entity(id)
        assert sorted(session.get_outgoing_neighbors(id)) == sorted(model.neighbors(id, None, "out"))
        assert sorted(session.get_incoming_neighbors(id)) == sorted(model.neighbors(id, None, "in"))
    for id in model.edges:
        assert session.get_edge(id) == model.edge(id)


def compare_store(graph: PyDeedGraph, model: Model) -> None:
    """As compare, and the counts and the store's own check."""
    compare(graph, model)
    stats = graph.stats()
    assert (stats["entity_count"], stats["edge_count"]) == (len(model.entities), len(model.edges))
    names = [name for name, _ in model.entities.values()]
    assert graph.collections() == {name: names.count(name) for name in set(names)}
    assert graph.check() == []

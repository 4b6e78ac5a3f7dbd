"""Constraints: every kind against every kind of statement, a random model, threads, and processes that are killed.

Longer runs: DEED_CONSTRAINT_STEPS=20000 DEED_SEED=1 pytest tests/test_constraints.py
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from deed_core import (
    AlreadyExists,
    ConstraintViolation,
    Interrupted,
    InvalidArgument,
    NotFound,
    PyDeedGraph,
    Session,
    TransactionConflict,
)

STEPS = int(os.environ.get("DEED_CONSTRAINT_STEPS", "1500"))

# kind, arguments, values that comply, values that do not
VALUE_CASES: list[tuple[str, dict[str, Any], list[Any], list[Any]]] = [
    ("required", {}, [1, "", b"x"], [None]),
    ("type", {"types": [int, "float"]}, [1, 2.5, None], ["1", True, b"x"]),
    ("range", {"min": 0, "below": 150}, [0, 149, 149.9, None], [-1, 150, "5", float("nan")]),
    ("range", {"above": "b"}, ["ba", "c", None], ["b", "a", 3]),
    ("one_of", {"values": ["red", "a rather long word", 3]}, ["red", "a rather long word", 3, 3.0, None], ["re", 4]),
    ("length", {"min": 1, "max": 3}, ["äöü", b"1", [1, 2], None], ["", "abcd", 7, []]),
]


def add(graph: Session, row_kind: str, properties: dict[str, Any]) -> int:
    if row_kind == "entity":
        return graph.add_entity("t", properties)
    return graph.add_edge(1, 1, "t", properties)


def update(graph: Session, row_kind: str, row: int, properties: dict[str, Any], *, replace: bool = False) -> None:
    (graph.update_entity if row_kind == "entity" else graph.update_edge)(row, properties, replace=replace)


def load(graph: Session, row_kind: str, values: list[Any]) -> object:
    if row_kind == "entity":
        return graph.add_entities("t", {"p": values})
    return graph.add_edges("t", [1] * len(values), [1] * len(values), {"p": values})


@pytest.mark.parametrize("row_kind", ["entity", "relationship"])
@pytest.mark.parametrize(("kind", "arguments", "good", "bad"), VALUE_CASES)
def test_values(
    any_graph: PyDeedGraph, row_kind: Any, kind: Any, arguments: dict[str, Any], good: list[Any], bad: list[Any]
) -> None:
    graph = any_graph
    graph.add_entity("end")
    name = graph.create_constraint("t", kind, "p", row_kind=row_kind, **arguments)
    assert name == f"t_p_{kind}"
    row = add(graph, row_kind, {"p": good[0]})
    for value in good:
        add(graph, row_kind, {"p": value})
        update(graph, row_kind, row, {"p": value})
        update(graph, row_kind, row, {"p": value}, replace=True)
        load(graph, row_kind, [value] * 3)
    update(graph, row_kind, row, {"p": good[0]})
    before = graph.stats()["entity_count"], graph.stats()["edge_count"]
    for value in bad:
        for attempt in [
            lambda value=value: add(graph, row_kind, {"p": value}),
            lambda value=value: update(graph, row_kind, row, {"p": value}),
            lambda value=value: update(graph, row_kind, row, {"p": value}, replace=True),
            lambda value=value: load(graph, row_kind, [value]),
            lambda value=value: load(graph, row_kind, [value] * 9000),
        ]:
            with pytest.raises(ConstraintViolation, match=f"constraint '{name}'.*property 'p'"):
                attempt()
    assert (graph.stats()["entity_count"], graph.stats()["edge_count"]) == before
    assert graph.check() == []
    graph.drop_constraint(name)
    add(graph, row_kind, {"p": bad[0]})
    with pytest.raises(ConstraintViolation, match="violates constraint 'again'"):
        graph.create_constraint("t", kind, "p", row_kind=row_kind, name="again", **arguments)
    assert graph.constraints() == []


def test_the_row_of_a_load_is_named(graph: PyDeedGraph) -> None:
    graph.create_constraint("t", "range", "p", min=0)
    for count in (10, 20000):
        values = list(range(count))
        values[7] = values[9] = -1
        with pytest.raises(ConstraintViolation, match=r"property 'p' is -1.*\(row 7 of the load\)"):
            graph.add_entities("t", {"p": values})
    assert graph.collections() == {}


def test_defaults(any_graph: PyDeedGraph) -> None:
    graph = any_graph
    graph.create_constraint("t", "default", "p", value="nothing said")
    graph.create_constraint("t", "default", "q", value=[1, {"a": None}])
    assert graph.get_entity(graph.add_entity("t"))["properties"] == {"p": "nothing said", "q": [1, {"a": None}]}
    assert graph.get_entity(graph.add_entity("t", {"p": None, "q": 1}))["properties"] == {"q": 1}
    for count in (3, 9000):
        ids = graph.add_entities("t", {"q": list(range(count))})
        assert graph.get_entity(ids[2])["properties"] == {"p": "nothing said", "q": 2}


@pytest.mark.parametrize("kind", ["unique", "primary_key"])
def test_unique(any_graph: PyDeedGraph, kind: Any) -> None:
    graph = any_graph
    graph.create_constraint("t", kind, ["p", "q"], name="key")
    graph.add_entity("t", {"p": 1, "q": 1})
    other = graph.add_entity("t", {"p": 1, "q": 2})
    for properties in ({"p": 1, "q": 1}, {"p": 1.0, "q": 1}):
        with pytest.raises(ConstraintViolation, match="key"):
            graph.add_entity("t", properties)
    with pytest.raises(ConstraintViolation, match="key"):
        graph.update_entity(other, {"q": 1})
    with pytest.raises(ConstraintViolation, match="key"):
        graph.add_entities("t", {"p": [2, 2], "q": [1, 1]})
    if kind == "primary_key":
        with pytest.raises(ConstraintViolation, match="'q' has no value"):
            graph.add_entity("t", {"p": 3})
        with pytest.raises(AlreadyExists):
            graph.create_constraint("t", "primary_key", "p")
    else:
        graph.add_entity("t", {"p": 3})
        graph.add_entity("t", {"p": 3})
    assert graph.check() == []
    graph.drop_constraint("key")
    graph.add_entity("t", {"p": 1, "q": 1})
    with pytest.raises(ConstraintViolation, match="key"):
        graph.create_constraint("t", kind, ["p", "q"], name="key")
    assert graph.constraints() == []


def test_endpoints_and_cardinality(any_graph: PyDeedGraph) -> None:
    graph = any_graph
    graph.create_constraint("LIVES_IN", "endpoints", endpoints=[("person", "city"), ("cat", "city")])
    graph.create_constraint("LIVES_IN", "cardinality", max_outgoing=1)
    ada, tom, rome, oslo = (graph.add_entity(name) for name in ("person", "cat", "city", "city"))
    edge = graph.add_edge(ada, rome, "LIVES_IN")
    with pytest.raises(ConstraintViolation, match="'LIVES_IN_endpoints'.*from collection 'city' to collection 'cat'"):
        graph.add_edge(rome, tom, "LIVES_IN")
    with pytest.raises(ConstraintViolation, match=f"entity {ada} would have 2 outgoing relationships, and may have 1"):
        graph.add_edge(ada, oslo, "LIVES_IN")
    with pytest.raises(ConstraintViolation, match=r"\(row 1 of the load\)"):
        graph.add_edges("LIVES_IN", [tom, tom], [rome, oslo])
    with graph.transaction() as tx:
        tx.delete_edge(edge)
        tx.add_edge(ada, oslo, "LIVES_IN")
        with pytest.raises(ConstraintViolation):
            tx.add_edge(ada, rome, "LIVES_IN")
    assert graph.neighbor_ids(ada) == [oslo]
    assert graph.check() == []


def test_descriptions_make_the_constraint_again(graph: PyDeedGraph, store: Path) -> None:
    made = [
        {"kind": "required", "properties": ["a", "b"]},
        {"kind": "type", "properties": ["a"], "types": ["int", "str", "zoned_datetime", "list", "dict"]},
        {"kind": "unique", "properties": ["b"]},
        {"kind": "primary_key", "properties": ["a", "b"]},
        {"kind": "default", "properties": ["c"], "value": {"x": [1, None, 2.5]}},
        {"kind": "range", "properties": ["c"], "above": 1, "max": 2.5},
        {"kind": "range", "properties": ["d"], "min": "a"},
        {"kind": "one_of", "properties": ["d"], "values": ["a", 1, b"x", True]},
        {"kind": "length", "properties": ["e"], "min": 0, "max": 10},
        {"kind": "endpoints", "properties": [], "endpoints": [("p", "q"), ("q", "p")]},
        {"kind": "cardinality", "properties": [], "max_incoming": 3},
    ]
    for number, arguments in enumerate(made):
        row_kind = "relationship" if arguments["kind"] in ("endpoints", "cardinality") else "entity"
        arguments.update(name=f"n{number}", table="t", row_kind=row_kind)
        graph.create_constraint(**arguments)  # type: ignore[arg-type]
    assert graph.constraints() == made
    with PyDeedGraph(store) as copy:
        for arguments in graph.constraints():
            copy.create_constraint(**arguments)
    with PyDeedGraph(store, read_only=True) as copy:
        assert copy.constraints() == made


def test_bad_arguments(graph: PyDeedGraph) -> None:
    for arguments in [
        {"kind": "nonsense", "properties": "p"}, {"kind": "required"}, {"kind": "required", "properties": ["p", "p"]},
        {"kind": "required", "properties": "p", "min": 1}, {"kind": "type", "properties": "p", "types": ["number"]},
        {"kind": "type", "properties": "p"}, {"kind": "range", "properties": "p"},
        {"kind": "range", "properties": "p", "min": 1, "above": 1}, {"kind": "range", "properties": "p", "min": 2, "max": 1},
        {"kind": "default", "properties": "p"}, {"kind": "one_of", "properties": "p", "values": []},
        {"kind": "length", "properties": "p", "min": -1}, {"kind": "cardinality", "max_outgoing": 0},
        {"kind": "cardinality"}, {"kind": "endpoints", "endpoints": [("a",)]},
        {"kind": "required", "properties": "p", "row_kind": "row"},
    ]:  # fmt: skip
        with pytest.raises(InvalidArgument):
            graph.create_constraint("t", **arguments)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        graph.drop_constraint("nothing")
    graph.create_constraint("t", "required", "p", name="n")
    with pytest.raises(AlreadyExists):
        graph.create_constraint("t", "required", "p", name="n")
    assert len(graph.constraints()) == 1


def test_progress(graph: PyDeedGraph) -> None:
    graph.add_entities("t", {"p": range(50000)})
    with pytest.raises(Interrupted):
        graph.create_constraint("t", "range", "p", min=0, progress=lambda done, total: False)
    with pytest.raises(ZeroDivisionError):
        graph.create_constraint("t", "range", "p", min=0, progress=lambda done, total: 1 / 0)
    assert graph.constraints() == []
    reports: list[tuple[int, int]] = []
    graph.create_constraint("t", "range", "p", min=0, progress=lambda done, total: reports.append((done, total)))
    assert reports[-1] == (50000, 50000)


# ---- A random model ----------------------------------------------------------------------------------------------------


class ConstraintModel:
    """The rows of one collection and one relationship type, and what they must be like, in plain Python."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.edges: dict[int, tuple[int, int]] = {}
        self.rules: dict[str, dict[str, Any]] = {}

    def complies(self, rows: dict[int, dict[str, Any]], edges: dict[int, tuple[int, int]], rule: dict[str, Any]) -> bool:
        values = [row.get(rule["properties"]) for row in rows.values()]
        present = [value for value in values if value is not None]
        match rule["kind"]:
            case "required":
                return len(present) == len(values)
            case "type":
                return all(isinstance(value, int) for value in present)
            case "range":
                return all(isinstance(value, int) and rule["min"] <= value < rule["below"] for value in present)
            case "one_of":
                return all(value in rule["values"] for value in present)
            case "unique":
                return max(Counter(present).values(), default=0) <= 1
            case "cardinality":
                sources = Counter(source for source, _ in edges.values())
                return max(sources.values(), default=0) <= rule["max_outgoing"]
            case _:
                return True

    def all_comply(self, rows: dict[int, dict[str, Any]], edges: dict[int, tuple[int, int]]) -> bool:
        return all(self.complies(rows, edges, rule) for rule in self.rules.values())


def random_rule(rng: random.Random) -> dict[str, Any]:
    key = rng.choice("ab")
    return rng.choice(
        [
            {"kind": "required", "properties": key},
            {"kind": "type", "properties": key, "types": int},
            {"kind": "range", "properties": key, "min": rng.randrange(3), "below": rng.randrange(5, 30)},
            {"kind": "one_of", "properties": key, "values": [*range(rng.randrange(1, 20)), "x"]},
            {"kind": "unique", "properties": key},
            {"kind": "default", "properties": key, "value": rng.randrange(20)},
            {"kind": "cardinality", "properties": None, "max_outgoing": rng.randrange(1, 3)},
        ]
    )


def random_properties(rng: random.Random) -> dict[str, Any]:
    return {key: rng.choice([None, "x", *range(30), *range(30)]) for key in "ab" if rng.random() < 0.8}


def without_nulls(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if value is not None}


def step(graph: PyDeedGraph, model: ConstraintModel, rng: random.Random) -> None:
    """One statement on both; they must agree whether it complies."""
    rows, edges = {id: dict(row) for id, row in model.rows.items()}, dict(model.edges)
    choice = rng.random()
    made: list[int] = []
    statement: Any
    if choice < 0.05:
        change_rules(graph, model, rng)
        return
    if choice < 0.45 or len(rows) < 2:
        properties = [random_properties(rng) for _ in range(rng.choice([1, 1, 3]))]
        if len(properties) > 1:
            properties = [{key: row.get(key) for key in "ab"} for row in properties]
        defaults = {r["properties"]: r["value"] for r in model.rules.values() if r["kind"] == "default"}
        for number, row in enumerate(properties):
            rows[-1 - number] = without_nulls({**defaults, **row})
        if len(properties) == 1:
            statement = lambda: made.append(graph.add_entity("t", properties[0]))  # noqa: E731
        else:
            statement = lambda: made.extend(add_each(graph, properties))  # noqa: E731
    elif choice < 0.65:
        id, replace, properties_new = rng.choice(list(rows)), rng.random() < 0.4, random_properties(rng)
        rows[id] = without_nulls({**({} if replace else rows[id]), **properties_new})
        statement = lambda: graph.update_entity(id, properties_new, replace=replace)  # noqa: E731
    elif choice < 0.85:
        ends = rng.choice(list(rows)), rng.choice(list(rows))
        edges[-1] = ends
        statement = lambda: made.append(graph.add_edge(*ends, "T"))  # noqa: E731
    else:
        doomed = rng.choice(list(rows))
        del rows[doomed]
        edges = {edge: ends for edge, ends in edges.items() if doomed not in ends}
        statement = lambda: graph.delete_entity(doomed, detach=True)  # noqa: E731
    if not model.all_comply(rows, edges):
        with pytest.raises(ConstraintViolation):
            statement()
        return
    statement()
    for number, id in enumerate(made):
        for table in (rows, edges):
            if -1 - number in table:
                table[id] = table.pop(-1 - number)  # type: ignore[attr-defined]
    model.rows, model.edges = rows, edges


def add_each(graph: PyDeedGraph, properties: list[dict[str, Any]]) -> list[int]:
    with graph.transaction() as tx:
        return [tx.add_entity("t", row) for row in properties]


def change_rules(graph: PyDeedGraph, model: ConstraintModel, rng: random.Random) -> None:
    if len(model.rules) > 3:
        name = rng.choice(list(model.rules))
        del model.rules[name]
        graph.drop_constraint(name)
        return
    rule = random_rule(rng)
    kinds = {(known["kind"], known["properties"]) for known in model.rules.values()}
    if (rule["kind"], rule["properties"]) in kinds:
        return
    table = "T" if rule["kind"] == "cardinality" else "t"
    if model.complies(model.rows, model.edges, rule):
        model.rules[graph.create_constraint(table, **rule)] = rule
    else:
        with pytest.raises(ConstraintViolation):
            graph.create_constraint(table, **rule)


@pytest.mark.parametrize("number", range(3))
def test_model(store: Path, number: int) -> None:
    seed = int(os.environ.get("DEED_SEED", "2000")) + number
    print(f"seed {seed}")
    rng = random.Random(seed)
    model = ConstraintModel()
    graph = PyDeedGraph(store, durability="async")
    for count in range(STEPS):
        step(graph, model, rng)
        if count % (STEPS // 5) == STEPS // 5 - 1:
            assert {row["id"]: row["properties"] for row in graph.scan_collection("t")} == model.rows
            assert graph.check() == []
            graph.close()
            graph = PyDeedGraph(store, durability="async")
            assert {description["name"] for description in graph.constraints()} == set(model.rules)
    graph.close()


# ---- Threads and processes ---------------------------------------------------------------------------------------------


def test_threads_never_violate(store: Path) -> None:
    """Four threads take numbers and partners at random; what committed must comply, and something must have."""
    graph = PyDeedGraph(store, durability="async")
    people = [graph.add_entity("person", {"n": number}) for number in range(6)]
    graph.create_constraint("person", "unique", "seat")
    graph.create_constraint("MARRIED", "cardinality", max_outgoing=1, max_incoming=1)
    committed: list[int] = []
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        try:
            for _ in range(400):
                try:
                    with graph.transaction() as tx:
                        tx.update_entity(rng.choice(people), {"seat": rng.choice([None, 1, 2, 3])})
                        one = rng.choice(people)
                        for edge in tx.scan_edges("MARRIED"):
                            if edge["source"] == one:
                                tx.delete_edge(edge["id"])
                        tx.add_edge(one, rng.choice(people), "MARRIED")
                    committed.append(1)
                except (ConstraintViolation, TransactionConflict, NotFound):
                    pass
        except BaseException as error:  # shown by the main thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert committed
    seats = [row["properties"]["seat"] for row in graph.scan_collection("person") if "seat" in row["properties"]]
    assert len(seats) == len(set(seats))
    for direction in ("out", "in"):
        assert all(graph.degree(person, direction=direction) <= 1 for person in people)  # type: ignore[arg-type]
    assert graph.check() == []
    graph.close()


CHILD = """
import sys
from deed_core import PyDeedGraph
graph = PyDeedGraph(sys.argv[1])
def progress(done, total):
    print("making", flush=True)
    sys.stdin.readline()
graph.create_constraint("t", "range", "p", min=0, progress=progress)
"""


def test_killed_while_a_constraint_is_made(store: Path) -> None:
    with PyDeedGraph(store) as graph:
        graph.add_entities("t", {"p": range(20000)})
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stdin is not None
    assert child.stdout.readline() == "making\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()
    with PyDeedGraph(store) as graph:
        assert graph.constraints() == []
        graph.add_entity("t", {"p": -1})
        assert graph.check() == []

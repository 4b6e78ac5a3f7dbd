"""Runs one scenario and says what is wrong, or nothing."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import deed_core

from .gherkin import Scenario, Step
from .values import actual, expected, same, same_bag

# openCypher's classes of errors by ours.
ERRORS = {
    "QuerySyntaxError": "SyntaxError", "QuerySemanticError": "SemanticError", "ParameterMissing": "ParameterMissing",
    "QueryTypeError": "TypeError", "QueryArgumentError": "ArgumentError", "QueryArithmeticError": "ArithmeticError",
    "ElementDeleted": "EntityNotFound", "ProcedureError": "ProcedureError",
    "StillConnected": "ConstraintVerificationFailed",
}


class Mismatch(Exception):
    """The scenario's expectation that was not met."""


def contents(graph: deed_core.PyDeedGraph) -> dict[str, set[Any]]:
    """What a graph consists of: the kit counts what is there after a query and was not before, and the reverse."""
    found: dict[str, set[Any]] = {"nodes": set(), "relationships": set(), "properties": set(), "labels": set()}
    for (node,) in graph.execute("MATCH (n) RETURN n"):
        found["nodes"].add(node.id)
        found["labels"].update(node.labels)
        found["properties"].update((True, node.id, key, repr(value)) for key, value in node.properties.items())
    for (relationship,) in graph.execute("MATCH ()-[r]->() RETURN r"):
        found["relationships"].add(relationship.id)
        found["properties"].update(
            (False, relationship.id, key, repr(value)) for key, value in relationship.properties.items())
    return found


class Run:
    """A scenario while it runs."""

    def __init__(self, graphs: Path) -> None:
        self.graphs = graphs
        self.graph = deed_core.PyDeedGraph(None)
        self.parameters: dict[str, Any] = {}
        self.columns: list[str] = []
        self.rows: list[list[Any]] = []
        self.error: deed_core.QueryError | None = None
        self.before: dict[str, set[Any]] = {}

    def close(self) -> None:
        self.graph.close()

    @functools.cached_property
    def describe(self) -> Any:
        return lambda value: self.graph.execute("RETURN toString($value) AS text", {"value": value}).scalar()

    def execute(self, query: str) -> None:
        self.error, self.columns, self.rows = None, [], []
        self.before = contents(self.graph)
        try:
            result = self.graph.execute(query, self.parameters)
            self.columns = list(result.columns)
            self.rows = [[actual(value, self.describe) for value in row] for row in result]
        except deed_core.QueryError as error:
            self.error = error

    # ---- Steps ----------------------------------------------------------------------------------------------------

    def step(self, step: Step) -> None:
        text = step.text
        if text in ("an empty graph", "any graph"):
            return
        if match := re.fullmatch(r"the (\S+) graph", text):
            name = match[1]
            self.graph.execute((self.graphs / name / f"{name}.cypher").read_text(encoding="utf-8"))
        elif text.startswith("having executed"):
            self.graph.execute(step.document or "").fetchall()
        elif text.startswith("parameters are"):
            self.parameters = {row[0]: expected(row[1]) for row in step.table}
        elif match := re.match(r"there exists a procedure (.*?)\s*:?$", text):
            rows = [[expected(cell) for cell in row] for row in step.table[1:]]
            self.graph.register_procedure(match[1], rows)
        elif text.startswith(("executing query", "executing control query")):
            self.execute(step.document or "")
        elif match := re.match(r"a (\S+) should be raised at ([a-z ]+): (\S+)", text):
            self.check_error(match[1], match[3])
        elif text.startswith("the result should be empty"):
            self.require_success()
            if self.rows:
                raise Mismatch(f"expected no rows, got {self.rows}")
        elif text.startswith("the result should be"):
            self.check_rows(step, "in order" in text.replace("in any order", ""), "ignoring element order" in text)
        elif text.startswith("no side effects"):
            self.check_effects({})
        elif text.startswith("the side effects should be"):
            self.check_effects({row[0]: int(row[1]) for row in step.table})
        else:
            raise Mismatch(f"a step that is not understood: {text}")

    def require_success(self) -> None:
        if self.error is not None:
            raise Mismatch(f"{type(self.error).__name__} ({self.error.detail}): {self.error}")

    def check_error(self, kind: str, detail: str) -> None:
        if self.error is None:
            raise Mismatch(f"expected {kind} ({detail}), got {self.columns} {self.rows}")
        got = ERRORS.get(type(self.error).__name__, type(self.error).__name__)
        if got != kind or detail not in ("*", self.error.detail):
            raise Mismatch(f"expected {kind} ({detail}), got {got} ({self.error.detail}): {self.error}")

    def check_rows(self, step: Step, in_order: bool, ignore_element_order: bool) -> None:
        self.require_success()
        columns = step.table[0]
        if sorted(columns) != sorted(self.columns):
            raise Mismatch(f"expected columns {columns}, got {self.columns}")
        wanted = [[expected(cell) for cell in row] for row in step.table[1:]]
        places = [self.columns.index(column) for column in columns]
        rows = [[row[place] for place in places] for row in self.rows]
        equal = (
            len(rows) == len(wanted) and all(
                all(same(a, b, ignore_element_order) for a, b in zip(left, right)) for left, right in zip(rows, wanted))
            if in_order else same_bag([tuple_of(row) for row in wanted], [tuple_of(row) for row in rows], ignore_element_order))
        if not equal:
            raise Mismatch(f"expected {wanted}, got {rows}")

    def check_effects(self, wanted: dict[str, int]) -> None:
        after = contents(self.graph)
        for what, before in self.before.items():
            for sign, got in (("+", len(after[what] - before)), ("-", len(before - after[what]))):
                if got != wanted.get(sign + what, 0):
                    raise Mismatch(f"expected {wanted.get(sign + what, 0)} {sign}{what}, got {got}")


def tuple_of(row: list[Any]) -> dict[str, Any]:
    """A row as a map, whose entries may be lists without the row being one."""
    return {str(position): value for position, value in enumerate(row)}


def run(scenario: Scenario, graphs: Path) -> str | None:
    """None if the scenario passes, otherwise why not."""
    state = Run(graphs)
    try:
        for step in scenario.steps:
            state.step(step)
    except Mismatch as mismatch:
        return str(mismatch)
    except Exception as error:  # noqa: BLE001 - whatever happens belongs to this scenario
        return f"{type(error).__name__}: {error}"
    finally:
        state.close()
    return None

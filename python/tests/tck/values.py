"""The values in the kit's tables, and whether what a query returned is the same."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import deed_core


@dataclass(frozen=True)
class Node:
    labels: frozenset[str]
    properties: dict[str, Any]


@dataclass(frozen=True)
class Relationship:
    type: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class Path:
    """Nodes, and relationships as (relationship, passed forwards)."""

    nodes: list[Node]
    relationships: list[tuple[Relationship, bool]]


class ValueParser:
    """`(:A {x: 1})`, `[:T]`, `<(:A)-[:T]->(:B)>`, lists, maps and literals."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def parse(self) -> Any:
        value = self.value()
        self.space()
        if self.position != len(self.text):
            raise ValueError(f"cannot read {self.text!r} from {self.position}")
        return value

    def space(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def peek(self, token: str) -> bool:
        self.space()
        return self.text.startswith(token, self.position)

    def take(self, token: str) -> bool:
        if not self.peek(token):
            return False
        self.position += len(token)
        return True

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise ValueError(f"expected {token!r} in {self.text!r} at {self.position}")

    def value(self) -> Any:
        self.space()
        character = self.text[self.position]
        if character == "(":
            return self.node()
        if character == "<":
            return self.path()
        if character == "{":
            return self.map()
        if character == "'":
            return self.string()
        if character == "[":
            return self.relationship() if re.match(r"\[\s*:", self.text[self.position:]) else self.list()
        return self.literal()

    def string(self) -> str:
        self.expect("'")
        result = ""
        while self.text[self.position] != "'":
            if self.text[self.position] == "\\":
                self.position += 1
                escape = self.text[self.position]
                result += {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(escape, escape)
            else:
                result += self.text[self.position]
            self.position += 1
        self.position += 1
        return result

    def literal(self) -> Any:
        match = re.compile(r"[^\s,\]\})>]+").match(self.text, self.position)
        if not match:
            raise ValueError(f"cannot read {self.text!r} from {self.position}")
        self.position = match.end()
        word = match.group()
        known = {"null": None, "true": True, "false": False, "NaN": math.nan, "Inf": math.inf, "-Inf": -math.inf,
                 "Infinity": math.inf, "-Infinity": -math.inf}
        if word in known:
            return known[word]
        return int(word) if re.fullmatch(r"[+-]?\d+", word) else float(word)

    def list(self) -> list[Any]:
        self.expect("[")
        items: list[Any] = []
        while not self.take("]"):
            items.append(self.value())
            self.take(",")
        return items

    def name(self) -> str:
        self.space()
        match = re.compile(r"`[^`]*`|[\w$]+").match(self.text, self.position)
        if not match:
            raise ValueError(f"expected a name in {self.text!r} at {self.position}")
        self.position = match.end()
        return match.group().strip("`")

    def map(self) -> dict[str, Any]:
        self.expect("{")
        entries: dict[str, Any] = {}
        while not self.take("}"):
            key = self.name()
            self.expect(":")
            entries[key] = self.value()
            self.take(",")
        return entries

    def node(self) -> Node:
        self.expect("(")
        labels: set[str] = set()
        while self.take(":"):
            labels.add(self.name())
        properties = self.map() if self.peek("{") else {}
        self.expect(")")
        return Node(frozenset(labels), properties)

    def relationship(self) -> Relationship:
        self.expect("[")
        self.expect(":")
        name = self.name()
        properties = self.map() if self.peek("{") else {}
        self.expect("]")
        return Relationship(name, properties)

    def path(self) -> Path:
        self.expect("<")
        nodes = [self.node()]
        relationships: list[tuple[Relationship, bool]] = []
        while not self.take(">"):
            is_backward = self.take("<-")
            if not is_backward:
                self.expect("-")
            relationship = self.relationship()
            self.expect("-" if is_backward else "->")
            relationships.append((relationship, not is_backward))
            nodes.append(self.node())
        return Path(nodes, relationships)


def expected(text: str) -> Any:
    return ValueParser(text).parse()


def actual(value: Any, describe: Callable[[Any], str]) -> Any:
    """What a query returned, in the same terms; temporal values become texts by `describe`."""
    if isinstance(value, deed_core.Node):
        return Node(frozenset(value.labels), {key: actual(item, describe) for key, item in value.properties.items()})
    if isinstance(value, deed_core.Relationship):
        return Relationship(value.type, {key: actual(item, describe) for key, item in value.properties.items()})
    if isinstance(value, deed_core.Path):
        nodes = [actual(node, describe) for node in value.nodes]
        relationships = [
            (actual(relationship, describe), relationship.source == node.id)
            for relationship, node in zip(value.relationships, value.nodes)]
        return Path(nodes, relationships)
    if isinstance(value, (list, tuple)):
        return [actual(item, describe) for item in value]
    if isinstance(value, dict):
        return {key: actual(item, describe) for key, item in value.items()}
    temporal = (datetime.date, datetime.time, datetime.timedelta, deed_core.Duration, deed_core.Temporal)
    return describe(value) if isinstance(value, temporal) else value


def same(left: Any, right: Any, ignore_order: bool = False) -> bool:
    """Equality with types told apart, NaN equal to itself, and lists perhaps as bags."""
    if isinstance(left, list) and isinstance(right, list):
        if ignore_order:
            return same_bag(left, right, True)
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key], ignore_order) for key in left)
    if isinstance(left, Node) and isinstance(right, Node):
        return left.labels == right.labels and same(left.properties, right.properties, ignore_order)
    if isinstance(left, Relationship) and isinstance(right, Relationship):
        return left.type == right.type and same(left.properties, right.properties, ignore_order)
    if isinstance(left, Path) and isinstance(right, Path):
        return (same(left.nodes, right.nodes) and len(left.relationships) == len(right.relationships)
                and all(a[1] == b[1] and same(a[0], b[0]) for a, b in zip(left.relationships, right.relationships)))
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return left == right or (math.isnan(left) and math.isnan(right)) or math.isclose(left, right, rel_tol=1e-14)
    return bool(left == right)


def same_bag(left: list[Any], right: list[Any], ignore_order: bool = False) -> bool:
    """Whether two lists have the same items, in whatever order."""
    rest = list(right)
    for item in left:
        for position, other in enumerate(rest):
            if same(item, other, ignore_order):
                del rest[position]
                break
        else:
            return False
    return not rest

"""Values as the interpreter knows them: equality and comparison of three values, order, and forms that can be compared.

An element is an `Element`, a path a tuple of elements; everything else is as Python has it.
"""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any


class Element:
    """A node, or a relationship if it has ends."""

    def __init__(
        self, names: set[str], properties: dict[str, Any], source: Element | None = None, target: Element | None = None
    ) -> None:
        self.names, self.properties = names, properties
        self.source, self.target = source, target

    @property
    def is_node(self) -> bool:
        return self.source is None


class Graph:
    """What there is."""

    def __init__(self) -> None:
        self.nodes: list[Element] = []
        self.relationships: list[Element] = []

    def add_node(self, labels: set[str], properties: dict[str, Any]) -> Element:
        node = Element(set(labels), {key: value for key, value in properties.items() if value is not None})
        self.nodes.append(node)
        return node

    def add_relationship(self, type: str, source: Element, target: Element, properties: dict[str, Any]) -> Element:
        kept = {key: value for key, value in properties.items() if value is not None}
        relationship = Element({type}, kept, source, target)
        self.relationships.append(relationship)
        return relationship

    def delete(self, elements: list[Element]) -> None:
        """With the relationships of nodes."""
        gone = {id(element) for element in elements}
        self.nodes = [node for node in self.nodes if id(node) not in gone]
        self.relationships = [
            one for one in self.relationships if not {id(one), id(one.source), id(one.target)} & gone
        ]

    def contents(self) -> list[Any]:
        """All of it, in a form that can be compared."""
        ends = [("edge", plain(one), plain(one.source), plain(one.target)) for one in self.relationships]
        return sorted([plain(node) for node in self.nodes] + ends, key=repr)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        return conjunction([equal(a, b) for a, b in zip(left, right, strict=True)])
    if isinstance(left, (Element, tuple)) or isinstance(right, (Element, tuple)):
        return same(left, right)
    if is_number(left) and is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def same(left: Any, right: Any) -> bool:
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(a is b for a, b in zip(left, right, strict=True))
    return left is right


def conjunction(values: list[bool | None]) -> bool | None:
    if any(value is False for value in values):
        return False
    return None if any(value is None for value in values) else True


def less(left: Any, right: Any) -> bool | None:
    """Null where there is no order between them."""
    if is_number(left) and is_number(right):
        return bool(left < right)
    if type(left) is not type(right) or left is None or isinstance(left, (Element, tuple)):
        return None
    if isinstance(left, list):
        for a, b in zip(left, right, strict=False):
            alike = equal(a, b)
            if alike is None:
                return None
            if not alike:
                return less(a, b)
        return len(left) < len(right)
    return bool(left < right)


def rank(value: Any) -> int:
    """The order of types that ORDER BY, min and max go by."""
    if isinstance(value, Element):
        return 1 if value.is_node else 2
    if isinstance(value, list):
        return 3
    if isinstance(value, tuple):
        return 4
    if isinstance(value, str):
        return 5
    if isinstance(value, bool):
        return 6
    return 8 if value is None else 7


def ordered(left: Any, right: Any) -> int:
    if rank(left) != rank(right):
        return rank(left) - rank(right)
    if isinstance(left, list):
        for a, b in zip(left, right, strict=False):
            if result := ordered(a, b):
                return result
        return len(left) - len(right)
    if left is None or isinstance(left, (Element, tuple)):
        return 0
    return (left > right) - (left < right)


order_key = cmp_to_key(ordered)


def plain(value: Any, *, sorts_lists: bool = False) -> Any:
    """A form of the interpreter's value, or of Deed's, that is equal where the values are equivalent, and hashable."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value if isinstance(value, str) else ("is", value)
    if isinstance(value, (int, float)):
        rounded = round(float(value), 9)
        return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else value
    if isinstance(value, list):
        items = [plain(item, sorts_lists=sorts_lists) for item in value]
        return ("list", tuple(sorted(items, key=repr) if sorts_lists else items))
    if isinstance(value, tuple):
        return ("path", tuple(plain(item) for item in value))
    if isinstance(value, Element):
        return ("node" if value.is_node else "relationship", tuple(sorted(value.names)), plain_map(value.properties))
    if isinstance(value, dict):
        return ("map", plain_map(value))
    if hasattr(value, "nodes"):
        steps = [item for pair in zip(value.nodes[1:], value.relationships, strict=True) for item in reversed(pair)]
        return plain((value.nodes[0], *steps))
    if hasattr(value, "labels"):
        return ("node", tuple(sorted(value.labels)), plain_map(value.properties))
    return ("relationship", (value.type,), plain_map(value.properties))


def plain_map(properties: dict[str, Any]) -> Any:
    return tuple(sorted((key, plain(value)) for key, value in properties.items()))

"""ORDER BY of many rows with keys of all kinds, beside the order that Python gives."""

from __future__ import annotations

import functools
import math
import random
from typing import Any

import pytest
from deed_core import PyDeedGraph

LARGE = (-(2**63), 2**63 - 1, 2**62, -1, 0)
KINDS: dict[str, list[Any]] = {
    "few": list(range(5)),
    "some": list(range(-300, 900)),
    "large": list(LARGE),
    "floats": [0.0, -0.0, 1.5, -1.5, 1e300, -1e300, 5e-324, math.inf, -math.inf, math.nan],
    "quarters": [number / 4 for number in range(-50, 50)],
    "bools": [True, False],
    "texts": ["", "a", "b", "ab", "ä"],
    "mixed": [1, 1.5, 2, 0.5, True, "x"],
}


def place(value: Any) -> tuple[int, Any]:
    """Texts before bools, numbers, NaN and null; zeros are the same."""
    if value is None:
        return (4, 0)
    if isinstance(value, str):
        return (0, value.encode())
    if isinstance(value, bool):
        return (1, value)
    return (3, 0) if math.isnan(value) else (2, value)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [200, 3_000])
def test_rows_come_in_order(seed: int, count: int) -> None:
    chance = random.Random(seed)
    kinds = list(KINDS)
    with PyDeedGraph() as graph:
        nulls = {kind: chance.choice((0.0, 0.1)) for kind in kinds}
        rows = [
            {"id": number} | {kind: chance.choice(KINDS[kind]) for kind in kinds if chance.random() >= nulls[kind]}
            for number in range(count)
        ]
        graph.cypher("UNWIND $rows AS row CREATE (r:Row) SET r = row", {"rows": rows})
        for _ in range(15):
            keys = [(kind, chance.random() < 0.5) for kind in chance.sample(kinds, chance.randrange(1, 4))]

            def compare(left: dict[str, Any], right: dict[str, Any], keys: list[tuple[str, bool]] = keys) -> int:
                for kind, is_descending in keys:
                    a, b = place(left.get(kind)), place(right.get(kind))
                    if a != b:
                        return 1 if (a > b) != is_descending else -1
                return int(left["id"]) - int(right["id"])

            text = ", ".join(f"r.{kind}{' DESC' if is_descending else ''}" for kind, is_descending in keys)
            found = [row[0] for row in graph.cypher(f"MATCH (r:Row) RETURN r.id ORDER BY {text}, r.id")]
            assert found == [row["id"] for row in sorted(rows, key=functools.cmp_to_key(compare))], text

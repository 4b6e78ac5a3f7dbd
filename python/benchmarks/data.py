"""The data every side is given: generated from fixed seeds with NumPy, kept as .npy files for the length of a run.

Two graphs:

- `uniform(n, m)`: m distinct pairs drawn uniformly, without self-loops and without parallel relationships, so that
  libraries that cannot hold parallels give the same answers.
- `power_law(n, m)`: both ends drawn with a probability proportional to rank^(-2/3), which gives degrees that follow a
  power law with exponent 1 + 3/2 = 2.5. The distribution function of the rank is (x / n)^(1/3), so a rank is n * u^3
  for uniform u. Ranks are mapped to entities by two independent permutations. Parallels and self-loops occur. The
  busiest of 1M entities has about 1 % of the relationships.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

YEARS = (1950, 2025)  # the range of the one property of a relationship


def person_name(number: int) -> str:
    """Eleven characters, distinct."""
    return f"name{number:07d}"


@dataclass(frozen=True)
class Edges:
    """Relationships between entities numbered from 0, each with one integer."""

    source: Integers
    target: Integers
    since: Integers

    def __len__(self) -> int:
        return len(self.source)


class Data:
    """Generates, and keeps in `directory` what takes long."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def names(self, count: int) -> list[str]:
        return [person_name(number) for number in range(count)]

    def ages(self, count: int) -> Integers:
        return np.random.default_rng(11).integers(0, 100, count)

    def people_table(self, count: int) -> Any:
        """The entities as an Arrow table of name and age."""
        import pyarrow

        return pyarrow.table({"name": pyarrow.array(self.names(count)), "age": self.ages(count)})

    def sample(self, population: int, count: int, seed: int = 17) -> list[int]:
        """Numbers below `population`, drawn uniformly, as Python integers."""
        drawn: list[int] = np.random.default_rng(seed).integers(0, population, count).tolist()
        return drawn

    def uniform(self, entities: int, relationships: int) -> Edges:
        return self._kept(f"uniform-{entities}-{relationships}", lambda: _uniform(entities, relationships))

    def power_law(self, entities: int, relationships: int) -> Edges:
        return self._kept(f"power-law-{entities}-{relationships}", lambda: _power_law(entities, relationships))

    def _kept(self, name: str, generate: Callable[[], Edges]) -> Edges:
        path = self.directory / f"{name}.npy"
        if not path.exists():
            edges = generate()
            partial = path.with_suffix(f".{os.getpid()}.npy")
            np.save(partial, np.stack([edges.source, edges.target, edges.since]))
            partial.rename(path)
        return Edges(*np.load(path))


def _since(random: np.random.Generator, count: int) -> Integers:
    return random.integers(*YEARS, count)


def _uniform(entities: int, relationships: int) -> Edges:
    if relationships > entities * (entities - 1) // 2:
        raise ValueError("too dense to draw distinct pairs quickly")
    random = np.random.default_rng(5)
    pairs: Integers = np.empty(0, dtype=np.int64)
    while len(pairs) < relationships:
        drawn = random.integers(0, entities * entities, relationships + relationships // 8)
        drawn = drawn[drawn // entities != drawn % entities]
        pairs = np.unique(np.concatenate([pairs, drawn]))
    pairs = random.permutation(pairs)[:relationships]
    return Edges(pairs // entities, pairs % entities, _since(random, relationships))


def _power_law(entities: int, relationships: int) -> Edges:
    random = np.random.default_rng(7)

    def ends() -> Integers:
        rank = (entities * random.random(relationships) ** 3).astype(np.int64)
        return random.permutation(entities)[rank]

    return Edges(ends(), ends(), _since(random, relationships))

"""What a workload is made of: sizes, metrics, demands, and the sides that are compared.

A workload file builds one `Workload` named WORKLOAD. Its sides are classes; every repetition makes one object of each,
in a fresh process of its own, and calls `setup`, `run`, `answer` and `close` on it. Only `run` measures.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from .data import Data

DEED = "deed"  # the name of the side that demands are about
EVERY = "*"  # the metric of a demand that is about all of them: the worst counts


class Unavailable(Exception):
    """What a side needs is not on this machine, so that it is not measured."""


@dataclass(frozen=True)
class Metric:
    """One column of the table. `unit` is one of those that `report.format_value` knows."""

    name: str
    title: str
    unit: Literal["per_second", "seconds", "bytes", "bytes_each"]
    better: Literal["higher", "lower"]


@dataclass(frozen=True)
class Demand:
    """A threshold on one of Deed's metrics.

    With `than`, the figure is how many times better Deed is than that side; with `over`, how many times another of Deed's
    own metrics; with neither, the metric itself. With `than`, the metric may be EVERY. Quotients
    must reach `limit`, and so must a metric where higher is better; a metric where lower is better must not exceed it.
    """

    text: str
    metric: str
    limit: float
    than: str | None = None
    over: str | None = None


@dataclass
class Context:
    """What a side is given: its sizes, where it may write, and the data all sides share."""

    size: Mapping[str, int]
    scratch: Path  # an empty directory of this run's own
    store: Path  # what `prepare` built, when the side has one
    data: Data
    core: int | None  # the core this process is pinned to
    scale: float = 1.0

    def rows(self, name: str) -> int:
        """The size of that name, reduced by the side's own scale."""
        return max(1, int(self.size[name] * self.scale))

    def unpin(self) -> None:
        """Lets threads started from now on use every core."""
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, range(os.cpu_count() or 1))


class Side:
    """One contender in one workload. Subclasses set the class variables and override the methods.

    Libraries are imported inside the methods, so that listing workloads needs none and a process loads only its own.
    """

    name: ClassVar[str]
    package: ClassVar[str | None] = None  # the distribution whose version is reported
    does: ClassVar[str]  # durability, threads and indexes, for the table
    scale: ClassVar[float] = 1.0  # below 1 for a side too slow for all rows; its rate is compared

    def __init__(self, context: Context) -> None:
        self.context = context

    def prepare(self) -> None:
        """Builds what only needs building once into `context.store`; kept between repetitions. Not measured."""

    def setup(self) -> None:
        """Gets ready in the process that measures. Not measured."""

    def run(self) -> dict[str, float]:
        """Does the work and returns its metrics."""
        raise NotImplementedError

    def answer(self) -> Any:
        """What came out, as something JSON can hold, in a form that is equal on every side."""
        raise NotImplementedError

    def close(self) -> None:
        """Lets go of what is open."""


@dataclass(frozen=True)
class Workload:
    """A question, the sides that answer it, and what is demanded of Deed."""

    name: str
    title: str
    metrics: Sequence[Metric]
    demands: Sequence[Demand]
    sides: Sequence[type[Side]]
    full: Mapping[str, int]
    quick: Mapping[str, int]
    pinned: bool = True  # to one core, so that "single thread" is true of every side
    repeat: int = 3  # more for what is quick and noisy
    note: str = ""
    order: int = field(default=100)  # place in a full run
    # Metrics that are too many for columns have rows instead; those of which the sides differ by at least this factor.
    rows_beyond: float | None = None

    def side(self, name: str) -> type[Side]:
        return next(side for side in self.sides if side.name == name)

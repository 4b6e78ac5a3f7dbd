"""Patterns counted over the whole graph by two threads, against one."""

from __future__ import annotations

from ..model import DEED, Demand, Metric, Workload
from .query_patterns import PATTERNS
from .query_patterns import Deed as Pattern


class Deed(Pattern):
    threads = 2
    does = "on disk, reopened; 2 threads"
    times = 9


class Alone(Pattern):
    name = f"{DEED}, 1 thread"
    threads = 1
    does = "on disk, reopened; 1 thread"
    times = 9


WORKLOAD = Workload(
    name="query_patterns_threads",
    title="query: patterns counted over the whole graph, 2 threads",
    order=84,
    metrics=[Metric(name, name.replace("_", " "), "seconds", "lower") for name in PATTERNS],
    demands=[Demand(f"{name.replace('_', ' ')} >= 1.7x one thread", name, 1.7, than=Alone.name) for name in PATTERNS],
    sides=[Deed, Alone],
    full={"entities": 100_000, "relationships": 1_000_000},
    quick={"entities": 2_000, "relationships": 10_000},
    pinned=False,
)

"""How old what a second process sees becomes, while the process that writes commits 10,000 times a second."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

from ..measure import percentile
from ..model import DEED, Demand, Metric, Side, Workload

# The writer: puts the time into one entity, so many times a second, each time as a commit of its own.
WRITER = """
import sys, time
from deed_core import PyDeedGraph
store, seconds, rate = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
with PyDeedGraph(store, durability="async") as graph:
    clock = graph.add_entity("Clock", {"ns": time.monotonic_ns()})
    graph.checkpoint()
    print(clock, flush=True)
    sys.stdin.readline()
    start = time.monotonic_ns()
    count = 0
    while (now := time.monotonic_ns()) - start < seconds * 1e9:
        if count * 1e9 / rate <= now - start:
            graph.update_entity(clock, {"ns": now})
            count += 1
    print(count, flush=True)
    sys.stdin.readline()
"""


class Deed(Side):
    """Another process writes; this one asks for the entity all the time.

    Each time it shows has an age by the moment when a later one takes its place: that is the lag, end to end.
    """

    name = DEED
    package = "deed"
    does = "durability async; two processes on the machine's cores"

    def setup(self) -> None:
        import deed

        self.seconds = self.context.size["seconds"]
        store = self.context.scratch / "store"
        arguments = [str(store), str(self.seconds), str(self.context.size["rate"])]
        self.writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.clock = int(self._line())
        self.graph = deed.open(store, read_only=True)

    def _line(self) -> str:
        assert self.writer.stdout is not None
        return self.writer.stdout.readline()

    def _go_on(self) -> None:
        assert self.writer.stdin is not None
        self.writer.stdin.write("\n")
        self.writer.stdin.flush()

    def run(self) -> dict[str, float]:
        ages: list[int] = []
        self._go_on()
        last = self._seen()
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            seen = self._seen()
            if seen != last:
                ages.append(time.monotonic_ns() - last)
                last = seen
            time.sleep(0.0001)
        self.commits = int(self._line())
        del ages[0]  # from before the start
        return {
            "commits": self.commits / self.seconds,
            "p50": percentile(ages, 50) / 1e9,
            "p99": percentile(ages, 99) / 1e9,
            "longest": max(ages) / 1e9,
        }

    def _seen(self) -> int:
        value: int = self.graph.get_entity(self.clock)["properties"]["ns"]
        return value

    def answer(self) -> Any:
        return self.graph.catch_up(self.commits + 1) == self.commits + 1

    def close(self) -> None:
        self.graph.close()
        self._go_on()
        self.writer.wait()


WORKLOAD = Workload(
    name="following_lag",
    title="Lag of a second process behind 10,000 commits a second",
    metrics=[
        Metric("commits", "commits", "per_second", "higher"),
        Metric("p50", "lag p50", "seconds", "lower"),
        Metric("p99", "lag p99", "seconds", "lower"),
        Metric("longest", "lag max", "seconds", "lower"),
    ],
    demands=[
        Demand("10,000 commits a second (a hundredth less, for starting)", "commits", 9_900),
        Demand("lag under 100 ms", "longest", 0.1),
    ],
    sides=[Deed],
    full={"seconds": 10, "rate": 10_000},
    quick={"seconds": 1, "rate": 2_000},
    pinned=False,
    order=95,
)

"""Writing from C: threads beside each other, recovery, and the deletion of an entity with very many relationships."""

from __future__ import annotations

from typing import Any

from ..model import DEED, Demand, Metric, Side, Workload


class Deed(Side):
    name = DEED
    package = "deed"
    does = "from C, durability async, both cores"

    def setup(self) -> None:
        from . import _native

        self.native = _native
        self.program = _native.build(self.context.scratch)

    def measure(self, what: str, store: str, *numbers: int) -> dict[str, Any]:
        return self.native.measure(self.program, what, self.context.scratch / store, *numbers)

    def run(self) -> dict[str, float]:
        self.context.unpin()
        commits, rows = self.context.size["commits"], self.context.size["rows"]
        one = self.measure("writers", "one", 1, commits, rows)
        four = self.measure("writers", "four", 4, commits, rows)
        changes = self.context.size["changes"]
        self.measure("recovery-prepare", "recovery", changes)
        self.recovery = self.measure("recovery", "recovery", changes)
        hub = self.measure("super-node", "hub", self.context.size["degree"])
        waits = [hub[name] for name in ("read", "write", "traverse", "link")]
        return {
            "one": one["rows"], "four": four["rows"], "recovery": self.recovery["open"], "detach": hub["delete"] + hub["commit"],
            "wait": max(waits),
        }  # fmt: skip

    def answer(self) -> Any:
        return self.recovery["entities"] == self.recovery["expected_entities"]


WORKLOAD = Workload(
    name="native_writes",
    title="writing from C: 4 threads beside 1, opening after a crash, deleting an entity of very many relationships",
    order=90,
    pinned=False,
    metrics=[
        Metric("one", "rows, 1 thread", "per_second", "higher"),
        Metric("four", "rows, 4 threads", "per_second", "higher"),
        Metric("recovery", "open after a crash", "seconds", "lower"),
        Metric("detach", "delete the hub", "seconds", "lower"),
        Metric("wait", "longest wait of others", "seconds", "lower"),
    ],
    demands=[
        Demand("4 writer threads: >= 1.5x the rate of 1", "four", 1.5, over="one"),
        Demand("recovery of 1M row changes <= 3 s", "recovery", 3),
        Demand("others wait <= 50 ms while a hub of 1M relationships is deleted", "wait", 0.05),
    ],
    sides=[Deed],
    full={"commits": 100_000, "rows": 10, "changes": 1_000_000, "degree": 1_000_000},
    quick={"commits": 2_000, "rows": 10, "changes": 10_000, "degree": 10_000},
    note="Each transaction updates 10 rows of its thread's own; half of the changes to recover are updates, a quarter each adds.",
)

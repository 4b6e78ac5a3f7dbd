"""A store of several times its memory limit beside one that fits: rates, and the process's memory seen from outside."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from ..model import DEED, Demand, Metric, Side, Workload

MIB = 1 << 20
LIMIT_MIB = 96
ALLOWED = LIMIT_MIB * MIB * 1.15 + 64 * MIB


class Limited(Side):
    """Runs `native limit` with a limit, and reads the kernel's figures of the process after each of its phases."""

    package = "deed"
    limit_mib: int

    def setup(self) -> None:
        from . import _native

        self.program = _native.build(self.context.scratch)

    def run(self) -> dict[str, float]:
        self.context.unpin()
        size = self.context.size
        self.phases: dict[str, float] = {}
        self.peak = self.size = 0
        self.measure("limit", size["entities"], size["relationships"], size["operations"])
        self.measure("limit-recovery", size["entities"], size["operations"])
        return {
            "size": self.size, "peak": self.peak, "load": self.phases["load relationships"],
            "read": self.phases["read"], "update": self.phases["update"], "delete": self.phases["delete"],
        }  # fmt: skip

    def measure(self, what: str, *numbers: int) -> None:
        command = [str(self.program), what, str(self.context.scratch / "store"), *map(str, [self.limit_mib, *numbers])]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None and process.stdout is not None
            for line in process.stdout:
                phase = json.loads(line)
                self.phases[phase["phase"]] = phase["rate"]
                self.size = max(self.size, phase["total"])
                self.peak = max(self.peak, _peak_bytes(process.pid))
                process.stdin.write("\n")
                process.stdin.flush()
        if process.returncode != 0:
            raise RuntimeError(f"the measurement ended with status {process.returncode}")

    def answer(self) -> Any:
        return sorted(set(self.phases) - {"overflow"})


def _peak_bytes(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("the kernel does not report VmHWM")


class Deed(Limited):
    name = DEED
    does = "a limit of 96 MiB, from C, durability async"
    limit_mib = LIMIT_MIB


class Roomy(Limited):
    name = "deed, all in memory"
    does = "a limit of 4 GiB, from C, durability async"
    limit_mib = 4096


WORKLOAD = Workload(
    name="memory_limit",
    title="a store of more than four times its memory limit, beside one that fits",
    order=95,
    pinned=False,
    repeat=1,
    metrics=[
        Metric("size", "most that the store says it takes", "bytes", "lower"),
        Metric("peak", "most resident memory", "bytes", "lower"),
        Metric("load", "relationships loaded", "per_second", "higher"),
        Metric("read", "random reads", "per_second", "higher"),
        Metric("update", "random updates", "per_second", "higher"),
        Metric("delete", "entities deleted", "per_second", "higher"),
    ],
    demands=[Demand("resident <= limit + 15 % + 64 MiB in every phase", "peak", ALLOWED)],
    sides=[Deed, Roomy],
    full={"entities": 2_000_000, "relationships": 8_000_000, "operations": 1_000},
    quick={"entities": 50_000, "relationships": 500_000, "operations": 400},
    note="The peak is what the kernel counted for the whole process (VmHWM). Loads, reads, updates, scans, traversals, "
    "deletions, a transaction that does not fit, a compaction, and the recovery after a crash. How many times the limit the "
    "store is says the size of the side that has room.",
)

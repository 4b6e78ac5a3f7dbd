"""Runs workloads: answers first, then the sides in turn, each in a fresh process.

For each workload:

1. Verify: every side runs once at the quick size, and their answers must be equal. If they are not, nothing is timed.
2. Prepare: a side that only reads builds its store once.
3. Time: A B C, A B C, ...: so that a machine that drifts drifts for all. Answers are compared again, at full size, between
   the sides that did all rows.
4. Judge: medians, Deed's ratio to each peer as the median of the ratios within one turn, and the demands.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .machine import last_core
from .model import DEED, EVERY, Demand, Metric, Side, Workload

PACKAGE_PARENT = Path(__file__).resolve().parent.parent


@dataclass
class SideResult:
    """What the repetitions of one side gave."""

    metrics: dict[str, list[float]] = field(default_factory=dict)
    version: str | None = None
    failure: str | None = None  # why there are no figures
    missing: bool = False  # because the library is not installed

    def median(self, metric: str) -> float | None:
        values = self.metrics.get(metric)
        return statistics.median(values) if values else None


@dataclass
class Judgement:
    """A demand and the figure that answers it; None if it was not measured."""

    demand: Demand
    figure: float | None
    met: bool | None


@dataclass
class Result:
    """All there is to say about one workload."""

    workload: Workload
    size: Mapping[str, int]
    repetitions: int
    full: bool  # full sizes, of which slow sides do only their share
    sides: dict[str, SideResult]
    disagreement: str | None = None
    seconds: float = 0.0

    @property
    def broken(self) -> bool:
        """Whether Deed was there but failed."""
        deed = self.sides.get(DEED)
        return deed is not None and deed.failure is not None and not deed.missing

    def ratio(self, metric: Metric, peer: str) -> float | None:
        """How many times better Deed is than a peer: the median over the turns."""
        ours = self.sides[DEED].metrics.get(metric.name) if DEED in self.sides else None
        theirs = self.sides[peer].metrics.get(metric.name) if peer in self.sides else None
        if not ours or not theirs:
            return None
        pairs = zip(ours, theirs, strict=False)
        return statistics.median(a / b if metric.better == "higher" else b / a for a, b in pairs)

    def judge(self) -> list[Judgement]:
        return [self._judge(demand) for demand in self.workload.demands]

    def _judge(self, demand: Demand) -> Judgement:
        if demand.metric == EVERY and demand.than is not None:
            ratios = [self.ratio(metric, demand.than) for metric in self.workload.metrics]
            known = [ratio for ratio in ratios if ratio is not None]
            if not known or len(known) < len(ratios):
                return Judgement(demand, None, None)
            return Judgement(demand, min(known), min(known) >= demand.limit)
        metric = next(m for m in self.workload.metrics if m.name == demand.metric)
        if demand.than is not None:
            figure = self.ratio(metric, demand.than)
        else:
            figure = self.sides[DEED].median(metric.name) if DEED in self.sides else None
            if figure is not None and demand.over is not None:
                other = self.sides[DEED].median(demand.over)
                figure = None if other is None else figure / other
        if figure is None:
            return Judgement(demand, None, None)
        is_quotient = demand.than is not None or demand.over is not None
        upward = is_quotient or metric.better == "higher"
        return Judgement(demand, figure, figure >= demand.limit if upward else figure <= demand.limit)


class Runner:
    """Holds the scratch directory and the one child that is running."""

    def __init__(
        self, scratch: Path, *, quick: bool, repeat: int | None, say: Callable[[str], None], timeout: float
    ) -> None:
        self.scratch = scratch
        self.quick = quick
        self.repeat = repeat
        self.say = say
        self.timeout = timeout
        (scratch / "data").mkdir()

    def run(self, workload: Workload, only_sides: set[str] | None = None) -> Result:
        started = time.monotonic()
        kinds = [side for side in workload.sides if only_sides is None or side.name in only_sides]
        repetitions = self.repeat or (1 if self.quick else workload.repeat)
        size = workload.quick if self.quick else workload.full
        result = Result(workload, size, repetitions, not self.quick, {kind.name: SideResult() for kind in kinds})
        self.say(f"{workload.name}: {workload.title}")
        self._verify(result, kinds)
        if result.disagreement is None:
            self._measure(result, kinds)
        shutil.rmtree(self.scratch / workload.name, ignore_errors=True)
        result.seconds = time.monotonic() - started
        return result

    def _verify(self, result: Result, kinds: list[type[Side]]) -> None:
        answers = {}
        for kind in kinds:
            outcome = self._once(result, kind, "verify", result.workload.quick, scale=1.0)
            if outcome is not None:
                answers[kind.name] = outcome["answer"]
        result.disagreement = compare(answers)

    def _measure(self, result: Result, kinds: list[type[Side]]) -> None:
        for turn in range(result.repetitions):
            answers = {}
            for kind in kinds:
                if result.sides[kind.name].failure is not None:
                    continue
                label = f"turn {turn + 1} of {result.repetitions}"
                outcome = self._once(result, kind, label, result.size, scale=kind.scale if result.full else 1.0)
                if outcome is None:
                    continue
                for metric, value in outcome["metrics"].items():
                    result.sides[kind.name].metrics.setdefault(metric, []).append(value)
                if kind.scale == 1.0 or not result.full:
                    answers[kind.name] = outcome["answer"]
            result.disagreement = compare(answers)
            if result.disagreement is not None:
                return

    def _once(
        self, result: Result, kind: type[Side], label: str, size: Mapping[str, int], *, scale: float
    ) -> dict[str, Any] | None:
        """Prepares if that is still to be done, then runs a side once. None, and a failure noted, if it cannot."""
        self.say(f"{result.workload.name}: {label}: {kind.name}")
        side = result.sides[kind.name]
        store = self.scratch / result.workload.name / kind.name / "-".join(map(str, size.values()))
        outcome: dict[str, Any] = {}
        if kind.prepare is not Side.prepare and not store.exists():
            store.mkdir(parents=True)
            outcome = self._child(result.workload, kind, "prepare", size, store, scale)
        if not outcome:
            outcome = self._child(result.workload, kind, "run", size, store, scale)
        side.version = outcome.get("version", side.version)
        side.missing = "unavailable" in outcome
        side.failure = outcome.get("unavailable") or outcome.get("error")
        if side.failure is not None:
            side.metrics.clear()
            return None
        return outcome

    def _child(
        self, workload: Workload, kind: type[Side], task: str, size: Mapping[str, int], store: Path, scale: float
    ) -> dict[str, Any]:
        """Runs a worker process and returns its outcome."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as directory:
            scratch = Path(directory)
            (scratch / "files").mkdir()
            job = {
                "workload": workload.name,
                "side": kind.name,
                "task": task,
                "size": dict(size),
                "scale": scale,
                "scratch": str(scratch / "files"),
                "store": str(store),
                "data": str(self.scratch / "data"),
                "core": last_core() if workload.pinned else None,
                "outcome": str(scratch / "outcome.json"),
            }
            command = [sys.executable, "-W", "ignore", "-m", f"{__package__}.worker", json.dumps(job)]
            try:
                ended = subprocess.run(
                    command, cwd=PACKAGE_PARENT, env=_environment(), capture_output=True, text=True, timeout=self.timeout
                )
            except subprocess.TimeoutExpired:
                return {"error": f"took longer than {self.timeout:.0f} s"}
            if not (scratch / "outcome.json").exists():
                return {"error": f"the process ended with status {ended.returncode}\n{ended.stderr[-2000:]}"}
            outcome: dict[str, Any] = json.loads((scratch / "outcome.json").read_text())
            return outcome


def compare(answers: Mapping[str, Any]) -> str | None:
    """Which sides disagree, in words; None if all agree."""
    if not answers:
        return None
    reference_name, reference = next(iter(answers.items()))
    different = [name for name, answer in answers.items() if answer != reference]
    if not different:
        return None
    shown = {name: str(answers[name])[:300] for name in (reference_name, *different)}
    return "; ".join(f"{name} answers {answer}" for name, answer in shown.items())


def _environment() -> dict[str, str]:
    """One thread for the libraries that NumPy brings, and the same hashes in every process."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}


@contextmanager
def scratch_directory(parent: Path) -> Iterator[Path]:
    """A directory that is gone afterwards, whatever happens."""
    directory = Path(tempfile.mkdtemp(prefix="deed-benchmarks-", dir=parent))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)

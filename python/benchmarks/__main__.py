"""The command line: `python -m benchmarks`, from the folder `python`."""

from __future__ import annotations

import argparse
import fnmatch
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from . import report
from .machine import describe, file_system
from .model import Workload
from .runner import Result, Runner, scratch_directory
from .workloads import load_all

INTERRUPTED = 130  # what shells report for a process ended by Ctrl-C


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    here = Path(__file__).parent
    disk = Path("/var/tmp")  # unlike /tmp never a file system in memory
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures Deed side by side with its peers.")
    parser.add_argument("--list", action="store_true", help="show the workloads and stop")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="only this workload (repeatable; * matches anything)"
    )
    parser.add_argument("--side", action="append", metavar="NAME", help="only this side (repeatable)")
    parser.add_argument(
        "--repeat", type=int, metavar="N", help="repetitions of each side (default 3 or more; 1 with --quick)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, to see that everything works; no figures to quote"
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a demand is missed or was not measured")
    parser.add_argument("--scratch", type=Path, default=disk if disk.is_dir() else Path(tempfile.gettempdir()),
                        metavar="DIR", help="where stores are built, on a disk (default %(default)s)")  # fmt: skip
    parser.add_argument("--results", type=Path, default=here / "results", metavar="DIR", help="where the JSON goes")
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="for one run of one side")
    chosen = parser.parse_args(arguments)
    if chosen.repeat is not None and chosen.repeat < 1:
        parser.error("--repeat must be at least 1")
    return chosen


def select(workloads: list[Workload], patterns: list[str] | None) -> list[Workload]:
    """Those whose name matches a pattern; all without patterns. Raises ValueError for one that matches nothing."""
    if not patterns:
        return workloads
    for pattern in patterns:
        if not any(fnmatch.fnmatch(workload.name, pattern) for workload in workloads):
            raise ValueError(f"no workload is called {pattern}; --list shows them")
    return [w for w in workloads if any(fnmatch.fnmatch(w.name, pattern) for pattern in patterns)]


def show_list(workloads: list[Workload]) -> None:
    for workload in workloads:
        print(f"{workload.name:24} {workload.title}")
        print(f"{'':24} sides: {', '.join(side.name for side in workload.sides)}")
        for demand in workload.demands:
            print(f"{'':24} must: {demand.text}")


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def measure(chosen: argparse.Namespace, workloads: list[Workload]) -> tuple[list[Result], bool]:
    """Runs the workloads, and says whether it was interrupted before the last."""
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:6.1f} s] {text}", file=sys.stderr, flush=True)

    results: list[Result] = []
    sides = set(chosen.side) if chosen.side else None
    with scratch_directory(chosen.scratch) as scratch:
        if file_system(scratch) == "tmpfs":
            say(f"warning: {chosen.scratch} is in memory, where durable commits cost nothing; name a disk with --scratch")
        runner = Runner(scratch, quick=chosen.quick, repeat=chosen.repeat, say=say, timeout=chosen.timeout)
        try:
            for workload in workloads:
                results.append(runner.run(workload, sides))
        except KeyboardInterrupt:
            say("interrupted: here is what was finished")
            return results, True
    return results, False


def main() -> int:
    chosen = parse()
    try:
        workloads = select(load_all(), chosen.only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if chosen.list:
        show_list(workloads)
        return 0
    signal.signal(signal.SIGTERM, _terminate)
    machine = describe(chosen.scratch)
    results, interrupted = measure(chosen, workloads)
    if results:
        report.print_report(results, machine, report.console())
        arguments = {"quick": chosen.quick, "repeat": chosen.repeat, "only": chosen.only, "side": chosen.side}
        print(f"written to {report.write_json(report.as_json(results, machine, arguments), chosen.results)}")
    if interrupted:
        return INTERRUPTED
    if any(result.disagreement is not None or result.broken for result in results):
        return 1
    missed = any(judgement.met is not True for result in results for judgement in result.judge())
    return 1 if chosen.strict and missed else 0


if __name__ == "__main__":
    sys.exit(main())
